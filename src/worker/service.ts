/** One job on one worker: the worker takes its key if it has none, and then runs the call. */
import type { WorkerEndReason } from './events.ts'
import type { Job, Outcome } from './job.ts'
import type { Slot } from './slots.ts'

/** What came of a job: `undelivered` if it never reached a worker that had exited while it was idle. */
export type Served = Outcome | { readonly kind: 'undelivered' }

/** What serving a job needs. */
export interface ServiceSettings {
  readonly startTimeoutMs: number
  /** Notes that a worker takes the key of a job. */
  takeKey(slot: Slot, job: Job): void
  /** Told how long a worker took to take the key of a job. */
  onStarted(job: Job, durationMs: number): void
}

/** Runs a job. What it answers counts for nothing if the job is not the slot's any more: it was cancelled meanwhile. */
export async function serve(slot: Slot, job: Job, settings: ServiceSettings): Promise<Served | undefined> {
  if (slot.key === undefined) {
    const failed = await initialise(slot, job, settings)
    if (failed !== undefined) return failed
  }
  if (slot.job !== job) return undefined
  if (job.prepares === true) {
    slot.prepared = true
    return { kind: 'prepared' }
  }
  slot.calling = true
  slot.calls++
  const reply = await slot.worker.call(job.call)
  slot.calling = false
  if (reply !== undefined) return { kind: 'reply', reply }
  if ((slot.calls > 1 || slot.prepared) && slot.worker.undelivered()) return { kind: 'undelivered' }
  return failure(slot, 'crashed')
}

/** Gives a spare its key. Answers how that failed, or nothing. */
async function initialise(slot: Slot, job: Job, settings: ServiceSettings): Promise<Outcome | undefined> {
  settings.takeKey(slot, job)
  const begun = performance.now()
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<Outcome>((resolve) => {
    timer = setTimeout(resolve, settings.startTimeoutMs, { kind: 'start-timeout' })
  })
  const starting = async (): Promise<Outcome | undefined> => {
    const early = await Promise.race([slot.worker.ready.then(() => undefined), slot.worker.exited])
    if (early !== undefined) return { kind: 'start-failed', exit: early }
    if (slot.job !== job) return undefined
    const reply = await slot.worker.init(job.init())
    if (reply === undefined) return failure(slot, 'start-failed')
    return reply.ok ? undefined : { kind: 'init-failed', reply }
  }
  const outcome = await Promise.race([starting(), timeout])
  clearTimeout(timer)
  if (outcome === undefined) settings.onStarted(job, performance.now() - begun)
  return outcome
}

/** What became of a worker that gave no reply. One that still lives has forged its reply. */
async function failure(slot: Slot, kind: 'crashed' | 'start-failed'): Promise<Outcome> {
  // An exit is told in the same turn as the missing reply.
  const gone = await Promise.race([
    slot.worker.exited,
    new Promise<undefined>((resolve) => setImmediate(resolve, undefined)),
  ])
  return gone === undefined ? { kind: 'bad-reply' } : { kind, exit: gone }
}

/** Why a worker serves no other job after this one; `undefined` if it does. */
export function overAfter(slot: Slot, job: Job, outcome: Outcome, mostCalls: number): WorkerEndReason | undefined {
  if (outcome.kind === 'prepared') return undefined
  if (outcome.kind !== 'reply') return FAILED[outcome.kind]
  if (!outcome.reply.fit) return 'unfit'
  return job.fresh || slot.calls >= mostCalls ? 'done' : undefined
}

/** Why a worker is ended after a job that it did not answer. */
const FAILED: Readonly<Record<Exclude<Outcome['kind'], 'reply' | 'prepared'>, WorkerEndReason>> = {
  'init-failed': 'module-failed',
  crashed: 'crashed',
  'start-failed': 'start-failed',
  'start-timeout': 'start-timeout',
  'bad-reply': 'bad-reply',
  closed: 'closed',
  'queue-full': 'closed',
}
