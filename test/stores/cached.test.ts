import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest'
import { StoreError } from '../../src/errors.ts'
import type { Secret } from '../../src/secret.ts'
import type { SecretStore, StoreChange, WritableSecretStore } from '../../src/store.ts'
import { cachedStore } from '../../src/stores/cached.ts'
import type { CachedStoreOptions } from '../../src/stores/cached.ts'
import { envStore } from '../../src/stores/env.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { testSecretStore } from '../../src/testing/index.ts'
import { controlledStore, quiet, unavailable } from '../helpers/controlled-store.ts'
import type { ControlledStore } from '../helpers/controlled-store.ts'
import { storeFolder } from '../helpers/store-folder.ts'
import { answeringStore } from '../helpers/stores.ts'
import { allTextOf, rejection } from '../helpers/thrown.ts'

describe('over a memory store, which it watches', () => {
  testSecretStore({ describe, test, factory: () => ({ store: cachedStore(memoryStore()) }) })
})

describe('over a store that cannot be watched, with stale answers allowed', () => {
  const options = { staleWhileRevalidateMs: 60_000, staleIfErrorMs: 60_000 }
  testSecretStore({ describe, test, factory: () => ({ store: cachedStore(controlledStore().store, options) }) })
})

describe('over a memory store, with nothing kept and room for one', () => {
  const options = { ttlMs: 0, negativeTtlMs: 0, max: 1 }
  testSecretStore({ describe, test, factory: () => ({ store: cachedStore(memoryStore(), options) }) })
})

describe('over an encrypted file', () => {
  testSecretStore({ describe, test, factory: () => ({ store: cachedStore(storeFolder().open()) }) })
})

describe('over a read-only store', () => {
  testSecretStore({
    describe,
    test,
    factory: (seed) => ({ store: cachedStore(envStore({ env: { LATCHKEY_SECRETS: JSON.stringify(seed) } })) }),
  })
})

const SEED = { a: { KEY: 'a1', OTHER: 'o1' }, b: { KEY: 'b1' } }
const clock = { toFake: ['performance', 'setTimeout', 'clearTimeout'] } as const

