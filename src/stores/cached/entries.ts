/** What a cache holds: the answers of a store, by scope and name, as many as there may be. */
import type { Secret } from '../../secret.ts'
import type { CacheSettings } from './settings.ts'

/** The keys of a secret that were read; `undefined`: all of them. */
export type Keys = ReadonlySet<string> | undefined

/** One answer of the store. Times are those of `performance.now()`. */
export interface Entry {
  readonly scope: string
  readonly name: string
  /** What every reader of all of it gets; `undefined`: it is not there. */
  readonly answer: Secret | undefined
  /** The same, for those who are told at once: made here, it need not be made for each of them. */
  readonly told: Promise<Secret | undefined>
  readonly keys: Keys
  /** Until when it is answered. */
  readonly freshUntil: number
  /** Until when it is answered while it is read again. */
  readonly staleUntil: number
  /** Until when it is answered if the store cannot be reached. */
  readonly bridgeUntil: number
  /** What the last reader of some of its keys got, which most often is what the next one asks for. */
  part?: { readonly keys: string; readonly answer: Secret } | undefined
  /** The number of its last use, which no other entry has. */
  used: number
}

/** Makes an entry from an answer to a read that began at `begun`. */
export function entryOf(
  place: { readonly scope: string; readonly name: string },
  answer: Secret | undefined,
  keys: Keys,
  begun: number,
  settings: CacheSettings,
): Entry {
  const { scope, name } = place
  // What is not there has no keys that were not read, and is believed for no longer than it is said to be. Whole numbers
  // stand in the entry itself, where a hit finds them quickest.
  const isThere = answer !== undefined
  const until = (stale: number): number =>
    Math.floor(begun + (isThere ? settings.ttlMs + stale : settings.negativeTtlMs))
  return {
    scope,
    name,
    answer,
    told: Promise.resolve(answer),
    keys: isThere ? keys : undefined,
    freshUntil: until(0),
    staleUntil: until(settings.staleWhileRevalidateMs),
    bridgeUntil: until(settings.staleIfErrorMs),
    part: undefined,
    used: 0,
  }
}

/** Tells when an entry is of no more use. */
export function endOf({ staleUntil, bridgeUntil }: Entry): number {
  return Math.max(staleUntil, bridgeUntil)
}

/** Tells whether what was read with `has` answers who asks for `keys`. */
export function covers(has: Keys, keys: Iterable<string> | undefined): boolean {
  if (has === undefined) return true
  if (keys === undefined) return false
  for (const key of keys) if (!has.has(key)) return false
  return true
}

/** The entries of a cache. */
export interface Entries {
  /** Gives an entry, fresh or not, and counts that as a use. */
  find(scope: string, name: string): Entry | undefined
  /** Puts an entry in the place of the one that is there; the one that was not used for longest may have to go. */
  put(entry: Entry): void
  drop(scope: string, name: string): void
  dropScope(scope: string): void
  /** Drops what is of no more use, and tells when the next entry will be; `undefined` if none is left. */
  sweep(now: number): number | undefined
  hasScope(scope: string): boolean
  clear(): void
}

/** Makes room for at most `max` entries. */
export function cacheEntries(max: number): Entries {
  const scopes = new Map<string, Map<string, Entry>>()
  let uses = 0
  let size = 0
  /** Who goes next, the first of them last. Made when it is needed: it costs a reader less than a list that is kept in order. */
  let leaving: { readonly scope: string; readonly name: string; readonly used: number }[] = []

  const look = (scope: string, name: string): Entry | undefined => scopes.get(scope)?.get(name)

  const remove = ({ scope, name }: { readonly scope: string; readonly name: string }): void => {
    const names = scopes.get(scope)
    if (names?.delete(name) !== true) return
    if (names.size === 0) scopes.delete(scope)
    size -= 1
  }

  const all = (): Entry[] => [...scopes.values()].flatMap((names) => [...names.values()])

  const makeRoom = (): void => {
    while (size > max) {
      if (leaving.length === 0) {
        // No entries in here: one that is dropped must not stay in memory.
        leaving = all().map(({ scope, name, used }) => ({ scope, name, used }))
        leaving.sort((one, other) => other.used - one.used)
      }
      const next = leaving.pop()
      // One that was used since is younger than all that are left in the list.
      if (next !== undefined && look(next.scope, next.name)?.used === next.used) remove(next)
    }
  }

  return {
    find(scope, name) {
      const entry = look(scope, name)
      if (entry !== undefined) entry.used = uses += 1
      return entry
    },

    put(entry) {
      const { scope, name } = entry
      const names = scopes.get(scope) ?? new Map<string, Entry>()
      if (!names.has(name)) size += 1
      entry.used = uses += 1
      scopes.set(scope, names.set(name, entry))
      makeRoom()
    },

    drop(scope, name) {
      remove({ scope, name })
    },

    dropScope(scope) {
      size -= scopes.get(scope)?.size ?? 0
      scopes.delete(scope)
    },

    sweep(now) {
      let next: number | undefined
      for (const entry of all()) {
        const end = endOf(entry)
        if (end <= now) remove(entry)
        else next = Math.min(next ?? end, end)
      }
      return next
    },

    hasScope: (scope) => scopes.has(scope),

    clear() {
      scopes.clear()
      leaving = []
      size = 0
    },
  }
}
