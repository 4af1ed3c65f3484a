import { describe, expect, test, vi } from 'vitest'
import type { CallReply } from '../../src/worker/protocol.ts'
import type { Job, Outcome, ReadTime } from '../../src/worker/job.ts'
import { createScheduler, type PoolLimits } from '../../src/worker/scheduler.ts'
import type { Worker, WorkerExit } from '../../src/worker/worker.ts'
import { deferred } from '../../src/worker/deferred.ts'

/** A worker whose child is a handful of promises: the scheduler's decisions are tested by themselves. */
class FakeWorker {
  readonly pid: number
  readonly calls: { name: string; reply: (reply: CallReply | undefined) => void }[] = []
  readonly readiness = deferred<undefined>()
  readonly exit = deferred<WorkerExit>()
  key: string | undefined
  aborted = 0
  ended = false
  unsent = false

  constructor(started: FakeWorker[], autoReady = true) {
    this.pid = started.push(this)
    if (autoReady) this.readiness.resolve(undefined)
  }

  get worker(): Worker {
    return {
      pid: this.pid,
      ready: this.readiness.promise,
      exited: this.exit.promise,
      init: (task) => {
        this.key = task.key
        return Promise.resolve({ ok: true })
      },
      call: (task) => {
        const { promise, resolve } = deferred<CallReply | undefined>()
        this.calls.push({ name: task.name, reply: resolve })
        return promise
      },
      undelivered: () => this.unsent,
      abort: () => {
        this.aborted++
      },
      end: () => {
        this.ended = true
        this.die()
        return Promise.resolve()
      },
    }
  }

  /** Ends the child, and with it the call that runs. */
  die(exitCode = 0): void {
    this.exit.resolve({ exitCode, signal: undefined, startError: undefined })
    for (const { reply } of this.calls.splice(0)) reply(undefined)
  }

  reply(fit = true): string {
    const call = this.calls.shift()
    if (call === undefined) throw new Error('no call runs here')
    call.reply({ ok: true, value: { plain: call.name }, fit, spawned: false })
    return call.name
  }
}

const LIMITS: PoolLimits = {
  maxProcesses: 4,
  maxPerKey: 4,
  spares: 0,
  maxQueue: 10_000,
  maxQueuePerKey: 2_000,
  idleMs: 60_000,
  startTimeoutMs: 10_000,
  maxCallsPerWorker: Infinity,
}

function setUp(limits: Partial<PoolLimits> = {}, graceMs = 20, autoReady = true) {
  const workers: FakeWorker[] = []
  const scheduler = createScheduler({ ...LIMITS, ...limits }, graceMs, () => new FakeWorker(workers, autoReady).worker)
  const outcomes: Record<string, Outcome> = {}
  const order: string[] = []
  const submit = (key: string, name = key, more: Partial<Job> = {}): (() => void) => {
    return scheduler.submit({
      key,
      family: key,
      read: readNow(),
      fresh: false,
      flags: [],
      init: () => ({ key, module: 'file:///m.mjs', variables: {}, secrets: {}, mains: [], user: undefined }),
      call: {
        key,
        name,
        module: 'file:///m.mjs',
        origin: '',
        others: [],
        scope: 'default',
        partition: undefined,
        args: { plain: [] },
      },
      onLine: () => undefined,
      settle: (outcome) => {
        outcomes[name] = outcome
        order.push(name)
      },
      ...more,
    })
  }
  const renew = (key: string, family: string, more: Partial<Job> = {}): Promise<boolean> => {
    return scheduler.renew({
      ...{ key, family, read: readNow(), flags: [], onLine: () => undefined },
      init: () => ({ key, module: 'file:///m.mjs', variables: {}, secrets: {}, mains: [], user: undefined }),
      call: {
        ...{ key, name: 'renewal', module: 'file:///m.mjs', origin: '', others: [] },
        ...{ scope: 'default', partition: undefined, args: { plain: [] } },
      },
      ...more,
    })
  }
  return { scheduler, submit, renew, outcomes, order, workers }
}

