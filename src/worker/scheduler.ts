/**
 * Decides which worker runs which call: a queue per worker key, round robin over the keys, a bounded number of processes,
 * and spares that wait without a secret. A worker serves one key for its whole life.
 */
import { publishWorker, type WorkerEndReason, workerChannel } from './events.ts'
import type { CallReply, CallTask, InitReply, InitTask } from './protocol.ts'
import type { Worker, WorkerExit, WorkerOptions } from './worker.ts'

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

/** How a job ended. */
export type Outcome =
  | { readonly kind: 'reply'; readonly reply: CallReply }
  | { readonly kind: 'init-failed'; readonly reply: InitReply & { ok: false } }
  | { readonly kind: 'crashed' | 'start-failed'; readonly exit: WorkerExit }
  | { readonly kind: 'bad-reply' | 'start-timeout' | 'closed' | 'queue-full' | 'prepared' }

/** One call, as the scheduler sees it. */
export interface Job {
  /** Only jobs of the same key ever share a worker. */
  readonly key: string
  /** The key without what changes over time (versions, the module's file): an older key's idle workers are ended. */
  readonly family: string
  /** True: a worker of its own, ended after it. */
  readonly fresh: boolean
  /** True: a worker is made ready for calls of the key, and no call is run. See {@link Scheduler.renew}. */
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

/** How many processes and jobs there are now. */
export interface SchedulerStats {
  readonly processes: number
  readonly spares: number
  readonly idle: number
  readonly busy: number
  readonly queued: number
}

/** Runs jobs in workers. */
export interface Scheduler {
  /** Queues a job. The returned function cancels it: it leaves the queue, or its worker is ended. */
  submit(job: Job): () => void
  /**
   * Replaces the workers of older keys of a job's family, one after the other: a worker of the job's key is made ready before
   * the older one is ended. One that is busy ends after its call. Resolves when it is done, or cannot go on; never rejects.
   */
  renew(job: Omit<Job, 'settle' | 'fresh' | 'prepares'>): Promise<void>
  /** Tells whether a family has a worker. */
  isWarm(family: string): boolean
  /** Ends the workers of a family: the idle ones at once, the others after their calls. */
  endFamily(family: string): void
  /** Starts the spares in the background. */
  warmUp(): void
  stats(): SchedulerStats
  /** Settles every job as closed and ends every worker. Resolves when no process is left. */
  close(): Promise<void>
}

interface Slot {
  readonly worker: Worker
  readonly startedAt: number
  /** `undefined` for a spare. */
  key: string | undefined
  family: string | undefined
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
  /** A newer key of its family has been seen. */
  outdated: boolean
  idleTimer: NodeJS.Timeout | undefined
}

interface Queued {
  readonly job: Job
  readonly since: number
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
  const slots = new Set<Slot>()
  const spares = new Set<Slot>()
  /** The longest idle first. */
  const idle = new Set<Slot>()
  const byKey = new Map<string, Set<Slot>>()
  const byFamily = new Map<string, Set<Slot>>()
  const queues = new Map<string, Queued[]>()
  const endings = new Set<Promise<void>>()
  let queued = 0
  /** Calls that were served while a key without any worker waited. */
  let passedOver = 0
  let coldStartMs = COLD_START_MS
  let patience: NodeJS.Timeout | undefined
  let refilling: NodeJS.Timeout | undefined
  let closing: Promise<void> | undefined
  let closed = false

  function addSlot(flags: readonly string[]): Slot {
    const slot: Slot = {
      worker: start((stream, line) => slot.onLine?.(stream, line), flags),
      startedAt: performance.now(),
      key: undefined,
      family: undefined,
      job: undefined,
      onLine: undefined,
      calling: false,
      calls: 0,
      givenUp: undefined,
      prepared: false,
      idleSince: 0,
      outdated: false,
      idleTimer: undefined,
    }
    slots.add(slot)
    const { pid } = slot.worker
    if (pid !== undefined && workerChannel.hasSubscribers) publishWorker({ event: 'started', pid })
    void slot.worker.exited.then(() => {
      // A busy one is retired by its job, which tells its caller first.
      if (slots.has(slot) && slot.job === undefined) retire(slot, closed ? 'closed' : 'exited')
    })
    return slot
  }

