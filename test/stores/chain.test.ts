import { describe, expect, expectTypeOf, test } from 'vitest'
import { StoreError } from '../../src/errors.ts'
import type { SecretInfo } from '../../src/secret.ts'
import type { SecretStore, StoreChange, WritableSecretStore } from '../../src/store.ts'
import { chainStore } from '../../src/stores/chain.ts'
import { envStore } from '../../src/stores/env.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { failingStore, testSecretStore } from '../../src/testing/index.ts'
import { collect } from '../../src/testing/suite/checks.ts'
import { controlledStore } from '../helpers/controlled-store.ts'
import { failureOf, storeFolder } from '../helpers/store-folder.ts'
import { answeringStore, laterStore, scopesOf } from '../helpers/stores.ts'

type Seed = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>

/** Writes a seed into stores in turn, so that each holds a part of it. */
async function sow(seed: Seed, stores: readonly WritableSecretStore[]): Promise<void> {
  let turn = 0
  for (const [scope, names] of Object.entries(seed)) {
    for (const [name, values] of Object.entries(names)) {
      await stores[turn++ % stores.length]?.set(name, values, { scope })
    }
  }
}

describe('over memory stores', () => {
  testSecretStore({
    describe,
    test,
    factory: async (seed) => {
      const stores = [memoryStore(), memoryStore(), memoryStore()] as const
      await sow(seed, stores)
      const change = async (
        scope: string,
        name: string,
        values: Readonly<Record<string, string>> | undefined,
      ): Promise<void> => {
        for (const store of stores) await store.delete(name, { scope })
        if (values !== undefined) await stores[1].set(name, values, { scope })
      }
      return { store: chainStore(stores), change }
    },
  })
})

describe('over an environment and an encrypted file', () => {
  testSecretStore({
    describe,
    test,
    factory: async (seed) => {
      const file = storeFolder().open()
      await sow(seed, [file])
      return { store: chainStore([envStore({ env: {} }), file]) }
    },
  })
})

const bothHave = (): WritableSecretStore[] => [
  memoryStore({ a: { FIRST: '1' } }),
  memoryStore({ a: { FIRST: '2', SECOND: '2' }, b: { KEY: '2' } }),
]

