/** What is passed on of an error that a store's engine or driver threw. */
import { isLatchkeyError, StoreError } from '../errors.ts'
import type { StoreErrorDetails } from '../errors.ts'

/**
 * Makes a StoreError STORE_FAILED of something thrown, unless it is an error of the library, which is given as it is. A driver's
 * words may quote values, so only the name and the errno code of what was thrown are kept.
 *
 * @param what - what failed, as the beginning of a sentence.
 */
export function withoutWords(what: string, error: unknown, details: StoreErrorDetails): Error {
  try {
    if (isLatchkeyError(error)) return error
    const { name, code } = Object(error) as { name?: unknown; code?: unknown }
    const kind = [name, code].filter((part) => typeof part === 'string' && /^[A-Za-z_][A-Za-z0-9_]{0,60}$/.test(part))
    const told = kind.length === 0 ? '' : ` (${kind.join(', ')})`
    return new StoreError('STORE_FAILED', `${what}${told}. Its own words are withheld: they may hold values.`, details)
  } catch {
    // A getter or a trap of the thrown thing threw in turn: there is nothing more to know of it.
    return new StoreError('STORE_FAILED', `${what}, with something that cannot be looked at.`, details)
  }
}
