/**
 * One look at the directory, in which everything that is read is of one generation.
 *
 * A kubelet keeps the files in a directory of their own, to which the symbolic link `..data` leads. It makes a new
 * directory, renames a new link onto `..data`, and then removes the old directory, file by file. So each place is pinned
 * when it is entered; when everything was read, all pins must still hold, or it is read again.
 */
import type fs from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { StoreErrorDetails } from '../../errors.ts'
import { errnoOf } from '../file/failure.ts'
import { ask, Moved, storeError, systemFailure } from './failure.ts'
import type { DirectorySystem } from './file-system.ts'
import { readBytes } from './reading.ts'

/** A directory that was entered. */
export interface Place {
  /** Where it is, without symbolic links behind the store's own path. */
  readonly path: string
  /** Where its files are: the same, or what its `..data` leads to. */
  readonly files: string
  /** What its `..data` says, if it has one. */
  readonly pin: string | undefined
  /** Of `files`, when it was entered. */
  readonly stats: fs.BigIntStats
}

/** What a name in a directory is. */
export type Kind = 'file' | 'directory' | 'other'

/** What can be seen in one look. */
export interface Look {
  readonly root: Place
  /** Every place that was entered so far. */
  readonly places: readonly Place[]
  /** Enters a directory; `undefined` if there is none of this name. */
  enter(place: Place, name: string): Place | undefined
  /** Tells what a name is, following symbolic links; `undefined` if there is nothing. */
  kindOf(place: Place, name: string): Kind | undefined
  /** Lists the names that do not begin with a dot. */
  names(place: Place): ReadonlyMap<string, Kind>
  /** Lists the directories in a place, also those beside a `..data`, such as other mounts. */
  directories(place: Place): string[]
  /** Reads a file whole; one of more bytes than `limit` is TOO_LARGE. */
  read(place: Place, name: string, about: StoreErrorDetails, limit: number): Buffer
}

/** Enough for a directory that is replaced all the time; some milliseconds. */
const ATTEMPTS = 200

/**
 * Does `work` in one look; does it again if something was replaced meanwhile.
 *
 * @throws StoreError UNAVAILABLE if `path` is not there, or was replaced again and again.
 */
export function look<T>(path: string, system: DirectorySystem, work: (look: Look) => T): T {
  let failure: Error | undefined
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const places: Place[] = []
    try {
      const result = work(openLook(path, system, places))
      if (places.every((place) => isCurrent(place, system))) return result
    } catch (error) {
      if (error instanceof Moved) failure = error.failure
      // What is wrong with a generation that is gone is of no interest.
      else if (places.every((place) => isCurrent(place, system))) throw error
    }
  }
  throw failure ?? storeError('UNAVAILABLE', `What ${path} holds is being replaced again and again.`)
}

function openLook(path: string, system: DirectorySystem, places: Place[]): Look {
  let base: string | undefined
  /** Follows a symbolic link, which must not lead out of the store's path. */
  const follow = (link: string): string => {
    base ??= ask(`look for ${path}`, {}, () => system.realpath(path))
    const target = ask(`follow the symbolic link ${link}`, {}, () => system.realpath(link))
    if (target === base || target.startsWith(base.endsWith('/') ? base : `${base}/`)) return target
    throw storeError('INVALID', `${link} is a symbolic link that leads out of ${path}.`, {
      hint: 'Mount what it leads to, or copy it.',
    })
  }
  const root = enterRoot(path, system, follow)
  places.push(root)
  const enterAt = (at: string, links: boolean): Place | undefined => {
    const found = lstat(at, system)
    if (found?.isSymbolicLink() === true && links) return enterAt(follow(at), false)
    if (found?.isDirectory() !== true) return undefined
    const place = pinned(at, found, system, follow)
    places.push(place)
    return place
  }
  const kindAt = (at: string): Kind | undefined => {
    const found = ask(`look for ${at}`, {}, () => statLink(at, system))
    if (found !== undefined) return kind(found)
    return lstat(at, system) === undefined ? undefined : 'other'
  }
  const list = (at: string): fs.Dirent[] => {
    const entries = ask(`list ${at}`, {}, () => system.readdir(at))
    return entries.filter(({ name }) => !name.startsWith('.'))
  }
  const names = (place: Place): Map<string, Kind> => {
    const entries = list(place.files).map((entry): [string, Kind] => {
      const { name } = entry
      return [name, entry.isSymbolicLink() ? (kindAt(`${place.files}/${name}`) ?? 'other') : kind(entry)]
    })
    return new Map(entries)
  }

  return {
    root,
    places,
    // Beside a `..data` there are links to what it holds, which are passed over, and other mounts, which are not.
    enter: (place, name) =>
      enterAt(`${place.files}/${name}`, true) ??
      (place.pin === undefined ? undefined : enterAt(`${place.path}/${name}`, false)),
    kindOf: (place, name) => kindAt(`${place.files}/${name}`),
    names,
    directories(place) {
      const inside = [...names(place)].flatMap(([name, what]) => (what === 'directory' ? [name] : []))
      if (place.pin === undefined) return inside
      const beside = list(place.path).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
      return [...new Set([...inside, ...beside])]
    },
    read: (place, name, about, limit) => readBytes(`${place.files}/${name}`, { system, follow, about, limit }),
  }
}

