import { describe, expect, test } from 'vitest'
import type { StoreChange } from '../../src/store.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { testSecretStore } from '../../src/testing/index.ts'

testSecretStore({ describe, test, factory: () => ({ store: memoryStore() }) })

describe('memoryStore', () => {
  test('begins with the secrets that it is given, in scope default', async () => {
    const initial = { a: { KEY: 'x' }, b: { KEY: 'y', OTHER: '' } }
    const store = memoryStore(initial)
    initial.a.KEY = 'changed'
    expect(store.describe('b')?.keys).toEqual(['KEY', 'OTHER'])
    expect((await store.get('a'))?.values['KEY']).toBe('x')
    expect(store.describe('a', { scope: 'acme' })).toBeUndefined()
  })

  test.each([
    ['a name that is none', { 'a b': { KEY: 'x' } }, { name: 'TypeError', code: 'INVALID_NAME' }],
    ['a value that is no string', { a: { KEY: 1 } }, { name: 'StoreError', code: 'INVALID', key: 'KEY' }],
    ['a secret without keys', { a: {} }, { name: 'StoreError', code: 'INVALID', secret: 'a' }],
    ['a secret that is too large', { a: { KEY: 'x'.repeat(1024 * 1024 + 1) } }, { code: 'TOO_LARGE' }],
    ['null', null, { name: 'TypeError', code: 'INVALID_OPTION' }],
    ['a list', [{ KEY: 'x' }], { name: 'TypeError', code: 'INVALID_OPTION' }],
    ['a text', 'text', { name: 'TypeError', code: 'INVALID_OPTION' }],
  ])('refuses to begin with %s', (_, initial, error) => {
    expect(() => memoryStore(initial as never)).toThrow(expect.objectContaining(error))
  })

  test('takes __proto__ as a name and a key, and leaves Object.prototype alone', () => {
    const store = memoryStore(JSON.parse('{"__proto__":{"__proto__":"x"}}') as never)
    expect(store.describe('__proto__')?.keys).toEqual(['__proto__'])
    expect(store.describe('constructor')).toBeUndefined()
  })

  test('gives versions that no other memory store gives', () => {
    const initial = { a: { KEY: 'x' } }
    expect(memoryStore(initial).describe('a')?.version).not.toBe(memoryStore(initial).describe('a')?.version)
  })

  test('keeps one older version', async () => {
    const store = memoryStore()
    const versions = [await store.set('a', { A: '' }), await store.set('a', { B: '' }), await store.set('a', { C: '' })]
    expect((await store.history('a')).map(({ keys }) => keys)).toEqual([['C'], ['B']])
    await expect(store.rollback('a', versions[0]!.version)).rejects.toMatchObject({ code: 'INVALID' })
  })

  test('dates its versions, and a changed date changes no later answer', async () => {
    const before = Date.now()
    const store = memoryStore({ a: { KEY: 'x' } })
    const first = store.describe('a')?.createdAt
    expect(first?.getTime()).toBeGreaterThanOrEqual(before)
    first?.setTime(0)
    expect((await store.get('a'))?.createdAt?.getTime()).toBeGreaterThanOrEqual(before)
  })

  test.each<[string, (store: ReturnType<typeof memoryStore>, options: never) => unknown]>([
    ['get', (store, options) => store.get('a', options)],
    ['getMany', (store, options) => store.getMany([], options)],
    ['set', (store, options) => store.set('a', { KEY: 'x' }, options)],
    ['delete', (store, options) => store.delete('a', options)],
    ['history', (store, options) => store.history('a', options)],
    ['rollback', (store, options) => store.rollback('a', 'v', options)],
    ['watch', (store, options) => store.watch(() => undefined, options)],
    ['list', (store, options) => store.list(options)[Symbol.asyncIterator]().next()],
  ])('%s refuses options that it does not have', async (_, call) => {
    const store = memoryStore({ a: { KEY: 'x' } })
    await expect(call(store, { scop: 'acme' } as never)).rejects.toMatchObject({
      code: 'UNKNOWN_OPTION',
      name: 'TypeError',
    })
    await expect(call(store, 'acme' as never)).rejects.toMatchObject({ code: 'INVALID_OPTION', name: 'TypeError' })
  })

  test('describe refuses options that it does not have, at once', () => {
    const store = memoryStore({ a: { KEY: 'x' } })
    expect(() => store.describe('a', { scop: 'acme' } as never)).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_OPTION' }),
    )
    expect(store.describe('a', { scope: undefined, signal: undefined })).toBeDefined()
  })

  test('a signal that is not aborted changes nothing', async () => {
    const store = memoryStore({ a: { KEY: 'x' } })
    const { signal } = new AbortController()
    expect(store.describe('a', { signal })?.name).toBe('a')
    expect((await store.history('a', { signal })).length).toBe(1)
    await expect(store.history('a', { signal: AbortSignal.abort('enough') })).rejects.toBe('enough')
  })

  test('refuses a description that is no text, an ifVersion that is no version, a listener that is no function', async () => {
    const store = memoryStore({ a: { KEY: 'x' } })
    await expect(store.set('a', { KEY: 'y' }, { description: 1 as never })).rejects.toMatchObject({ code: 'INVALID' })
    await expect(store.set('a', { KEY: 'y' }, { ifVersion: 1 as never })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    })
    await expect(store.delete('a', { ifVersion: null as never })).rejects.toMatchObject({ code: 'INVALID_OPTION' })
    await expect(store.watch(undefined as never)).rejects.toMatchObject({ code: 'INVALID_OPTION' })
    expect((await store.get('a'))?.values['KEY']).toBe('x')
  })

  test('tells watchers after the write that they are told of, each change on its own', async () => {
    const store = memoryStore()
    const told: StoreChange[] = []
    await store.watch((change) => told.push(change))
    const writing = store.set('a', { KEY: 'x' })
    expect(told).toEqual([])
    const { version } = await writing
    await store.rollback('a', version)
    await store.delete('a')
    expect(told.map(({ name, version }) => [name, version !== undefined])).toEqual([
      ['a', true],
      ['a', true],
      ['a', false],
    ])
    expect(told.every((change) => Object.isFrozen(change))).toBe(true)
  })

  test('tells nobody after it was closed', async () => {
    const store = memoryStore()
    const told: StoreChange[] = []
    await store.watch((change) => told.push(change))
    const writing = store.set('a', { KEY: 'x' })
    const closing = store.close()
    await Promise.all([writing, closing])
    expect(told).toEqual([])
  })

  test('a list that is under way ends with CLOSED when the store is closed, and leaves out what was deleted', async () => {
    const store = memoryStore({ a: { KEY: 'x' }, b: { KEY: 'x' }, c: { KEY: 'x' } })
    const listing = store.list()[Symbol.asyncIterator]()
    expect((await listing.next()).value).toMatchObject({ name: 'a' })
    await store.delete('b')
    expect((await listing.next()).value).toMatchObject({ name: 'c' })
    const another = store.list()[Symbol.asyncIterator]()
    await another.next()
    await store.close()
    await expect(another.next()).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('can be spread into a wrapper', async () => {
    const store = { ...memoryStore(), name: 'wrapped' }
    await store.set('a', { KEY: 'x' })
    expect(store.describe('a')?.keys).toEqual(['KEY'])
  })
})
