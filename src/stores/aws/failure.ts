/**
 * What the errors of the SDK mean. They are told by their `name` and by what the SDK counts, never by their text; and
 * nothing of them gets any further, since they may quote what was sent or read.
 */
import { StoreError } from '../../errors.ts'
import type { StoreErrorCode } from '../../errors.ts'
import { networkCode } from '../http-network.ts'

/** The store's name. */
export const STORE = 'aws'

/** What something is about: a secret, or nothing but the store. */
export interface Subject {
  readonly store: string
  readonly scope?: string
  readonly secret?: string
}

/** A request that Secrets Manager, or the SDK, did not carry out. */
export interface Refusal {
  /** The name of the SDK's error, e.g. `ResourceNotFoundException`. */
  readonly refused: string
  /** True: the request was sent exactly once, so no earlier attempt can have been carried out. */
  readonly once: boolean
  /** What it is for the caller. */
  readonly error: StoreError
}

export const NOT_FOUND = 'ResourceNotFoundException'
export const EXISTS = 'ResourceExistsException'
export const BAD_PARAMETER = 'InvalidParameterException'
export const BAD_REQUEST = 'InvalidRequestException'
export const ACCESS_DENIED = 'AccessDeniedException'
const FAILED = 'InternalServiceError'

type Meaning = readonly [StoreErrorCode, string, string?]

const WHO = 'Look at the credentials, and at the region and endpoint that they are for.'
const POLICY = 'Look at the IAM policy of these credentials, and at the policies of the secret and its KMS key.'
const KMS = 'Look at the state of the KMS key of the secret, and at its policy.'

/** Errors by name; any other is UNAVAILABLE. */
const MEANINGS: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  [ACCESS_DENIED, ['DENIED', 'AWS refused access', POLICY]],
  ['UnrecognizedClientException', ['DENIED', 'AWS does not know the credentials', WHO]],
  ['InvalidClientTokenId', ['DENIED', 'AWS does not know the credentials', WHO]],
  ['IncompleteSignature', ['DENIED', 'AWS refused the signature', WHO]],
  ['InvalidSignatureException', ['DENIED', 'AWS refused the signature', WHO]],
  ['SignatureDoesNotMatch', ['DENIED', 'AWS refused the signature', WHO]],
  ['MissingAuthenticationTokenException', ['DENIED', 'the request held no credentials', WHO]],
  ['NotAuthorized', ['DENIED', 'AWS refused access', POLICY]],
  ['OptInRequired', ['DENIED', 'the account has no such service', WHO]],
  ['ExpiredTokenException', ['DENIED', 'the credentials have expired', WHO]],
  ['ExpiredToken', ['DENIED', 'the credentials have expired', WHO]],
  ['DecryptionFailure', ['DENIED', 'AWS could not decrypt it', KMS]],
  ['EncryptionFailure', ['DENIED', 'AWS could not encrypt it', KMS]],
  [NOT_FOUND, ['UNAVAILABLE', 'it was deleted meanwhile']],
  [EXISTS, ['CONFLICT', 'it exists already']],
  [BAD_PARAMETER, ['INVALID', 'AWS refused the request']],
  [BAD_REQUEST, ['INVALID', 'AWS does not do that to this secret as it is now', 'Look at it in Secrets Manager.']],
  ['PreconditionNotMetException', ['INVALID', 'AWS does not do that to this secret as it is now']],
  ['ValidationException', ['INVALID', 'AWS refused the request']],
  [
    'LimitExceededException',
    ['UNAVAILABLE', 'a quota of Secrets Manager is reached', 'It removes older versions of a secret after 24 hours.'],
  ],
  ['ThrottlingException', ['UNAVAILABLE', 'AWS is throttling']],
  ['TooManyRequestsException', ['UNAVAILABLE', 'AWS is throttling']],
  [FAILED, ['UNAVAILABLE', 'Secrets Manager failed']],
  ['CredentialsProviderError', ['UNAVAILABLE', 'the SDK got no credentials', 'Look at where they should come from.']],
])

const UNKNOWN_HINT = 'Look at the region, the endpoint, the credentials and the network.'

/** Tells what an error of the SDK means. */
export function refusalOf(error: unknown, doing: string, subject: Subject, writes: boolean): Refusal {
  const name = error instanceof Error ? error.name : ''
  const meaning = MEANINGS.get(name)
  const [code, reason, hint] = meaning ?? unknown(error)
  const once = metadataOf(error).attempts === 1
  // One attempt that was refused did nothing. An earlier one, or one that failed, may have.
  const isRefused = once && meaning !== undefined && name !== FAILED
  const told = writes && code === 'UNAVAILABLE' && !isRefused ? ' Whether it happened is not known.' : ''
  return {
    refused: name,
    once,
    error: new StoreError(code, `Could not ${doing}: ${reason}.${told}`, { ...subject, hint }),
  }
}

/** Makes the error for an answer that lacks what Secrets Manager always tells. */
export function answerError(doing: string, subject: Subject): StoreError {
  const message = `Could not ${doing}: what answered does not answer as Secrets Manager does.`
  return new StoreError('UNAVAILABLE', message, { ...subject, hint: 'Look at the option endpoint, or at the client.' })
}

/** Makes the error for one secret of a batch. */
export function batchError(errorCode: string | undefined, doing: string, subject: Subject): StoreError {
  return refusalOf(Object.assign(new Error(), { name: errorCode ?? '' }), doing, subject, false).error
}

function unknown(error: unknown): Meaning {
  const status = metadataOf(error).httpStatusCode ?? memberOf(error, '$response')['statusCode']
  const code = networkCode(error)
  const known = typeof status === 'number' ? ` (HTTP ${status})` : code === undefined ? '' : ` (${code})`
  return ['UNAVAILABLE', `Secrets Manager could not be asked${known}`, UNKNOWN_HINT]
}

function metadataOf(error: unknown): { readonly attempts?: unknown; readonly httpStatusCode?: unknown } {
  return memberOf(error, '$metadata')
}

/** Gives what the SDK has put beside an error. */
function memberOf(error: unknown, name: '$metadata' | '$response'): Readonly<Record<string, unknown>> {
  const member: unknown = error instanceof Error ? Reflect.get(error, name) : undefined
  return typeof member === 'object' && member !== null ? (member as Record<string, unknown>) : {}
}
