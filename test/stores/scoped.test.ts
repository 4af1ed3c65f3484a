import { describe, expect, expectTypeOf, test } from 'vitest'
import { StoreError } from '../../src/errors.ts'
import type { SecretStore, StoreChange, WritableSecretStore } from '../../src/store.ts'
import { chainStore } from '../../src/stores/chain.ts'
import { envStore } from '../../src/stores/env.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { scopedStore } from '../../src/stores/scoped.ts'
import { failingStore, testSecretStore } from '../../src/testing/index.ts'
import { collect } from '../../src/testing/suite/checks.ts'
import { failureOf, storeFolder } from '../helpers/store-folder.ts'
import { answeringStore, laterStore, scopesOf } from '../helpers/stores.ts'
import { allTextOf, rejection, thrownBy } from '../helpers/thrown.ts'

describe('over a memory store that others write to, too', () => {
  testSecretStore({
    describe,
    test,
    factory: async () => {
      const store = memoryStore({ a: { OTHERS: 'x' }, others: { KEY: 'x' } })
      for (const scope of ['other', 'acm', 'acmee', 'acme-x', 'acme/default']) {
        await store.set('a', { OTHERS: 'x' }, { scope })
        await store.set('others', { OTHERS: 'x' }, { scope })
      }
      return { store: scopedStore(store, 'acme') }
    },
  })
})

describe('over an encrypted file', () => {
  testSecretStore({ describe, test, factory: () => ({ store: scopedStore(storeFolder().open(), 'acme') }) })
})

describe('over a view', () => {
  testSecretStore({
    describe,
    test,
    factory: () => ({ store: scopedStore(scopedStore(memoryStore(), 'acme'), 'eu') }),
  })
})

describe('over a read-only store', () => {
  testSecretStore({
    describe,
    test,
    factory: (seed) => {
      const scopes = Object.entries(seed).map(([scope, names]) => [
        scope === 'default' ? 'acme' : `acme/${scope}`,
        names,
      ])
      const env = { LATCHKEY_SECRETS: JSON.stringify(Object.fromEntries(scopes)) }
      return { store: scopedStore(envStore({ env }), 'acme') }
    },
  })
})

describe('the scopes of a view', () => {
  test.each([
    [undefined, 'acme'],
    ['default', 'acme'],
    ['production', 'acme/production'],
    ['acme', 'acme/acme'],
    ['default/x', 'acme/default/x'],
    ['a/b/c/d/e/f/g', 'acme/a/b/c/d/e/f/g'],
  ])('%s of the view is %s of the store, for every verb', async (scope, inner) => {
    const store = memoryStore()
    const view = scopedStore(store, 'acme')
    const shown = scope ?? 'default'
    const first = await view.set('a', { KEY: '1' }, { scope })
    expect(first).toMatchObject({ scope: shown, version: store.describe('a', { scope: inner })?.version })
    await view.set('a', { KEY: '2' }, { scope, ifVersion: first.version })
    expect(await view.describe('a', { scope })).toMatchObject({ scope: shown })
    expect(await view.get('a', { scope })).toMatchObject({ scope: shown, values: { KEY: '2' } })
    expect(await view.getMany([{ name: 'a', scope, keys: [] }])).toMatchObject([{ scope: shown, values: {} }])
    expect(await collect(view.list({ scope }))).toMatchObject([{ scope: shown }])
    expect(await scopesOf(view)).toEqual([shown])
    expect(await view.history?.('a', { scope })).toMatchObject([{ scope: shown }, { scope: shown }])
    expect(await view.rollback?.('a', first.version, { scope })).toMatchObject({ scope: shown })
    expect((await store.get('a', { scope: inner }))?.values).toEqual({ KEY: '1' })
    expect(await view.delete('a', { scope })).toBe(true)
    expect(store.describe('a', { scope: inner })).toBeUndefined()
  })

  test('never meet those of another view, whatever the segment and the scope', async () => {
    const store = memoryStore()
    const segments = ['a', 'b', 'ab', 'a.b', 'a-', 'A', '_', 'default2']
    const scopes = ['default', 'a', 'b', 'a/b', 'b/a', 'default/a', 'ab', 'a.b']
    for (const segment of segments) {
      const view = scopedStore(store, segment)
      for (const scope of scopes) await view.set('a', { KEY: `${segment} ${scope}` }, { scope, ifVersion: null })
    }
    for (const segment of segments) {
      const view = scopedStore(store, segment)
      for (const scope of scopes) {
        expect((await view.get('a', { scope }))?.values['KEY']).toBe(`${segment} ${scope}`)
      }
      expect((await scopesOf(view)).sort()).toEqual([...scopes].sort())
    }
  })

  test.each(['a/b', 'default', '', '/', 'a/', '..', 'a b', undefined, null, 1, ['a']])(
    'refuse the segment %j',
    (segment) => {
      expect(() => scopedStore(memoryStore(), segment as string)).toThrow(
        expect.objectContaining({ name: 'TypeError', code: 'INVALID_NAME' }),
      )
    },
  )

  test('get one segment shorter with each view on a view, to the last', async () => {
    let view: WritableSecretStore = memoryStore()
    for (let depth = 7; depth >= 0; depth -= 1) {
      view = scopedStore(view, 'a')
      expect(view.capabilities.maxScopeSegments).toBe(depth)
    }
    await view.set('a', { KEY: 'x' })
    const error = await rejection(view.get('a', { scope: 'b' }))
    expect(error).toMatchObject({ name: 'TypeError', code: 'INVALID_NAME' })
    expect(() => scopedStore(view, 'a')).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })

  test('do not show a scope of the store that no scope of the view leads to', async () => {
    const store = memoryStore()
    await store.set('a', { KEY: 'x' }, { scope: 'acme/default' })
    const view = scopedStore(store, 'acme')
    expect(await scopesOf(view)).toEqual([])
    expect(await view.get('a')).toBeUndefined()
  })
})

