/**
 * Decides which worker runs which call: a queue per worker key, round robin over the keys, a bounded number of processes,
 * and spares that wait without a secret. A worker serves one key for its whole life.
 *
 * Who waits is in queues.ts, which workers there are in slots.ts, how one runs a job in service.ts, and how a newer one takes
 * an older one's place in succession.ts. Here is who is next.
 */
import { publishWorker, type WorkerEndReason, workerChannel } from './events.ts'
import type { Job, ReadTime, Renewal } from './job.ts'
import { createQueues } from './queues.ts'
import { overAfter, serve } from './service.ts'
import { createSlots, type Slot } from './slots.ts'
import { createSuccession } from './succession.ts'
import type { Worker, WorkerOptions } from './worker.ts'

/** The limits of a scheduler; see `createRegistry`'s `pool`. */
export interface PoolLimits {
  readonly maxProcesses: number
  readonly maxPerKey: number
  readonly spares: number
  readonly maxQueue: number
  readonly maxQueuePerKey: number
  readonly idleMs: number
  readonly startTimeoutMs: number
  readonly maxCallsPerWorker: number
}

/** How many processes and calls a registry has now; of the processes, each is a spare, idle or busy. */
export interface SchedulerStats {
  readonly processes: number
  /** Started, and without a secret. */
  readonly spares: number
  /** Kept for further calls of their worker key. */
  readonly idle: number
  readonly busy: number
  /** Calls that wait for a process. */
  readonly queued: number
}

/** Runs jobs in workers. */
export interface Scheduler {
  /** Queues a job. The returned function cancels it: it leaves the queue, or its worker is ended. */
  submit(job: Job): () => void
  /**
   * Replaces the workers of older keys of a job's family, one after the other: a worker of the job's key is made ready before
   * the older one is ended. One that is busy ends after its call. Resolves when it is done, or cannot go on; never rejects.
   *
   * @returns false where another key's secrets were read at the same time: which is newer, only another read can tell.
   */
  renew(job: Renewal): Promise<boolean>
  /** Tells whether a family has a worker. */
  isWarm(family: string): boolean
  /** Ends the workers of a family whose secrets had been read before: the idle ones at once, the others after their calls. */
  endFamily(family: string, read: ReadTime): void
  /** Starts the spares in the background. */
  warmUp(): void
  stats(): SchedulerStats
  /** Settles every job as closed and ends every worker. Resolves when no process is left. */
  close(): Promise<void>
}

/**
 * So many calls may be served by workers of their own key while a key without any worker waits; and so many a worker may
 * serve before another key takes its place, unless it is idle for longer than a caller takes to come back: what its start
 * has cost must be worth it.
 */
const BURST = 16
/** The part of a cold start for which a worker that has served less than a burst is left to its key. */
const LINGER = 1 / 8
/** How long a cold start takes, until one has been measured. */
const COLD_START_MS = 50
/** How long after a spare was taken the next is started: a start stops the host's thread, and the call that took it runs now. */
const REFILL_MS = 10

