/** The workers of a scheduler: which there are, whose they are, and what each is doing. */
import { publishWorker, type WorkerEndReason, workerChannel } from './events.ts'
import type { Job, ReadTime } from './job.ts'
import type { Worker, WorkerExit, WorkerOptions } from './worker.ts'

/** A worker's place among the processes, and what the scheduler knows of it. */
export interface Slot {
  readonly worker: Worker
  readonly startedAt: number
  /** `undefined` for a spare. */
  key: string | undefined
  /** `undefined` for a spare, and for a worker that serves one job. */
  family: string | undefined
  /** When the secrets of its last job were read: up to then, its key was not known to be outdated. */
  read: ReadTime | undefined
  job: Job | undefined
  /** The last job's, for output that comes late. */
  onLine: Job['onLine'] | undefined
  /** Past its import: a cancelled call gets its `signal` and the grace period. */
  calling: boolean
  calls: number
  /** It was made ready ahead of its first call. */
  prepared: boolean
  /** Why its call was given up, if it was. */
  givenUp: WorkerEndReason | undefined
  /** When its last call ended, or that of the worker in whose place it was made ready. */
  idleSince: number
  /** Its process is gone. */
  gone: boolean
  /** A newer key of its family has been seen. */
  outdated: boolean
  idleTimer: NodeJS.Timeout | undefined
}

/** The slots of a scheduler. */
export interface Slots {
  readonly all: ReadonlySet<Slot>
  /** Started, and without a secret. */
  readonly spares: Set<Slot>
  /** Those that have a key and no job; the longest idle first. */
  readonly idle: Set<Slot>
  ofKey(key: string): ReadonlySet<Slot> | undefined
  ofFamily(family: string): ReadonlySet<Slot> | undefined
  /** Starts a worker. */
  add(flags: readonly string[]): Slot
  /** Notes that a worker takes the key of a job. */
  takeKey(slot: Slot, job: Job): void
  /** Takes a worker out of service and ends it; its place is free at once. False if that was done before. */
  end(slot: Slot, reason: WorkerEndReason): boolean
  /** Resolves when every worker that was ended is gone. */
  allEnded(): Promise<void>
}

/**
 * Makes the slots of a scheduler.
 *
 * @param start - starts a worker with further flags.
 * @param onExit - told of a worker that has no job and ended by itself.
 */
export function createSlots(
  start: (onLine: WorkerOptions['onLine'], flags: readonly string[]) => Worker,
  onExit: (slot: Slot) => void,
): Slots {
  const all = new Set<Slot>()
  const spares = new Set<Slot>()
  const idle = new Set<Slot>()
  const byKey = new Map<string, Set<Slot>>()
  const byFamily = new Map<string, Set<Slot>>()
  const endings = new Set<Promise<void>>()
  return {
    all,
    spares,
    idle,
    ofKey: (key) => byKey.get(key),
    ofFamily: (family) => byFamily.get(family),

    add(flags) {
      const slot: Slot = {
        worker: start((stream, line) => slot.onLine?.(stream, line), flags),
        startedAt: performance.now(),
        key: undefined,
        family: undefined,
        read: undefined,
        job: undefined,
        onLine: undefined,
        calling: false,
        calls: 0,
        prepared: false,
        givenUp: undefined,
        idleSince: 0,
        gone: false,
        outdated: false,
        idleTimer: undefined,
      }
      all.add(slot)
      const { pid } = slot.worker
      if (pid !== undefined && workerChannel.hasSubscribers) publishWorker({ event: 'started', pid })
      void slot.worker.exited.then(() => {
        slot.gone = true
        // A busy one is ended by its job, which tells its caller first.
        if (all.has(slot) && slot.job === undefined) onExit(slot)
      })
      return slot
    },

    takeKey(slot, job) {
      slot.key = job.key
      addTo(byKey, job.key, slot)
      if (job.fresh) return
      slot.family = job.family
      addTo(byFamily, job.family, slot)
    },

    end(slot, reason) {
      if (!all.delete(slot)) return false
      spares.delete(slot)
      idle.delete(slot)
      clearTimeout(slot.idleTimer)
      removeFrom(byKey, slot.key, slot)
      removeFrom(byFamily, slot.family, slot)
      const ending = slot.worker.end().then(async () => {
        if (workerChannel.hasSubscribers) publishEnd(slot, slot.givenUp ?? reason, await slot.worker.exited)
        endings.delete(ending)
      })
      endings.add(ending)
      return true
    },

    async allEnded() {
      while (endings.size > 0) await Promise.all(endings)
    },
  }
}

function publishEnd({ worker, startedAt, calls }: Slot, reason: WorkerEndReason, exit: WorkerExit): void {
  const durationMs = performance.now() - startedAt
  publishWorker({ event: 'ended', pid: worker.pid, reason, ...exit, calls, durationMs })
}

function addTo<T>(sets: Map<string, Set<T>>, key: string, item: T): void {
  const set = sets.get(key)
  if (set === undefined) sets.set(key, new Set([item]))
  else set.add(item)
}

function removeFrom<T>(sets: Map<string, Set<T>>, key: string | undefined, item: T): void {
  if (key === undefined) return
  const set = sets.get(key)
  set?.delete(item)
  if (set?.size === 0) sets.delete(key)
}