describe('the errors of a view', () => {
  const atEach = (error: unknown): WritableSecretStore => {
    const fail = (): never => {
      throw error
    }
    // eslint-disable-next-line @typescript-eslint/require-await -- what is thrown must come as a rejection
    const reject = async (): Promise<never> => fail()
    const iterate = () => ({ [Symbol.asyncIterator]: () => ({ next: reject }) })
    return {
      ...memoryStore(),
      ...{ describe: fail, get: reject, getMany: reject, set: reject, delete: reject, list: iterate, scopes: iterate },
      ...{ watch: reject, history: reject, rollback: reject },
    }
  }
  const calls: readonly (readonly [string, (view: WritableSecretStore) => unknown])[] = [
    ['describe', (view) => view.describe('a')],
    ['get', (view) => view.get('a')],
    ['getMany', (view) => view.getMany([{ name: 'a' }])],
    ['list', (view) => collect(view.list())],
    ['scopes', (view) => scopesOf(view)],
    ['watch', (view) => view.watch?.(() => undefined)],
    ['set', (view) => view.set('a', { KEY: 'x' })],
    ['delete', (view) => view.delete('a')],
    ['history', (view) => view.history?.('a')],
    ['rollback', (view) => view.rollback?.('a', '1')],
  ]
  const shownFor = (call: (view: WritableSecretStore) => unknown, error: unknown): Promise<unknown> =>
    failureOf(() => call(scopedStore(atEach(error), 'acme')))

  test.each(calls)('%s tells what the store said, with the scope that the caller knows', async (_, call) => {
    const error = new StoreError('DENIED', 'Secret a (scope acme/eu): the policy of scope acme/eu-x forbids it.', {
      ...{ store: 'vault', scope: 'acme/eu', secret: 'a', key: 'KEY', hint: 'Ask.', retryable: true },
    })
    const shown = await shownFor(call, error)
    expect(shown).toBeInstanceOf(StoreError)
    expect(shown).toMatchObject({
      ...{ code: 'DENIED', store: 'vault', scope: 'eu', secret: 'a', key: 'KEY', hint: 'Ask.', retryable: true },
      message: 'Secret a (scope eu): the policy of scope acme/eu-x forbids it.',
    })
  })

  test.each(calls)("%s tells nothing of another tenant's secret, where the store fails with one", async (_, call) => {
    const hidden = new StoreError('CORRUPT', 'Secret hidden-name (scope rival/production) is damaged.', {
      ...{ store: 'file', scope: 'rival/production', secret: 'hidden-name', hint: 'See rival/production.' },
      cause: new Error('rival'),
    })
    const shown = await shownFor(call, hidden)
    expect(shown).toMatchObject({ name: 'StoreError', code: 'CORRUPT', store: 'file' })
    expect(allTextOf(shown)).not.toMatch(/rival|hidden-name/)
  })

  test.each(calls)('%s passes on what is no error of a store, and one that is of no scope', async (_, call) => {
    for (const error of [new Error('enough'), new StoreError('UNAVAILABLE', 'The engine is down.')]) {
      expect(await shownFor(call, error)).toBe(error)
    }
  })

  test('name the scope of the caller for a conflict, and for values that no secret can hold', async () => {
    const view = scopedStore(memoryStore(), 'acme')
    await view.set('a', { KEY: 'x' }, { scope: 'eu' })
    const conflict = await rejection(view.set('a', { KEY: 'y' }, { scope: 'eu', ifVersion: null }))
    expect(conflict).toMatchObject({ code: 'CONFLICT', scope: 'eu', message: 'Secret a (scope eu) exists already.' })
    const invalid = await rejection(view.set('a', { KEY: '\0' }))
    expect(invalid).toMatchObject({ code: 'INVALID', scope: 'default' })
    expect(allTextOf(invalid).replaceAll(/^\s+at .*$/gm, '')).not.toContain('acme')
  })

  test("refuse an answer from another tenant's scope, whatever the verb", async () => {
    const secret = { name: 'a', scope: 'rival', version: '1', values: { KEY: 'x' }, keys: ['KEY'] }
    const lying = {
      ...answeringStore({ describe: () => secret, getMany: () => [secret] }),
      get: () => Promise.resolve(secret),
      set: () => Promise.resolve(secret),
      history: () => Promise.resolve([secret]),
      rollback: () => Promise.resolve(secret),
      list: () => ({
        [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: false, value: secret }) }),
      }),
      scopes: undefined,
    } as unknown as WritableSecretStore
    for (const [verb, call] of calls.filter(([name]) => !['scopes', 'watch', 'delete'].includes(name))) {
      const error = await failureOf(() => call(scopedStore(lying, 'acme')))
      expect(error, verb).toMatchObject({ code: 'BAD_ANSWER' })
      expect(allTextOf(error), verb).not.toContain('rival')
    }
  })

  test('come at once from describe where the store describes at once, else as a rejection', async () => {
    const error = new StoreError('DENIED', 'No.', { scope: 'acme', secret: 'a' })
    const atOnce = scopedStore(failingStore(memoryStore(), { call: 1, error }), 'acme')
    expect(thrownBy(() => atOnce.describe('a'))).toMatchObject({ scope: 'default' })
    const later = scopedStore(failingStore(laterStore(), { call: 1, error }), 'acme')
    await expect(later.describe('a')).rejects.toMatchObject({ scope: 'default' })
  })
})