/** A root that is missing is never a store without secrets: it may be a mount that is not there yet. */
function enterRoot(path: string, system: DirectorySystem, follow: (link: string) => string): Place {
  const found = lstat(path, system)
  if (found === undefined) {
    throw storeError('UNAVAILABLE', `The directory ${path} does not exist.`, { hint: 'Mount it, or correct the path.' })
  }
  const real = found.isSymbolicLink() ? follow(path) : path
  const stats = real === path ? found : lstat(real, system)
  if (stats?.isDirectory() !== true) throw storeError('INVALID', `${path} is not a directory.`)
  return pinned(real, stats, system, follow)
}

function pinned(path: string, stats: fs.BigIntStats, system: DirectorySystem, follow: (link: string) => string): Place {
  const pin = pinOf(path, system)
  if (pin === undefined) return { path, files: path, pin, stats }
  const target = resolve(path, pin)
  // A kubelet's links are names in the same directory, and need no following.
  const beside = dirname(target) === path ? lstat(target, system) : undefined
  if (beside?.isDirectory() === true) return { path, files: target, pin, stats: beside }
  const files = follow(target)
  const found = lstat(files, system)
  if (found?.isDirectory() === true) return { path, files, pin, stats: found }
  throw new Moved(storeError('UNAVAILABLE', `What ${path}/..data leads to is no directory.`))
}

function pinOf(path: string, system: DirectorySystem): string | undefined {
  const link = `${path}/..data`
  if (lstat(link, system)?.isSymbolicLink() !== true) return undefined
  return ask(`read the symbolic link ${link}`, {}, () => system.readlink(link))
}

/** Tells whether nothing was replaced, added or removed in a place since it was entered. */
function isCurrent({ path, files, pin, stats }: Place, system: DirectorySystem): boolean {
  const now = lstat(files, system)
  return (
    now !== undefined &&
    now.ino === stats.ino &&
    now.dev === stats.dev &&
    now.mtimeNs === stats.mtimeNs &&
    now.ctimeNs === stats.ctimeNs &&
    // A `..data` that was not there would have changed the directory.
    (pin === undefined || leadsTo(pin, `${path}/..data`, system))
  )
}

function leadsTo(target: string, link: string, system: DirectorySystem): boolean {
  try {
    return system.readlink(link) === target
  } catch (error) {
    const errno = errnoOf(error)
    // It is gone, or is no link any more.
    if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'EINVAL') return false
    throw systemFailure(error, `read the symbolic link ${link}`, {})
  }
}

function lstat(path: string, system: DirectorySystem): fs.BigIntStats | undefined {
  return ask(`look for ${path}`, {}, () => system.lstat(path))
}

/** A link that leads nowhere, or to itself, is there; but it is nothing that can be read or entered. */
function statLink(path: string, system: DirectorySystem): fs.BigIntStats | undefined {
  try {
    return system.stat(path)
  } catch (error) {
    if (errnoOf(error) !== 'ELOOP') throw error
    return undefined
  }
}

function kind(found: { isFile(): boolean; isDirectory(): boolean }): Kind {
  return found.isFile() ? 'file' : found.isDirectory() ? 'directory' : 'other'
}
