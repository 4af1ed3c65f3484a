/** What Vault's answers mean where they are no success. Their texts are looked at, and never passed on. */
import { StoreError } from '../../errors.ts'
import type { StoreErrorCode } from '../../errors.ts'
import { isRecord } from '../http-body.ts'
import type { HttpAnswer } from '../http.ts'

/** The store's name. */
export const STORE = 'vault'

/** What something is about: a secret, or nothing but the store. */
export interface Subject {
  readonly store: string
  readonly scope?: string
  readonly secret?: string
}

/** What a status means for the caller; any other is UNAVAILABLE. */
const MEANINGS: Readonly<Record<number, readonly [StoreErrorCode, string, string?]>> = {
  400: [
    'INVALID',
    'Vault refused the request',
    'Look at its audit log, and at the options mount, prefix and namespace.',
  ],
  403: [
    'DENIED',
    'Vault refused the credentials',
    'Look at the lifetime of the token and at its policies for this path.',
  ],
  404: [
    'INVALID',
    'nothing is mounted there',
    'Look at the options address, mount and namespace: the mount must be a KV engine of version 2.',
  ],
  405: ['INVALID', 'the mount does not take such requests', 'The mount must be a KV engine of version 2.'],
  429: ['UNAVAILABLE', 'Vault is throttling'],
}
/** What Vault's storage says of an entry that it has no room for. */
const ENTRY_TOO_LARGE = 'put failed due to value being too large'
const CAS_MISMATCH = 'check-and-set parameter did not match'
const CAS_REQUIRED = 'check-and-set parameter required'

/** Tells whether an answer is worth another attempt, see `HttpSettings`. */
export function judge(answer: HttpAnswer): 'final' | 'untouched' | 'unclear' {
  const { status, body } = answer
  // 412: a node that has not caught up with what the token was given.
  if (status === 412 || status === 429) return 'untouched'
  // Vault's own 503 comes before it does anything: sealed, or no active node. A proxy's may come after.
  if (status === 503 && errorsOf(body) !== undefined) return 'untouched'
  if (status === 200 && !isRecord(body)) return 'unclear'
  return status >= 500 && !isTooLarge(answer) ? 'unclear' : 'final'
}

/** Tells whether a write was refused because the secret has another version than its `cas`. */
export function isCasMismatch(answer: HttpAnswer): boolean {
  return answer.status === 400 && says(answer, CAS_MISMATCH)
}

/** Tells whether a write was refused because the mount or the secret wants a `cas` with each. */
export function isCasRequired(answer: HttpAnswer): boolean {
  return answer.status === 400 && says(answer, CAS_REQUIRED)
}

/** Tells whether the answer is Vault's "there is nothing": 404, and no error. A proxy's 404, or that of a missing mount, is not. */
export function isNothing(answer: HttpAnswer): boolean {
  return answer.status === 404 && errorsOf(answer.body)?.length === 0
}

/** Tells whether Vault refused the token: it has ended, or may not do this. */
export function isRefusal(answer: HttpAnswer): boolean {
  return answer.status === 403 && errorsOf(answer.body) !== undefined
}

/** Makes the error for an answer that was not expected. */
export function answerError(answer: HttpAnswer, doing: string, subject: Subject): StoreError {
  const [code, reason, hint] = meaning(answer)
  return new StoreError(code, `Could not ${doing}: ${reason} (HTTP ${answer.status}).`, { ...subject, hint })
}

function meaning(answer: HttpAnswer): readonly [StoreErrorCode, string, string?] {
  const { status } = answer
  const errors = errorsOf(answer.body)
  if (isTooLarge(answer)) return ['TOO_LARGE', 'it is larger than Vault, or its storage, takes']
  // What an engine of version 1 says of a write.
  if (status === 204) return ['INVALID', 'the mount is no KV engine of version 2', NOT_VERSIONED]
  if (errors === undefined) return ['UNAVAILABLE', 'what answered does not answer as Vault does', NOT_VAULT]
  if (status === 503) return ['UNAVAILABLE', 'Vault is sealed, or has no active node']
  return MEANINGS[status] ?? ['UNAVAILABLE', 'Vault failed']
}

const NOT_VERSIONED = 'Look at the option mount: it must be a KV engine of version 2.'
const NOT_VAULT = 'A proxy may have answered in its place: look at the option address.'

function isTooLarge(answer: HttpAnswer): boolean {
  return answer.status === 413 || (answer.status === 500 && says(answer, ENTRY_TOO_LARGE))
}

function says(answer: HttpAnswer, text: string): boolean {
  return errorsOf(answer.body)?.some((error) => typeof error === 'string' && error.includes(text)) ?? false
}

/** Gives the errors that Vault lists; `undefined` if the answer has no such list. */
function errorsOf(body: unknown): readonly unknown[] | undefined {
  return isRecord(body) && Array.isArray(body['errors']) ? (body['errors'] as unknown[]) : undefined
}

/** Makes the error for a mount that is of another kind. */
export function notVersioned(doing: string, subject: Subject): StoreError {
  return new StoreError('INVALID', `Could not ${doing}: the mount is no KV engine of version 2.`, {
    ...subject,
    hint: NOT_VERSIONED,
  })
}