describe('a chain', () => {
  test('answers with the whole secret of the first store that has it, and with no key of another', async () => {
    const store = chainStore(bothHave())
    expect((await store.get('a'))?.values).toEqual({ FIRST: '1' })
    expect((await store.get('b'))?.values).toEqual({ KEY: '2' })
    expect(await store.get('c')).toBeUndefined()
    expect((await store.describe('a'))?.keys).toEqual(['FIRST'])
    const [one, two] = await store.getMany([{ name: 'a', keys: ['SECOND'] }, { name: 'b' }])
    expect([one?.values, two?.values]).toEqual([{}, { KEY: '2' }])
  })

  test.each([
    ['get', (store: SecretStore) => store.get('b')],
    ['getMany', (store: SecretStore) => store.getMany([{ name: 'b' }])],
    ['describe', (store: SecretStore) => store.describe('b')],
    ['list', (store: SecretStore) => store.list()[Symbol.asyncIterator]().next()],
    ['scopes', (store: SecretStore) => store.scopes?.()[Symbol.asyncIterator]().next()],
    ['watch', (store: SecretStore) => store.watch?.(() => undefined)],
  ])('%s throws what its first store fails with, though the second has the secret', async (_, call) => {
    const error = new StoreError('DENIED', 'No.')
    const [first, second] = bothHave() as [WritableSecretStore, WritableSecretStore]
    expect(await failureOf(() => call(chainStore([failingStore(first, { call: 1, error }), second])))).toBe(error)
  })

  test('throws CLOSED for a store that was closed by others, and asks no further', async () => {
    const [first, second] = bothHave() as [WritableSecretStore, WritableSecretStore]
    await first.close()
    const store = chainStore([first, second])
    await expect(store.get('b')).rejects.toMatchObject({ code: 'CLOSED', store: 'memory' })
    expect(() => store.describe('b')).toThrow(expect.objectContaining({ code: 'CLOSED' }))
  })

  test('asks each store once for many secrets, and only for those that the ones before do not have', async () => {
    const stores = [
      controlledStore({ a: { K: '' } }),
      controlledStore({ b: { K: '' }, a: { K: '' } }),
      controlledStore({ c: { K: '' } }),
      controlledStore(),
    ]
    const store = chainStore(stores.map((one) => one.store))
    const answers = await store.getMany([{ name: 'c' }, { name: 'a' }, { name: 'b' }, { name: 'a' }])
    expect(answers.map((secret) => secret?.name)).toEqual(['c', 'a', 'b', 'a'])
    expect(stores.map(({ reads }) => reads.map((requests) => requests.map(({ name }) => name)))).toEqual([
      [['c', 'a', 'b', 'a']],
      [['c', 'b']],
      [['c']],
      [],
    ])
  })

  test('gives another version when the answer comes from another store, whatever versions the stores give', async () => {
    const secret = { name: 'a', scope: 'default', version: '1', values: { KEY: 'x' } }
    const info: SecretInfo = { name: 'a', scope: 'default', version: '1', keys: ['KEY'] }
    let isThere = true
    const alike = (has: () => boolean): SecretStore => ({
      ...answeringStore({ describe: () => (has() ? info : Promise.resolve(undefined)) }),
      get: () => Promise.resolve(has() ? secret : undefined),
      getMany: () => Promise.resolve([has() ? secret : undefined]),
    })
    const store = chainStore([alike(() => isThere), alike(() => true)])
    const versions = async (): Promise<unknown[]> => [
      (await store.get('a'))?.version,
      (await store.getMany([{ name: 'a' }]))[0]?.version,
      (await store.describe('a'))?.version,
    ]
    const before = await versions()
    isThere = false
    const after = await versions()
    expect(new Set(before).size).toBe(1)
    expect(new Set(after).size).toBe(1)
    expect(before[0]).not.toBe(after[0])
  })

  test('keeps versions of stores apart also where chains stand in chains', async () => {
    const versionIn = async (chain: SecretStore): Promise<unknown> => (await chain.get('a'))?.version
    const empty = memoryStore()
    const full = memoryStore({ a: { KEY: 'x' } })
    const versions = [
      await versionIn(chainStore([full])),
      await versionIn(chainStore([chainStore([full])])),
      await versionIn(chainStore([chainStore([empty, full])])),
      await versionIn(chainStore([empty, chainStore([full])])),
    ]
    expect(new Set(versions).size).toBe(4)
  })

  test('takes stores of the same name, and the same store twice', async () => {
    const store = memoryStore({ a: { KEY: 'x' } })
    const chain = chainStore([store, store])
    expect((await chain.get('a'))?.version).toBe(`0:${store.describe('a')?.version}`)
    await chain.close()
  })

  test('of no stores holds nothing, and can be asked anything', async () => {
    const store = chainStore([])
    expect(store.capabilities).toEqual({
      ...{ write: false, cas: false, history: false },
      ...{ watch: true, list: true, syncDescribe: true },
    })
    expect(store.describe('a')).toBeUndefined()
    expect(await store.getMany([{ name: 'a' }])).toEqual([undefined])
    expect(await collect(store.list())).toEqual([])
    await expect(store.get('a b')).rejects.toMatchObject({ code: 'INVALID_NAME' })
    await using watch = await store.watch?.(() => undefined)
    expect(watch).toBeDefined()
  })

  test('is not changed by a list of stores that is changed later, nor by options that are', async () => {
    const first = controlledStore()
    const stores = [first.store, memoryStore({ a: { KEY: 'x' } })]
    const store = chainStore(stores)
    stores.length = 0
    const release = first.hold()
    const requests = [{ name: 'a' }]
    const reading = store.getMany(requests)
    requests[0] = { name: 'b' }
    release()
    expect((await reading)[0]?.name).toBe('a')
  })

  test('describes at once if all of its stores do, also where one can only after it was opened', async () => {
    expect(chainStore([memoryStore(), memoryStore()]).capabilities.syncDescribe).toBe(true)
    const later = chainStore([memoryStore(), laterStore({ a: { KEY: 'x' } })])
    expect(later.capabilities.syncDescribe).toBe(false)
    expect((await later.describe('a'))?.keys).toEqual(['KEY'])
    const file = storeFolder().open({ passphrase: 'a long enough pass phrase' })
    const opened = chainStore([file])
    expect(opened.capabilities.syncDescribe).toBe(false)
    await file.set('a', { KEY: 'x' })
    expect(opened.capabilities.syncDescribe).toBe(true)
    expect(opened.describe('a')).toMatchObject({ keys: ['KEY'] })
  })

  test('goes on after a store that answers later, and throws what a later one then throws', async () => {
    const store = chainStore([laterStore(), memoryStore({ a: { KEY: 'x' } })])
    expect((await store.describe('a'))?.version).toMatch(/^1:/)
    const failing = chainStore([laterStore(), failingStore(memoryStore(), { call: 1 })])
    await expect(failing.describe('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('can do only what all of its stores can', () => {
    const limited = (limits: object): SecretStore => ({
      ...memoryStore(),
      capabilities: { ...memoryStore().capabilities, ...limits },
    })
    const plain: SecretStore = {
      ...memoryStore(),
      capabilities: { ...memoryStore().capabilities, watch: false, list: false },
    }
    delete plain.watch
    delete plain.scopes
    const store = chainStore([memoryStore(), plain])
    expect(store.capabilities).toMatchObject({ watch: false, list: false })
    expect(store.watch).toBeUndefined()
    expect(store.scopes).toBeUndefined()
    expect(chainStore([limited({ maxBytes: 9 }), limited({ maxBytes: 7 })]).capabilities.maxBytes).toBe(9)
    expect(chainStore([limited({ maxBytes: 9 }), memoryStore()]).capabilities.maxBytes).toBeUndefined()
    const depths = [limited({ maxScopeSegments: 7 }), memoryStore(), limited({ maxScopeSegments: 6 })]
    expect(chainStore(depths).capabilities.maxScopeSegments).toBe(6)
  })

  test.each([
    ['too few answers', []],
    ['too many answers', [undefined, undefined]],
    ['no list', 'text'],
    ['another secret', [{ name: 'b', scope: 'default', version: '1', values: {} }]],
    ['a secret of another scope', [{ name: 'a', scope: 'acme', version: '1', values: {} }]],
    ['null', [null]],
    ['a secret without a version', [{ name: 'a', scope: 'default', values: {} }]],
  ])('refuses %s of a store, and asks no further', async (_, answers) => {
    const next = controlledStore({ a: { KEY: 'x' } })
    const store = chainStore([answeringStore({ getMany: () => answers }), next.store])
    await expect(store.getMany([{ name: 'a' }])).rejects.toMatchObject({ code: 'BAD_ANSWER' })
    expect(next.reads).toEqual([])
  })

  test('refuses another secret than the one that was asked for, from get and from describe', async () => {
    const bad: SecretStore = {
      ...memoryStore(),
      get: () => Promise.resolve({ name: 'b', scope: 'default', version: '1', values: {} }),
      describe: () => ({ name: 'b', scope: 'default', version: '1', keys: [] }),
    }
    await expect(chainStore([bad]).get('a')).rejects.toMatchObject({ code: 'BAD_ANSWER' })
    expect(() => chainStore([bad]).describe('a')).toThrow(expect.objectContaining({ code: 'BAD_ANSWER' }))
  })

  test.each([[undefined], [null], ['text'], [{}], [[null]], [[memoryStore(), {}]]])(
    'refuses the stores %j',
    (stores) => {
      expect(() => chainStore(stores as never)).toThrow(
        expect.objectContaining({ name: 'TypeError', code: 'INVALID_OPTION' }),
      )
    },
  )

  test('closes all of its stores, also where one fails to close', async () => {
    const error = new Error('stuck')
    const stores = [memoryStore(), { ...memoryStore(), close: () => Promise.reject(error) }, memoryStore()]
    const store = chainStore(stores)
    await expect(store.close()).rejects.toBe(error)
    await expect(stores[0]?.get('a')).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(stores[2]?.get('a')).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(store.get('a')).rejects.toMatchObject({ code: 'CLOSED', store: 'chain' })
  })

  test('has no set, in its type and in fact', () => {
    const store = chainStore([memoryStore()])
    expectTypeOf(store).toEqualTypeOf<SecretStore>()
    expect(store).not.toHaveProperty('set')
    expect(store.capabilities.write).toBe(false)
  })
})

describe('the list of a chain', () => {
  test('has each name once, sorted over all stores, as the first that has it tells it', async () => {
    const store = chainStore([
      memoryStore({ b: { FIRST: '' }, d: { FIRST: '' } }),
      memoryStore({ a: { SECOND: '' }, b: { SECOND: '' }, e: { SECOND: '' } }),
      memoryStore({ b: { THIRD: '' }, e: { THIRD: '' } }),
      memoryStore(),
    ])
    const listed = await collect(store.list())
    expect(listed.map(({ name, keys }) => `${name} ${keys.join()}`)).toEqual([
      'a SECOND',
      'b FIRST',
      'd FIRST',
      'e SECOND',
    ])
    for (const info of listed) expect(info).toEqual(await store.describe(info.name))
  })

  test('ends the lists of all stores when it is left, and when one fails', async () => {
    let ended = 0
    const listing = (fail: boolean): SecretStore => ({
      ...memoryStore(),
      async *list() {
        try {
          yield* memoryStore({ a: { KEY: '' }, b: { KEY: '' } }).list()
          if (fail) throw new StoreError('UNAVAILABLE', 'Gone.')
        } finally {
          ended += 1
        }
      },
    })
    for await (const info of chainStore([listing(false), listing(false)]).list()) {
      expect(info.name).toBe('a')
      break
    }
    expect(ended).toBe(2)
    await expect(collect(chainStore([listing(false), listing(true)]).list())).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    expect(ended).toBe(4)
  })

  test('fails with INVALID where a store cannot list', async () => {
    const silent: SecretStore = {
      ...memoryStore(),
      list: () => ({
        [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new StoreError('INVALID', 'It cannot list.')) }),
      }),
    }
    await expect(collect(chainStore([memoryStore(), silent]).list())).rejects.toMatchObject({ code: 'INVALID' })
  })

  test('has the scopes of all stores once', async () => {
    const [one, two] = [memoryStore({ a: { KEY: '' } }), memoryStore({ a: { KEY: '' } })]
    await two.set('a', { KEY: '' }, { scope: 'acme' })
    expect(await scopesOf(chainStore([one, two]))).toEqual(['default', 'acme'])
  })
})

