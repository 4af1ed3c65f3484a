/** What went wrong in etcd, by the gRPC code in its answer. Its texts are looked at, and never passed on. */
import { StoreError } from '../../errors.ts'
import type { StoreErrorCode } from '../../errors.ts'
import { isRecord } from '../http-body.ts'
import type { HttpAnswer } from '../http.ts'

/** The store's name. */
export const STORE = 'etcd'

/** What something is about: a secret, or nothing but the store. */
export interface About {
  readonly scope?: string
  readonly secret?: string
}

type Meaning = readonly [code: StoreErrorCode, reason: string, hint?: string]

const DENIED: Meaning = [
  'DENIED',
  'etcd refused the credentials',
  'Look at the options username and password, and at the roles of that user: they must span all keys under the prefix.',
]
const TOO_LARGE: Meaning = [
  'TOO_LARGE',
  'it is larger than etcd takes',
  'etcd takes 1.5 MiB, older versions included, unless its --max-request-bytes says otherwise.',
]
const NOT_ETCD: Meaning = [
  'UNAVAILABLE',
  'what answered does not answer as etcd does',
  'A proxy may have answered in its place, or the member serves no JSON gateway: look at the option address.',
]

/** What a gRPC code means for the caller; any other is UNAVAILABLE. */
const MEANINGS: Readonly<Record<number, Meaning>> = {
  3: [
    'STORE_FAILED',
    'etcd does not take the request',
    'It must be etcd 3.4 or newer, with 128 operations per transaction.',
  ],
  7: DENIED,
  8: [
    'UNAVAILABLE',
    'etcd has no room, or too many requests',
    'If its space is exceeded: compact, defragment, and disarm its alarm.',
  ],
  9: ['INVALID', 'etcd has authentication turned off', 'Leave out username and password, or turn it on.'],
  12: ['INVALID', 'etcd does not know the request', 'It must be etcd 3.4 or newer.'],
  15: ['CORRUPT', 'etcd found its own data damaged', 'Look at its log, and restore a member or a backup.'],
  16: DENIED,
}
const UNKNOWN = ' Whether it happened is not known.'
const OUT_OF_RANGE = 11
const SAYS_TOO_LARGE = /request is too large|message larger than max/
const SAYS_WHO = /user name is empty|authentication failed/
const SAYS_OLD_TOKEN = /revision of auth store is old/

/** Tells whether an answer is worth another attempt, see `HttpSettings`. */
export function judge(answer: HttpAnswer): 'final' | 'untouched' | 'unclear' {
  if (answer.status === 200) return isRecord(answer.body) ? 'final' : 'unclear'
  const code = codeOf(answer)
  if (code === undefined) return answer.status >= 500 ? 'unclear' : 'final'
  if (code === 8) return says(answer, SAYS_TOO_LARGE) ? 'final' : 'untouched'
  return MEANINGS[code] === undefined && code !== OUT_OF_RANGE ? 'unclear' : 'final'
}

/** Tells whether etcd does not know the token any more. Nothing was done then. */
export function isOldToken(answer: HttpAnswer): boolean {
  return codeOf(answer) === 16 || (codeOf(answer) === 3 && says(answer, SAYS_OLD_TOKEN))
}

/** Tells whether a revision was asked for that is gone by now. */
export function isCompacted(answer: HttpAnswer): boolean {
  return codeOf(answer) === OUT_OF_RANGE
}

/** Makes the error for an answer that was not expected. */
export function answerError(answer: HttpAnswer, doing: string, about: About | undefined, wrote: boolean): StoreError {
  const [code, reason, hint] = meaning(answer)
  const message = `Could not ${doing}: ${reason} (HTTP ${answer.status}).${wrote && judge(answer) === 'unclear' ? UNKNOWN : ''}`
  return new StoreError(code, message, { ...about, store: STORE, hint })
}

/** Makes the error for an answer that is a success, but not one of etcd's. */
export function badAnswer(doing: string, about: About | undefined, wrote = false): StoreError {
  const [code, reason, hint] = NOT_ETCD
  return new StoreError(code, `Could not ${doing}: ${reason}.${wrote ? UNKNOWN : ''}`, { ...about, store: STORE, hint })
}

function meaning(answer: HttpAnswer): Meaning {
  const code = codeOf(answer)
  if (answer.status === 413) return TOO_LARGE
  if (code === undefined) return NOT_ETCD
  if ((code === 3 || code === 8) && says(answer, SAYS_TOO_LARGE)) return TOO_LARGE
  if (code === 3 && says(answer, SAYS_WHO)) return DENIED
  return MEANINGS[code] ?? ['UNAVAILABLE', `etcd cannot serve it now (code ${code})`]
}

function codeOf({ body, status }: HttpAnswer): number | undefined {
  const code = isRecord(body) && status !== 200 ? body['code'] : undefined
  return Number.isSafeInteger(code) ? Number(code) : undefined
}

function says({ body }: HttpAnswer, text: RegExp): boolean {
  const message = isRecord(body) ? (body['message'] ?? body['error']) : undefined
  return typeof message === 'string' && text.test(message)
}