describe('a view', () => {
  test('can do what its store can, and describes at once as soon as that does', async () => {
    const file = storeFolder().open({ passphrase: 'a long enough pass phrase' })
    const view = scopedStore(file, 'acme')
    expect(view.capabilities).toEqual({ ...file.capabilities, maxScopeSegments: 7 })
    expect(view.watch).toBeUndefined()
    expect(view.capabilities.syncDescribe).toBe(false)
    await view.set('a', { KEY: 'x' })
    expect(view.capabilities.syncDescribe).toBe(true)
    expect(view.describe('a')).toMatchObject({ keys: ['KEY'] })
    const limited = { ...memoryStore(), capabilities: { ...memoryStore().capabilities, maxBytes: 7 } }
    expect(scopedStore(limited, 'acme').capabilities.maxBytes).toBe(7)
  })

  test('can be written if its store can, in its type and in fact', () => {
    expectTypeOf(scopedStore(memoryStore(), 'acme')).toEqualTypeOf<WritableSecretStore>()
    expectTypeOf(scopedStore(envStore(), 'acme')).toEqualTypeOf<SecretStore>()
    const readOnly = scopedStore(chainStore([memoryStore()]), 'acme')
    expectTypeOf(readOnly).toEqualTypeOf<SecretStore>()
    for (const verb of ['set', 'delete', 'history', 'rollback']) expect(readOnly).not.toHaveProperty(verb)
  })

  test('tells of changes in its own scopes only, even if the store tells of others', async () => {
    const memory = memoryStore()
    const store: WritableSecretStore = {
      ...memory,
      async watch(listener, options) {
        listener({ scope: 'rival', name: 'hidden' })
        listener({ scope: 'acme/eu', name: 'elsewhere' })
        return memory.watch(listener, options)
      },
    }
    const view = scopedStore(store, 'acme')
    const told: StoreChange[] = []
    const watch = await view.watch?.((change) => told.push(change))
    const { version } = await view.set('a', { KEY: 'x' })
    await view.set('a', { KEY: 'x' }, { scope: 'eu' })
    await store.set('b', { KEY: 'x' })
    expect(told).toEqual([{ scope: 'default', name: 'a', version }])
    await watch?.[Symbol.asyncDispose]()
    await view.set('a', { KEY: 'x' })
    expect(told).toHaveLength(1)
    await expect(view.watch?.('text' as never)).rejects.toMatchObject({ code: 'INVALID_OPTION' })
  })

  test('leaves its store open when it is closed, and ends its own watches', async () => {
    const store = memoryStore()
    const told: StoreChange[] = []
    {
      await using view = scopedStore(store, 'acme')
      await view.watch?.((change) => told.push(change))
      await view.set('a', { KEY: 'x' })
    }
    expect(told).toHaveLength(1)
    await store.set('a', { KEY: 'y' }, { scope: 'acme' })
    expect(told).toHaveLength(1)
    expect((await scopedStore(store, 'acme').get('a'))?.values['KEY']).toBe('y')
  })

  test('that is closed while a watch begins ends that watch, too', async () => {
    let ended = 0
    let connect: (watch: AsyncDisposable) => void = () => undefined
    const store: SecretStore = {
      ...memoryStore(),
      watch: () =>
        new Promise((resolve) => {
          connect = resolve
        }),
    }
    const view = scopedStore(store, 'acme')
    const watching = view.watch?.(() => undefined) ?? Promise.resolve()
    await view.close()
    connect({
      [Symbol.asyncDispose]: () => {
        ended += 1
        return Promise.resolve()
      },
    })
    await expect(watching).rejects.toMatchObject({ code: 'CLOSED', store: 'scoped' })
    expect(ended).toBe(1)
  })

  test('that is closed ends a list that is under way', async () => {
    const view = scopedStore(memoryStore(), 'acme')
    for (const name of ['a', 'b']) await view.set(name, { KEY: 'x' })
    const listing = view.list()[Symbol.asyncIterator]()
    expect((await listing.next()).value).toMatchObject({ name: 'a' })
    await view.close()
    await expect(listing.next()).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test.each([[undefined], [null], ['text'], [{}]])('refuses the store %j', (store) => {
    expect(() => scopedStore(store as never, 'acme')).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'INVALID_OPTION' }),
    )
  })

  test.each<[string, (view: WritableSecretStore, options: never) => unknown]>([
    ['describe', (view, options) => view.describe('a', options)],
    ['get', (view, options) => view.get('a', options)],
    ['getMany', (view, options) => view.getMany([], options)],
    ['set', (view, options) => view.set('a', { KEY: 'x' }, options)],
    ['delete', (view, options) => view.delete('a', options)],
    ['history', (view, options) => view.history?.('a', options)],
    ['rollback', (view, options) => view.rollback?.('a', 'v', options)],
    ['watch', (view, options) => view.watch?.(() => undefined, options)],
    ['list', (view, options) => view.list(options)[Symbol.asyncIterator]().next()],
  ])('%s refuses options that it does not have', async (_, call) => {
    const view = scopedStore(memoryStore(), 'acme')
    const error = await failureOf(() => call(view, { scop: 'acme' } as never))
    expect(error).toMatchObject({ name: 'TypeError', code: 'UNKNOWN_OPTION' })
  })
})