/** Makes a scheduler that starts its workers with `start`. */
export function createScheduler(
  limits: PoolLimits,
  graceMs: number,
  start: (onLine: WorkerOptions['onLine'], flags: readonly string[]) => Worker,
): Scheduler {
  const queues = createQueues()
  const slots = createSlots(start, (slot) => {
    retire(slot, closed ? 'closed' : 'exited')
  })
  const { spares, idle } = slots
  const succession = createSuccession({ slots, ...limits, closed: () => closed, assign, retire })
  const service = {
    startTimeoutMs: limits.startTimeoutMs,
    takeKey: slots.takeKey,
    onStarted({ flags }: Job, durationMs: number) {
      coldStartMs = Math.max(1, coldStartMs * 0.8 + durationMs * 0.2)
      // A job with flags has taken no spare, and would only end the next one.
      if (flags.length === 0) refilling ??= setTimeout(refill, REFILL_MS).unref()
    },
  }
  /** Calls that were served while a key without any worker waited. */
  let passedOver = 0
  let coldStartMs = COLD_START_MS
  let patience: NodeJS.Timeout | undefined
  let refilling: NodeJS.Timeout | undefined
  let dispatching = false
  /** Cancelled jobs have left places that are given to who waits at the end of this turn. */
  let handing: NodeJS.Immediate | undefined
  let closing: Promise<void> | undefined
  let closed = false

  /** Ends a worker, and gives its place to who waits. */
  function retire(slot: Slot, reason: WorkerEndReason): void {
    if (slots.end(slot, reason)) dispatch()
  }

  function assign(slot: Slot, job: Job): void {
    slot.job = job
    if (slot.read === undefined || slot.read.ended < job.read.ended) slot.read = job.read
    slot.onLine = (stream, line) => {
      job.onLine(stream, line)
    }
    if (workerChannel.hasSubscribers) publishAssigned(slot, job)
    job.onAssigned?.(slot.worker.pid)
    // Who hears of it may cancel it.
    if (slot.job === job) void run(slot, job)
  }

  async function run(slot: Slot, job: Job): Promise<void> {
    const served = await serve(slot, job, service)
    // Cancelled meanwhile: whoever cancelled it has settled it, and sees to the worker.
    if (slot.job !== job || served === undefined) {
      retire(slot, closed ? 'closed' : 'cancelled')
      return
    }
    slot.job = undefined
    if (served.kind === 'undelivered') {
      // It exited while it was idle, and nobody had noticed yet: the job has not begun.
      retire(slot, 'exited')
      putBack(job)
      return
    }
    job.settle(served)
    const over = overAfter(slot, job, served, limits.maxCallsPerWorker) ?? (slot.gone ? 'exited' : undefined)
    if (over === undefined) release(slot)
    else retire(slot, over)
  }

  /** A worker has served its job and is fit for the next. */
  function release(slot: Slot): void {
    const next = queues.first(slot.key ?? '')
    if (next !== undefined && (!anyKeyStarves() || passedOver++ < BURST)) {
      queues.remove(next.job)
      assign(slot, next.job)
      return
    }
    if (next === undefined && (slot.outdated || succession.isSucceeded(slot))) {
      retire(slot, 'outdated')
      return
    }
    idle.add(slot)
    if (slot.calls > 1 && slot.idleTimer !== undefined) {
      slot.idleSince = performance.now()
      slot.idleTimer.refresh()
    } else startIdleTimer(slot)
    dispatch()
  }

  /** A worker that was made ready in another's place has been idle for as long as that one: what nobody calls must end. */
  function startIdleTimer(slot: Slot): void {
    clearTimeout(slot.idleTimer)
    const now = performance.now()
    if (slot.calls > 0) slot.idleSince = now
    slot.idleTimer = setTimeout(
      () => {
        if (idle.has(slot)) retire(slot, 'idle')
      },
      limits.idleMs - (now - slot.idleSince),
    ).unref()
  }

  function anyKeyStarves(): boolean {
    for (const key of queues.keys()) if (slots.ofKey(key) === undefined) return true
    return false
  }

  /** Serves a job now, if there is a worker or a place for one. */
  function serveNow(job: Job, waitedMs: number): boolean {
    const own = slots.ofKey(job.key)
    if (!job.fresh && own !== undefined) {
      for (const slot of own) {
        if (!idle.delete(slot)) continue
        assign(slot, job)
        return true
      }
    }
    if (own !== undefined && own.size >= limits.maxPerKey) return false
    const [spare] = job.flags.length === 0 ? spares : []
    if (spare !== undefined) {
      spares.delete(spare)
      assign(spare, job)
      return true
    }
    const isEntitled = own === undefined || waitedMs >= coldStartMs
    if (slots.all.size >= limits.maxProcesses && !evictSpare() && !(isEntitled && evictFor(job))) return false
    assign(slots.add(job.flags), job)
    return true
  }

  /** Ends a spare, which the job could not use; its place is the job's. */
  function evictSpare(): boolean {
    const [spare] = spares
    return spare !== undefined && slots.end(spare, 'evicted')
  }

  /** Ends the longest idle worker of another key; its place is the job's. */
  function evictFor(job: Job): boolean {
    for (const slot of idle) {
      if (slot.key === job.key && !job.fresh) continue
      if (slot.calls < BURST && performance.now() - slot.idleSince < coldStartMs * LINGER) continue
      passedOver = 0
      slots.end(slot, 'evicted')
      return true
    }
    return false
  }

  function mayServe(): boolean {
    return idle.size > 0 || spares.size > 0 || slots.all.size < limits.maxProcesses
  }

  /** Serves what can be served: each key's oldest job in turn. */
  function dispatch(): void {
    clearImmediate(handing)
    handing = undefined
    if (dispatching || closed || queues.size === 0) return
    dispatching = true
    let progress = true
    while (progress && mayServe()) {
      progress = false
      for (const key of [...queues.keys()]) {
        if (!mayServe()) break
        const next = queues.first(key)
        if (next === undefined || !serveNow(next.job, performance.now() - next.since)) continue
        queues.remove(next.job)
        progress = true
      }
    }
    dispatching = false
    // What is idle now is left to its key for a little, and a key whose workers are all busy waits a little longer.
    if (queues.size > 0 && idle.size > 0) patience ??= setTimeout(patienceEnds, Math.ceil(coldStartMs * LINGER))
  }

  /** Jobs are often cancelled many at a time: a worker that was started for the next might be cancelled next. */
  function dispatchAfterTurn(): void {
    if (!closed && queues.size > 0) handing ??= setImmediate(dispatch)
  }

  function patienceEnds(): void {
    patience = undefined
    dispatch()
  }

  /** Puts a job that has left its queue back at the front. */
  function putBack(job: Job): void {
    if (closed) {
      job.settle({ kind: 'closed' })
      return
    }
    queues.addFirst(job)
    dispatch()
  }

  /** Starts spares in free places. */
  function refill(): void {
    clearTimeout(refilling)
    refilling = undefined
    while (!closed && spares.size < limits.spares && slots.all.size < limits.maxProcesses) spares.add(slots.add([]))
  }

  function cancelRunning(slot: Slot): void {
    slot.job = undefined
    slot.givenUp = closed ? 'closed' : 'cancelled'
    if (!slot.calling) {
      if (slots.end(slot, slot.givenUp)) dispatchAfterTurn()
      return
    }
    slot.worker.abort()
    // Its reply, if it gives one, ends it sooner.
    const timer = setTimeout(retire, graceMs, slot, slot.givenUp)
    void slot.worker.exited.then(() => {
      clearTimeout(timer)
    })
  }

  function isFull(key: string): boolean {
    return queues.size >= limits.maxQueue || queues.length(key) >= limits.maxQueuePerKey
  }

  function submit(job: Job): () => void {
    if (closed) {
      job.settle({ kind: 'closed' })
      return () => undefined
    }
    succession.outdate(job)
    // Who waits already is given a free place first.
    if (handing !== undefined && isFull(job.key)) dispatch()
    if (handing !== undefined || queues.length(job.key) > 0 || !serveNow(job, 0)) {
      if (isFull(job.key)) {
        job.settle({ kind: 'queue-full' })
        return () => undefined
      }
      queues.add(job)
      if (handing === undefined) dispatch()
    }
    return () => {
      // One that is being given to a worker is in its queue still.
      queues.remove(job)
      for (const slot of slots.all) if (slot.job === job) cancelRunning(slot)
    }
  }

  async function close(): Promise<void> {
    closed = true
    clearTimeout(patience)
    clearTimeout(refilling)
    clearImmediate(handing)
    for (const job of queues.clear()) job.settle({ kind: 'closed' })
    for (const slot of [...slots.all]) {
      const { job } = slot
      job?.settle({ kind: 'closed' })
      if (job === undefined && !slot.calling) retire(slot, 'closed')
      else if (job !== undefined) cancelRunning(slot)
    }
    await Promise.all([...slots.all].map((slot) => slot.worker.exited))
    await slots.allEnded()
  }

  return {
    submit,
    renew: succession.renew,
    isWarm: (family) => slots.ofFamily(family) !== undefined,
    endFamily: succession.endFamily,
    warmUp: refill,
    stats: () => ({
      processes: slots.all.size,
      spares: spares.size,
      idle: idle.size,
      busy: slots.all.size - spares.size - idle.size,
      queued: queues.size,
    }),
    close: () => (closing ??= close()),
  }
}

function publishAssigned({ worker, key }: Slot, { call }: Job): void {
  const { name, scope, partition } = call
  const first = key === undefined
  publishWorker({ event: 'assigned', pid: worker.pid, function: name, scope, partition, first })
}
