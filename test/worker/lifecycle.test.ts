import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setMaxListeners } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRegistry, isLatchkeyError, type Registry, WorkerError, type WorkerEvent } from 'latchkey'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import * as fixture from '../fixtures/worker/functions.mjs'
import { childrenOf, isAlive, until } from '../helpers/processes.ts'

const { lines, pid } = fixture

beforeEach(() => {
  lines.length = 0
})
afterAll(async () => {
  await fixture.registry.close()
})

async function failure(call: Promise<unknown>): Promise<unknown> {
  try {
    await call
  } catch (error) {
    return error
  }
  throw new Error('the call did not fail')
}

/** What a call that was given up has failed with by the next turn: before anything could have been heard of its child. */
async function atOnce(pending: Promise<unknown>): Promise<unknown> {
  return Promise.race([pending, new Promise((resolve) => setImmediate(resolve, 'not yet'))])
}

async function printed(text: string): Promise<void> {
  await until(() => lines.some(({ line }) => line === text))
}

describe('a child that ends in the middle of a call', () => {
  test.each([
    ['process.exit(7)', () => fixture.exit(7), { exitCode: 7 }],
    ['process.abort()', () => fixture.abort(), { signal: 'SIGABRT' }],
    ['SIGKILL', () => fixture.killSelf('SIGKILL'), { signal: 'SIGKILL' }],
    ['SIGSEGV', () => fixture.killSelf('SIGSEGV'), { signal: 'SIGSEGV' }],
    ['an unhandled rejection', () => fixture.rejectUnhandled(), { exitCode: 1 }],
    ['process.disconnect()', () => fixture.disconnect(), { signal: 'SIGKILL' }],
  ])('by %s rejects the call with what ended it, and the next call is served', async (_by, call, how) => {
    const error = await failure(call())
    expect(error).toBeInstanceOf(WorkerError)
    expect(error).toMatchObject({ code: 'WORKER_CRASHED', ...how })
    expect(isAlive(await pid())).toBe(true)
  })

  test('by running out of memory rejects the call, and the next call is served', async () => {
    const small = createRegistry({ store: fixture.store, pool: { maxOldSpaceMb: 32 }, onLog: false })
    const call = small.register({
      name: 'exhaust_memory',
      secrets: ['api'],
      module: new URL('../fixtures/worker/functions.mjs', import.meta.url),
    })(() => Promise.resolve())
    const error = await failure(call())
    expect(error).toMatchObject({ code: 'WORKER_CRASHED' })
    expect(await pid()).toBeGreaterThan(0)
    await small.close()
  })

  test('takes only its own call down: the calls of other children and the queue go on', async () => {
    const calls = await Promise.allSettled([
      ...Array.from({ length: 20 }, () => pid()),
      fixture.exit(1),
      ...Array.from({ length: 20 }, () => pid()),
    ])
    expect(calls.filter(({ status }) => status === 'rejected')).toHaveLength(1)
  })

  test('while it is idle harms nobody', async () => {
    const gone = await pid()
    process.kill(gone, 'SIGKILL')
    // Reaped, so that this process has been told.
    await until(() => !existsSync(`/proc/${gone}`))
    expect(await pid()).not.toBe(gone)
  })
})

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'])(
  '%s, which reaches a child with its host, is left to the host',
  async (signal) => {
    const registry = createRegistry({ store: fixture.store, pool: { maxProcesses: 1, spares: 0 }, onLog: false })
    const module = new URL('../fixtures/worker/functions.mjs', import.meta.url)
    const own = registry.register({ name: 'pid', secrets: ['api'], module })(() => Promise.resolve(0))
    const child = await own()
    // What it would end by is there before the next call is.
    process.kill(child, signal)
    expect(await own()).toBe(child)
    await registry.close()
  },
)

