/** The cache itself: what is answered from memory, what is read, and what is forgotten when. */
import { isLatchkeyError } from '../../errors.ts'
import type { SecretStore } from '../../store.ts'
import type { Secret } from '../../secret.ts'
import { chosenValues } from '../answer.ts'
import type { CheckedRequest } from '../request.ts'
import { settled } from '../waiting.ts'
import { sharedAnswer } from './ask.ts'
import type { Wanted } from './ask.ts'
import { cacheEntries, covers, endOf, entryOf } from './entries.ts'
import type { Entry } from './entries.ts'
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
  find(scope: string, name: string, keys: readonly string[] | undefined): Entry | undefined
  /** Answers from memory, and reads the rest in one round trip. */
  read(asked: readonly CheckedRequest[], signal: AbortSignal | undefined): Promise<(Secret | undefined)[]>
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

  const find = (scope: string, name: string, keys: readonly string[] | undefined): Entry | undefined => {
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
  const wantedOf = ({ scope, name, keys }: CheckedRequest): Wanted => {
    const entry = entries.find(scope, name)
    const isFresh = entry !== undefined && performance.now() < entry.freshUntil
    const asked = keys && new Set(keys)
    return { scope, name, keys: isFresh ? union(entry.keys, asked) : asked }
  }

  const landing = async (
    flight: Flight,
    keys: readonly string[] | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Secret | undefined> => {
    try {
      const secret = await reads.wait(flight, signal)
      return secret && withKeys(secret, keys)
    } catch (error) {
      if (!isLatchkeyError(error, 'UNAVAILABLE')) throw error
      // Looked for only now: meanwhile it may have been changed, denied or deleted.
      const entry = entries.find(flight.scope, flight.name)
      if (entry !== undefined && covers(entry.keys, keys) && performance.now() < entry.bridgeUntil)
        return partOf(entry, keys)
      throw error
    }
  }

  return {
    find,
    forget,

    async read(asked, signal) {
      const known = asked.map(({ scope, name, keys }) => {
        const entry = find(scope, name, keys)
        return entry && { answer: partOf(entry, keys) }
      })
      const missing = asked.filter((_, index) => known[index] === undefined)
      if (missing.length === 0) return known.map((one) => one?.answer)
      const flights = begin(missing.map(wantedOf))
      let next = 0
      return Promise.all(
        asked.map(async ({ keys }, index) => {
          const one = known[index]
          return one === undefined ? landing(flights[next++] as Flight, keys && [...keys], signal) : one.answer
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

/** Gives those keys of an entry that were asked for. */
function partOf(entry: Entry, keys: readonly string[] | undefined): Secret | undefined {
  if (keys === undefined || entry.answer === undefined) return entry.answer
  const asked = keys.join()
  if (entry.part?.keys !== asked) entry.part = { keys: asked, answer: withKeys(entry.answer, keys) }
  return entry.part.answer
}

/** Gives a secret with the keys that were asked for: more may have been read for others. */
function withKeys(secret: Secret, keys: readonly string[] | undefined): Secret {
  return keys === undefined ? secret : sharedAnswer({ ...secret, values: chosenValues(secret.values, keys) })
}
