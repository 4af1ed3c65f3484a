/** What went wrong with Redis, by the code word that its answer begins with; never by its text, which may quote a command. */
import { isLatchkeyError, StoreError } from '../../errors.ts'
import type { StoreErrorCode } from '../../errors.ts'

/** The store's name. */
export const STORE = 'redis'

const DENIED: Failure = {
  code: 'DENIED',
  hint: 'Check the user and the password of the client, and what the access list of Redis lets it do.',
}
const READ_AGAIN: Failure = { code: 'UNAVAILABLE', hint: 'Redis cannot serve this now. Try again later.' }

interface Failure {
  readonly code: StoreErrorCode
  readonly hint: string
}

/** By code word. Every other answer, and none, is UNAVAILABLE: nobody knows. */
const FAILURES: Readonly<Record<string, Failure>> = {
  NOAUTH: DENIED,
  WRONGPASS: DENIED,
  NOPERM: DENIED,
  DENIED,
  WRONGTYPE: {
    code: 'CORRUPT',
    hint: 'A key of the store is of another type: something else writes under its prefix.',
  },
  READONLY: { code: 'UNAVAILABLE', hint: 'This Redis is a replica. Connect to the primary.' },
  OOM: { code: 'UNAVAILABLE', hint: 'Redis is full. Give it more memory, or remove other data.' },
  MISCONF: { code: 'UNAVAILABLE', hint: 'Redis cannot write to its disk, and takes no writes until it can.' },
  LOADING: READ_AGAIN,
  BUSY: READ_AGAIN,
  CLUSTERDOWN: READ_AGAIN,
  MASTERDOWN: READ_AGAIN,
  NOREPLICAS: READ_AGAIN,
  TRYAGAIN: READ_AGAIN,
  MOVED: { code: 'UNAVAILABLE', hint: 'This Redis is part of a cluster. Give the store a client for clusters.' },
  CROSSSLOT: { code: 'UNAVAILABLE', hint: 'The keys of the store are in several slots: does the client prefix them?' },
}

/** Redis up to 6 puts what a script ran into behind where it did; Redis 7 says in words what an access list refused. */
const IN_SCRIPT = /^ERR Error running script .*?@user_script: ?\d+: -?(The user executing the script|[A-Z]+)/s
const REFUSED_IN_SCRIPT = /^(?:ERR )?The user executing the script can't/

/** Gives the code word of what a client failed with; `undefined` if Redis did not answer. */
export function codeWord(error: unknown): string | undefined {
  const message: unknown = error instanceof Error ? error.message : undefined
  if (typeof message !== 'string') return undefined
  if (REFUSED_IN_SCRIPT.test(message)) return 'NOPERM'
  const inScript = IN_SCRIPT.exec(message)?.[1]
  if (inScript !== undefined) return inScript.startsWith('The') ? 'NOPERM' : inScript
  return /^([A-Z][A-Z0-9_]*)(?: |$)/.exec(message)?.[1]
}

/** Makes the error of what a client failed with. `what` says what was tried, e.g. `read`. */
export function redisFailure(what: string, error: unknown): StoreError {
  if (isLatchkeyError(error) && error instanceof StoreError) return error
  const word = codeWord(error)
  if (word === undefined) return noAnswer(what)
  const known = Object.hasOwn(FAILURES, word) ? FAILURES[word] : undefined
  const answer = known === undefined ? 'an error' : word
  return new StoreError(
    known?.code ?? 'UNAVAILABLE',
    `The ${STORE} store could not ${what}: Redis answered ${answer}.`,
    {
      store: STORE,
      hint: known?.hint ?? 'The log of the client has the text of the error.',
    },
  )
}

/** Makes the error of a command that nobody answered. */
export function noAnswer(what: string): StoreError {
  return new StoreError('UNAVAILABLE', `The ${STORE} store could not ${what}: no answer from Redis.`, {
    store: STORE,
    hint: 'Whether a write without an answer took place is not known. Read again before you decide.',
  })
}

/** Makes the error of an answer that is none of those which Redis gives. */
export function badAnswer(what: string): StoreError {
  return new StoreError('UNAVAILABLE', `The ${STORE} store could not ${what}: the client gave no answer of Redis.`, {
    store: STORE,
    hint: 'Give a client that is used for nothing but plain commands: no transaction, no legacy mode.',
  })
}

/** Makes the error of a Redis that has lost what it held. */
export function emptied(): StoreError {
  return new StoreError('CORRUPT', `The ${STORE} store has lost everything that it held.`, {
    store: STORE,
    hint: 'Redis was emptied, or restarted without its data. Put its data back, and every host reads on; or start the hosts anew, which begin an empty store, and set the secrets again.',
  })
}

/** Makes the error of secrets that no list would show. */
export function unlisted(): StoreError {
  return new StoreError('CORRUPT', `The ${STORE} store holds secrets that are not in its set of names.`, {
    store: STORE,
    hint: 'Somebody wrote to its keys by hand. Set these secrets again, or restore all three keys together.',
  })
}