/** A cache over a store that counts its reads; `value` gives what KEY of a secret is now. */
function caching(options: CachedStoreOptions = {}) {
  const inner = controlledStore(SEED)
  const store = cachedStore(inner.store, options)
  const value = async (name = 'a'): Promise<string | undefined> => (await store.get(name))?.values['KEY']
  return { inner, store, value }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: [...clock.toFake] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a cached secret', () => {
  test('is answered from memory for ttlMs from the start of its read, then read again', async () => {
    const { inner, value } = caching({ ttlMs: 1_000 })
    const release = inner.hold()
    const first = value()
    vi.advanceTimersByTime(400)
    release()
    expect(await first).toBe('a1')
    await inner.memory.set('a', { KEY: 'a2' })
    vi.advanceTimersByTime(599)
    expect(await value()).toBe('a1')
    expect(inner.reads).toHaveLength(1)
    vi.advanceTimersByTime(1)
    expect(await value()).toBe('a2')
    expect(inner.reads).toHaveLength(2)
  })

  test('is the same by get and getMany, with a date of its own in each answer', async () => {
    const { inner, store } = caching()
    const first = await store.get('a')
    first?.createdAt?.setTime(0)
    const [second] = await store.getMany([{ name: 'a' }])
    expect(second).toEqual(await inner.memory.get('a'))
    expect(second?.values).toBe(first?.values)
    expect(inner.reads).toHaveLength(1)
  })

  test('is kept by scope and name', async () => {
    const { inner, store } = caching()
    await inner.memory.set('a', { KEY: 'acme' }, { scope: 'acme' })
    for (let round = 0; round < 2; round += 1) {
      expect((await store.get('a'))?.values['KEY']).toBe('a1')
      expect((await store.get('a', { scope: 'default' }))?.values['KEY']).toBe('a1')
      expect((await store.get('a', { scope: 'acme' }))?.values['KEY']).toBe('acme')
    }
    expect(inner.reads).toHaveLength(2)
  })

  test('cannot be changed by one of those who were given it, even if its store left it open', async () => {
    const values = JSON.parse('{"KEY":"x","__proto__":"y"}') as Record<string, string>
    const secret = { name: 'a', scope: 'default', version: '1', values }
    const inner = controlledStore()
    const store = cachedStore({ ...inner.store, getMany: () => Promise.resolve([secret]) })
    const given = (await store.get('a'))?.values as Record<string, string>
    expect(() => {
      given['KEY'] = 'changed'
    }).toThrow(TypeError)
    values['KEY'] = 'changed'
    const again = (await store.get('a'))?.values ?? {}
    expect(Object.entries(again)).toEqual(Object.entries(JSON.parse('{"KEY":"x","__proto__":"y"}') as object))
  })

  test('goes first if it was not read for longest, when there are more than max', async () => {
    const { inner, value } = caching({ max: 2 })
    await inner.memory.set('c', { KEY: 'c1' })
    for (const name of ['a', 'b', 'a', 'c', 'a', 'c']) await value(name)
    expect(inner.reads.flat().map(({ name }) => name)).toEqual(['a', 'b', 'c'])
    await value('b')
    await value('c')
    await value('a')
    expect(inner.reads.flat().map(({ name }) => name)).toEqual(['a', 'b', 'c', 'b', 'a'])
  })

  test('is forgotten when it is of no more use, by a timer that keeps no process alive', async () => {
    const { value } = caching({ ttlMs: 5_000, staleIfErrorMs: 3_000 })
    const timers = vi.spyOn(globalThis, 'setTimeout')
    await value()
    expect(vi.getTimerCount()).toBe(1)
    expect((timers.mock.results[0]?.value as NodeJS.Timeout).hasRef()).toBe(false)
    vi.advanceTimersByTime(7_999)
    await value('b')
    vi.advanceTimersByTime(1)
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(8_000)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('is not kept with ttlMs 0, but still read once for all who ask at the same time', async () => {
    const { inner, value } = caching({ ttlMs: 0 })
    expect(await Promise.all([value(), value(), value()])).toEqual(['a1', 'a1', 'a1'])
    expect(inner.reads).toHaveLength(1)
    await value()
    expect(inner.reads).toHaveLength(2)
  })
})

describe('a secret that is not there', () => {
  test('is believed to be absent for negativeTtlMs, and never longer', async () => {
    const { inner, value } = caching({ negativeTtlMs: 500, staleWhileRevalidateMs: 9_000, staleIfErrorMs: 9_000 })
    expect(await value('none')).toBeUndefined()
    await inner.memory.set('none', { KEY: 'n1' })
    vi.advanceTimersByTime(499)
    expect(await value('none')).toBeUndefined()
    vi.advanceTimersByTime(1)
    inner.failure = unavailable
    await expect(value('none')).rejects.toBe(unavailable)
    inner.failure = undefined
    expect(await value('none')).toBe('n1')
  })

  test('is asked for each time with negativeTtlMs 0', async () => {
    const { inner, value } = caching({ negativeTtlMs: 0 })
    await value('none')
    await value('none')
    expect(inner.reads).toHaveLength(2)
  })

  test('has no key, so that absence answers whatever keys are asked for', async () => {
    const { inner, store } = caching()
    await store.getMany([{ name: 'none', keys: ['A'] }])
    expect(await store.getMany([{ name: 'none', keys: ['B'] }, { name: 'none' }])).toEqual([undefined, undefined])
    expect(inner.reads).toHaveLength(1)
  })
})

describe('the keys of a cached secret', () => {
  const keysRead = (inner: ControlledStore): unknown[] =>
    inner.reads.map((requests) => requests.map(({ keys }) => keys))

  test('are read only as far as they are asked for', async () => {
    const { inner, store } = caching()
    for (let round = 0; round < 2; round += 1) {
      expect((await store.getMany([{ name: 'a', keys: ['OTHER'] }]))[0]?.values).toEqual({ OTHER: 'o1' })
    }
    expect(keysRead(inner)).toEqual([[['OTHER']]])
  })

  test('come together when different ones are asked for, so that readers do not take turns in missing', async () => {
    const { inner, store } = caching()
    const keys = async (...asked: string[]): Promise<unknown> =>
      (await store.getMany([{ name: 'a', keys: asked }]))[0]?.values
    await keys('OTHER')
    expect(await keys('KEY', 'MISSING')).toEqual({ KEY: 'a1' })
    expect(await keys('OTHER')).toEqual({ OTHER: 'o1' })
    expect(await keys('MISSING')).toEqual({})
    expect(await keys()).toEqual({})
    expect(keysRead(inner)).toEqual([[['OTHER']], [['OTHER', 'KEY', 'MISSING']]])
  })

  test('are answered from the whole secret where that is held, and the whole is read where only some are', async () => {
    const { inner, store } = caching()
    await store.getMany([{ name: 'a', keys: ['KEY'] }])
    expect((await store.get('a'))?.values).toEqual({ KEY: 'a1', OTHER: 'o1' })
    expect((await store.getMany([{ name: 'a', keys: ['OTHER', 'OTHER'] }]))[0]?.values).toEqual({ OTHER: 'o1' })
    expect(keysRead(inner)).toEqual([[['KEY']], [undefined]])
  })

  test('come in an answer of which nothing can be changed for the next reader', async () => {
    const { inner, store } = caching()
    const read = async (): Promise<Secret | undefined> => (await store.getMany([{ name: 'a', keys: ['KEY'] }]))[0]
    await read()
    const first = await read()
    first?.createdAt?.setTime(0)
    expect(Object.isFrozen(first) && Object.isFrozen(first?.values)).toBe(true)
    expect(await read()).toEqual((await inner.memory.getMany([{ name: 'a', keys: ['KEY'] }]))[0])
  })

  test('of one batch are read together', async () => {
    const { inner, store } = caching()
    const answers = await store.getMany([{ name: 'a', keys: ['KEY'] }, { name: 'b' }, { name: 'a', keys: ['OTHER'] }])
    expect(answers.map((secret) => secret?.values)).toEqual([{ KEY: 'a1' }, { KEY: 'b1' }, { OTHER: 'o1' }])
    expect(inner.reads).toHaveLength(1)
    expect(keysRead(inner)).toEqual([[['KEY', 'OTHER'], undefined]])
  })

  test('that are being read are not read again, and others are read with them', async () => {
    const { inner, store } = caching()
    const release = inner.hold()
    const reading = [['KEY'], ['KEY'], ['OTHER'], ['KEY']].map((keys) => store.getMany([{ name: 'a', keys }]))
    release()
    const answers = await Promise.all(reading)
    expect(answers.map(([secret]) => secret?.values)).toEqual([
      { KEY: 'a1' },
      { KEY: 'a1' },
      { OTHER: 'o1' },
      { KEY: 'a1' },
    ])
    expect(keysRead(inner)).toEqual([[['KEY']], [['KEY', 'OTHER']]])
    await store.getMany([{ name: 'a', keys: ['OTHER', 'KEY'] }])
    expect(inner.reads).toHaveLength(2)
  })

  test('that nobody asked for within ttlMs are no longer read', async () => {
    const { inner, store } = caching({ ttlMs: 1_000 })
    await store.getMany([{ name: 'a', keys: ['KEY', 'OTHER'] }])
    vi.advanceTimersByTime(1_000)
    await store.getMany([{ name: 'a', keys: ['OTHER'] }])
    expect(keysRead(inner)).toEqual([[['KEY', 'OTHER']], [['OTHER']]])
  })
})

describe('readers at the same time', () => {
  test('share one read of a secret', async () => {
    const { inner, store } = caching()
    const release = inner.hold()
    const reading = Array.from({ length: 100 }, () => store.get('a'))
    release()
    const answers = await Promise.all(reading)
    expect(answers.every((secret) => secret?.values['KEY'] === 'a1')).toBe(true)
    expect(inner.reads).toHaveLength(1)
  })

  test('read in one round trip what nobody reads yet, and join the reads of the rest', async () => {
    const { inner, store } = caching()
    await inner.memory.set('c', { KEY: 'c1' })
    const release = inner.hold()
    const one = store.get('a')
    const many = store.getMany([{ name: 'c' }, { name: 'a' }, { name: 'b' }, { name: 'c' }])
    release()
    expect((await many).map((secret) => secret?.values['KEY'])).toEqual(['c1', 'a1', 'b1', 'c1'])
    expect((await one)?.name).toBe('a')
    expect(inner.reads.map((requests) => requests.map(({ name }) => name))).toEqual([['a'], ['c', 'b']])
  })

  test('are told of the failure of their own secret, not of another that was read with it', async () => {
    const inner = controlledStore(SEED)
    const denied = new StoreError('DENIED', 'Secret b (scope default): no.', { secret: 'b' })
    const store = cachedStore({ ...inner.store, getMany: failingOn('b', denied, inner) })
    const both = store.getMany([{ name: 'a' }, { name: 'b' }])
    const one = store.get('a')
    await expect(both).rejects.toBe(denied)
    expect((await one)?.values['KEY']).toBe('a1')
    expect((await store.get('a'))?.values['KEY']).toBe('a1')
  })

  test('that give up do not disturb the others', async () => {
    const { inner, store } = caching()
    const release = inner.hold()
    const controller = new AbortController()
    const leaving = store.get('a', { signal: controller.signal })
    const staying = store.get('a')
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(leaving).rejects.toBe(reason)
    expect(inner.signals[0]?.aborted).toBe(false)
    release()
    expect((await staying)?.values['KEY']).toBe('a1')
    expect(inner.reads).toHaveLength(1)
  })

  test('that all give up end the read; the next reader begins a new one', async () => {
    const { inner, store, value } = caching()
    const release = inner.hold()
    const controllers = [new AbortController(), new AbortController()]
    const leaving = controllers.map(({ signal }) => store.getMany([{ name: 'a' }, { name: 'b' }], { signal }))
    controllers[0]?.abort()
    await rejection(leaving[0] ?? Promise.resolve())
    expect(inner.signals[0]?.aborted).toBe(false)
    controllers[1]?.abort()
    await rejection(leaving[1] ?? Promise.resolve())
    expect(inner.signals[0]?.aborted).toBe(true)
    await inner.memory.set('a', { KEY: 'a2' })
    release()
    expect(await value()).toBe('a2')
    await quiet()
    expect(await value()).toBe('a2')
    expect(inner.reads).toHaveLength(2)
  })

  test('leave no listener on their signals', async () => {
    const { store } = caching()
    const { signal } = new AbortController()
    const add = vi.spyOn(signal, 'addEventListener')
    const remove = vi.spyOn(signal, 'removeEventListener')
    await store.get('a', { signal })
    expect(remove.mock.calls.length).toBe(add.mock.calls.length)
  })

  test('refuse an answer that is not theirs, and keep nothing of it', async () => {
    const wrong = { name: 'b', scope: 'default', version: '1', values: { KEY: 'b1' } }
    const answers: unknown[] = [[wrong], [], [undefined]]
    const store = cachedStore(answeringStore({ getMany: () => answers.shift() }))
    await expect(store.get('a')).rejects.toMatchObject({ code: 'BAD_ANSWER' })
    await expect(store.get('a')).rejects.toMatchObject({ code: 'BAD_ANSWER' })
    expect(await store.get('a')).toBeUndefined()
  })
})

/** Reads that fail for one secret, alone and in a batch. */
function failingOn(name: string, error: Error, inner: ControlledStore): SecretStore['getMany'] {
  return (requests) => {
    return requests.some((request) => request.name === name) ? Promise.reject(error) : inner.memory.getMany(requests)
  }
}

describe('a stale secret', () => {
  test('is answered at once within staleWhileRevalidateMs, while it is read again once', async () => {
    const { inner, value } = caching({ ttlMs: 1_000, staleWhileRevalidateMs: 1_000 })
    await value()
    await inner.memory.set('a', { KEY: 'a2' })
    vi.advanceTimersByTime(1_000)
    const release = inner.hold()
    expect(await Promise.all([value(), value(), value()])).toEqual(['a1', 'a1', 'a1'])
    expect(inner.reads).toHaveLength(2)
    release()
    await quiet()
    expect(await value()).toBe('a2')
    expect(inner.reads).toHaveLength(2)
  })

  test('is not answered after staleWhileRevalidateMs', async () => {
    const { inner, value } = caching({ ttlMs: 1_000, staleWhileRevalidateMs: 1_000 })
    await value()
    await inner.memory.set('a', { KEY: 'a2' })
    vi.advanceTimersByTime(2_000)
    expect(await value()).toBe('a2')
  })

  test('is answered when the store is UNAVAILABLE, within staleIfErrorMs and no longer', async () => {
    const { inner, value } = caching({ ttlMs: 1_000, staleIfErrorMs: 1_000 })
    await value()
    inner.failure = unavailable
    vi.advanceTimersByTime(1_999)
    expect(await value()).toBe('a1')
    expect(inner.reads).toHaveLength(2)
    vi.advanceTimersByTime(1)
    await expect(value()).rejects.toBe(unavailable)
  })

  test('is not answered with staleIfErrorMs 0', async () => {
    const { inner, value } = caching({ ttlMs: 1_000 })
    await value()
    inner.failure = unavailable
    vi.advanceTimersByTime(1_000)
    await expect(value()).rejects.toBe(unavailable)
  })

  test.each(['DENIED', 'CORRUPT', 'INVALID', 'KEY_WRONG', 'ROLLED_BACK', 'BAD_ANSWER'] as const)(
    'is not answered when the store fails with %s, nor when it is UNAVAILABLE after that',
    async (code) => {
      const { inner, value } = caching({ ttlMs: 1_000, staleIfErrorMs: 60_000 })
      await value()
      vi.advanceTimersByTime(1_000)
      const error = new StoreError(code, 'No.')
      inner.failure = error
      await expect(value()).rejects.toBe(error)
      inner.failure = unavailable
      await expect(value()).rejects.toBe(unavailable)
    },
  )

  test('is not answered when the store throws what is no StoreError', async () => {
    const { inner, value } = caching({ ttlMs: 1_000, staleIfErrorMs: 60_000 })
    await value()
    vi.advanceTimersByTime(1_000)
    inner.failure = Object.assign(new Error('socket'), { code: 'UNAVAILABLE' })
    await expect(value()).rejects.toBe(inner.failure)
  })

  test('is not answered after it was deleted', async () => {
    const options = { ttlMs: 1_000, staleIfErrorMs: 60_000, staleWhileRevalidateMs: 60_000, negativeTtlMs: 0 }
    const { inner, value } = caching(options)
    await value()
    await inner.memory.delete('a')
    vi.advanceTimersByTime(1_000)
    expect(await value()).toBe('a1')
    await quiet()
    expect(await value()).toBeUndefined()
    inner.failure = unavailable
    await expect(value()).rejects.toBe(unavailable)
  })

  test('is dropped when reading it in the background is denied, and kept when the store is UNAVAILABLE', async () => {
    const { inner, value } = caching({ ttlMs: 1_000, staleWhileRevalidateMs: 60_000 })
    await value()
    vi.advanceTimersByTime(1_000)
    inner.failure = unavailable
    for (let round = 0; round < 3; round += 1) {
      expect(await value()).toBe('a1')
      await quiet()
    }
    const denied = new StoreError('DENIED', 'No.')
    inner.failure = denied
    expect(await value()).toBe('a1')
    await quiet()
    await expect(value()).rejects.toBe(denied)
  })

  test('whose reading again fails is no unhandled rejection', async () => {
    const unhandled: unknown[] = []
    const listener = (reason: unknown): void => {
      unhandled.push(reason)
    }
    process.on('unhandledRejection', listener)
    try {
      const { inner, value } = caching({ ttlMs: 0, staleWhileRevalidateMs: 60_000 })
      await value()
      inner.failure = unavailable
      expect(await value()).toBe('a1')
      await quiet()
      await quiet()
      expect(inner.reads).toHaveLength(2)
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', listener)
    }
  })

  test('is answered for each secret of a batch that can be, and the batch fails for one that cannot', async () => {
    const { inner, store } = caching({ ttlMs: 1_000, staleIfErrorMs: 60_000 })
    await store.get('a')
    vi.advanceTimersByTime(1_000)
    inner.failure = unavailable
    await expect(store.getMany([{ name: 'a' }, { name: 'b' }])).rejects.toBe(unavailable)
    expect((await store.getMany([{ name: 'a', keys: ['KEY'] }]))[0]?.values).toEqual({ KEY: 'a1' })
  })
})

describe('a write through the cache', () => {
  test.each<[string, (store: WritableSecretStore, version: string) => unknown, string | undefined]>([
    ['set', (store) => store.set('a', { KEY: 'a2' }), 'a2'],
    ['delete', (store) => store.delete('a'), undefined],
    ['rollback', (store, version) => store.rollback?.('a', version), 'a1'],
  ])('by %s is seen by the next read', async (_, write, after) => {
    const { inner, store, value } = caching()
    const { version = '' } = (await store.get('a')) ?? {}
    if (after === 'a1') {
      await store.set('a', { KEY: 'a2' })
      expect(await value()).toBe('a2')
    }
    await write(store, version)
    expect(await value()).toBe(after)
    expect((await inner.memory.get('a'))?.values['KEY']).toBe(after)
  })

  test('is seen by the next read also where it failed after it was done', async () => {
    const { inner, store, value } = caching({ staleIfErrorMs: 60_000 })
    await value()
    inner.failure = unavailable
    await expect(store.set('a', { KEY: 'a2' })).rejects.toBe(unavailable)
    await expect(value()).rejects.toBe(unavailable)
    inner.failure = undefined
    expect(await value()).toBe('a2')
  })

  test('is not undone by a read that began before it and ends after it', async () => {
    const { inner, store, value } = caching()
    const release = inner.hold()
    const older = value()
    await store.set('a', { KEY: 'a2' })
    const newer = value()
    expect(inner.reads).toHaveLength(2)
    release()
    expect(await Promise.all([older, newer])).toEqual(['a1', 'a2'])
    await quiet()
    expect(await value()).toBe('a2')
    expect(inner.reads).toHaveLength(2)
  })

  test('is not undone by an older read that ends last of all', async () => {
    const { inner, store, value } = caching()
    const release = inner.hold()
    const older = value()
    await store.set('a', { KEY: 'a2' })
    const releaseNone = inner.hold()
    releaseNone()
    expect(await value()).toBe('a2')
    release()
    expect(await older).toBe('a1')
    expect(await value()).toBe('a2')
  })

  test('is not undone by an older read that is denied', async () => {
    const { inner, store, value } = caching()
    const release = inner.hold()
    inner.failure = new StoreError('DENIED', 'No.')
    const older = rejection(value())
    inner.failure = undefined
    await store.set('a', { KEY: 'a2' })
    inner.hold()()
    expect(await value()).toBe('a2')
    release()
    expect(await older).toMatchObject({ code: 'DENIED' })
    expect(await value()).toBe('a2')
    expect(inner.reads).toHaveLength(2)
  })

  test('touches no other secret', async () => {
    const { inner, store, value } = caching()
    await value('b')
    await store.set('a', { KEY: 'a2' })
    await store.set('b', { KEY: 'x' }, { scope: 'acme' })
    await value('b')
    expect(inner.reads).toHaveLength(1)
  })
})

describe('describe and list', () => {
  test('go through to the store, and are not cached', async () => {
    const { inner, store } = caching()
    await inner.memory.set('a', { KEY: 'a2', NEW: 'x' })
    expect(await store.describe('a')).toEqual(inner.memory.describe('a'))
    await inner.memory.delete('a')
    expect(await store.describe('a')).toBeUndefined()
  })

  test('a description that contradicts what is held makes the cache forget it, also that it is absent', async () => {
    const { inner, store, value } = caching({ negativeTtlMs: 60_000 })
    await value()
    await value('c')
    await store.describe('a')
    await store.describe('c')
    await value()
    await value('c')
    expect(inner.reads).toHaveLength(2)
    await inner.memory.set('a', { KEY: 'a2' })
    await inner.memory.set('c', { KEY: 'c1' })
    await store.describe('a')
    await store.describe('c')
    expect([await value(), await value('c')]).toEqual(['a2', 'c1'])
  })

  test('describe answers at once if the store does', async () => {
    expect(cachedStore(memoryStore(SEED)).describe('a')).toMatchObject({ keys: ['KEY', 'OTHER'] })
    const later = cachedStore(answeringStore({ describe: async () => Promise.resolve(undefined) }))
    expect(later.capabilities.syncDescribe).toBe(false)
    expect(await later.describe('a')).toBeUndefined()
  })
})

describe('a cache', () => {
  test('answers nothing from memory after it was closed, and closes its store', async () => {
    const { inner, store, value } = caching({ ttlMs: 60_000 })
    await value()
    await store.close()
    await expect(value()).rejects.toMatchObject({ code: 'CLOSED', store: 'cached' })
    await expect(inner.memory.get('a')).rejects.toMatchObject({ code: 'CLOSED' })
    expect(vi.getTimerCount()).toBe(0)
  })

  test('that is closed ends the reads that are under way, and keeps nothing of what they bring', async () => {
    const { inner, store } = caching()
    const release = inner.hold()
    const reading = store.getMany([{ name: 'a' }, { name: 'b' }])
    await store.close()
    const error = await rejection(reading)
    expect(error).toMatchObject({ code: 'CLOSED', store: 'cached' })
    expect(inner.signals[0]?.aborted).toBe(true)
    release()
    await quiet()
    await expect(store.get('a')).rejects.toMatchObject({ code: 'CLOSED' })
    expect(allTextOf(store)).not.toContain('a1')
  })

  test('can do what its store can, in its type and in fact', () => {
    expectTypeOf(cachedStore(memoryStore())).toEqualTypeOf<WritableSecretStore>()
    expectTypeOf(cachedStore(envStore(), {})).toEqualTypeOf<SecretStore>()
    const file = storeFolder().open()
    expect(cachedStore(file).capabilities).toBe(file.capabilities)
    expect(cachedStore(file).watch).toBeUndefined()
    const readOnly = cachedStore(envStore({ env: {} }))
    for (const verb of ['set', 'delete', 'history', 'rollback', 'watch']) expect(readOnly).not.toHaveProperty(verb)
  })

  test("forgets a secret before it tells a watch of the secret's change, so that the listener reads the new one", async () => {
    const { inner } = caching()
    const told: StoreChange[] = []
    const watched = { ...inner.store, watch: inner.memory.watch, capabilities: inner.memory.capabilities }
    const store = cachedStore(watched)
    let reading: Promise<Secret | undefined> | undefined
    await store.watch?.((change) => {
      told.push(change)
      reading = store.get('a')
    })
    await store.get('a')
    await inner.memory.set('a', { KEY: 'a2' })
    expect((await reading)?.values['KEY']).toBe('a2')
    expect(told).toHaveLength(1)
    await expect(store.watch?.('text' as never)).rejects.toMatchObject({ code: 'INVALID_OPTION' })
  })

  const durations = ['ttlMs', 'staleWhileRevalidateMs', 'staleIfErrorMs', 'negativeTtlMs']
  test.each<[unknown, string]>([
    [{ ttl: 1 }, 'UNKNOWN_OPTION'],
    [null, 'INVALID_OPTION'],
    ['text', 'INVALID_OPTION'],
    ...durations.flatMap((name) =>
      [-1, NaN, Infinity, 2 ** 31, '1', null].map((value): [unknown, string] => [{ [name]: value }, 'INVALID_OPTION']),
    ),
    ...[0, -1, 1.5, NaN, Infinity, '1', null].map((max): [unknown, string] => [{ max }, 'INVALID_OPTION']),
  ])('refuses the options %j', (options, code) => {
    expect(() => cachedStore(memoryStore(), options as never)).toThrow(
      expect.objectContaining({ name: 'TypeError', code }),
    )
  })

  test('takes options given as undefined for absent ones, and is not changed by options that change later', async () => {
    const options: { -readonly [Name in keyof CachedStoreOptions]: CachedStoreOptions[Name] } = { ttlMs: undefined }
    const { inner, value } = caching(options)
    options.ttlMs = 0
    await value()
    await value()
    expect(inner.reads).toHaveLength(1)
  })

  test.each([[undefined], [null], ['text'], [{}]])('refuses the store %j', (store) => {
    expect(() => cachedStore(store as never)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'INVALID_OPTION' }),
    )
  })
})
