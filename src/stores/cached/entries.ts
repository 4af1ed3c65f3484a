/** What a cache holds: the answers of a store, by scope and name, as many as there may be. */
import type { HeldSecret } from '../answer.ts'
import type { CacheSettings } from './settings.ts'

/** The keys of a secret that were read; `undefined`: all of them. */
export type Keys = ReadonlySet<string> | undefined

/** One answer of the store. Times are those of `performance.now()`. */
export interface Entry {
  readonly scope: string
  readonly name: string
  /** `undefined`: it is not there. */
  readonly held: HeldSecret | undefined
  readonly keys: Keys
  /** Until when it is answered. */
  readonly freshUntil: number
  /** Until when it is answered while it is read again. */
  readonly staleUntil: number
  /** Until when it is answered if the store cannot be reached. */
  readonly bridgeUntil: number
}

/** Neighbours in the order of use. */
interface Node extends Entry {
  newer: Node | undefined
  older: Node | undefined
}

/** Makes an entry from an answer to a read that began at `begun`. */
export function entryOf(
  place: { readonly scope: string; readonly name: string },
  held: HeldSecret | undefined,
  keys: Keys,
  begun: number,
  settings: CacheSettings,
): Entry {
  const { scope, name } = place
  // What is not there has no keys that were not read, and is believed for no longer than it is said to be.
  const freshUntil = begun + (held === undefined ? settings.negativeTtlMs : settings.ttlMs)
  return {
    scope,
    name,
    held,
    keys: held === undefined ? undefined : keys,
    freshUntil,
    staleUntil: freshUntil + (held === undefined ? 0 : settings.staleWhileRevalidateMs),
    bridgeUntil: freshUntil + (held === undefined ? 0 : settings.staleIfErrorMs),
  }
}

/** Tells when an entry is of no more use. */
export function endOf({ staleUntil, bridgeUntil }: Entry): number {
  return Math.max(staleUntil, bridgeUntil)
}

/** Tells whether what was read with `has` answers who asks for `keys`. */
export function covers(has: Keys, keys: Keys): boolean {
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
  const scopes = new Map<string, Map<string, Node>>()
  let newest: Node | undefined
  let oldest: Node | undefined
  let size = 0

  const unlink = (node: Node): void => {
    if (node.newer === undefined) newest = node.older
    else node.newer.older = node.older
    if (node.older === undefined) oldest = node.newer
    else node.older.newer = node.newer
  }
  const link = (node: Node): void => {
    node.older = newest
    node.newer = undefined
    if (newest === undefined) oldest = node
    else newest.newer = node
    newest = node
  }
  const remove = (node: Node): void => {
    const names = scopes.get(node.scope)
    names?.delete(node.name)
    if (names?.size === 0) scopes.delete(node.scope)
    unlink(node)
    size -= 1
  }

  const entries: Entries = {
    find(scope, name) {
      const node = scopes.get(scope)?.get(name)
      if (node !== undefined && node !== newest) {
        unlink(node)
        link(node)
      }
      return node
    },

    put(entry) {
      entries.drop(entry.scope, entry.name)
      const node: Node = { ...entry, newer: undefined, older: undefined }
      const names = scopes.get(entry.scope) ?? new Map<string, Node>()
      scopes.set(entry.scope, names.set(entry.name, node))
      link(node)
      size += 1
      if (size > max && oldest !== undefined) remove(oldest)
    },

    drop(scope, name) {
      const node = scopes.get(scope)?.get(name)
      if (node !== undefined) remove(node)
    },

    dropScope(scope) {
      for (const node of [...(scopes.get(scope)?.values() ?? [])]) remove(node)
    },

    sweep(now) {
      let next: number | undefined
      for (let node = oldest; node !== undefined; node = node.newer) {
        const end = endOf(node)
        if (end <= now) remove(node)
        else next = Math.min(next ?? end, end)
      }
      return next
    },

    hasScope: (scope) => scopes.has(scope),

    clear() {
      scopes.clear()
      newest = undefined
      oldest = undefined
      size = 0
    },
  }
  return entries
}
