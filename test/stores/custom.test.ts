import { inspect } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import { StoreError } from '../../src/errors.ts'
import { customStore } from '../../src/stores/custom.ts'
import type { HeldSecret } from '../../src/stores/answer.ts'
import type { SecretPlace, StoreEngine, WritableStoreEngine } from '../../src/stores/engine.ts'
import { testSecretStore } from '../../src/testing/index.ts'

const CANARY = 'canary-8d21f0a4'
const at = ({ scope, name }: SecretPlace): string => `${scope}:${name}`
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** An engine on a map, whose every answer takes a turn of the event loop. */
function engineOf(rows: Map<string, HeldSecret> = new Map<string, HeldSecret>()): WritableStoreEngine {
  return {
    name: 'rows',
    async read(places) {
      await turn()
      return places.map((place) => rows.get(at(place)))
    },
    async write(secret) {
      await turn()
      rows.set(at(secret), secret)
      return true
    },
    async remove(place) {
      await turn()
      return rows.delete(at(place))
    },
    async *names(scope) {
      await turn()
      for (const key of rows.keys()) if (key.startsWith(`${scope}:`)) yield key.slice(scope.length + 1)
    },
  }
}

/** The same, which compares and writes in one step. */
function comparingEngineOf(rows = new Map<string, HeldSecret>()): WritableStoreEngine {
  const is = (place: SecretPlace, expected: string | null | undefined): boolean =>
    expected === undefined || rows.get(at(place))?.version === (expected ?? undefined)
  return {
    ...engineOf(rows),
    cas: true,
    async write(secret, expected) {
      await turn()
      return is(secret, expected) && rows.set(at(secret), secret) === rows
    },
    async remove(place, expected) {
      await turn()
      return is(place, expected) && rows.delete(at(place))
    },
  }
}

/** What others write into an engine's map. */
function changeOf(rows: Map<string, HeldSecret>) {
  let writes = 0
  return (scope: string, name: string, values: HeldSecret['values'] | undefined): void => {
    writes += 1
    if (values === undefined) rows.delete(at({ scope, name }))
    else rows.set(at({ scope, name }), { scope, name, version: `foreign ${writes}`, values })
  }
}

describe('a custom store', () => {
  testSecretStore({
    describe,
    test,
    factory: () => {
      const rows = new Map<string, HeldSecret>()
      return { store: customStore(engineOf(rows)), change: changeOf(rows) }
    },
  })
})

describe('a custom store whose engine compares versions, and takes little', () => {
  testSecretStore({
    describe,
    test,
    factory: () => {
      const rows = new Map<string, HeldSecret>()
      return { store: customStore({ ...comparingEngineOf(rows), maxBytes: 4_096 }), change: changeOf(rows) }
    },
  })
})

describe('a custom store that is only read', () => {
  testSecretStore({
    describe,
    test,
    factory: (seed) => {
      const rows = new Map<string, HeldSecret>()
      const change = changeOf(rows)
      for (const [scope, names] of Object.entries(seed))
        for (const [name, values] of Object.entries(names)) change(scope, name, values)
      return {
        store: customStore({ name: 'rows', read: (places) => places.map((place) => rows.get(at(place))) }),
        change,
      }
    },
  })
})

