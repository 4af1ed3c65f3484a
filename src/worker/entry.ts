/**
 * What runs in a child: Tinypool imports this file and hands it its key, environment and module, which it imports,
 * as a task. Calls of the functions that the module registered then come over the channel, one at a time.
 */
import { ChildProcess } from 'node:child_process'
import { becomeUser } from './confinement.ts'
import { putEnvironmentBack, setEnvironment, type Variables } from './environment.ts'
import { importGuarded, MainModuleReached } from './import-guard.ts'
import { isUnreadTypeScript, lacksLoader } from './loader.ts'
import {
  type CallReply,
  type CallTask,
  type InitReply,
  type InitTask,
  isMessage,
  REHEARSAL_ID,
  type RehearseTask,
  type ReplyMessage,
  WORKER_MARKER,
} from './protocol.ts'
import { findRegistration } from './origin.ts'
import { decodePayload, encodePayload } from './payload.ts'
import { becomeChild, type CurrentCall, currentCall, secretsByName, withinCall } from './table.ts'
import { encodeThrown } from './thrown.ts'

// What the user's code may replace is taken before it runs.
const kill = process.kill.bind(process, process.pid)
const send = process.send?.bind(process) as ((message: ReplyMessage, sent: () => void) => void) | undefined
const outputs = [process.stdout, process.stderr].map((stream) => {
  return { stream, write: stream.write.bind(stream), uncork: stream.uncork.bind(stream) }
})
const state = becomeChild()
let assigned: { key: string; variables: Variables; secrets: CurrentCall['secrets'] } | undefined
/** The end of the call that runs, by order of the host; its signal is made when somebody asks for it. */
let running: { aborted: boolean; controller: AbortController | undefined } | undefined
let spawned = false

// A host that is gone reads no more: nothing in here may go on with its secrets.
process.on('disconnect', () => kill('SIGKILL'))
// A terminal and a service manager send these to every process of the host's; what becomes of this one is its decision.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined)
// Without a listener, SIGUSR1 opens an inspector.
process.on('SIGUSR1', () => undefined)
process.on('message', (message) => {
  if (isMessage(message, 'call')) {
    answer(message.id, message.task).catch(() => kill('SIGKILL'))
  } else if (isMessage(message, 'abort') && running !== undefined) {
    running.aborted = true
    running.controller?.abort()
  }
})
const putListenersBack = keepListeners(['message', 'disconnect', 'SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'])

/** Runs one task. */
export default async function run(task: RehearseTask | InitTask): Promise<InitReply> {
  return task.kind === 'init' ? init(task) : rehearse()
}

/**
 * Goes through all that a first call goes through, with nothing in it, and forgets it: a call that is waited for should
 * not be the first to run any code. This is also where a spare imports the package itself.
 */
async function rehearse(): Promise<InitReply> {
  const name = 'rehearsal'
  const module = new URL('rehearsal.js', import.meta.url).href
  const variables = Object.freeze({ ...process.env } as Variables)
  assigned = { key: name, variables, secrets: secretsByName({}, {}) }
  try {
    await importGuarded(module, [name])
    const args = { plain: [{}] }
    await answer(REHEARSAL_ID, { key: name, name, module, origin: '', others: [], scope: name, partition: name, args })
  } finally {
    state.registrations.length = 0
    assigned = undefined
  }
  return { ok: true }
}

/** Takes the key, and imports the module. Never rejects: everything that goes wrong is a reply. */
async function init(task: InitTask): Promise<InitReply> {
  if (assigned !== undefined) throw new Error('this worker has its key already')
  assigned = {
    key: task.key,
    variables: Object.freeze({ ...task.variables }),
    secrets: secretsByName(task.variables, task.secrets),
  }
  setEnvironment(assigned.variables)
  markChildren(task.marker)
  if (task.user !== undefined) becomeUser(task.user)
  try {
    if (await lacksLoader(task.module)) return { ok: false, why: 'needs-loader' }
    await importGuarded(task.module, task.mains)
  } catch (error) {
    if (error instanceof MainModuleReached) return { ok: false, why: 'main' }
    if (isUnreadTypeScript(error)) return { ok: false, why: 'needs-loader' }
    return { ok: false, why: 'threw', thrown: encodeThrown(error), names: Object.keys(assigned.variables).sort() }
  }
  setEnvironment(assigned.variables)
  return { ok: true }
}

