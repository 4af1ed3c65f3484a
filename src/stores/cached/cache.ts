/** The cache itself: what is answered from memory, what is read, and what is forgotten when. */
import { isLatchkeyError } from '../../errors.ts'
import type { SecretStore } from '../../store.ts'
import type { Secret } from '../../secret.ts'
import { settled } from '../waiting.ts'
import type { Wanted } from './ask.ts'
import { cacheEntries, covers, endOf, entryOf } from './entries.ts'
import type { Entry, Keys } from './entries.ts'
import { sharedReads, union } from './reads.ts'
import type { Flight } from './reads.ts'
import { MOST_MS } from './settings.ts'
import type { CacheSettings } from './settings.ts'
import { scopeWatches } from './watches.ts'

/** The least time between two rounds that forget what has expired, in milliseconds. */
const TIDY_MS = 1_000

/** A cache of what a store answers. */
export interface ReadCache {
  /** Gives what may be answered now. If that is stale, it is read again meanwhile. */
  find(scope: string, name: string, keys: Keys): Entry | undefined
  /** Answers from memory, and reads the rest in one round trip. */
  read(wanted: readonly Wanted[], signal: AbortSignal | undefined): Promise<(Secret | undefined)[]>
  /** Forgets a secret if what is known of it now contradicts what is held. */
  compare(scope: string, name: string, now: { readonly version: string } | undefined): void
  /** Forgets a secret, and lets no later reader have an answer that was asked for before. */
  forget(scope: string, name: string): void
  /** Forgets everything; whoever still waits gets the error. */
  close(error: Error): Promise<void>
}

/** Makes the cache of a store. */
export function readCache(store: SecretStore, settings: CacheSettings): ReadCache {
  const entries = cacheEntries(settings.max)
  let timer: NodeJS.Timeout | undefined

  const reads = sharedReads(store, {
    landed(flight, answer) {
      const entry = entryOf(flight, answer, flight.keys, flight.trip.begun, settings)
      if (endOf(entry) > performance.now()) entries.put(entry)
      else entries.drop(flight.scope, flight.name)
    },
    failed({ scope, name }, error) {
      // What the store refuses or cannot vouch for any more must not be answered from memory either.
      if (!isLatchkeyError(error, 'UNAVAILABLE')) entries.drop(scope, name)
    },
  })

  const forget = (scope: string, name: string): void => {
    entries.drop(scope, name)
    reads.forget(scope, name)
  }

  const watches = scopeWatches(store, settings.ttlMs, {
    changed: forget,
    connected(scope) {
      entries.dropScope(scope)
      reads.forgetScope(scope)
    },
  })

  const tidyIn = (delay: number): void => {
    timer ??= setTimeout(tidy, Math.min(Math.max(delay, TIDY_MS), MOST_MS)).unref()
  }
  const tidy = (): void => {
    timer = undefined
    const now = performance.now()
    const next = entries.sweep(now)
    watches.endUnused((scope) => entries.hasScope(scope) || reads.hasScope(scope))
    if (next !== undefined) tidyIn(next - now)
    else if (watches.size > 0) tidyIn(settings.ttlMs)
  }

  const begin = (wanted: readonly Wanted[]): Flight[] => {
    for (const { scope } of wanted) watches.begin(scope)
    tidyIn(settings.ttlMs + Math.max(settings.staleWhileRevalidateMs, settings.staleIfErrorMs))
    return reads.of(wanted)
  }

  const find = (scope: string, name: string, keys: Keys): Entry | undefined => {
    const entry = entries.find(scope, name)
    if (entry === undefined || !covers(entry.keys, keys)) return undefined
    const now = performance.now()
    if (now < entry.freshUntil) return entry
    if (now >= entry.staleUntil) return undefined
    for (const flight of begin([entry])) {
      // The next reader that has to wait is told of a failure.
      reads.wait(flight).catch(() => undefined)
    }
    return entry
  }

  /** Adds the keys that are held and still fresh, so that readers of different keys do not take turns in missing. */
  const withFreshKeys = (wanted: Wanted): Wanted => {
    const entry = entries.find(wanted.scope, wanted.name)
    const isFresh = entry !== undefined && performance.now() < entry.freshUntil
    return isFresh ? { ...wanted, keys: union(entry.keys, wanted.keys) } : wanted
  }

  const landing = async (flight: Flight, keys: Keys, signal: AbortSignal | undefined): Promise<Secret | undefined> => {
    try {
      return await reads.wait(flight, signal)
    } catch (error) {
      if (!isLatchkeyError(error, 'UNAVAILABLE')) throw error
      // Looked for only now: meanwhile it may have been changed, denied or deleted.
      const entry = entries.find(flight.scope, flight.name)
      if (entry !== undefined && covers(entry.keys, keys) && performance.now() < entry.bridgeUntil) return entry.answer
      throw error
    }
  }

  return {
    find,
    forget,

    async read(wanted, signal) {
      const known = wanted.map(({ scope, name, keys }) => find(scope, name, keys))
      const missing = wanted.filter((_, index) => known[index] === undefined)
      if (missing.length === 0) return known.map((entry) => entry?.answer)
      const flights = begin(missing.map(withFreshKeys))
      let next = 0
      return Promise.all(
        wanted.map(async ({ keys }, index) => {
          const entry = known[index]
          return entry === undefined ? landing(flights[next++] as Flight, keys, signal) : entry.answer
        }),
      )
    },

    compare(scope, name, now) {
      const entry = entries.find(scope, name)
      if (entry !== undefined && entry.answer?.version !== now?.version) forget(scope, name)
    },

    close(error) {
      clearTimeout(timer)
      entries.clear()
      reads.close(error)
      return settled([watches.close(), store.close()])
    },
  }
}
