import { AsyncLocalStorage } from 'node:async_hooks'
import { channel, subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import {
  type CallEvent,
  CallError,
  createRegistry,
  defineSecret,
  memoryStore,
  type SecretReadEvent,
  type SecretStore,
  StoreError,
  type WorkerEvent,
} from 'latchkey'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import * as fixture from '../fixtures/registry/functions.mjs'
import { startHost } from '../helpers/host.ts'
import { until } from '../helpers/processes.ts'
import { rejection } from '../helpers/thrown.ts'

const { registry, store } = fixture
const EVENTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const
const calls: { event: string; record: CallEvent; was: CallEvent }[] = []
const reads: SecretReadEvent[] = []
const workers: WorkerEvent[] = []

const onCall = Object.fromEntries(
  EVENTS.map((event) => [
    event,
    (record: unknown) => calls.push({ event, record: record as CallEvent, was: { ...(record as CallEvent) } }),
  ]),
)
const onRead = (record: unknown) => reads.push(record as SecretReadEvent)
const onWorker = (record: unknown) => workers.push(record as WorkerEvent)

beforeEach(() => {
  for (const event of EVENTS) subscribe(`tracing:latchkey:call:${event}`, onCall[event]!)
  subscribe('latchkey:secret:read', onRead)
  subscribe('latchkey:worker', onWorker)
})
afterEach(() => {
  for (const event of EVENTS) unsubscribe(`tracing:latchkey:call:${event}`, onCall[event]!)
  unsubscribe('latchkey:secret:read', onRead)
  unsubscribe('latchkey:worker', onWorker)
  for (const list of [calls, reads, workers]) list.length = 0
})
afterAll(() => registry.close())

const ms = expect.any(Number) as number
const VERSION = expect.any(String) as string

describe('latchkey:call', () => {
  test('tells start, end, asyncStart and asyncEnd of a call with one record, filled in as things are known', async () => {
    const before = performance.now()
    const { pid } = await fixture.tokens.with({ partition: 'p' })()
    const took = performance.now() - before
    const known = { function: 'tokens', scope: 'default', partition: 'p', isolation: 'warm', attempts: 1 }
    const later = {
      secrets: undefined,
      workerPid: undefined,
      waitedMs: undefined,
      durationMs: undefined,
      outcome: undefined,
    }
    const secrets = [{ name: 'gh', scope: 'default', version: VERSION }]
    const end = { ...known, secrets, workerPid: pid, waitedMs: ms, durationMs: ms, outcome: 'ok' }
    expect(calls.map(({ event, was }) => ({ event, ...was }))).toEqual([
      { event: 'start', ...known, ...later },
      { event: 'end', ...known, ...later },
      { event: 'asyncStart', ...end },
      { event: 'asyncEnd', ...end },
    ])
    expect(new Set(calls.map(({ record }) => record)).size).toBe(1)
    const { record } = calls[0]!
    expect(record.durationMs).toBeGreaterThanOrEqual(record.waitedMs!)
    expect(record.durationMs).toBeLessThanOrEqual(took)
    const read = reads.find(({ function: of }) => of === 'tokens')
    expect(read?.durationMs).toBeLessThanOrEqual(took)
  })

  test.each<[string, () => Promise<unknown>]>([
    ['FUNCTION_FAILED', () => fixture.fails()],
    ['FUNCTION_FAILED', () => fixture.fails.with({ isolation: 'inline' })()],
    ['CALL_TIMEOUT', () => fixture.hangs.with({ timeoutMs: 300 })()],
    ['ABORTED', () => fixture.hangs.with({ signal: AbortSignal.abort() })()],
    ['MISSING_SECRETS', () => fixture.tokens.with({ scope: 'none' })()],
    ['INVALID_INPUT', () => fixture.echo({ n: 'x' })],
    ['RESULT_REFUSED', () => fixture.kept()],
    ['NOT_CLONEABLE', () => fixture.callable()],
  ])('tells that a call failed: %s', async (outcome, call) => {
    await rejection(call())
    expect(calls.map(({ event }) => event)).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd'])
    expect(calls.map(({ was }) => was.outcome).slice(2)).toEqual([outcome, outcome, outcome])
  })

  test('never tells a result, an error, or a code that is not of the library', async () => {
    await fixture.tokens()
    await rejection(fixture.fails())
    const failing = (error: unknown): SecretStore => ({
      ...memoryStore(),
      getMany: () => {
        throw error
      },
    })
    for (const error of [
      new StoreError('child-token-12345' as 'DENIED', 'x'),
      new CallError({ name: 'x', message: 'x', code: 'child-token-12345' }),
      Object.assign(new Error('child-token-12345'), { code: 'child-token-12345' }),
    ]) {
      const other = createRegistry({ store: failing(error), missing: 'defer' })
      await rejection(other.register({ name: 'f', secrets: ['gh'], module: import.meta.url })(() => 1)())
      await other.close()
    }
    expect(calls).toHaveLength(4 + 5 * 4)
    expect(JSON.stringify([calls, reads, workers])).not.toContain('child-token-12345')
  })

  const trap = () => {
    throw new Error('a trap')
  }
  test.each<[string, () => unknown]>([
    ['null', () => null],
    ['undefined', () => undefined],
    ['a string', () => 'text'],
    ['a symbol', () => Symbol('thrown')],
    ['an object with a getter that throws', () => Object.defineProperty({}, 'code', { get: trap })],
    ['a proxy whose traps throw', () => new Proxy({}, { get: trap, has: trap, getPrototypeOf: trap })],
  ])('tells FAILED where isAuthError throws, and the call rejects with what it threw: %s', async (_what, make) => {
    const thrown = make()
    const isAuthError = () => {
      throw thrown
    }
    const call = fixture.fails.with({ isolation: 'inline', isAuthError })()
    // A promise asks what it is given for a `then`, which the proxy refuses.
    const isThrown = call.then(
      () => false,
      (error: unknown) => error === thrown,
    )
    expect(await isThrown).toBe(true)
    expect(calls.map(({ event, was }) => [event, was.outcome])).toEqual([
      ['start', undefined],
      ['end', undefined],
      ['error', 'FAILED'],
      ['asyncStart', 'FAILED'],
      ['asyncEnd', 'FAILED'],
    ])
  })

  test('gives stores that are bound to it to everything that the call runs in this process', async () => {
    const local = new AsyncLocalStorage<CallEvent>()
    const channels = tracingChannel<CallEvent, CallEvent>('latchkey:call')
    channels.start.bindStore(local, (record) => record)
    const seen: (CallEvent | undefined)[] = []
    const inline = registry.register({ name: 'inline_store', isolation: 'inline' })(() => seen.push(local.getStore()))
    await inline()
    channels.start.unbindStore(local)
    expect(seen).toEqual([calls[0]?.record])
  })

  test('a call of a registry that has been closed is told as well', async () => {
    const closed = createRegistry({ store })
    await closed.close()
    await rejection(closed.register({ name: 'late', module: import.meta.url })(() => 1)())
    expect(calls.at(-1)?.was).toMatchObject({ function: 'late', outcome: 'REGISTRY_CLOSED', secrets: undefined })
  })
})

describe('latchkey:secret:read', () => {
  test('tells one batch per call and store, with every secret once and its version', async () => {
    const platform = memoryStore()
    await platform.set('shared', { SHARED: 'x' }, { scope: 'platform' })
    const tenant = memoryStore()
    await tenant.set('own', { OWN: 'x' }, { scope: 'acme' })
    const both = createRegistry({ store: (scope) => (scope === 'platform' ? platform : tenant), missing: 'defer' })
    const secrets = [
      'own',
      { name: 'absent', optional: true },
      { name: 'shared', scope: 'platform', keys: ['SHARED'] },
      { name: 'shared', scope: 'platform', keys: ['SHARED'], prefix: 'X_' },
    ]
    const call = both.register({ name: 'both', secrets, isolation: 'inline', module: import.meta.url })(() => 1)
    await call.with({ scope: 'acme', partition: 'p' })()
    await both.close()
    const of = { function: 'both', scope: 'acme', partition: 'p', purpose: 'call', durationMs: ms, outcome: 'ok' }
    const version = (await platform.get('shared', { scope: 'platform' }))?.version
    expect(reads).toHaveLength(2)
    expect(reads).toContainEqual({ ...of, secrets: [{ name: 'shared', scope: 'platform', version }] })
    expect(reads).toContainEqual({
      ...of,
      secrets: [
        { name: 'absent', scope: 'acme', version: undefined },
        { name: 'own', scope: 'acme', version: VERSION },
      ],
    })
  })

  test('tells that a store could not answer, with its code', async () => {
    const failing = { ...memoryStore(), getMany: () => Promise.reject(new StoreError('DENIED', 'no')) }
    const other = createRegistry({ store: failing, missing: 'defer' })
    await rejection(other.register({ name: 'f', secrets: ['gh'], module: import.meta.url })(() => 1)())
    expect(reads).toEqual([
      {
        ...{
          function: 'f',
          scope: 'default',
          partition: undefined,
          purpose: 'call',
          durationMs: ms,
          outcome: 'DENIED',
        },
        secrets: [{ name: 'gh', scope: 'default', version: undefined }],
      },
    ])
  })

  test('tells that values are read to check them by their schema', async () => {
    const typed = defineSecret('typed', { KEY: z.string() })
    const other = createRegistry({ store, missing: 'defer' })
    other.register({ name: 'f', secrets: [typed], module: import.meta.url })(() => 1)
    await other.ready()
    await other.close()
    expect(reads).toMatchObject([{ function: 'f', scope: undefined, purpose: 'check', secrets: [{ name: 'typed' }] }])
    reads.length = 0
    const both = createRegistry({ store, missing: 'defer', isolation: 'inline' })
    for (const name of ['f', 'g']) both.register({ name, secrets: [typed] })(() => 1)
    await both.check()
    // For no function by itself.
    expect(reads).toMatchObject([{ function: undefined, purpose: 'check', secrets: [{ name: 'typed' }] }])
  })
})

describe('latchkey:worker', () => {
  const of = (pid: number) => workers.filter((event) => event.pid === pid)
  const ended = (pid: number) => of(pid).find((event) => event.event === 'ended')

  test('tells start, each call, and end of a process', async () => {
    const scope = 'told'
    await store.set('gh', { TOKEN: 'a-token', USER_NAME: 'u' }, { scope })
    const other = createRegistry({ store, onLog: false, pool: { spares: 0 } })
    const module = new URL('../fixtures/registry/functions.mjs', import.meta.url)
    const call = other.register({ name: 'tokens', secrets: ['gh'], module })((): { pid: number } => ({ pid: 0 }))
    const { pid } = await call.with({ scope, partition: 'p' })()
    await call.with({ scope, partition: 'p' })()
    await other.close()
    const assigned = { event: 'assigned', pid, function: 'tokens', scope, partition: 'p' }
    const exit = { exitCode: undefined, signal: 'SIGKILL', startError: undefined }
    expect(of(pid)).toEqual([
      { event: 'started', pid },
      { ...assigned, first: true },
      { ...assigned, first: false },
      { event: 'ended', pid, reason: 'closed', ...exit, calls: 2, durationMs: ms },
    ])
  })

  test.each<[string, () => Promise<unknown>]>([
    ['done', () => fixture.pid.with({ isolation: 'call' })()],
    ['cancelled', () => cancelledCall()],
  ])('tells why a process ended: %s', async (reason, run) => {
    await run()
    const { pid } = workers.find(({ event }) => event === 'assigned')!
    await until(() => ended(pid!) !== undefined)
    expect(ended(pid!)).toMatchObject({ reason, calls: 1 })
  })

  test('lets a call be given up while it is given its process, which ends', async () => {
    // A process that waits for its next call gets it at once.
    const pid = await fixture.pid.with({ partition: 'given up' })()
    const controller = new AbortController()
    const giveUp = (event: unknown): void => {
      if ((event as WorkerEvent).event === 'assigned') controller.abort('given up')
    }
    subscribe('latchkey:worker', giveUp)
    const call = fixture.hangs.with({ partition: 'given up', signal: controller.signal })()
    expect(await rejection(call)).toBe('given up')
    unsubscribe('latchkey:worker', giveUp)
    await until(() => ended(pid) !== undefined)
    expect(ended(pid)).toMatchObject({ reason: 'cancelled' })
  })

  test('tells that a process is ended because a secret has a newer version', async () => {
    const scope = 'newer'
    await store.set('gh', { TOKEN: 'first', USER_NAME: 'u' }, { scope })
    const { pid } = await fixture.tokens.with({ scope })()
    await store.set('gh', { TOKEN: 'second', USER_NAME: 'u' }, { scope })
    await fixture.tokens.with({ scope })()
    await until(() => ended(pid) !== undefined)
    expect(ended(pid)).toMatchObject({ reason: 'outdated' })
  })
})

/** A call that is given up when its function runs: before that its process would have been given none. */
async function cancelledCall(): Promise<unknown> {
  const controller = new AbortController()
  const call = rejection(fixture.hangs.with({ isolation: 'call', signal: controller.signal })('runs'))
  await new Promise<void>((resolve) => {
    fixture.output.on('line', ({ line }) => {
      if (line === 'runs') resolve()
    })
  })
  controller.abort()
  return call
}

test('a subscriber that throws breaks no call: Node reports it as an uncaught exception of its own', async () => {
  const program = `
    import { channel, subscribe } from 'node:diagnostics_channel'
    import { registry, pid } from '../registry/functions.mjs'
    let uncaught = 0
    process.on('uncaughtException', (error) => { if (error.message === 'of a subscriber') uncaught++ })
    const names = ['start', 'end', 'asyncStart', 'asyncEnd'].map((event) => 'tracing:latchkey:call:' + event)
    for (const name of [...names, 'latchkey:worker']) subscribe(name, () => { throw new Error('of a subscriber') })
    const result = await pid()
    await registry.close()
    console.log('result', typeof result, uncaught > 4)`
  const { stdout } = await startHost(['--input-type=module', '-e', program]).ended
  expect(stdout).toBe('result number true')
})

test('without subscribers nothing is made: a call goes on as it was', async () => {
  for (const event of EVENTS) unsubscribe(`tracing:latchkey:call:${event}`, onCall[event]!)
  unsubscribe('latchkey:secret:read', onRead)
  unsubscribe('latchkey:worker', onWorker)
  expect(channel('latchkey:worker').hasSubscribers).toBe(false)
  expect(await fixture.pid()).toBeGreaterThan(0)
  expect([calls, reads, workers]).toEqual([[], [], []])
})
