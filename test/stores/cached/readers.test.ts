import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { isLatchkeyError } from '../../../src/errors.ts'
import { cachedStore } from '../../../src/stores/cached.ts'
import { controlledStore, quiet, unavailable } from '../../helpers/controlled-store.ts'

const READERS = 10_000
const NAMES = Array.from({ length: 10 }, (_, index) => `secret_${index}`)
const initial = Object.fromEntries(NAMES.map((name) => [name, { KEY: `${name} 0` }]))

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** What many readers are told, each of one secret: values, or the codes of errors, each once. */
async function told(read: (name: string) => Promise<string | undefined>): Promise<string[]> {
  const reading = Array.from({ length: READERS }, (_, index) => read(NAMES[index % NAMES.length] ?? ''))
  const results = await Promise.allSettled(reading)
  const shown = results.map((result) => {
    if (result.status === 'fulfilled') return result.value ?? 'absent'
    return isLatchkeyError(result.reason) ? String(result.reason.code) : 'something else'
  })
  return [...new Set(shown)].sort()
}

const values = (round: number): string[] => NAMES.map((name) => `${name} ${round}`)

test('10,000 readers through an outage get what the options say, by one read of each secret at a time', async () => {
  const inner = controlledStore(initial)
  const store = cachedStore(inner.store, { ttlMs: 1_000, staleWhileRevalidateMs: 1_000, staleIfErrorMs: 10_000 })
  const read = async (name: string): Promise<string | undefined> => (await store.get(name))?.values['KEY']
  const writeAll = async (round: number): Promise<void> => {
    for (const name of NAMES) await inner.memory.set(name, { KEY: `${name} ${round}` })
  }
  const reads = (): number => inner.reads.splice(0).length

  expect(await told(read)).toEqual(values(0))
  expect(reads()).toBe(NAMES.length)

  vi.advanceTimersByTime(999)
  expect(await told(read)).toEqual(values(0))
  expect(reads()).toBe(0)

  // Stale: at once, and read again in the background, once each.
  await writeAll(1)
  vi.advanceTimersByTime(1)
  expect(await told(read)).toEqual(values(0))
  await quiet()
  expect(reads()).toBe(NAMES.length)
  expect(await told(read)).toEqual(values(1))
  expect(reads()).toBe(0)

  // The outage begins: first in the background, then everybody waits for the attempt and gets the stale value.
  inner.failure = unavailable
  await writeAll(2)
  vi.advanceTimersByTime(1_500)
  expect(await told(read)).toEqual(values(1))
  await quiet()
  expect(reads()).toBe(NAMES.length)
  vi.advanceTimersByTime(9_499)
  expect(await told(read)).toEqual(values(1))
  expect(reads()).toBe(NAMES.length)

  // It lasts too long.
  vi.advanceTimersByTime(1)
  expect(await told(read)).toEqual(['UNAVAILABLE'])
  expect(reads()).toBe(NAMES.length)

  // It is over: no refresh is lost.
  inner.failure = undefined
  expect(await told(read)).toEqual(values(2))
  expect(reads()).toBe(NAMES.length)
})

test('10,000 readers among writes never see a value that is older than one that was written before they asked', async () => {
  const inner = controlledStore({ a: { KEY: '0' } })
  const store = cachedStore(inner.store, { staleWhileRevalidateMs: 60_000, staleIfErrorMs: 60_000 })
  let written = 0
  let wrong = 0
  const readers: Promise<void>[] = []
  for (let reader = 0; reader < READERS; reader += 1) {
    const least = written
    readers.push(
      store.get('a').then((secret) => {
        if (Number(secret?.values['KEY']) < least) wrong += 1
      }),
    )
    // The reads that are under way now answer with what was true before this write, and after it.
    if (reader % 100 === 50) {
      const release = inner.hold()
      const writing = store.set('a', { KEY: String(written + 1) })
      await writing
      written += 1
      if (reader % 200 === 50) await quiet()
      release()
    }
  }
  await Promise.all(readers)
  expect(wrong).toBe(0)
  expect((await store.get('a'))?.values['KEY']).toBe(String(written))
  expect(inner.reads.length).toBeLessThanOrEqual(written + 2)
})

test('any order of reads, writes, failures and late answers leaves the cache with the newest value', async () => {
  // A small generator of numbers, so that a failure can be repeated.
  let seed = 7
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((seed / 2_147_483_648) * below)
  }
  for (let run = 0; run < 200; run += 1) {
    const inner = controlledStore({ a: { KEY: '0', OTHER: '0' } })
    const store = cachedStore(inner.store, { ttlMs: 60_000, staleWhileRevalidateMs: 60_000, staleIfErrorMs: 60_000 })
    const releases: (() => void)[] = []
    const readers: Promise<unknown>[] = []
    let written = 0
    for (let step = 0; step < 20; step += 1) {
      const least = written
      const check = (keys: readonly string[] | undefined): Promise<unknown> =>
        store.getMany([{ name: 'a', keys }]).then(
          ([secret]) => {
            for (const value of Object.values(secret?.values ?? {})) expect(Number(value)).toBeGreaterThanOrEqual(least)
          },
          (error: unknown) => {
            expect(error).toBe(unavailable)
          },
        )
      const action = random(7)
      if (action <= 2) readers.push(check([undefined, ['KEY'], ['OTHER']][action]))
      else if (action === 3) releases.push(inner.hold())
      else if (action === 4) releases.splice(random(releases.length + 1), 1)[0]?.()
      else if (action === 5) inner.failure = inner.failure === undefined ? unavailable : undefined
      else {
        const failure = inner.failure
        inner.failure = undefined
        await store.set('a', { KEY: String(written + 1), OTHER: String(written + 1) })
        inner.failure = failure
        written += 1
      }
      if (random(3) === 0) await quiet()
      if (random(5) === 0) vi.advanceTimersByTime(60_000)
    }
    for (const release of releases) release()
    await Promise.all(readers)
    await quiet()
    inner.failure = undefined
    inner.hold()()
    vi.advanceTimersByTime(120_000)
    expect((await store.get('a'))?.values['KEY']).toBe(String(written))
  }
})
