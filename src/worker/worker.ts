/** One worker: one child process, started and spoken to through a Tinypool of size one. */
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Tinypool } from 'tinypool'
import type { Variables } from './environment.ts'
import { deferred } from './deferred.ts'
import { readLines } from './output.ts'
import { directChildren, killProcess, markedProcesses } from './processes.ts'
import {
  type AbortMessage,
  type CallMessage,
  type CallReply,
  type CallTask,
  type InitReply,
  type InitTask,
  isMessage,
  isReply,
  REHEARSAL_ID,
  type RehearseTask,
} from './protocol.ts'
import { endWithHost } from './table.ts'

/** How a child ended. */
export interface WorkerExit {
  readonly exitCode: number | undefined
  readonly signal: string | undefined
  /** The system's code where the process could not even be started, e.g. `EAGAIN`. */
  readonly startError: string | undefined
}

/** What to start a worker with. */
export interface WorkerOptions {
  /** The file of the worker entry. */
  readonly entry: string
  readonly env: Variables
  readonly execArgv: readonly string[]
  /** Gets every line that the child writes. */
  readonly onLine: (stream: 'stdout' | 'stderr', line: string) => void
}

/** One child process. It runs one task at a time; what ends it settles the task. */
export interface Worker {
  /** The child's process id; `undefined` if it could not be started. */
  readonly pid: number | undefined
  /** Resolves when the child can take tasks; an exit before that leaves it pending. */
  readonly ready: Promise<unknown>
  /** Resolves when the child is gone, however it came to that. Never rejects. */
  readonly exited: Promise<WorkerExit>
  /** Gives the child its key, environment and module. */
  init(task: Omit<InitTask, 'kind' | 'marker'>): Promise<InitReply | undefined>
  /** Runs one call; `undefined` if the child ended or answered something that is no reply. */
  call(task: CallTask): Promise<CallReply | undefined>
  /** True if the last call never reached the child, because it was gone already: nothing of it can have run. */
  undelivered(): boolean
  /** Aborts the `signal` of the call that runs. */
  abort(): void
  /** Kills the child and what it has started. Resolves when they are gone and the output is read. */
  end(): Promise<void>
}

/** The largest delay of a timer: Tinypool must never retire a worker by itself. */
const NEVER_MS = 2 ** 31 - 1
/** How long output may go on after the child's exit: a process that the child left behind may hold the pipe. */
const OUTPUT_GRACE_MS = 250

/** Starts a child. Does not throw: a start that fails is an exit. */
export function startWorker(options: WorkerOptions): Worker {
  const started = startPool(options)
  if ('startError' in started) return unstarted(started.startError)
  const { pool, child } = started
  const marker = randomBytes(16).toString('hex')
  const ready = deferred<undefined>()
  const exited = deferred<WorkerExit>()
  /** Settles what the child was asked last. */
  let settle: ((reply: unknown) => void) | undefined
  let alive = true
  let keyed = false
  let rehearsal: Promise<unknown> | undefined
  let mayHaveSpawned = false
  let calls = 0
  /** Whether the last call was written to the channel. */
  let sent = false
  let ending: Promise<void> | undefined
  const leaveHost = endWithHost(child)
  let left: Promise<void> | undefined

  function exit(exitCode: number | null, signal: string | null, startError?: string): void {
    if (!alive) return
    alive = false
    left = leaveHost()
    settle?.(undefined)
    exited.resolve({ exitCode: exitCode ?? undefined, signal: signal ?? undefined, startError })
    // Tinypool still holds its ports and what it was asked; nothing is left for it to wait for.
    void pool.destroy().catch(ignoreEndedPool)
    // It waits for the exit of what never started, too.
    if (child.pid === undefined) child.emit('exit', null, null)
  }
  child.prependListener('exit', exit)
  child.prependListener('error', (error: NodeJS.ErrnoException) => {
    if (child.pid === undefined) exit(null, null, error.code ?? 'UNKNOWN')
    // The child has closed its end of the channel: its exit is about to tell how.
    else if (error.code === 'EPIPE' || error.code === 'ERR_IPC_CHANNEL_CLOSED') sent = false
  })
  child.on('message', (message: unknown) => {
    if (isMessage(message, 'reply')) {
      if (message.id === calls && message.id !== REHEARSAL_ID) settle?.(message.reply)
      return
    }
    const { ready: isReady, source } = (message ?? {}) as { ready?: unknown; source?: unknown }
    if (isReady !== true || source !== 'pool') return
    ready.resolve(undefined)
    // A worker that is waited for is given its key in this turn.
    setImmediate(rehearse)
  })
  const outputRead = readOutput(child, options.onLine)

  /** Nobody waits for a spare: what a first call runs is run once beforehand. What fails here fails again there. */
  function rehearse(): void {
    if (alive && !keyed) rehearsal = ask({ kind: 'rehearse' })
  }

  /** Runs a task of Tinypool's. Its words for a child that ended, or for a reply that the child forged, are no reply. */
  function ask(task: RehearseTask | InitTask): Promise<unknown> {
    return pool.run(task).catch(() => undefined)
  }

  /** Settles with the reply to what `send` sends, or with `undefined` when the child ends: Tinypool would wait for ever. */
  function reply<Reply extends InitReply | CallReply>(send: () => void): Promise<Reply | undefined> {
    if (!alive) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      settle = (answer) => {
        settle = undefined
        resolve(isReply(answer) ? (answer as Reply) : undefined)
      }
      send()
    })
  }

  async function endChild(): Promise<void> {
    child.ref()
    const { pid } = child
    const below = new Set(alive && pid !== undefined ? directChildren(pid) : [])
    if (alive) {
      child.kill('SIGKILL')
      await exited.promise
    }
    if (mayHaveSpawned || below.size > 0) for (const found of await markedProcesses(marker)) below.add(found)
    for (const found of below) killProcess(found)
    await outputRead
    await left
  }

  return {
    pid: child.pid,
    ready: ready.promise,
    exited: exited.promise,
    init(task) {
      keyed = true
      mayHaveSpawned = true
      return reply<InitReply>(() => {
        const begin = (): Promise<unknown> => ask({ ...task, kind: 'init', marker })
        void (rehearsal?.then(begin) ?? begin()).then((answer) => settle?.(answer))
      })
    },
    async call(task) {
      sent = false
      mayHaveSpawned = true
      const answer = await reply<CallReply>(() => {
        const message: CallMessage = { latchkey: 'call', id: ++calls, task }
        sent = true
        child.send(message)
      })
      // Only the child knows, and only a child that still speaks can tell.
      if (answer !== undefined) mayHaveSpawned = answer.spawned
      return answer
    },
    undelivered: () => !sent,
    abort() {
      const message: AbortMessage = { latchkey: 'abort' }
      if (alive && child.connected) child.send(message, () => undefined)
    },
    end: () => (ending ??= endChild()),
  }
}

