/** What went wrong with a directory, as the store says it. */
import { StoreError } from '../../errors.ts'
import type { StoreErrorCode, StoreErrorDetails } from '../../errors.ts'
import { errnoOf } from '../file/failure.ts'

/** The store's name. */
export const STORE = 'directory'

/** What each errno means for the caller; any other is UNAVAILABLE. */
const CODES: Readonly<Record<string, StoreErrorCode>> = {
  EACCES: 'DENIED',
  EPERM: 'DENIED',
  ELOOP: 'INVALID',
  ENAMETOOLONG: 'INVALID',
  ENXIO: 'INVALID',
}
const HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'It was there a moment ago, or a symbolic link leads nowhere.',
  EACCES: 'Let the user that runs the process read it, e.g. by defaultMode and fsGroup in Kubernetes.',
  ELOOP: 'Remove the symbolic links that lead to each other.',
  ENXIO: 'It is a socket. Put a regular file there.',
  EMFILE: 'The process has too many open files.',
}

/** Makes an error of this store. */
export function storeError(code: StoreErrorCode, message: string, details: StoreErrorDetails = {}): StoreError {
  return new StoreError(code, message, { store: STORE, ...details })
}

/** Something is not where it was a moment ago. Whoever sees it looks again; it reaches a caller only as its `failure`. */
export class Moved extends Error {
  readonly failure: StoreError

  constructor(failure: StoreError) {
    super('moved')
    this.failure = failure
  }
}

/** Makes a call of the system, and throws its failure as {@link systemFailure} gives it. */
export function ask<T>(doing: string, about: StoreErrorDetails, call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw systemFailure(error, doing, about)
  }
}

/**
 * Gives a failed call of the system as the store's error: the errno, and nothing of the system's text. It is `Moved` if what was
 * there a moment ago is gone. Any other error is passed through.
 */
export function systemFailure(error: unknown, doing: string, about: StoreErrorDetails): unknown {
  const errno = errnoOf(error)
  if (errno === undefined) return error
  const failure = storeError(CODES[errno] ?? 'UNAVAILABLE', `Could not ${doing} (${errno}).`, {
    hint: HINTS[errno],
    ...about,
  })
  return errno === 'ENOENT' || errno === 'ENOTDIR' ? new Moved(failure) : failure
}
