import { getEventListeners } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import { memoryStore } from '../../src/stores/memory.ts'
import type { MemoryStore } from '../../src/stores/memory.ts'
import { failingStore } from '../../src/testing/index.ts'

const CALLS: Readonly<Record<string, (store: MemoryStore, version: string) => unknown>> = {
  get: (store) => store.get('a'),
  getMany: (store) => store.getMany([{ name: 'a' }]),
  list: (store) => store.list()[Symbol.asyncIterator]().next(),
  scopes: (store) => store.scopes()[Symbol.asyncIterator]().next(),
  set: (store) => store.set('a', { KEY: 'changed' }),
  delete: (store) => store.delete('a'),
  history: (store) => store.history('a'),
  rollback: (store, version) => store.rollback('a', version),
  watch: (store) => store.watch(() => undefined),
}

describe('failingStore', () => {
  test.each(Object.entries(CALLS))(
    'makes %s reject before the store learns of it, and only the call that it is told',
    async (_, call) => {
      const inner = memoryStore({ a: { KEY: 'x' } })
      const store = failingStore(inner, { call: 1 })
      const version = inner.describe('a')?.version ?? ''
      await expect(call(store, version)).rejects.toMatchObject({
        name: 'StoreError',
        code: 'UNAVAILABLE',
        retryable: true,
        store: 'memory',
      })
      expect((await inner.get('a'))?.values['KEY']).toBe('x')
      expect(await inner.history('a')).toHaveLength(1)
      await expect(call(store, version)).resolves.toBeDefined()
    },
  )

  test('makes describe throw at once where the store answers at once, else reject', async () => {
    const inner = memoryStore({ a: { KEY: 'x' } })
    const store = failingStore(inner, { call: 1 })
    expect(() => store.describe('a')).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }))
    expect(store.describe('a')?.keys).toEqual(['KEY'])
    const later = failingStore({ ...inner, capabilities: { ...inner.capabilities, syncDescribe: false } }, { call: 1 })
    await expect(later.describe('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('counts calls of every verb', async () => {
    const store = failingStore(memoryStore({ a: { KEY: 'x' } }), { call: 3 })
    store.describe('a')
    await store.get('a')
    await expect(store.set('a', { KEY: 'y' })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await store.set('a', { KEY: 'z' })
    expect((await store.get('a'))?.values['KEY']).toBe('z')
  })

  test('does not count close, which always goes through', async () => {
    const inner = memoryStore()
    const store = failingStore(inner, { call: 1 })
    await store.close()
    await expect(inner.get('a')).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('throws what it is given, whatever that is', async () => {
    const error = new Error('from a driver')
    await expect(failingStore(memoryStore(), { call: 1, error }).get('a')).rejects.toBe(error)
    await expect(failingStore(memoryStore(), { call: 1, error: null }).get('a')).rejects.toBeNull()
  })

  test('shows the name and the capabilities of the store, and no verb that it does not have', () => {
    const rest = { ...memoryStore(), name: 'mine' }
    Reflect.deleteProperty(rest, 'watch')
    const store = failingStore(rest, { call: 1 })
    expect([store.name, store.capabilities, 'watch' in store]).toEqual(['mine', rest.capabilities, false])
  })

  test('counts and fails the calls of one verb, where one is named', async () => {
    const inner = memoryStore({ a: { KEY: 'x' } })
    const store = failingStore(inner, { call: 2, verb: 'set' })
    await store.get('a')
    await store.set('a', { KEY: 'y' })
    await store.get('a')
    await expect(store.set('a', { KEY: 'z' })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await store.set('b', { KEY: 'x' })
    expect((await inner.get('a'))?.values['KEY']).toBe('y')
  })

  test.each(Object.entries(CALLS))('loses the answer of %s after the store has done it', async (verb, call) => {
    const inner = memoryStore({ a: { KEY: 'x' } })
    const version = inner.describe('a')?.version ?? ''
    const done = vi.spyOn(inner, verb as keyof typeof inner & 'get')
    await expect(call(failingStore(inner, { call: 1, how: 'lose' }), version)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    expect(done).toHaveBeenCalledTimes(1)
  })

  test('loses the answer of a set that was kept, and of a describe at once', async () => {
    const inner = memoryStore()
    await expect(failingStore(inner, { call: 1, how: 'lose' }).set('a', { KEY: 'x' })).rejects.toThrow()
    expect((await inner.get('a'))?.values['KEY']).toBe('x')
    expect(() => failingStore(inner, { call: 1, how: 'lose' }).describe('a')).toThrow('fails here')
  })

  test("tells the store's own failure, where there is no answer to lose", async () => {
    const store = failingStore(memoryStore(), { call: 1, how: 'lose' })
    await expect(store.set('a', {})).rejects.toMatchObject({ code: 'INVALID' })
  })

  test('hangs until the signal of the call is aborted, and leaves no listener', async () => {
    const inner = memoryStore({ a: { KEY: 'x' } })
    const store = failingStore(inner, { call: 1, verb: 'getMany', how: 'hang' })
    const controller = new AbortController()
    const reading = store.getMany([{ name: 'a' }], { signal: controller.signal })
    expect(await Promise.race([reading, store.get('a').then(() => 'another verb answers')])).toBe(
      'another verb answers',
    )
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(reading).rejects.toBe(reason)
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    await expect(
      failingStore(inner, { call: 1, verb: 'get', how: 'hang' }).get('a', { signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason)
  })

  test.each([
    ['set', (store: MemoryStore) => store.set('a', { KEY: 'x' })],
    ['list', (store: MemoryStore) => store.list()[Symbol.asyncIterator]().next()],
  ] as const)('hangs in %s until the store is closed', async (verb, call) => {
    const store = failingStore(memoryStore(), { call: 1, verb, how: 'hang' })
    const pending = call(store)
    await Promise.all([expect(pending).rejects.toMatchObject({ code: 'CLOSED' }), store[Symbol.asyncDispose]()])
    await expect(store.get('a')).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test.each([0, -1, 1.5, NaN, Infinity, '1', undefined])('refuses %j as the number of a call', (call) => {
    expect(() => failingStore(memoryStore(), { call } as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    )
  })

  test.each([
    ['a verb that there is not', { verb: 'fetch' }],
    ['close as a verb', { verb: 'close' }],
    ['another way to fail', { how: 'slowly' }],
    ['an error of a call that hangs', { verb: 'get', how: 'hang', error: new Error('x') }],
    ['to hang in a describe that answers at once', { verb: 'describe', how: 'hang' }],
    ['to hang in any verb, one of which answers at once', { how: 'hang' }],
  ])('refuses %s', (_, failure) => {
    expect(() => failingStore(memoryStore(), { call: 1, ...failure } as never)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'INVALID_OPTION' }),
    )
  })

  test('refuses options that it does not have', () => {
    expect(() => failingStore(memoryStore(), { call: 1, calls: 1 } as never)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'UNKNOWN_OPTION' }),
    )
  })
})