describe('customStore', () => {
  test('asks its engine for all secrets of getMany at once, and for none where none is asked for', async () => {
    const read = vi.fn((places: readonly SecretPlace[]) => places.map(() => undefined))
    const store = customStore({ name: 'rows', read })
    await store.getMany([
      { name: 'a', keys: ['KEY'] },
      { name: 'b', scope: 'acme' },
    ])
    await store.getMany([])
    const places = [
      { scope: 'default', name: 'a' },
      { scope: 'acme', name: 'b' },
    ]
    expect(read.mock.calls).toEqual([[places, undefined]])
  })

  test('ends a call whose signal is aborted, also where the engine does not answer, and leaves no listener', async () => {
    const store = customStore({ name: 'rows', read: () => new Promise(() => undefined) })
    const controller = new AbortController()
    const remove = vi.spyOn(controller.signal, 'removeEventListener')
    const reading = store.get('a', { signal: controller.signal })
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(reading).rejects.toBe(reason)
    expect(remove).toHaveBeenCalledTimes(1)
  })

  test('fails by the reason of the signal where the engine fails by it in its own way', async () => {
    const controller = new AbortController()
    const store = customStore({
      name: 'rows',
      read: () => {
        controller.abort(new Error('enough'))
        throw new TypeError('aborted')
      },
    })
    await expect(store.get('a', { signal: controller.signal })).rejects.toThrow('enough')
  })

  const failing: Readonly<Record<string, (store: ReturnType<typeof customStore>) => Promise<unknown>>> = {
    get: (store) => store.get('a'),
    getMany: (store) => store.getMany([{ name: 'a' }]),
    describe: async (store) => store.describe('a'),
    list: (store) => store.list()[Symbol.asyncIterator]().next(),
    set: (store) => (store as ReturnType<typeof writable>).set('a', { KEY: 'x' }),
    delete: (store) => (store as ReturnType<typeof writable>).delete('a'),
    close: (store) => store.close(),
  }
  const writable = (fail: () => never) =>
    customStore({ name: 'rows', read: fail, write: fail, remove: fail, names: fail, close: fail })

  test.each(Object.entries(failing))('withholds the words of what its engine throws in %s', async (_, call) => {
    const store = writable(() => {
      throw Object.assign(new Error(`cannot read ${CANARY}`), { row: CANARY })
    })
    const error: unknown = await call(store).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'StoreError', code: 'STORE_FAILED', store: 'rows' })
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(CANARY)
  })

  test.each(Object.entries(failing))(
    'passes on an error of the library that its engine throws in %s',
    async (_, call) => {
      const error = new StoreError('DENIED', 'No.')
      const store = writable(() => {
        throw error
      })
      await expect(call(store)).rejects.toBe(error)
    },
  )

  test.each<[string, unknown, string]>([
    ['no list', undefined, 'BAD_ANSWER'],
    ['too few', [], 'BAD_ANSWER'],
    ['too many', [undefined, undefined], 'BAD_ANSWER'],
    ['null', [null], 'BAD_ANSWER'],
    ['no version', [{ values: { KEY: CANARY } }], 'BAD_ANSWER'],
    ['an empty version', [{ version: '', values: { KEY: CANARY } }], 'BAD_ANSWER'],
    ['a date that is a text', [{ version: '1', values: { KEY: 'x' }, createdAt: CANARY }], 'BAD_ANSWER'],
    ['a description that is none', [{ version: '1', values: { KEY: 'x' }, description: [CANARY] }], 'BAD_ANSWER'],
    ['no values', [{ version: '1' }], 'INVALID'],
    ['a value that is no text', [{ version: '1', values: { KEY: [CANARY] } }], 'INVALID'],
    ['a key that is none', [{ version: '1', values: { 'a-b': CANARY } }], 'INVALID'],
  ])('refuses an engine that answers %s', async (_, answer, code) => {
    const store = customStore({ name: 'rows', read: () => answer as never })
    const error: unknown = await store.get('a').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'StoreError', code })
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(CANARY)
  })

  test('goes by where it asked, not by what an answer says of itself', async () => {
    const rows = new Map<string, HeldSecret>()
    const store = customStore(engineOf(rows))
    rows.set('default:a', { scope: 'acme', name: 'other', version: '1', values: { KEY: 'x' } })
    expect(await store.get('a')).toMatchObject({ scope: 'default', name: 'a' })
  })

  test('lists no names that are none, and leaves out what was removed meanwhile', async () => {
    const rows = new Map<string, HeldSecret>()
    const store = customStore({ ...engineOf(rows), names: () => ['gone', 'a b', 'b', '../a', 'b', 'a'] })
    for (const name of ['a', 'b']) await store.set(name, { KEY: 'x' })
    const listed: string[] = []
    for await (const { name } of store.list()) listed.push(name)
    expect(listed).toEqual(['a', 'b'])
  })

  test('gives up merging into an engine that never writes, and says that it is a conflict', async () => {
    const write = vi.fn(() => false)
    const store = customStore({ ...comparingEngineOf(), write })
    await expect(store.set('a', { KEY: 'x' }, { mode: 'merge' })).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(write).toHaveBeenCalledTimes(100)
    await expect(store.set('a', { KEY: 'x' }, { mode: 'merge', ifVersion: null })).rejects.toMatchObject({
      code: 'CONFLICT',
    })
    expect(write).toHaveBeenCalledTimes(101)
  })

  test.each<[string, Partial<WritableStoreEngine>]>([
    ['a write that tells nothing', { write: () => undefined as never }],
    ['a write that was refused for no reason', { write: () => false }],
    ['a remove that tells nothing', { remove: () => undefined as never }],
  ])('refuses to guess what came of %s', async (_, part) => {
    const store = customStore({ ...comparingEngineOf(), ...part })
    const call = part.write ? store.set('a', { KEY: CANARY }) : store.delete('a')
    await expect(call).rejects.toMatchObject({ name: 'StoreError', code: 'BAD_ANSWER', secret: 'a' })
  })

  test('tells the kind of what its engine threw', async () => {
    const store = customStore({
      name: 'rows',
      read: () => {
        throw Object.assign(new TypeError(CANARY), { code: 'ECONNREFUSED' })
      },
    })
    await expect(store.get('a')).rejects.toThrow('The rows store failed (TypeError, ECONNREFUSED). Its own words are')
  })

  test('closes its engine once', async () => {
    const close = vi.fn()
    const store = customStore({ ...engineOf(), close })
    await Promise.all([store.close(), store.close()])
    await store[Symbol.asyncDispose]()
    expect(close).toHaveBeenCalledTimes(1)
  })

  test('keeps the engine as it was given', async () => {
    const engine: { -readonly [Key in keyof StoreEngine]: StoreEngine[Key] } = { name: 'rows', read: () => [undefined] }
    const store = customStore(engine)
    engine.read = () => {
      throw new Error('changed')
    }
    expect(await store.get('a')).toBeUndefined()
  })

  test.each<[string, unknown, string]>([
    ['no engine', null, 'INVALID_OPTION'],
    ['an unknown member', { name: 'rows', read: () => [], reed: () => [] }, 'UNKNOWN_OPTION'],
    ['no name', { read: () => [] }, 'INVALID_OPTION'],
    ['a name of several words', { name: 'my rows', read: () => [] }, 'INVALID_OPTION'],
    ['no read', { name: 'rows' }, 'INVALID_OPTION'],
    ['names that are a list', { name: 'rows', read: () => [], names: ['a'] }, 'INVALID_OPTION'],
    ['write without remove', { name: 'rows', read: () => [], write: () => true }, 'INVALID_OPTION'],
    ['cas without write', { name: 'rows', read: () => [], cas: true }, 'INVALID_OPTION'],
    ['cas that is a word', { ...comparingEngineOf(), cas: 'yes' }, 'INVALID_OPTION'],
    ['a limit of nothing', { ...engineOf(), maxBytes: 0 }, 'INVALID_OPTION'],
    ['a limit above 1 MiB', { ...engineOf(), maxBytes: 1024 * 1024 + 1 }, 'INVALID_OPTION'],
  ])('refuses %s', (_, engine, code) => {
    expect(() => customStore(engine as StoreEngine)).toThrow(expect.objectContaining({ name: 'TypeError', code }))
  })
})