describe('a child whose messages its code tampers with', () => {
  test('serves the next call after removeAllListeners()', async () => {
    const first = await fixture.removeListeners()
    expect(await pid()).toBe(first)
  })

  test('serves the next call after process.send was replaced', async () => {
    const first = await fixture.replaceSend()
    expect(await pid()).toBe(first)
  })

  const ours = { fit: true, spawned: false }
  test.each([
    ['no reply at all', 'just text', 'fulfilled'],
    ['null', null, 'fulfilled'],
    ['a reply to another call', { latchkey: 'reply', id: 987_654, reply: { ok: true } }, 'fulfilled'],
    ['a reply to no call', { latchkey: 'reply', id: 0, reply: { ok: true } }, 'fulfilled'],
    [
      'a reply of its own',
      { latchkey: 'reply', id: 1, reply: { ...ours, ok: true, value: { plain: 1 } } },
      'fulfilled',
    ],
    ['a reply that is none', { latchkey: 'reply', id: 1, reply: 'no' }, 'WORKER_PROTOCOL'],
    ['a reply without a reply', { latchkey: 'reply', id: 1 }, 'WORKER_PROTOCOL'],
    ['a failure without an error', { latchkey: 'reply', id: 1, reply: { ok: false, why: 'threw' } }, 'WORKER_PROTOCOL'],
    [
      'bytes that are no value',
      { latchkey: 'reply', id: 1, reply: { ok: true, value: { bytes: 7 } } },
      'WORKER_PROTOCOL',
    ],
    ['an abort', { latchkey: 'abort' }, 'fulfilled'],
    [
      'a reply to a task',
      { __tinypool_worker_message__: true, source: 'port', taskId: 987_654, result: 1 },
      'fulfilled',
    ],
    // Tinypool ends its worker at that, as soon as it can.
    ['a message for the pool', { __tinypool_worker_message__: true, source: 'pool' }, /^(fulfilled|WORKER_CRASHED)$/],
    ['a second readiness', { __tinypool_worker_message__: true, source: 'pool', ready: true }, 'fulfilled'],
  ])('and that sends %s settles its call, and other calls are unharmed', async (_what, message, ends) => {
    const forge = fixture.forge.with({ isolation: 'call' })
    const [forged, ...others] = await Promise.allSettled([forge(message), ...Array.from({ length: 10 }, pid)])
    expect(forged.status === 'rejected' ? (forged.reason as { code: string }).code : forged.status).toMatch(ends)
    expect(others.map(({ status }) => status)).toEqual(others.map(() => 'fulfilled'))
    expect(await pid()).toBeGreaterThan(0)
  })
})

describe('a call that is given up', () => {
  const reason = { because: 'an object of the caller' }

  test.each([
    ['hang', 'hanging', () => fixture.hang],
    ['spin', 'spinning', () => fixture.spin],
    ['ignore_term', 'hanging', () => fixture.ignoreTerm],
  ])('while %s runs rejects with the same reason object at once, and its child goes', async (_name, line, of) => {
    const controller = new AbortController()
    const pending = failure(of().with({ signal: controller.signal })())
    await printed(line)
    const children = childrenOf(process.pid)
    controller.abort(reason)
    expect(await atOnce(pending)).toBe(reason)
    await until(() => children.some((child) => !isAlive(child)))
  })

  test('before it starts rejects without starting anything', async () => {
    const started = fixture.registry.stats().busy
    expect(await failure(fixture.hang.with({ signal: AbortSignal.abort(reason) })())).toBe(reason)
    expect(fixture.registry.stats().busy).toBe(started)
  })

  test.each([
    ['while its module is imported', (lines: string[]) => lines.includes('importing')],
    ['while its process starts', () => true],
  ])('%s rejects with the same reason object at once, and its child goes', async (_when, begun) => {
    const written: string[] = []
    const registry = createRegistry({
      store: fixture.store,
      pool: { spares: 0 },
      onLog: ({ line }) => written.push(line),
    })
    const module = new URL('../fixtures/worker/never-ending.mjs', import.meta.url)
    const call = registry.register({ name: 'never', secrets: ['api'], module })(() => Promise.resolve())
    const before = new Set(childrenOf(process.pid))
    const controller = new AbortController()
    const pending = failure(call.with({ signal: controller.signal })())
    const started = (): number[] => childrenOf(process.pid).filter((child) => !before.has(child))
    await until(() => started().length > 0 && begun(written))
    const children = started()
    controller.abort(reason)
    expect(await atOnce(pending)).toBe(reason)
    await until(() => children.every((child) => !isAlive(child)))
    expect(registry.stats()).toMatchObject({ processes: 0, queued: 0 })
    await registry.close()
  })

  test('in the queue leaves the queue', async () => {
    const controller = new AbortController()
    const busy = Array.from({ length: 8 }, () => fixture.hang.with({ signal: controller.signal })())
    const settled = Promise.allSettled(busy)
    await until(() => fixture.registry.stats().queued > 0)
    controller.abort(reason)
    expect((await settled).map((call) => call.status === 'rejected' && call.reason === reason)).toEqual(
      busy.map(() => true),
    )
    expect(fixture.registry.stats().queued).toBe(0)
    expect(await pid()).toBeGreaterThan(0)
  })

  test('by its time-out rejects with CALL_TIMEOUT', async () => {
    const error = await failure(fixture.hang.with({ timeoutMs: 200 })())
    expect(isLatchkeyError(error, 'CALL_TIMEOUT')).toBe(true)
  })
})