/** What is read at once, now. */
function readNow(): ReadTime {
  const now = performance.now()
  return { began: now, ended: now }
}

/** Lets everything that promises have set off take place. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe('the scheduler', () => {
  test('serves calls one after another by one worker', async () => {
    const { submit, workers, order } = setUp()
    for (let index = 0; index < 100; index++) {
      submit('a', `a${index}`)
      await settle()
      workers[0]?.reply()
      await settle()
    }
    expect(workers).toHaveLength(1)
    expect(order).toHaveLength(100)
  })

  test('never gives a worker a second key', async () => {
    const { submit, workers, order } = setUp({ maxProcesses: 2 })
    for (const key of ['a', 'b', 'c', 'd', 'a', 'b']) submit(key, `${key}${Math.random()}`)
    const keys = new Map<FakeWorker, string>()
    while (order.length < 6) {
      await settle()
      for (const worker of workers) {
        if (worker.key !== undefined) expect(keys.get(worker) ?? worker.key).toBe(worker.key)
        if (worker.key !== undefined) keys.set(worker, worker.key)
        if (worker.calls.length > 0) expect(worker.calls[0]?.name.startsWith(worker.key ?? '?')).toBe(true)
        if (worker.calls.length > 0) worker.reply()
      }
    }
    expect(workers.length).toBeGreaterThanOrEqual(4)
  })

  test('starts no more processes than it may', async () => {
    const { submit, scheduler, workers } = setUp({ maxProcesses: 3 })
    for (let index = 0; index < 10; index++) submit(`k${index}`)
    await settle()
    expect(workers).toHaveLength(3)
    expect(scheduler.stats()).toMatchObject({ processes: 3, busy: 3, queued: 7 })
  })

  test('gives one key no more workers than it may have', async () => {
    const { submit, workers } = setUp({ maxPerKey: 2 })
    for (let index = 0; index < 5; index++) submit('a', `a${index}`)
    await settle()
    expect(workers).toHaveLength(2)
  })

  test('serves another key before the 50th call of a key that has queued 1,000', async () => {
    const { submit, workers, order } = setUp({ maxProcesses: 1 })
    for (let index = 0; index < 1_000; index++) submit('a', `a${index}`)
    submit('b')
    for (let turn = 0; turn < 60 && !order.includes('b'); turn++) {
      await settle()
      for (const worker of workers) if (worker.calls.length > 0) worker.reply()
    }
    await settle()
    expect(order).toContain('b')
    expect(order.indexOf('b')).toBeLessThan(50)
  })

  test('goes round the keys that wait', async () => {
    const { submit, workers, order } = setUp({ maxProcesses: 1 })
    submit('first')
    for (const key of ['a', 'b', 'c']) for (let index = 0; index < 2; index++) submit(key, `${key}${index}`)
    while (order.length < 7) {
      await settle()
      for (const worker of workers) if (worker.calls.length > 0) worker.reply()
    }
    expect([...order].sort()).toEqual(['a0', 'a1', 'b0', 'b1', 'c0', 'c1', 'first'])
    expect(order.indexOf('c0')).toBeLessThan(order.length - 1)
  })

  test('lets a key that has a busy worker wait a little before it takes an idle one of another key', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
    const { submit, workers, scheduler } = setUp({ maxProcesses: 2 })
    submit('a', 'a0')
    submit('b', 'b0')
    await settle()
    workers[1]?.reply()
    await settle()
    submit('a', 'a1')
    vi.advanceTimersByTime(10)
    await settle()
    expect(scheduler.stats()).toMatchObject({ queued: 1, idle: 1 })
    expect(workers).toHaveLength(2)
    // It waits about as long as a cold start takes, and then the idle worker of the other key goes.
    vi.advanceTimersByTime(50)
    await settle()
    expect(workers).toHaveLength(3)
    expect(workers[1]?.ended).toBe(true)
    vi.useRealTimers()
  })

  test('takes the longest idle worker of another key at once for a key that has none', async () => {
    const { submit, workers } = setUp({ maxProcesses: 2 })
    for (const key of ['a', 'b']) {
      for (let index = 0; index < 16; index++) {
        submit(key)
        await settle()
        workers.at(-1)?.reply()
        await settle()
      }
    }
    submit('c')
    await settle()
    expect(workers.map(({ ended }) => ended)).toEqual([true, false, false])
  })

  test('leaves a worker that has served less than a burst to its key for a little', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
    const { submit, workers } = setUp({ maxProcesses: 1 })
    submit('a')
    await settle()
    workers[0]?.reply()
    await settle()
    submit('b')
    expect(workers.map(({ ended }) => ended)).toEqual([false])
    vi.advanceTimersByTime(50)
    await settle()
    expect(workers[0]?.ended).toBe(true)
    expect(workers[1]?.key).toBe('b')
    vi.useRealTimers()
  })

  test('does not begin a call anew whose child was gone before its first call reached it', async () => {
    const { submit, workers, outcomes } = setUp()
    submit('a')
    await settle()
    Object.assign(workers[0] ?? {}, { unsent: true })
    workers[0]?.die(5)
    await settle()
    expect(outcomes['a']).toMatchObject({ kind: 'crashed', exit: { exitCode: 5 } })
  })

  test('prefers a spare, and starts the next spare soon after that one has its key, not while its call starts', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { submit, scheduler, workers } = setUp({ spares: 1 })
    scheduler.warmUp()
    expect(scheduler.stats()).toMatchObject({ processes: 1, spares: 1 })
    submit('a')
    await settle()
    expect(workers[0]?.key).toBe('a')
    expect(scheduler.stats()).toMatchObject({ processes: 1, spares: 0, busy: 1 })
    vi.advanceTimersByTime(10)
    expect(scheduler.stats()).toMatchObject({ processes: 2, spares: 1, busy: 1 })
    vi.useRealTimers()
  })

  test('ends a spare for a job with flags where there is no other place, and then starts no other', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { submit, scheduler, workers } = setUp({ maxProcesses: 2, spares: 1 })
    scheduler.warmUp()
    // A free place goes first.
    submit('a', 'a0', { flags: ['--permission'] })
    await settle()
    expect(scheduler.stats()).toMatchObject({ processes: 2, spares: 1, busy: 1 })
    submit('a', 'a1', { flags: ['--permission'] })
    await settle()
    expect(workers.map(({ key, ended }) => [key, ended])).toEqual([
      [undefined, true],
      ['a', false],
      ['a', false],
    ])
    workers[1]?.reply(false)
    await settle()
    vi.advanceTimersByTime(1_000)
    expect(scheduler.stats()).toMatchObject({ processes: 1, spares: 0, busy: 1 })
    // A job that could have used one starts the next.
    submit('b')
    await settle()
    workers[3]?.reply(false)
    await settle()
    vi.advanceTimersByTime(10)
    expect(scheduler.stats()).toMatchObject({ processes: 2, spares: 1, busy: 1 })
    vi.useRealTimers()
  })

  test('starts no spare after it was closed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { submit, scheduler, workers } = setUp({ spares: 1 })
    submit('a')
    await settle()
    workers[0]?.reply()
    await scheduler.close()
    vi.advanceTimersByTime(1_000)
    expect(workers).toHaveLength(1)
    vi.useRealTimers()
  })

  test('gives a fresh job a worker of its own that serves nobody else', async () => {
    const { submit, workers } = setUp()
    for (let index = 0; index < 5; index++) {
      submit('a', `a${index}`, { fresh: true })
      await settle()
      workers.at(-1)?.reply()
      await settle()
    }
    expect(workers).toHaveLength(5)
    expect(workers.every(({ ended }) => ended)).toBe(true)
  })

  test('replaces a worker after as many calls as it may serve, or if it is not fit', async () => {
    const { submit, workers } = setUp({ maxCallsPerWorker: 2 })
    for (let index = 0; index < 3; index++) {
      submit('a', `a${index}`)
      await settle()
      workers.at(-1)?.reply(index !== 2)
      await settle()
    }
    expect(workers.map(({ ended }) => ended)).toEqual([true, true])
  })

  test('ends the idle workers of a family when a newer key of it comes', async () => {
    const { submit, workers } = setUp()
    submit('v1', 'one', { family: 'f' })
    submit('v1', 'two', { family: 'f' })
    await settle()
    workers[0]?.reply()
    await settle()
    submit('v2', 'three', { family: 'f' })
    await settle()
    expect(workers.map(({ ended }) => ended)).toEqual([true, false, false])
    workers[1]?.reply()
    await settle()
    expect(workers.map(({ ended }) => ended)).toEqual([true, true, false])
  })

  test('ends a worker that was idle for as long as it may be', async () => {
    const { submit, workers, scheduler } = setUp({ idleMs: 5 })
    submit('a')
    await settle()
    workers[0]?.reply()
    await workers[0]?.exit.promise
    expect(scheduler.stats().processes).toBe(0)
  })

  test('refuses what its queues cannot hold, at once', async () => {
    const { submit, outcomes } = setUp({ maxProcesses: 1, maxQueue: 3, maxQueuePerKey: 2 })
    for (const name of ['run', 'wait1', 'wait2', 'refused']) submit('a', name)
    submit('b')
    submit('c')
    await settle()
    expect(outcomes).toEqual({ refused: { kind: 'queue-full' }, c: { kind: 'queue-full' } })
  })

  test('tells a crash by its exit, and goes on', async () => {
    const { submit, workers, outcomes } = setUp({ maxProcesses: 1 })
    submit('a', 'crashing')
    submit('a', 'next')
    await settle()
    workers[0]?.die(7)
    await settle()
    expect(outcomes['crashing']).toMatchObject({ kind: 'crashed', exit: { exitCode: 7 } })
    workers[1]?.reply()
    await settle()
    expect(outcomes['next']).toMatchObject({ kind: 'reply' })
  })

  test('gives a call that never reached its child to another worker', async () => {
    const { submit, workers, outcomes } = setUp()
    submit('a', 'first')
    await settle()
    workers[0]?.reply()
    await settle()
    submit('a', 'second')
    await settle()
    Object.assign(workers[0] ?? {}, { unsent: true })
    workers[0]?.die()
    await settle()
    expect(workers[1]?.reply()).toBe('second')
    await settle()
    expect(outcomes['second']).toMatchObject({ kind: 'reply' })
  })

  test('tells a child that ends before it is ready, and one that does not start in time', async () => {
    const ending = setUp({}, 20, false)
    ending.submit('a')
    await settle()
    ending.workers[0]?.die(9)
    await settle()
    expect(ending.outcomes['a']).toMatchObject({ kind: 'start-failed', exit: { exitCode: 9 } })
    const late = setUp({ startTimeoutMs: 20 }, 20, false)
    late.submit('b')
    await late.workers[0]?.exit.promise
    expect(late.outcomes['b']).toEqual({ kind: 'start-timeout' })
  })

  test('forgets a cancelled job in its queue, and ends the worker of one that runs', async () => {
    const { submit, workers, outcomes, scheduler } = setUp({ maxProcesses: 1 })
    const cancelRunning = submit('a', 'runs')
    const cancelWaiting = submit('a', 'waits')
    submit('a', 'stays')
    await settle()
    cancelWaiting()
    cancelRunning()
    expect(workers[0]?.aborted).toBe(1)
    await workers[0]?.exit.promise
    await settle()
    expect(workers[1]?.reply()).toBe('stays')
    await settle()
    expect(Object.keys(outcomes)).toEqual(['stays'])
    expect(scheduler.stats()).toMatchObject({ queued: 0, idle: 1 })
  })

  test('ends the worker of a job that is cancelled by who hears that it is given to a worker', async () => {
    const { submit, workers, outcomes, scheduler } = setUp({ maxProcesses: 1 })
    const other = submit('a', 'runs')
    const cancel = submit('b', 'heard', {
      onAssigned: () => {
        cancel()
      },
    })
    await settle()
    other()
    await workers[0]?.exit.promise
    await settle()
    expect(workers[1]?.ended).toBe(true)
    expect(Object.keys(outcomes)).toEqual([])
    expect(scheduler.stats()).toMatchObject({ processes: 0, queued: 0 })
    expect(scheduler.isWarm('b')).toBe(false)
    // Of one that has its key, too: it is ended before the job is sent.
    submit('c', 'first')
    await settle()
    const again = submit('c', 'second', {
      onAssigned: () => {
        again()
      },
    })
    workers[2]?.reply()
    await settle()
    expect(workers[2]).toMatchObject({ ended: true, calls: [] })
    expect(Object.keys(outcomes)).toEqual(['first'])
    await scheduler.close()
  })

  test('starts no process for calls that are cancelled together while the first are starting', async () => {
    const { submit, workers, outcomes, scheduler } = setUp({ maxProcesses: 2 }, 20, false)
    const cancels = Array.from({ length: 50 }, (_, index) => submit(index % 2 === 0 ? 'even' : `odd${index}`))
    await settle()
    for (const cancel of cancels) cancel()
    await settle()
    expect(workers.map(({ ended }) => ended)).toEqual([true, true])
    expect(outcomes).toEqual({})
    expect(scheduler.stats()).toEqual({ processes: 0, spares: 0, idle: 0, busy: 0, queued: 0 })
  })

  test('gives the place of a call that is cancelled while it starts to who waits, and not to who comes meanwhile', async () => {
    const { submit, workers, scheduler } = setUp({ maxProcesses: 1, maxQueue: 1 }, 20, false)
    const cancel = submit('a')
    submit('b')
    cancel()
    submit('c')
    expect(scheduler.stats()).toMatchObject({ processes: 1, queued: 1 })
    workers[1]?.readiness.resolve(undefined)
    await settle()
    expect(workers.map(({ key, ended }) => [key, ended])).toEqual([
      [undefined, true],
      ['b', false],
    ])
  })

  test('lets who comes in the turn of a cancelled call wait for the end of it, behind who waits', async () => {
    const { submit, workers, scheduler } = setUp({ maxProcesses: 1 })
    const cancel = submit('a')
    submit('b')
    cancel()
    submit('c')
    expect(workers).toHaveLength(1)
    await settle()
    expect(workers.map(({ key }) => key)).toEqual([undefined, 'b'])
    expect(scheduler.stats()).toMatchObject({ processes: 1, queued: 1 })
  })

  test('starts nothing in the place of a cancelled call if it is closed in the same turn', async () => {
    const { submit, workers, outcomes, scheduler } = setUp({ maxProcesses: 1 })
    const cancel = submit('a')
    submit('b')
    cancel()
    await scheduler.close()
    await settle()
    expect(workers).toHaveLength(1)
    expect(outcomes).toEqual({ b: { kind: 'closed' } })
  })

  test('does not take the reply of a cancelled call for that of the next', async () => {
    const { submit, workers, outcomes } = setUp({ maxProcesses: 1 }, 1_000_000)
    const cancel = submit('a', 'runs')
    await settle()
    cancel()
    submit('a', 'next')
    await settle()
    workers[0]?.reply()
    await settle()
    expect(workers[0]?.ended).toBe(true)
    expect(workers[1]?.reply()).toBe('next')
    await settle()
    expect(Object.keys(outcomes)).toEqual(['next'])
  })

  test('settles everything as closed when it is closed, and takes nothing more', async () => {
    const { submit, scheduler, outcomes, workers } = setUp({ maxProcesses: 1, spares: 1 })
    submit('a', 'runs')
    submit('a', 'waits')
    await settle()
    await scheduler.close()
    submit('a', 'late')
    expect(outcomes).toEqual({ runs: { kind: 'closed' }, waits: { kind: 'closed' }, late: { kind: 'closed' } })
    expect(workers.every(({ ended }) => ended)).toBe(true)
    expect(scheduler.stats()).toEqual({ processes: 0, spares: 0, idle: 0, busy: 0, queued: 0 })
  })
})

describe('renewing a family', () => {
  test('makes a worker of the newer key ready for each older one, and only then ends that', async () => {
    const { submit, renew, workers, scheduler } = setUp()
    submit('old', 'a', { family: 'f' })
    submit('old', 'b', { family: 'f' })
    await settle()
    for (const worker of workers) worker.reply()
    await settle()
    await renew('new', 'f')
    expect(workers.map(({ key, ended, calls }) => [key, ended, calls.length])).toEqual([
      ['old', true, 0],
      ['old', true, 0],
      ['new', false, 0],
      ['new', false, 0],
    ])
    expect(scheduler.stats()).toMatchObject({ processes: 2, idle: 2 })
    submit('new', 'c', { family: 'f' })
    await settle()
    expect(workers[2]?.reply()).toBe('c')
    expect(workers).toHaveLength(4)
  })

  test('without a free place ends the older one first, and leaves a busy one to its call', async () => {
    const { submit, renew, workers } = setUp({ maxProcesses: 2 })
    submit('old', 'idle', { family: 'f' })
    submit('old', 'busy', { family: 'f' })
    await settle()
    workers[0]?.reply()
    await settle()
    await renew('new', 'f')
    expect(workers.map(({ key, ended }) => [key, ended])).toEqual([
      ['old', true],
      ['old', false],
      ['new', false],
    ])
    workers[1]?.reply()
    await settle()
    expect(workers[1]?.ended).toBe(true)
  })

  test('ends the older ones too where a newer one cannot be made ready', async () => {
    const { submit, renew, workers, scheduler } = setUp()
    submit('old', 'a', { family: 'f' })
    await settle()
    workers[0]?.reply()
    await settle()
    const renewed = renew('new', 'f')
    // It ends while it is made ready.
    workers[1]?.die(1)
    await renewed
    await settle()
    expect(workers.map(({ ended }) => ended)).toEqual([true, true])
    expect(scheduler.stats()).toMatchObject({ processes: 0 })
  })

  test('makes no more workers ready than a key may have, however often what they hold changes', async () => {
    const { submit, renew, workers, scheduler } = setUp({ maxPerKey: 1 })
    submit('v0', 'a', { family: 'f' })
    await settle()
    // Its call goes on all the while.
    for (const version of ['v1', 'v2', 'v3']) {
      await renew(version, 'f')
      await settle()
    }
    expect(workers.map(({ key, ended }) => [key, ended])).toEqual([
      ['v0', false],
      ['v1', true],
      ['v2', true],
      ['v3', false],
    ])
    expect(scheduler.stats()).toMatchObject({ processes: 2, busy: 1 })
  })

  test('leaves other families, and workers that have the newer key, as they are', async () => {
    const { submit, renew, workers, scheduler } = setUp()
    submit('new', 'a', { family: 'f' })
    submit('x', 'b', { family: 'other' })
    await settle()
    for (const worker of workers) worker.reply()
    await settle()
    await renew('new', 'f')
    await renew('n', 'unknown')
    expect(workers.map(({ ended }) => ended)).toEqual([false, false])
    expect([scheduler.isWarm('f'), scheduler.isWarm('unknown')]).toEqual([true, false])
    scheduler.endFamily('f', readNow())
    expect(workers.map(({ ended }) => ended)).toEqual([true, false])
  })

  test('a call that comes meanwhile is served, and a worker that dies before its first call is no crash of that', async () => {
    const { submit, renew, workers, outcomes } = setUp()
    submit('old', 'a', { family: 'f' })
    await settle()
    workers[0]?.reply()
    await settle()
    await renew('new', 'f')
    workers[1]!.unsent = true
    submit('new', 'b', { family: 'f' })
    workers[1]?.die(1)
    await settle()
    expect(outcomes['b']).toBeUndefined()
    expect(workers[2]?.reply()).toBe('b')
    await settle()
    expect(outcomes['b']).toMatchObject({ kind: 'reply' })
  })

  test('takes a spare, unless the worker needs flags that a spare has not', async () => {
    const { submit, renew, workers, scheduler } = setUp({ spares: 1 })
    submit('old', 'a', { family: 'f' })
    await settle()
    workers[0]?.reply()
    await settle()
    scheduler.warmUp()
    expect(await renew('new', 'f', { flags: ['--permission'] })).toBe(true)
    expect(workers.map(({ key, ended }) => [key, ended])).toEqual([
      ['old', true],
      [undefined, false],
      ['new', false],
    ])
    expect(await renew('newer', 'f')).toBe(true)
    expect(workers.map(({ key, ended }) => [key, ended])).toEqual([
      ['old', true],
      ['newer', false],
      ['new', true],
    ])
  })

  test('after one that cannot be made ready no other is tried', async () => {
    const { submit, renew, workers } = setUp()
    for (const name of ['a', 'b', 'c']) submit('old', name, { family: 'f' })
    await settle()
    workers[0]?.reply()
    workers[1]?.reply()
    await settle()
    const renewed = renew('new', 'f')
    workers[3]?.die(1)
    await renewed
    await settle()
    expect(workers.map(({ key, ended }) => [key, ended])).toEqual([
      ['old', true],
      ['old', true],
      ['old', false],
      // It had not even been given the key.
      [undefined, true],
    ])
    workers[2]?.reply()
    await settle()
    expect(workers[2]?.ended).toBe(true)
  })

  test('none is made ready in the place of one that a call has ended meanwhile, nor after closing', async () => {
    const { submit, renew, workers, scheduler } = setUp({ maxProcesses: 8 }, 20, false)
    const old = ['a', 'b', 'c'].map((name) => submit('old', name, { family: 'f' }))
    expect(old).toHaveLength(3)
    for (const worker of workers) worker.readiness.resolve(undefined)
    await settle()
    for (const worker of workers) worker.reply()
    await settle()
    const renewed = renew('new', 'f')
    submit('new', 'd', { family: 'f' })
    for (const worker of workers) worker.readiness.resolve(undefined)
    await settle()
    await renewed
    expect(workers.map(({ key, ended }) => [key, ended])).toEqual([
      ['old', true],
      ['old', true],
      ['old', true],
      ['new', false],
      ['new', false],
    ])
    workers[4]?.reply()
    await settle()
    const again = renew('newer', 'f')
    const closing = scheduler.close()
    await Promise.all([again, closing])
    expect(workers).toHaveLength(6)
    expect(workers.every(({ ended }) => ended)).toBe(true)
  })

  test('the end of a family ends its busy workers after their calls, and none that was read for later', async () => {
    const { submit, workers, scheduler } = setUp()
    submit('old', 'a', { family: 'f' })
    await settle()
    const read = readNow()
    submit('new', 'b', { family: 'f', read: { began: read.ended + 1, ended: read.ended + 2 } })
    await settle()
    workers[1]?.reply()
    await settle()
    scheduler.endFamily('f', read)
    expect(workers.map(({ ended }) => ended)).toEqual([false, false])
    workers[0]?.reply()
    await settle()
    expect(workers.map(({ ended }) => ended)).toEqual([true, false])
    scheduler.endFamily('f', { began: read.ended + 2, ended: read.ended + 3 })
    expect(workers.map(({ ended }) => ended)).toEqual([true, true])
  })

  test('closing ends what is being made ready', async () => {
    const { submit, renew, workers, scheduler } = setUp({}, 20, false)
    submit('old', 'a', { family: 'f' })
    workers[0]?.readiness.resolve(undefined)
    await settle()
    workers[0]?.reply()
    await settle()
    const renewed = renew('new', 'f')
    await settle()
    await scheduler.close()
    await renewed
    expect(workers.map(({ ended }) => ended)).toEqual([true, true])
  })

  test('a worker that is made ready has been idle for as long as the one that it replaces', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    try {
      const { submit, renew, workers } = setUp({ idleMs: 1_000 })
      // A clock that stands at 0 would say the same of a worker of which nothing is known.
      vi.advanceTimersByTime(5_000)
      submit('old', 'a', { family: 'f' })
      await settle()
      workers[0]?.reply()
      await settle()
      vi.advanceTimersByTime(600)
      await renew('new', 'f')
      vi.advanceTimersByTime(300)
      expect(workers[1]?.ended).toBe(false)
      vi.advanceTimersByTime(200)
      expect(workers[1]?.ended).toBe(true)
      submit('old', 'b', { family: 'g' })
      await settle()
      workers[2]?.reply()
      await settle()
      vi.advanceTimersByTime(600)
      await renew('new', 'g')
      submit('new', 'c', { family: 'g' })
      await settle()
      workers[3]?.reply()
      await settle()
      vi.advanceTimersByTime(900)
      expect(workers[3]?.ended).toBe(false)
      vi.advanceTimersByTime(200)
      expect(workers[3]?.ended).toBe(true)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('of two keys of a family', () => {
  const time = (began: number, ended: number): { read: ReadTime } => ({ read: { began, ended } })

  test('a call that read before the other was read for never ends it, and its own worker ends after it', async () => {
    const { submit, renew, workers, scheduler, outcomes } = setUp()
    submit('old', 'a', { family: 'f', ...time(1, 2) })
    await settle()
    workers[0]?.reply()
    await settle()
    expect(await renew('new', 'f', time(5, 6))).toBe(true)
    // It has read what there was before the renewal, and comes only now.
    submit('old', 'late', { family: 'f', ...time(3, 4) })
    await settle()
    expect(workers.map(({ key, ended }) => [key, ended])).toEqual([
      ['old', true],
      ['new', false],
      ['old', false],
    ])
    workers[2]?.reply()
    await settle()
    expect(outcomes['late']).toMatchObject({ kind: 'reply' })
    expect(workers.map(({ ended }) => ended)).toEqual([true, false, true])
    expect(scheduler.stats()).toMatchObject({ processes: 1, idle: 1 })
  })

  test('neither ends the other where they were read at the same time; a call that reads after both does', async () => {
    const { submit, renew, workers } = setUp()
    submit('one', 'a', { family: 'f', ...time(1, 4) })
    await settle()
    workers[0]?.reply()
    await settle()
    submit('two', 'b', { family: 'f', ...time(3, 5) })
    await settle()
    workers[1]?.reply()
    await settle()
    expect(workers.map(({ ended }) => ended)).toEqual([false, false])
    // A renewal that read at the same time tells that it does not know; one that reads again does.
    expect(await renew('two', 'f', time(2, 6))).toBe(false)
    expect(workers.map(({ ended }) => ended)).toEqual([false, false])
    submit('two', 'c', { family: 'f', ...time(6, 7) })
    await settle()
    expect(workers.map(({ ended }) => ended)).toEqual([true, false])
  })

  test('a renewal makes nothing ready where what it read is the older', async () => {
    const { submit, renew, workers } = setUp()
    submit('new', 'a', { family: 'f', ...time(5, 6) })
    await settle()
    workers[0]?.reply()
    await settle()
    expect(await renew('old', 'f', time(3, 4))).toBe(true)
    expect(workers.map(({ key, ended }) => [key, ended])).toEqual([['new', false]])
  })

  test('what a worker was last read for counts, not what it was started with', async () => {
    const { submit, workers } = setUp()
    submit('one', 'a', { family: 'f', ...time(1, 2) })
    await settle()
    workers[0]?.reply()
    await settle()
    submit('one', 'b', { family: 'f', ...time(7, 8) })
    await settle()
    workers[0]?.reply()
    await settle()
    // A call that had read before it comes after it, and takes nothing back.
    submit('one', 'c', { family: 'f', ...time(1, 3) })
    await settle()
    workers[0]?.reply()
    await settle()
    submit('two', 'd', { family: 'f', ...time(4, 5) })
    await settle()
    expect(workers.map(({ ended }) => ended)).toEqual([false, false])
    workers[1]?.reply()
    await settle()
    expect(workers.map(({ key, ended }) => [key, ended])).toEqual([
      ['one', false],
      ['two', true],
    ])
  })
})
