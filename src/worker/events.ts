/** What becomes of child processes, as records on a `node:diagnostics_channel`. */
import { channel } from 'node:diagnostics_channel'

/** A child process has been started. It holds no secret yet. */
export interface WorkerStarted {
  readonly event: 'started'
  readonly pid: number
}

/** A child process has been given a call; the first one also gives it the secrets that it keeps until its end. */
export interface WorkerAssigned {
  readonly event: 'assigned'
  readonly pid: number | undefined
  readonly function: string
  readonly scope: string
  readonly partition: string | undefined
  /** True if this is the call with which the process got its secrets. */
  readonly first: boolean
}

/**
 * Why a child process was ended or has ended: `exited` while it was idle; `crashed` in a call; `start-failed`,
 * `start-timeout` or `module-failed` before its first call ran; `bad-reply`; `cancelled` (its call was given up);
 * `unfit` (its call left it in no state for another); `done` (isolation `call`, or `maxCallsPerWorker` was reached);
 * `outdated` (a secret or the module has a newer version); `idle` for longer than `idleMs`; `evicted` for another
 * worker key; `closed` with its registry.
 */
export type WorkerEndReason =
  | 'exited'
  | 'crashed'
  | 'start-failed'
  | 'start-timeout'
  | 'module-failed'
  | 'bad-reply'
  | 'cancelled'
  | 'unfit'
  | 'done'
  | 'outdated'
  | 'idle'
  | 'evicted'
  | 'closed'

/** A child process is gone. */
export interface WorkerEnded {
  readonly event: 'ended'
  /** `undefined` if it could not even be started. */
  readonly pid: number | undefined
  readonly reason: WorkerEndReason
  readonly exitCode: number | undefined
  /** The signal that ended it: `SIGKILL` wherever the library did. */
  readonly signal: string | undefined
  /** The system's code where it could not be started, e.g. `EAGAIN`. */
  readonly startError: string | undefined
  /** Calls that it was given. */
  readonly calls: number
  /** How long it lived, in milliseconds. */
  readonly durationMs: number
}

/** A record of the channel `latchkey:worker`. */
export type WorkerEvent = WorkerStarted | WorkerAssigned | WorkerEnded

/** Ask `hasSubscribers` before making a record: where nobody listens, nothing is worked out. */
export const workerChannel = channel('latchkey:worker')

/** Publishes a record. */
export function publishWorker(event: WorkerEvent): void {
  workerChannel.publish(event)
}