describe('a module that a child cannot import', () => {
  // Only the module that never ends is waited for in vain; a machine under load starts the others late.
  const [registry, hasty] = [300_000, 500].map((startTimeoutMs) => {
    return createRegistry({ store: fixture.store, pool: { startTimeoutMs }, onLog: false })
  }) as [Registry, Registry]
  const from = (module: string): (() => Promise<void>) =>
    (module === 'never-ending.mjs' ? hasty : registry).register({
      name: `from_${module}`,
      secrets: ['api'],
      module: new URL(`../fixtures/worker/${module}`, import.meta.url),
    })(() => Promise.resolve())
  afterAll(() => Promise.all([registry.close(), hasty.close()]))

  test.each([
    ['is missing', 'no-such-module.mjs', { code: 'MODULE_FAILED' }, /Cannot find module/],
    ['is broken', 'broken.mjs', { code: 'MODULE_FAILED' }, /SyntaxError/],
    ['throws', 'throwing.mjs', { code: 'MODULE_FAILED' }, /NEEDED is not set/],
    ['exits', 'exiting.mjs', { code: 'WORKER_START_FAILED', exitCode: 4 }, /exit code 4/],
    ['never ends', 'never-ending.mjs', { code: 'WORKER_START_TIMEOUT' }, /in time/],
    ['starts a server', 'serving.mjs', { code: 'MODULE_FAILED' }, /starts a server/],
  ])('because it %s rejects the call with what was wrong', async (_what, module, shape, message) => {
    const error = await failure(from(module)())
    expect(error).toMatchObject(shape)
    expect((error as Error).message).toMatch(message)
  })

  test('and that throws says which variables its environment has, and how to pass others on', async () => {
    const { hint } = (await failure(registry.call('from_throwing.mjs'))) as { hint: string }
    expect(hint).toContain('API_TOKEN')
    expect(hint).toContain('createRegistry({ env:')
  })
})

test('a function that reads its standard input, or has a program read it, finds the end of it at once', async () => {
  expect(await fixture.readInput.with({ partition: 'reads' })()).toBe('')
})

test('output that a function leaves corked reaches onLog, and stops neither its call nor the next one', async () => {
  const first = await fixture.cork('corked')
  expect(await fixture.cork('corked again')).toBe(first)
  const printed = (stream: string) => lines.filter((line) => line.stream === stream).map(({ line }) => line)
  await until(() => printed('stdout').length === 2 && printed('stderr').length === 2)
  expect(printed('stdout')).toEqual(['corked', 'corked again'])
  expect(printed('stderr')).toEqual(['corked', 'corked again'])
})

test('10 MB of output do not block a call, reach onLog by lines, and hold no secret', async () => {
  const line = 'x'.repeat(99)
  await fixture.print(10_000_000, line)
  await until(() => lines.some(({ line: text }) => text.startsWith('to stderr')) && lines.length >= 100_000)
  expect(lines.filter(({ stream }) => stream === 'stdout')).toHaveLength(100_000)
  expect(lines.find(({ stream }) => stream === 'stderr')).toEqual({
    function: 'print',
    scope: 'default',
    stream: 'stderr',
    line: 'to stderr: ***',
  })
})

test('an environment that a function changed is put back for the next call', async () => {
  const before = await fixture.seen()
  await fixture.drift()
  expect(await fixture.seen()).toEqual(before)
})

test('what a function has started, detached or in a session of its own, ends with its worker', async () => {
  const registry = fixture.leaveGrandchildren
  const { pids, marked } = await registry.with({ isolation: 'call' })()
  expect(marked).toEqual([])
  await until(() => pids.every((started) => !isAlive(started)))
})