/** Runs a call, replies, and puts back what the function has changed of its process. */
async function answer(id: number, task: CallTask): Promise<void> {
  const reply = await call(task)
  // What was written may still be on its way to the pipe, and a fresh process is killed at its reply.
  for (const { stream, write, uncork } of outputs) {
    // A corked stream would wait for what the function has forgotten.
    while (stream.writableCorked > 0) uncork()
    if (stream.writableLength > 0) await new Promise<unknown>((resolve) => write('', resolve))
  }
  send?.({ latchkey: 'reply', id, reply }, () => undefined)
  // Nobody waits for this, and the next call is not read before it is done.
  if (assigned !== undefined && reply.fit) setEnvironment(assigned.variables)
}

async function call(task: CallTask): Promise<CallReply> {
  if (assigned?.key !== task.key) return { ok: false, why: 'wrong-key', fit: false, spawned }
  const registered = findRegistration(task, state.registrations)
  if (typeof registered === 'string') return { ok: false, why: registered, fit: true, spawned }
  let args: unknown[]
  try {
    args = decodePayload(task.args) as unknown[]
  } catch {
    // They go deeper than the stack here, though the host could write them.
    return { ok: false, why: 'arguments-not-cloneable', ...fitness() }
  }
  const { name, scope, partition } = task
  const end: typeof running = { aborted: false, controller: undefined }
  running = end
  const signal = (): AbortSignal => {
    end.controller ??= new AbortController()
    if (end.aborted) end.controller.abort()
    return end.controller.signal
  }
  let value: unknown
  try {
    value = await withinCall(currentCall({ name, scope, partition, secrets: assigned.secrets }, signal), () => {
      return Reflect.apply<unknown, unknown[], unknown>(registered.fn, registered.self, args)
    })
  } catch (error) {
    const thrown = encodeThrown(error)
    return { ok: false, why: 'threw', thrown, ...fitness() }
  }
  try {
    return { ok: true, value: encodePayload(value), ...fitness() }
  } catch {
    // Whatever the serializer says of the value quotes it.
    return { ok: false, why: 'not-cloneable', ...fitness() }
  }
}

/** Tells whether the next call can be served here. */
function fitness(): { fit: boolean; spawned: boolean } {
  try {
    putEnvironmentBack()
    putListenersBack()
    return { fit: process.connected, spawned }
  } catch {
    // The function put something in the place of process.env that cannot be replaced.
    return { fit: false, spawned }
  }
}

/** Gives every process that this one starts a variable by which it is found when the worker ends. */
function markChildren(marker: string): void {
  const prototype = ChildProcess.prototype as unknown as { spawn(options: { envPairs?: string[] }): unknown }
  const { spawn } = prototype
  prototype.spawn = function (options) {
    spawned = true
    return spawn.call(this, { ...options, envPairs: [...(options.envPairs ?? []), `${WORKER_MARKER}=${marker}`] })
  }
}

/**
 * Keeps the listeners that are there now when somebody calls `process.removeAllListeners`.
 *
 * @returns what puts back those that were removed in another way.
 */
function keepListeners(events: readonly string[]): () => void {
  const on = process.on.bind(process) as (event: string, listener: () => void) => unknown
  const listeners = process.listeners.bind(process) as (event: string) => (() => void)[]
  const removeAllListeners = process.removeAllListeners.bind(process)
  const kept = events.map((event) => ({ event, before: listeners(event) }))
  const putBack = (): void => {
    for (const { event, before } of kept) {
      const now = listeners(event)
      for (const listener of before) if (!now.includes(listener)) on(event, listener)
    }
  }
  process.removeAllListeners = (event) => {
    removeAllListeners(event)
    putBack()
    return process
  }
  return putBack
}
