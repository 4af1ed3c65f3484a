import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { StoreError } from '../../../src/errors.ts'
import type { StoreChange, WritableSecretStore } from '../../../src/store.ts'
import { cachedStore } from '../../../src/stores/cached.ts'
import type { CachedStoreOptions } from '../../../src/stores/cached.ts'
import { controlledStore, quiet } from '../../helpers/controlled-store.ts'

interface Watch {
  readonly scope: string | undefined
  readonly tell: (change: StoreChange) => void
  readonly connect: () => void
  readonly fail: (error: unknown) => void
  ended: boolean
}

/** A cache over a store whose watches begin when the test says so, and tell what it says. */
function watching(options: CachedStoreOptions = {}) {
  const inner = controlledStore({ a: { KEY: 'a1' }, b: { KEY: 'b1' } })
  const watches: Watch[] = []
  const watched: WritableSecretStore = {
    ...inner.store,
    capabilities: { ...inner.store.capabilities, watch: true },
    watch: (listener, watchOptions) =>
      new Promise((resolve, reject) => {
        const watch: Watch = {
          scope: watchOptions?.scope,
          tell: listener,
          connect: () => {
            resolve({
              [Symbol.asyncDispose]: () => {
                watch.ended = true
                return Promise.resolve()
              },
            })
          },
          fail: reject,
          ended: false,
        }
        watches.push(watch)
      }),
  }
  const store = cachedStore(watched, options)
  const value = async (name = 'a', scope = 'default'): Promise<string | undefined> =>
    (await store.get(name, { scope }))?.values['KEY']
  return { inner, store, watches, value }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test('a scope is watched once, from the first read in it on', async () => {
  const { watches, value } = watching()
  expect(watches).toEqual([])
  await Promise.all([value('a'), value('b'), value('a')])
  await value('a', 'acme')
  expect(watches.map(({ scope }) => scope)).toEqual(['default', 'acme'])
})

test('reads do not wait for a watch to connect', async () => {
  const { inner, value } = watching()
  expect(await value()).toBe('a1')
  expect(await value()).toBe('a1')
  expect(inner.reads).toHaveLength(1)
})

test('when a watch connects, everything of its scope is read anew, also what is being read', async () => {
  const { inner, watches, value } = watching()
  await inner.memory.set('a', { KEY: 'acme' }, { scope: 'acme' })
  await Promise.all([value('a'), value('a', 'acme')])
  const release = inner.hold()
  const older = value('b')
  await inner.memory.set('a', { KEY: 'a2' })
  await inner.memory.set('b', { KEY: 'b2' })
  watches[0]?.connect()
  await quiet()
  release()
  expect(await older).toBe('b1')
  expect([await value('a'), await value('b')]).toEqual(['a2', 'b2'])
  const before = inner.reads.length
  expect(await value('a', 'acme')).toBe('acme')
  expect(inner.reads).toHaveLength(before)
})

test('a change makes the cache forget the one secret, and what is being read of it', async () => {
  const { inner, watches, value } = watching()
  await value()
  watches[0]?.connect()
  await quiet()
  await Promise.all([value('a'), value('b')])
  await inner.memory.set('a', { KEY: 'a2' })
  expect(await value()).toBe('a1')
  watches[0]?.tell({ scope: 'default', name: 'a' })
  const release = inner.hold()
  const older = value()
  await inner.memory.set('a', { KEY: 'a3' })
  watches[0]?.tell({ scope: 'default', name: 'a' })
  const newer = value()
  release()
  expect(await Promise.all([older, newer])).toEqual(['a2', 'a3'])
  const before = inner.reads.length
  expect([await value('a'), await value('b')]).toEqual(['a3', 'b1'])
  expect(inner.reads).toHaveLength(before)
})

test('a change leaves no stale value behind that an outage could bring back', async () => {
  const { inner, watches, value } = watching({ ttlMs: 1_000, staleIfErrorMs: 60_000, staleWhileRevalidateMs: 60_000 })
  await value()
  watches[0]?.connect()
  await quiet()
  await value()
  vi.advanceTimersByTime(1_000)
  inner.failure = new StoreError('UNAVAILABLE', 'Down.')
  const release = inner.hold()
  expect(await value()).toBe('a1')
  watches[0]?.tell({ scope: 'default', name: 'a' })
  release()
  await expect(value()).rejects.toBe(inner.failure)
})

test('a watch that fails disturbs no reader, is tried again after ttlMs, and then everything is read anew', async () => {
  const { inner, watches, value } = watching({ ttlMs: 1_000 })
  await value()
  watches[0]?.fail(new StoreError('UNAVAILABLE', 'Down.'))
  await quiet()
  vi.advanceTimersByTime(999)
  expect(await value('b')).toBe('b1')
  expect(watches).toHaveLength(1)
  vi.advanceTimersByTime(1)
  expect(await value()).toBe('a1')
  expect(watches).toHaveLength(2)
  await inner.memory.set('a', { KEY: 'a2' })
  watches[1]?.connect()
  await quiet()
  expect(await value()).toBe('a2')
  expect(watches).toHaveLength(2)
})

test('a scope of which nothing is held any more is no longer watched, and is watched again when it is read', async () => {
  const { watches, value } = watching({ ttlMs: 5_000, negativeTtlMs: 0 })
  await Promise.all([value('a'), value('none', 'acme')])
  for (const watch of watches) watch.connect()
  await quiet()
  await value('a')
  vi.advanceTimersByTime(5_000)
  await quiet()
  expect(watches.map(({ ended }) => ended)).toEqual([true, true])
  await value('a')
  expect(watches.map(({ scope }) => scope)).toEqual(['default', 'acme', 'default'])
})

test('watches end when the cache is closed, also one that connects only after that', async () => {
  const { store, watches, value } = watching()
  await Promise.all([value('a'), value('a', 'acme')])
  watches[0]?.connect()
  await quiet()
  await store.close()
  expect(watches.map(({ ended }) => ended)).toEqual([true, false])
  watches[1]?.connect()
  await quiet()
  expect(watches[1]?.ended).toBe(true)
  expect(vi.getTimerCount()).toBe(0)
})