describe('the watch of a chain', () => {
  test('tells the versions that it answers of its first store, and none of the others, which may be hidden', async () => {
    const [one, two] = [memoryStore(), memoryStore()]
    const store = chainStore([one, two])
    const told: StoreChange[] = []
    await store.watch?.((change) => told.push(change))
    await one.set('a', { KEY: '' })
    await two.set('a', { KEY: '' })
    await one.delete('a')
    expect(told).toEqual([
      { scope: 'default', name: 'a', version: expect.stringMatching(/^0:/) as string },
      { scope: 'default', name: 'a' },
      { scope: 'default', name: 'a' },
    ])
    expect(told.every((change) => Object.isFrozen(change))).toBe(true)
  })

  test('ends with all of its watches', async () => {
    const stores = [memoryStore(), memoryStore()]
    const told: StoreChange[] = []
    const watch = await chainStore(stores).watch?.((change) => told.push(change), { scope: 'acme' })
    for (const store of stores) await store.set('a', { KEY: '' }, { scope: 'acme' })
    expect(told).toHaveLength(2)
    await watch?.[Symbol.asyncDispose]()
    for (const store of stores) await store.set('a', { KEY: '' }, { scope: 'acme' })
    expect(told).toHaveLength(2)
  })

  test('ends what it began if one of the stores cannot be watched now', async () => {
    const first = memoryStore()
    const told: StoreChange[] = []
    const store = chainStore([first, failingStore(memoryStore(), { call: 1 })])
    await expect(store.watch?.((change) => told.push(change))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await first.set('a', { KEY: '' })
    expect(told).toEqual([])
    await expect(store.watch?.('text' as never)).rejects.toMatchObject({ code: 'INVALID_OPTION' })
  })
})
