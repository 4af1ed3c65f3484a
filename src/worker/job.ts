/** What the scheduler is given to do, and how it ends. */
import type { CallReply, CallTask, InitReply, InitTask } from './protocol.ts'
import type { WorkerExit } from './worker.ts'

/** How a job ended. */
export type Outcome =
  | { readonly kind: 'reply'; readonly reply: CallReply }
  | { readonly kind: 'init-failed'; readonly reply: InitReply & { ok: false } }
  | { readonly kind: 'crashed' | 'start-failed'; readonly exit: WorkerExit }
  | { readonly kind: 'bad-reply' | 'start-timeout' | 'closed' | 'queue-full' | 'prepared' }

/** When something was read, by `performance.now()`: what it tells was so at some moment between the two. */
export interface ReadTime {
  readonly began: number
  readonly ended: number
}

/** One call, as the scheduler sees it. */
export interface Job {
  /** Only jobs of the same key ever share a worker. */
  readonly key: string
  /** The key without what changes over time (versions, the module's file): an older key's idle workers are ended. */
  readonly family: string
  /** When the secrets were read of which the key tells the versions: which of two keys of a family is older. */
  readonly read: ReadTime
  /** True: a worker of its own, ended after it. */
  readonly fresh: boolean
  /** True: a worker is made ready for calls of the key, and no call is run. See `renew` of the scheduler. */
  readonly prepares?: boolean
  /** Flags that the job's worker must be started with; a spare has none of them. */
  readonly flags: readonly string[]
  /** What a worker is given when it takes the key. Called at most once per worker. */
  init(): Omit<InitTask, 'kind' | 'marker'>
  readonly call: CallTask
  /** Gets each line of output while the job's worker is its own. */
  onLine(stream: 'stdout' | 'stderr', line: string): void
  /** Told which process the job is given to; again, should that be gone before the job has begun. */
  readonly onAssigned?: ((pid: number | undefined) => void) | undefined
  /** Called once, unless the job is cancelled. */
  settle(outcome: Outcome): void
}

/** What a worker is made ready with, ahead of the first call of its key. */
export type Renewal = Omit<Job, 'settle' | 'fresh' | 'prepares'>