test('what spawnSync has started ends with its worker', async () => {
  const controller = new AbortController()
  const pending = failure(fixture.spawnSyncForever.with({ signal: controller.signal, partition: 'sync' })())
  await printed('spawning')
  const sleeping = (): number[] => childrenOf(process.pid).flatMap(childrenOf)
  await until(() => sleeping().length > 0)
  const found = sleeping()
  controller.abort('stop')
  expect(await pending).toBe('stop')
  await until(() => found.every((started) => !isAlive(started)))
})

test('starting and killing children leaks no descriptor, listener or process', async () => {
  const registry = createRegistry({ store: fixture.store, pool: { spares: 0 }, onLog: false })
  const call = registry.register({
    name: 'pid',
    secrets: ['api'],
    isolation: 'call',
    module: new URL('../fixtures/worker/functions.mjs', import.meta.url),
  })(() => Promise.resolve(0))
  const cycles = process.env['SLOW'] === '1' ? 500 : 25
  await call()
  const counted = (): number[] => [
    readdirSync('/proc/self/fd').length,
    process.stdout.listenerCount('drain') + process.stdout.listenerCount('error'),
    process.stdout.getMaxListeners(),
    process.listenerCount('exit'),
    childrenOf(process.pid).length,
    Number(/Threads:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]),
  ]
  const before = counted()
  for (let cycle = 0; cycle < cycles; cycle++) await call()
  // The last child's pipes close after its call has been answered.
  await until(() => counted().every((count, index) => count <= (before[index] ?? 0)))
  await registry.close()
})

describe('many calls that are given up while the first processes import their module', () => {
  test.each<[string, (registry: Registry, controller: AbortController) => unknown, unknown]>([
    [
      'an abort',
      (_registry, controller) => {
        controller.abort('no more')
      },
      'no more',
    ],
    ['close()', (registry) => registry.close(), expect.objectContaining({ code: 'REGISTRY_CLOSED' })],
  ])('by %s reject at once, and no further process is started', async (_by, giveUp, why) => {
    const written: string[] = []
    const registry = createRegistry({
      store: fixture.store,
      pool: { maxProcesses: 2, spares: 0 },
      onLog: ({ line }) => written.push(line),
    })
    const module = new URL('../fixtures/worker/never-ending.mjs', import.meta.url)
    const call = registry.register({ name: 'never', secrets: ['api'], module })(() => Promise.resolve())
    const controller = new AbortController()
    setMaxListeners(0, controller.signal)
    const calls = Array.from({ length: 20 }, () => failure(call.with({ signal: controller.signal })()))
    await until(() => written.filter((line) => line === 'importing').length === 2)
    const before = new Set(childrenOf(process.pid))
    const events: WorkerEvent[] = []
    const onWorker = (event: unknown): unknown => events.push(event as WorkerEvent)
    subscribe('latchkey:worker', onWorker)
    const givenUp = giveUp(registry, controller)
    expect(await atOnce(Promise.all(calls))).toEqual(calls.map(() => why))
    expect(childrenOf(process.pid).filter((child) => !before.has(child))).toEqual([])
    await givenUp
    await registry.close()
    unsubscribe('latchkey:worker', onWorker)
    expect(events.map(({ event }) => event)).toEqual(['ended', 'ended'])
  })
})

describe('close()', () => {
  test('rejects what runs and what waits, leaves no process, and may be called again', async () => {
    const registry = createRegistry({ store: fixture.store, graceMs: 50, pool: { maxProcesses: 2 }, onLog: false })
    const hang = registry.register({
      name: 'hang',
      secrets: ['api'],
      module: new URL('../fixtures/worker/functions.mjs', import.meta.url),
    })(() => Promise.resolve())
    const calls = Array.from({ length: 6 }, () => failure(hang()))
    await until(() => registry.stats().queued === 4)
    const before = childrenOf(process.pid)
    await Promise.all([registry.close(), registry.close()])
    expect(await Promise.all(calls)).toEqual(
      calls.map(() => expect.objectContaining({ code: 'REGISTRY_CLOSED' }) as unknown),
    )
    expect(registry.stats()).toEqual({ processes: 0, spares: 0, idle: 0, busy: 0, queued: 0 })
    // Both of its own; what else this process has started goes on.
    expect(before.filter((child) => !isAlive(child)).length).toBeGreaterThanOrEqual(2)
    expect(await failure(hang())).toMatchObject({ code: 'REGISTRY_CLOSED' })
  })
})
