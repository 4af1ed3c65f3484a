/** Tells of changes in one scope: by events of the system, and by looking from time to time for what they missed. */
import type fs from 'node:fs'
import { basename, dirname } from 'node:path'
import { isLatchkeyError } from '../../errors.ts'
import type { StoreChange } from '../../store.ts'
import { errnoOf } from '../file/failure.ts'
import type { DirectorySystem } from './file-system.ts'

/** What a watch is about. */
export interface Watched {
  readonly scope: string
  /** The store's path. */
  readonly path: string
  readonly pollMs: number
  readonly system: DirectorySystem
  /** Looks at the scope as it is now. */
  scan(): Scan
}

/** What a scope held, when it was looked at. */
export interface Scan {
  /** The version of each secret by its name; `undefined` for one that is there and cannot be read. */
  readonly versions: ReadonlyMap<string, string | undefined>
  /** Every directory in which a change of the scope can happen. */
  readonly directories: ReadonlySet<string>
}

/** A change can add directories, in which the next can happen before they are watched. */
const ROUNDS = 8

/**
 * Watches directories, never files: what is mounted is replaced, and a watch of a file goes silent with the file.
 *
 * @returns a function that ends it.
 * @throws StoreError what `scan` throws at first. Later failures are no changes: it goes on until it can look again.
 */
export function startWatch(watched: Watched, tell: (change: StoreChange) => void): () => void {
  const { scope, path, pollMs, system } = watched
  const watchers = new Map<string, { readonly watcher: fs.FSWatcher; readonly id: string }>()
  let versions: Scan['versions'] = new Map()
  let ended = false
  let due = false

  const later = (): void => {
    if (due || ended) return
    due = true
    // A kubelet's swap is some eight events: they are one look.
    setImmediate(() => {
      due = false
      refresh()
    })
  }

  const announce = (next: Scan['versions']): void => {
    const changed = [...next].filter(([name, version]) => !versions.has(name) || versions.get(name) !== version)
    const gone = [...versions.keys()].filter((name) => !next.has(name))
    versions = next
    for (const [name, version] of [...changed, ...gone.map((name) => [name, undefined] as const)]) {
      const change = Object.freeze({ scope, name, ...(version === undefined ? {} : { version }) })
      // Later, so that a listener which throws cannot end the watch.
      queueMicrotask(() => {
        if (!ended) tell(change)
      })
    }
  }

  /** Gives true if a directory was not watched before. */
  const watch = (directories: ReadonlySet<string>): boolean => {
    let added = false
    for (const [at, { watcher }] of watchers) {
      if (directories.has(at)) continue
      watcher.close()
      watchers.delete(at)
    }
    for (const at of directories) {
      const id = identity(at, system)
      const before = watchers.get(at)
      if (before?.id === id) continue
      before?.watcher.close()
      watchers.delete(at)
      const watcher = id === undefined ? undefined : watchDirectory(at, system, at === parent ? onRoot : later)
      if (watcher === undefined || id === undefined) continue
      watcher.on('error', () => {
        watcher.close()
        watchers.delete(at)
      })
      watchers.set(at, { watcher, id })
      added = true
    }
    return added
  }

  const parent = dirname(path)
  /** Of what happens beside the store's directory, only its own replacement counts. */
  const onRoot = (_event: string, file: string | null): void => {
    if (file === null || file === basename(path)) later()
  }

  const look = (): Scan['versions'] => {
    for (let round = 1; ; round += 1) {
      const scan = watched.scan()
      // Looked at again once everything is watched: otherwise a change between the two would be missed.
      if (!watch(new Set([parent, ...scan.directories])) || round === ROUNDS) return scan.versions
    }
  }

  const refresh = (): void => {
    if (ended) return
    try {
      announce(look())
    } catch (error) {
      // Nothing is known, so nothing is told. The next look may know more.
      if (!isLatchkeyError(error)) throw error
    }
  }

  const end = (): void => {
    ended = true
    clearInterval(timer)
    for (const { watcher } of watchers.values()) watcher.close()
    watchers.clear()
  }

  const timer = setInterval(refresh, pollMs).unref()
  try {
    versions = look()
  } catch (error) {
    end()
    throw error
  }
  return end
}

/** A directory that is replaced has another inode. */
function identity(path: string, system: DirectorySystem): string | undefined {
  const stats = unlessFailed(() => system.stat(path))
  return stats === undefined ? undefined : `${stats.dev}:${stats.ino}`
}

/** Some systems cannot watch, or no more than so much: what happens there is found by looking from time to time. */
function watchDirectory(
  path: string,
  system: DirectorySystem,
  listener: (event: string, file: string | null) => void,
): fs.FSWatcher | undefined {
  return unlessFailed(() => system.watch(path, listener))
}

function unlessFailed<T>(call: () => T): T | undefined {
  try {
    return call()
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return undefined
  }
}
