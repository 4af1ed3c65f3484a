/**
 * What runs in a child: Tinypool imports this file and hands it one task at a time. It takes its key and environment once,
 * imports the module, and then runs the functions that the module registered.
 */
import { ChildProcess } from 'node:child_process'
import { becomeUser } from './confinement.ts'
import { setEnvironment, type Variables } from './environment.ts'
import { importGuarded, MainModuleReached } from './import-guard.ts'
import { isUnreadTypeScript, lacksLoader } from './loader.ts'
import {
  ABORT_MESSAGE,
  WORKER_MARKER,
  type CallReply,
  type CallTask,
  type InitReply,
  type InitTask,
  type Task,
} from './protocol.ts'
import { decodePayload, encodePayload } from './payload.ts'
import { becomeChild, type CurrentCall, currentCall, secretsByName, withinCall } from './table.ts'
import { encodeThrown } from './thrown.ts'

// What the user's code may replace is taken before it runs.
const kill = process.kill.bind(process, process.pid)
const state = becomeChild()
let assigned: { key: string; variables: Variables; secrets: CurrentCall['secrets'] } | undefined
/** The end of the call that runs, by order of the host; its signal is made when somebody asks for it. */
let running: { aborted: boolean; controller: AbortController | undefined } | undefined
let spawned = false

// A host that is gone reads no more: nothing in here may go on with its secrets.
process.on('disconnect', () => kill('SIGKILL'))
// A terminal sends SIGINT to every process in front of it; what becomes of this one is the host's decision.
process.on('SIGINT', () => undefined)
// Without a listener, SIGUSR1 opens an inspector.
process.on('SIGUSR1', () => undefined)
process.on('message', (message) => {
  if (message !== ABORT_MESSAGE || running === undefined) return
  running.aborted = true
  running.controller?.abort()
})
const putListenersBack = keepListeners(['message', 'disconnect', 'SIGINT', 'SIGUSR1'])
await loadOwnPackage()

/** Runs one task. Never rejects: everything that goes wrong is a reply. */
export default async function run(task: Task): Promise<InitReply | CallReply> {
  return task.kind === 'init' ? init(task) : call(task)
}

/** Loads what modules import as `latchkey`, while the child is still a spare and nobody waits for it. */
async function loadOwnPackage(): Promise<void> {
  // By a name that no bundler follows: inside a child it stands for another file than in the host.
  const name = 'latchkey'
  try {
    await import(name)
  } catch (error) {
    // The entry was copied to where the package is not: then the module brings its own copy.
    if ((error as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw error
  }
}

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

async function call(task: CallTask): Promise<CallReply> {
  if (assigned?.key !== task.key) return { ok: false, why: 'wrong-key', fit: false, spawned }
  const registered = find(task)
  if (registered === undefined) return { ok: false, why: 'not-registered', fit: true, spawned }
  const args = decodePayload(task.args) as unknown[]
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
    return { ok: false, why: 'threw', thrown, ...after(assigned.variables) }
  }
  try {
    return { ok: true, value: encodePayload(value), ...after(assigned.variables) }
  } catch {
    // Whatever the serializer says of the value quotes it.
    return { ok: false, why: 'not-cloneable', ...after(assigned.variables) }
  }
}

/** Puts back what a function has changed of its process, and tells whether the next call can be served here. */
function after(variables: Variables): { fit: boolean; spawned: boolean } {
  try {
    setEnvironment(variables)
    putListenersBack()
    return { fit: process.connected, spawned }
  } catch {
    // The function put something in the place of process.env that cannot be replaced.
    return { fit: false, spawned }
  }
}

function find(task: CallTask): (typeof state.registrations)[number] | undefined {
  const named = state.registrations.filter(({ name, module }) => name === task.name && module === task.module)
  if (named.length <= 1) return named[0]
  return named.find(({ registry }) => registry === task.registry) ?? named[0]
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