  /** Takes a worker out of service and ends it; its place is free at once. */
  function retire(slot: Slot, reason: WorkerEndReason): void {
    if (!slots.delete(slot)) return
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
    dispatch()
  }

  function assign(slot: Slot, job: Job): void {
    slot.job = job
    slot.onLine = (stream, line) => {
      job.onLine(stream, line)
    }
    if (workerChannel.hasSubscribers) publishAssigned(slot, job)
    job.onAssigned?.(slot.worker.pid)
    void serve(slot, job)
  }

  /** Runs one job on a worker that is its own until then. */
  async function serve(slot: Slot, job: Job): Promise<void> {
    let outcome: Outcome | undefined
    if (slot.key === undefined) outcome = await initialise(slot, job)
    if (outcome === undefined && slot.job === job && job.prepares === true) {
      slot.prepared = true
      outcome = { kind: 'prepared' }
    } else if (outcome === undefined && slot.job === job) {
      slot.calling = true
      slot.calls++
      const reply = await slot.worker.call(job.call)
      slot.calling = false
      if (reply === undefined && slot.job === job && (slot.calls > 1 || slot.prepared) && slot.worker.undelivered()) {
        // It exited while it was idle, and nobody had noticed yet: the job has not begun.
        slot.job = undefined
        retire(slot, 'exited')
        putBack(job)
        return
      }
      outcome = reply === undefined ? await failure(slot, 'crashed') : { kind: 'reply', reply }
    }
    // Cancelled meanwhile: whoever cancelled it has settled it, and sees to the worker.
    if (slot.job !== job || outcome === undefined) {
      retire(slot, closed ? 'closed' : 'cancelled')
      return
    }
    slot.job = undefined
    job.settle(outcome)
    const over = overAfter(slot, job, outcome)
    if (over === undefined) release(slot)
    else retire(slot, over)
  }

  /** Why a worker serves no other job after this one; `undefined` if it does. */
  function overAfter(slot: Slot, job: Job, outcome: Outcome): WorkerEndReason | undefined {
    if (outcome.kind === 'prepared') return undefined
    if (outcome.kind !== 'reply') return FAILED[outcome.kind]
    if (!outcome.reply.fit) return 'unfit'
    return job.fresh || slot.calls >= limits.maxCallsPerWorker ? 'done' : undefined
  }