/** A worker whose child never was. */
function unstarted(startError: string): Worker {
  const gone = { exitCode: undefined, signal: undefined, startError }
  return {
    pid: undefined,
    ready: new Promise(() => undefined),
    exited: Promise.resolve(gone),
    init: () => Promise.resolve(undefined),
    call: () => Promise.resolve(undefined),
    undelivered: () => true,
    abort: () => undefined,
    end: () => Promise.resolve(),
  }
}

/** Starts a Tinypool of one child and takes over what it would do wrong by itself. */
function startPool(options: WorkerOptions): { pool: Tinypool; child: ChildProcess } | { startError: string } {
  const streams = [process.stdout, process.stderr]
  const limits = streams.map((stream) => stream.getMaxListeners())
  const restoreLimits = (): void => {
    streams.forEach((stream, index) => stream.setMaxListeners(limits[index] ?? 10))
  }
  const made = makePool(options)
  restoreLimits()
  if (!(made instanceof Tinypool)) return made
  const pool = made
  // A worker that ends must not be replaced: it would be a process that nobody knows of.
  pool.options.minThreads = 0
  // What a worker's end means is for its owner to say; without a listener it would end the host.
  pool.on('error', () => undefined)
  const [thread] = pool.threads as unknown as { process: ChildProcess; onUnexpectedExit: () => void }[]
  if (thread === undefined) throw new Error('Tinypool started no worker')
  thread.process.off('exit', thread.onUnexpectedExit)
  streams.forEach((stream, index) => {
    thread.process[index === 0 ? 'stdout' : 'stderr']?.unpipe(stream)
  })
  // Nobody writes to it: a function that reads its input, or has a program read it, finds the end at once.
  thread.process.stdin?.destroy()
  return { pool, child: thread.process }
}

/**
 * Makes the Tinypool. A system that is out of descriptors gives Node a child without a channel, at which Tinypool would
 * throw with its ports open, before it listens for the error that follows: the host would end, or never end.
 */
function makePool({ entry, env, execArgv }: WorkerOptions): Tinypool | { startError: string } {
  const onChild = (message: unknown): void => {
    // A child that starts gets a channel's `send` in place of this one.
    ;(message as { process: ChildProcess }).process.send = () => false
  }
  subscribe('child_process', onChild)
  try {
    return new Tinypool({
      runtime: 'child_process',
      filename: entry,
      minThreads: 1,
      maxThreads: 1,
      maxQueue: 0,
      concurrentTasksPerWorker: 1,
      idleTimeout: NEVER_MS,
      useAtomics: false,
      serialization: 'advanced',
      env: { ...env },
      execArgv: [...execArgv],
      argv: [],
    })
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (typeof code !== 'string') throw error
    return { startError: code }
  } finally {
    unsubscribe('child_process', onChild)
  }
}

function ignoreEndedPool(error: unknown): void {
  if (!(error instanceof Error)) throw error
}

/** Reads both streams of a child; resolves when both have ended, or soon after the child's exit. */
function readOutput(child: ChildProcess, onLine: WorkerOptions['onLine']): Promise<void> {
  const ends = (['stdout', 'stderr'] as const).map((name) => {
    const stream = child[name]
    // Without descriptors there are none, whatever the types say.
    if (stream === null || (stream as unknown) === undefined) return Promise.resolve()
    readLines(stream, (line) => {
      onLine(name, line)
    })
    const closed = new Promise<void>((resolve) => stream.once('close', resolve))
    child.once('exit', () => {
      const timer = setTimeout(() => stream.destroy(), OUTPUT_GRACE_MS)
      void closed.then(() => {
        clearTimeout(timer)
      })
    })
    return closed
  })
  return Promise.all(ends).then(() => undefined)
}
