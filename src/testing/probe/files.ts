/** Finds the files that are new or changed since a moment. */
import { type BigIntStats, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Larger files are not read, and count as not looked at. */
const LARGEST_BYTES = 64n * 1024n * 1024n

/** The files of some folders, as they are at a moment. */
export type Snapshot = ReadonlyMap<string, string>

/** Notes every file in and below the folders. */
export function snapshot(folders: readonly string[], unseen: (what: string) => void): Map<string, string> {
  const marks = new Map<string, string>()
  for (const folder of new Set(folders)) walk(folder, unseen, (path, stats) => marks.set(path, markOf(stats)))
  return marks
}

/** Gives path and content of each file that a snapshot does not have as it is now. */
export function* changes(
  folders: readonly string[],
  before: Snapshot,
  unseen: (what: string) => void,
): Generator<{ path: string; text: string }> {
  const paths: { path: string; stats: BigIntStats }[] = []
  for (const folder of new Set(folders)) walk(folder, unseen, (path, stats) => paths.push({ path, stats }))
  for (const { path, stats } of paths) {
    if (before.get(path) === markOf(stats)) continue
    if (!stats.isFile()) yield { path, text: '' }
    else if (stats.size > LARGEST_BYTES) unseen(`${path}: too large`)
    else {
      const text = attempt(path, unseen, () => readFileSync(path, 'utf8'))
      yield { path, text: text ?? '' }
    }
  }
}

function markOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [ino, size, mtimeNs, ctimeNs].join(' ')
}

function walk(path: string, unseen: (what: string) => void, visit: (path: string, stats: BigIntStats) => void): void {
  const stats = attempt(path, unseen, () => lstatSync(path, { bigint: true }))
  if (stats === undefined) return
  if (!stats.isDirectory()) {
    visit(path, stats)
    return
  }
  visit(path, stats)
  const own = process.getuid === undefined || process.getuid() === 0 || stats.uid === BigInt(process.getuid())
  // Another user's closed folder is none that this process writes to.
  const names = attempt(path, own ? unseen : () => undefined, () => readdirSync(path))
  for (const name of names ?? []) walk(join(path, name), unseen, visit)
}

/** What is gone meanwhile is no failure; what is there and cannot be read was not looked at. */
function attempt<T>(path: string, unseen: (what: string) => void, read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT') unseen(`${path}: ${String(code)}`)
    return undefined
  }
}