  /** Gives a spare its key. Answers how that failed, or nothing. */
  async function initialise(slot: Slot, job: Job): Promise<Outcome | undefined> {
    slot.key = job.key
    addTo(byKey, job.key, slot)
    if (!job.fresh) {
      slot.family = job.family
      addTo(byFamily, job.family, slot)
    }
    const begun = performance.now()
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<Outcome>((resolve) => {
      timer = setTimeout(resolve, limits.startTimeoutMs, { kind: 'start-timeout' })
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
    if (outcome === undefined) {
      coldStartMs = Math.max(1, coldStartMs * 0.8 + (performance.now() - begun) * 0.2)
      refilling ??= setTimeout(refill, REFILL_MS).unref()
    }
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

  /** A worker has served its job and is fit for the next. */
  function release(slot: Slot): void {
    const next = queues.get(slot.key ?? '')?.[0]
    if (next !== undefined && (!anyKeyStarves() || passedOver++ < BURST)) {
      dequeue(next)
      assign(slot, next.job)
      return
    }
    if (slot.outdated && next === undefined) {
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
    for (const key of queues.keys()) if (!byKey.has(key)) return true
    return false
  }

  /** Serves a job now, if there is a worker or a place for one. */
  function serveNow(job: Job, waitedMs: number): boolean {
    const own = byKey.get(job.key)
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
    if (slots.size >= limits.maxProcesses && !evictFor(job, own === undefined || waitedMs >= coldStartMs)) return false
    assign(addSlot(job.flags), job)
    return true
  }

  /** Ends the longest idle worker of another key. */
  function evictFor(job: Job, entitled: boolean): boolean {
    if (!entitled) return false
    for (const slot of idle) {
      if (slot.key === job.key && !job.fresh) continue
      if (slot.calls < BURST && performance.now() - slot.idleSince < coldStartMs * LINGER) continue
      passedOver = 0
      // Taken out before it is retired, so that nobody else is given its place.
      idle.delete(slot)
      retireQuietly(slot, 'evicted')
      return true
    }
    return false
  }

  /** Retires a worker whose place is taken already. */
  function retireQuietly(slot: Slot, reason: WorkerEndReason): void {
    const before = dispatching
    dispatching = true
    retire(slot, reason)
    dispatching = before
  }

  let dispatching = false
  /** Serves what can be served: each key's oldest job in turn. */
  function dispatch(): void {
    if (dispatching || closed || queues.size === 0) return
    dispatching = true
    let progress = true
    while (progress) {
      progress = false
      for (const key of [...queues.keys()]) {
        if (idle.size === 0 && spares.size === 0 && slots.size >= limits.maxProcesses) break
        const next = queues.get(key)?.[0]
        if (next === undefined || !serveNow(next.job, performance.now() - next.since)) continue
        dequeue(next)
        progress = true
      }
    }
    dispatching = false
    // What is idle now is left to its key for a little, and a key whose workers are all busy waits a little longer.
    if (queues.size > 0 && idle.size > 0) patience ??= setTimeout(patienceEnds, Math.ceil(coldStartMs * LINGER))
  }

  function patienceEnds(): void {
    patience = undefined
    dispatch()
  }

  /** Takes a job out of its queue; its key goes to the end of the round. */
  function dequeue(entry: Queued): boolean {
    const { key } = entry.job
    const queue = queues.get(key)
    const index = queue?.indexOf(entry) ?? -1
    if (queue === undefined || index === -1) return false
    queue.splice(index, 1)
    queued--
    queues.delete(key)
    if (queue.length > 0) queues.set(key, queue)
    return true
  }

  /** Puts a job that has left its queue back at the front. */
  function putBack(job: Job): void {
    if (closed) {
      job.settle({ kind: 'closed' })
      return
    }
    const entry = { job, since: performance.now() }
    queues.set(job.key, [entry, ...(queues.get(job.key) ?? [])])
    queued++
    dispatch()
  }

  /** Starts spares in free places. */
  function refill(): void {
    clearTimeout(refilling)
    refilling = undefined
    while (!closed && spares.size < limits.spares && slots.size < limits.maxProcesses) spares.add(addSlot([]))
  }

  /** Ends the idle workers of older keys of a job's family. */
  function outdate(job: Job): void {
    for (const slot of byFamily.get(job.family) ?? []) {
      if (slot.key === job.key) continue
      slot.outdated = true
      if (idle.has(slot)) retire(slot, 'outdated')
    }
  }

  function endFamily(family: string): void {
    for (const slot of [...(byFamily.get(family) ?? [])]) {
      slot.outdated = true
      if (idle.has(slot)) retire(slot, 'outdated')
    }
  }

  async function renew(job: Parameters<Scheduler['renew']>[0]): Promise<void> {
    // One that was outdated before has been replaced before, and ends after its call.
    const older = [...(byFamily.get(job.family) ?? [])].filter(({ key, outdated }) => key !== job.key && !outdated)
    for (const slot of older) slot.outdated = true
    for (const slot of older) {
      // It may have been ended meanwhile, by a call of the newer key for instance.
      if (closed || !slots.has(slot)) continue
      if ((byKey.get(job.key)?.size ?? 0) >= limits.maxPerKey) break
      const outcome = await prepareFor(slot, job)
      if (idle.has(slot)) retire(slot, 'outdated')
      if (outcome !== 'prepared') break
    }
    // What could not be replaced is as outdated: the next call finds out why.
    for (const slot of older) if (idle.has(slot)) retire(slot, 'outdated')
  }

  /** Makes a worker of a newer key ready, in the place of an older one where there is no other. */
  async function prepareFor(older: Slot, job: Parameters<Scheduler['renew']>[0]): Promise<Outcome['kind'] | undefined> {
    const since = idle.has(older) ? older.idleSince : performance.now()
    let [slot] = job.flags.length === 0 ? spares : []
    if (slot !== undefined) spares.delete(slot)
    else {
      if (slots.size >= limits.maxProcesses) {
        if (!idle.delete(older)) return undefined
        retireQuietly(older, 'outdated')
      }
      slot = addSlot(job.flags)
    }
    slot.idleSince = since
    const made = slot
    return new Promise((resolve) => {
      assign(made, {
        ...job,
        fresh: false,
        prepares: true,
        settle: ({ kind }) => {
          resolve(kind)
        },
      })
    })
  }

  function cancelRunning(slot: Slot): void {
    slot.job = undefined
    slot.givenUp = closed ? 'closed' : 'cancelled'
    if (!slot.calling) {
      retire(slot, slot.givenUp)
      return
    }
    slot.worker.abort()
    // Its reply, if it gives one, ends it sooner.
    const timer = setTimeout(retire, graceMs, slot, slot.givenUp)
    void slot.worker.exited.then(() => {
      clearTimeout(timer)
    })
  }

  function submit(job: Job): () => void {
    if (closed) {
      job.settle({ kind: 'closed' })
      return () => undefined
    }
    outdate(job)
    const behind = queues.get(job.key)
    if (behind !== undefined || !serveNow(job, 0)) {
      if (queued >= limits.maxQueue || (behind?.length ?? 0) >= limits.maxQueuePerKey) {
        job.settle({ kind: 'queue-full' })
        return () => undefined
      }
      const entry = { job, since: performance.now() }
      if (behind === undefined) queues.set(job.key, [entry])
      else behind.push(entry)
      queued++
      dispatch()
    }
    return () => {
      const entry = queues.get(job.key)?.find((waiting) => waiting.job === job)
      if (entry !== undefined && dequeue(entry)) return
      for (const slot of slots) if (slot.job === job) cancelRunning(slot)
    }
  }

  async function close(): Promise<void> {
    closed = true
    clearTimeout(patience)
    clearTimeout(refilling)
    for (const queue of [...queues.values()]) for (const { job } of queue) job.settle({ kind: 'closed' })
    queues.clear()
    queued = 0
    for (const slot of [...slots]) {
      const { job } = slot
      job?.settle({ kind: 'closed' })
      if (job === undefined && !slot.calling) retire(slot, 'closed')
      else if (job !== undefined) cancelRunning(slot)
    }
    await Promise.all([...slots].map((slot) => slot.worker.exited))
    while (endings.size > 0) await Promise.all(endings)
  }

  return {
    submit,
    renew,
    isWarm: (family) => byFamily.has(family),
    endFamily,
    warmUp: refill,
    stats: () => ({
      processes: slots.size,
      spares: spares.size,
      idle: idle.size,
      busy: slots.size - spares.size - idle.size,
      queued,
    }),
    close: () => (closing ??= close()),
  }
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

function publishAssigned({ worker, key }: Slot, { call }: Job): void {
  const { name, scope, partition } = call
  const first = key === undefined
  publishWorker({ event: 'assigned', pid: worker.pid, function: name, scope, partition, first })
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
