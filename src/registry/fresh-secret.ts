/** Binds a registered function to what recognises its authentication errors. */
import { argumentError, type CallError } from '../errors.ts'
import type { CallOptions } from './types.ts'

/**
 * Gives the same registered function, whose calls outlive a rotation of their secrets: one that fails with an authentication
 * error is run once more if a newer version of its secrets can be had, also from behind a cache. However many calls fail at
 * once, each secret is asked for its version once at a time. Without a newer version, and for every other error, nothing is
 * run again.
 *
 * The function then runs twice, so what it does before the service refuses it must bear that. `timeoutMs` and `signal` hold
 * for both runs together.
 *
 * @param fn - what `register(…)` gave.
 * @param isAuthError - is given the error with which the call would reject, e.g. `(error) => error.code === 401`.
 * @throws TypeError INVALID_OPTION for what is no registered function, or no function.
 * @example
 * ```ts
 * const createIssue = withFreshSecret(createIssueOnce, (error) => 'status' in error && error.status === 401)
 * ```
 */
export function withFreshSecret<F extends { with(options: CallOptions): F }>(
  fn: F,
  isAuthError: (error: CallError) => boolean,
): F {
  const given: unknown = (Object(fn) as { with?: unknown }).with
  if (typeof given !== 'function') {
    throw argumentError('INVALID_OPTION', 'withFreshSecret takes a registered function: what register(…) gave.')
  }
  if (typeof isAuthError !== 'function') {
    throw argumentError(
      'INVALID_OPTION',
      'withFreshSecret takes a function that tells whether an error is an authentication error.',
    )
  }
  return fn.with({ isAuthError })
}
