/** What calls do and which secrets they read, as records on `node:diagnostics_channel`, free of values. */
import { channel, tracingChannel } from 'node:diagnostics_channel'
import {
  CallError,
  INPUT_CODES,
  isLatchkeyError,
  MISSING_SECRETS_CODES,
  REGISTRATION_CODES,
  STORE_CODES,
  TEMPLATE_CODES,
  WORKER_CODES,
  type LatchkeyErrorCode,
} from '../errors.ts'
import type { Secret } from '../secret.ts'
import type { Isolation } from './types.ts'

/**
 * How something ended: `ok`; a code of the library's own; `FUNCTION_FAILED` if the function itself threw; `ABORTED` if
 * the caller's signal gave the call up; `FAILED` for anything else, e.g. a schema that threw. What a function or a
 * store says of itself is never in it.
 */
export type EventOutcome = 'ok' | LatchkeyErrorCode | 'FUNCTION_FAILED' | 'ABORTED' | 'FAILED'

/** Which secret was read, and which version of it; `version` is `undefined` where there was none. */
export interface SecretRead {
  readonly name: string
  readonly scope: string
  readonly version: string | undefined
}

/**
 * A record of the tracing channel `latchkey:call`. All events of one call get the same object, so that it can be a key
 * of a WeakMap; what is not known yet is `undefined`.
 */
export interface CallEvent {
  readonly function: string
  readonly scope: string
  readonly partition: string | undefined
  readonly isolation: Isolation
  /** The secrets of the call, once they have been read. */
  readonly secrets: readonly SecretRead[] | undefined
  /** The process that runs the call, once it has one; `undefined` for an inline call. */
  readonly workerPid: number | undefined
  /** How often the function was run: 2 where it was run again with newer secrets, else 1. */
  readonly attempts: number
  /** How long the call waited for its process, in milliseconds. */
  readonly waitedMs: number | undefined
  /** How long the call took in all, in milliseconds; there from `error` and `asyncStart` on. */
  readonly durationMs: number | undefined
  /** How the call ended; there from `error` and `asyncStart` on. */
  readonly outcome: EventOutcome | undefined
}

/** A record of the channel `latchkey:secret:read`: one batch of secrets that was read from one store. */
export interface SecretReadEvent {
  /** The function for which the secrets were read; `undefined` for a check of several functions at once. */
  readonly function: string | undefined
  /** The scope of the call; `undefined` for a check. Each secret tells its own. */
  readonly scope: string | undefined
  readonly partition: string | undefined
  /**
   * `call`; `check` where `ready()`, `check()` or a registration reads values to check them by their schema, or `manifest()` to
   * find when they expire; `renewal` where a warm child is to be replaced ahead of the next call.
   */
  readonly purpose: 'call' | 'check' | 'renewal'
  /** What was asked for, each secret once. */
  readonly secrets: readonly SecretRead[]
  /** In milliseconds. */
  readonly durationMs: number
  /** `ok` also where a secret is absent. */
  readonly outcome: EventOutcome
}

/** For whom secrets are read. */
export type Reader = Pick<SecretReadEvent, 'function' | 'scope' | 'partition' | 'purpose'>

/** What a call that is traced adds to its record. */
export interface CallTrace {
  read(secrets: readonly { need: { name: string }; scope: string; secret: Secret | undefined }[]): void
  /** Says that the call now waits for a process. */
  submitted(): void
  assigned(pid: number | undefined): void
  /** Says that the function is run again. */
  again(): void
}

type Filling<T> = { -readonly [K in keyof T]: T[K] }

const callChannel = tracingChannel<unknown, CallEvent>('latchkey:call')
const readChannel = channel('latchkey:secret:read')

const CODES: ReadonlySet<unknown> = new Set([
  ...MISSING_SECRETS_CODES,
  ...INPUT_CODES,
  ...STORE_CODES,
  ...TEMPLATE_CODES,
  ...WORKER_CODES,
  ...REGISTRATION_CODES,
])

/**
 * Publishes the events of a call around `run`; where nobody subscribes it only runs it.
 *
 * It does what `tracePromise` does, but for the result and the error: these are not value-free and stay out.
 */
export function traceCall(
  describe: () => Pick<CallEvent, 'function' | 'scope' | 'partition' | 'isolation'>,
  signal: AbortSignal | undefined,
  run: (trace: CallTrace | undefined) => Promise<unknown>,
): Promise<unknown> {
  if (!callChannel.hasSubscribers) return run(undefined)
  const begun = performance.now()
  const record: Filling<CallEvent> = {
    ...describe(),
    secrets: undefined,
    workerPid: undefined,
    attempts: 1,
    waitedMs: undefined,
    durationMs: undefined,
    outcome: undefined,
  }
  const settle = (outcome: EventOutcome): void => {
    record.durationMs = performance.now() - begun
    record.outcome = outcome
    if (outcome !== 'ok') callChannel.error.publish(record)
    callChannel.asyncStart.publish(record)
    callChannel.asyncEnd.publish(record)
  }
  return callChannel.start.runStores(record, () => {
    const promise = run(fillingIn(record)).then(
      (value) => {
        settle('ok')
        return value
      },
      (error: unknown) => {
        settle(signal?.aborted === true && error === signal.reason ? 'ABORTED' : outcomeOf(error))
        throw error
      },
    )
    callChannel.end.publish(record)
    return promise
  })
}

function fillingIn(record: Filling<CallEvent>): CallTrace {
  let submittedAt = 0
  return {
    read(found) {
      record.secrets = found.map(({ need, scope, secret }) => ({ name: need.name, scope, version: secret?.version }))
    },
    submitted() {
      submittedAt = performance.now()
    },
    assigned(pid) {
      record.workerPid = pid
      record.waitedMs = performance.now() - submittedAt
    },
    again() {
      record.attempts++
    },
  }
}

/** Publishes how a batch was read; where nobody subscribes it only reads it. */
export async function traceRead(
  reader: Reader,
  requests: readonly { readonly name: string; readonly scope: string }[],
  read: () => Promise<void>,
  answer: (request: { readonly name: string; readonly scope: string }) => Secret | undefined,
): Promise<void> {
  if (!readChannel.hasSubscribers) return read()
  const begun = performance.now()
  let outcome: EventOutcome = 'ok'
  try {
    await read()
  } catch (error) {
    outcome = outcomeOf(error)
    throw error
  } finally {
    const secrets = requests.map((request) => {
      const { name, scope } = request
      return { name, scope, version: outcome === 'ok' ? answer(request)?.version : undefined }
    })
    const { function: of, scope, partition, purpose } = reader
    const record: SecretReadEvent = {
      function: of,
      scope,
      partition,
      purpose,
      secrets,
      durationMs: performance.now() - begun,
      outcome,
    }
    readChannel.publish(record)
  }
}

/** Tells how something failed. A code that is none of ours is somebody's text. */
function outcomeOf(error: unknown): EventOutcome {
  try {
    if (error instanceof CallError) return 'FUNCTION_FAILED'
    return isLatchkeyError(error) && CODES.has(error.code) ? (error.code as LatchkeyErrorCode) : 'FAILED'
  } catch {
    // A getter or a trap of what a store or an `isAuthError` threw: nothing is known of it.
    return 'FAILED'
  }
}
