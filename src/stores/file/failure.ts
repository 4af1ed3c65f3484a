/** What went wrong with the file, as the store says it. */
import { StoreError } from '../../errors.ts'
import type { StoreErrorCode } from '../../errors.ts'
import type { Subject } from '../document/subject.ts'
import type { FileSystem } from './file-system.ts'

/** The store's name. */
export const STORE = 'file'
/** What the store file is called in messages. */
export const STORE_FILE: Subject = { store: STORE, noun: 'store file', restore: 'Restore the file from a backup.' }

/** What each errno means for the caller; any other is UNAVAILABLE. */
const CODES: Readonly<Record<string, StoreErrorCode>> = {
  EACCES: 'DENIED',
  EPERM: 'DENIED',
  EROFS: 'READ_ONLY',
  ELOOP: 'INVALID',
  ENOTDIR: 'INVALID',
  EISDIR: 'INVALID',
  ENAMETOOLONG: 'INVALID',
  ENXIO: 'INVALID',
}
const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'Free some space on the disk. What was stored before is untouched.',
  EDQUOT: 'Free some space on the disk. What was stored before is untouched.',
  EBUSY: 'A file that is mounted by itself cannot be replaced: mount the folder that holds it.',
  EMFILE: 'The process has too many open files.',
  EACCES: 'The folder of the store must be writable, too: the file is replaced, not changed.',
}

/** Makes an error of this store. */
export function storeError(code: StoreErrorCode, message: string, hint?: string): StoreError {
  return new StoreError(code, message, { store: STORE, hint })
}

/** Gives the errno of a failed call, e.g. `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined
}

/** Gives a failed call of the system as an error of the store; an error of the store's own is passed through. */
export function fileFailure(error: unknown, doing: string, store = STORE): unknown {
  if (error instanceof StoreError) return error
  const errno = errnoOf(error)
  if (errno === undefined) return error
  // The text of an errno error holds a call and paths, nothing else.
  return new StoreError(CODES[errno] ?? 'UNAVAILABLE', `Could not ${doing} (${errno}).`, {
    store,
    hint: HINTS[errno],
    cause: error,
  })
}

/** Makes a call of the system, and swallows its failure if the errno is one of `expected`. True: it did not fail. */
export function unless(expected: readonly string[], call: () => void): boolean {
  try {
    call()
    return true
  } catch (error) {
    const errno = errnoOf(error)
    if (errno !== undefined && expected.includes(errno)) return false
    throw error
  }
}

/**
 * Closes a descriptor. Whatever the errno, the descriptor is gone, and nothing depends on it: what was written was waited
 * for before, and what was read is here.
 */
export function closeFile(fd: number, system: Pick<FileSystem, 'close'>): void {
  try {
    system.close(fd)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
  }
}
