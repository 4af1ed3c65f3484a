/** The part of a store that a view shows: how its scopes are called in the view, and what its answers and errors say there. */
import { argumentError, isLatchkeyError, StoreError } from '../../errors.ts'
import type { StoreErrorCode, StoreErrorDetails } from '../../errors.ts'
import { assertScope, DEFAULT_SCOPE, quoteName } from '../../secret.ts'
import type { SecretStore } from '../../store.ts'
import { checkedAnswer } from '../inner.ts'
import type { Answered } from '../inner.ts'

/** The most segments of a scope where a store declares no less. */
const SCOPE_SEGMENTS = 8

/** The scopes under one segment of a store's scopes. "Inner" is what the store calls them. */
export interface Part {
  /** The most segments that a scope of the view may have. */
  readonly maxScopeSegments: number
  /** Gives the inner scope for a scope of the view; throws INVALID_NAME for what is none. */
  inner(scope: string): string
  /** Gives the view's scope for an inner one, `undefined` for one that is not in the view. */
  outer(inner: string): string | undefined
  /** Gives an answer as the view tells it; throws BAD_ANSWER for one that is not from the place that was asked. */
  answer<Answer extends Answered>(name: string, scope: string, answer: Answer): Answer
  /** Gives what to throw for what the store failed with: in the view's names, and with none from outside of it. */
  failure(error: unknown): unknown
  /** Asks the store; throws what `failure` gives. */
  ask<T>(run: () => Promise<T>): Promise<T>
  /** Goes through what the store lists; throws what `failure` gives. */
  each<T>(list: () => AsyncIterable<T>): AsyncIterable<T>
}

/**
 * Makes the part of a store under a segment.
 *
 * @throws TypeError INVALID_NAME if `segment` is not one segment of a scope, or is `default`; INVALID_OPTION if the store's
 * scopes are not deep enough.
 */
export function partOf(segment: string, store: SecretStore): Part {
  const { maxScopeSegments = SCOPE_SEGMENTS } = store.capabilities
  assertScope(segment)
  if (segment.includes('/') || segment === DEFAULT_SCOPE) {
    throw argumentError(
      'INVALID_NAME',
      `scopedStore takes one segment other than default, not ${quoteName(segment)}: views must not overlap.`,
    )
  }
  if (maxScopeSegments < 1)
    throw argumentError('INVALID_OPTION', 'scopedStore: the scopes of the store are not deeper.')
  const beginning = `${segment}/`
  /** Most readers ask for one scope again and again. */
  let last = { scope: DEFAULT_SCOPE, inner: segment }

  const part: Part = {
    maxScopeSegments: maxScopeSegments - 1,

    inner(scope) {
      if (scope === DEFAULT_SCOPE) return segment
      if (scope === last.scope) return last.inner
      if (scope.split('/').length < maxScopeSegments) {
        last = { scope, inner: beginning + scope }
        return last.inner
      }
      throw argumentError('INVALID_NAME', `${quoteName(scope)} has more segments than a scope of this view may have.`)
    },

    outer(inner) {
      if (inner === segment) return DEFAULT_SCOPE
      const rest = inner.startsWith(beginning) ? inner.slice(beginning.length) : undefined
      // Scope default of the view is the segment alone, so no scope of the view leads there.
      return rest === DEFAULT_SCOPE ? undefined : rest
    },

    answer(name, scope, answer) {
      return Object.freeze({ ...checkedAnswer(store, { name, scope: part.inner(scope) }, answer), scope })
    },

    failure(error) {
      if (!isLatchkeyError(error) || error.name !== 'StoreError') return error
      const { code, message } = error as { code: StoreErrorCode; message: string }
      const { retryable, hint, store: name, scope, secret, key, cause } = error as StoreErrorDetails
      if (scope === undefined) return error
      const shown = part.outer(scope)
      if (shown === undefined) return new StoreError(code, 'The store of this view failed.', { store: name, retryable })
      return new StoreError(code, renamed(message, scope, shown), {
        store: name,
        scope: shown,
        ...{ secret, key, retryable, hint, cause },
      })
    },

    async ask(run) {
      try {
        return await run()
      } catch (error) {
        throw part.failure(error)
      }
    },

    async *each(list) {
      try {
        yield* list()
      } catch (error) {
        throw part.failure(error)
      }
    },
  }
  return part
}

/** Says another scope where a message says `scope …`; a scope that goes on there is another one. */
function renamed(message: string, inner: string, shown: string): string {
  const phrase = new RegExp(`\\bscope ${inner.replaceAll('.', '\\.')}(?![\\w/-]|\\.\\w)`, 'g')
  return message.replace(phrase, `scope ${shown}`)
}
