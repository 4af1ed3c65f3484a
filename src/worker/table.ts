/**
 * The one table that every copy of the library in a process shares, under one `Symbol.for` key: in a child, what its
 * modules registered; in a host, which children are alive, so that none outlives it; in a process that only collects,
 * which registries were made.
 */

import { AsyncLocalStorage } from 'node:async_hooks'
import type { ChildProcess } from 'node:child_process'
import { RegistrationError } from '../errors.ts'
import { type Reaper, startReaper } from './reaper.ts'

const TABLE = Symbol.for('latchkey.table')

/** A function that a module registered while a child imported it. */
export interface ChildRegistration {
  readonly name: string
  /** The URL of the module that registered it. */
  readonly module: string
  /** Where it comes from: see origin.ts. */
  readonly origin: string
  readonly fn: (...args: unknown[]) => unknown
  /** The class, for a static method. */
  readonly self: unknown
}

/** What the code of a running call may know of it: see `currentCall` in `latchkey/call`. */
export interface CurrentCall {
  /** The registered function's name. */
  readonly name: string
  readonly scope: string
  readonly partition: string | undefined
  /** Aborts when the caller gives the call up, times out, or closes the registry. */
  readonly signal: AbortSignal
  /** The call's secrets by name, each with the keys that it was given. */
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** What a child knows of itself. */
export interface ChildState {
  readonly registrations: ChildRegistration[]
}

/** What a process collects that imports modules only to learn what they register. */
export interface Collection {
  /** Of this shape: a copy of the library that knows another adds nothing. */
  readonly format: 1
  /** Every registry that was made since, by whatever copy of the library. */
  readonly registries: object[]
}

/** What all copies share. */
interface Table {
  child?: ChildState
  collection?: Collection | undefined
  /** The origins of what this host has registered, by module and name. */
  origins?: Map<string, Set<string>>
  /** The host's living children. */
  readonly children: Set<ChildProcess>
  /** There while there are children. */
  reaper: Reaper | undefined
  /** Which call the running code belongs to. */
  readonly calls: AsyncLocalStorage<CurrentCall>
  /** The end of the last inline call: the process has one environment, whatever registry a call comes from. */
  lastInline: Promise<unknown>
}

/** The table; made when first asked for. */
export function table(): Table {
  const holder = globalThis as unknown as { [TABLE]: Table | undefined }
  return (holder[TABLE] ??= {
    children: new Set(),
    reaper: undefined,
    calls: new AsyncLocalStorage(),
    lastInline: Promise.resolve(),
  })
}

/** What this process knows of itself as a child; `undefined` in a host. */
export function childState(): ChildState | undefined {
  return table().child
}

/** Makes this process a child. */
export function becomeChild(): ChildState {
  return (table().child = { registrations: [] })
}

/** What this process collects; `undefined` where registries are made to be used. */
export function collection(): Collection | undefined {
  return table().collection
}

/** Says what registries that are made from here on are added to, or, by `undefined`, that they are made to be used. */
export function setCollection(given: Collection | undefined): void {
  table().collection = given
}

/** Makes what a call's code may know of it; the signal is made when it is first asked for. */
export function currentCall(parts: Omit<CurrentCall, 'signal'>, signal: () => AbortSignal): CurrentCall {
  return Object.freeze({
    ...parts,
    get signal() {
      return signal()
    },
  })
}

/** For each secret, the variable that holds each of its keys; `null` for a name that is required of several scopes. */
export type VariablesBySecret = Readonly<Record<string, Readonly<Record<string, string>> | null>>

/** Turns variables, and which of them holds which key, into the secrets by name. */
export function secretsByName(
  variables: Readonly<Record<string, string>>,
  keys: VariablesBySecret,
): CurrentCall['secrets'] {
  const secrets = Object.create(null) as Record<string, Readonly<Record<string, string>>>
  for (const name of Object.keys(keys)) {
    const own = keys[name]
    if (own == null) {
      // Not enumerable: who takes them all gets the others.
      Object.defineProperty(secrets, name, { get: () => refuseShared(name) })
      continue
    }
    const values = Object.create(null) as Record<string, string>
    for (const [key, variable] of Object.entries(own)) values[key] = variables[variable] ?? ''
    secrets[name] = Object.freeze(values)
  }
  return Object.freeze(secrets)
}

function refuseShared(name: string): never {
  throw new RegistrationError(
    'NO_CURRENT_CALL',
    // What to do is in the message: a hint does not reach the caller of the function, which fails with a CallError.
    `currentCall() does not give the secret ${name}, which is required of more than one scope: read the variables of each from process.env.`,
  )
}

/** Runs `fn` as a part of `call`. */
export function withinCall<T>(call: CurrentCall, fn: () => T): T {
  return table().calls.run(call, fn)
}

/** Which call the running code belongs to; `undefined` outside of one. */
export function runningCall(): CurrentCall | undefined {
  return table().calls.getStore()
}

/** Runs `fn` after every inline call before it has ended, however that ended. */
export function inTurn<T>(fn: () => Promise<T>): Promise<T> {
  const turn = table().lastInline.then(fn)
  table().lastInline = turn.catch(() => undefined)
  return turn
}

function killAll(): void {
  for (const child of table().children) child.kill('SIGKILL')
}

/**
 * Has a child killed when the host ends, in whatever way it ends.
 *
 * @returns what to call when the child is gone; resolves when nothing is left of the watching.
 */
export function endWithHost(child: ChildProcess): () => Promise<void> {
  const shared = table()
  if (shared.children.size === 0) {
    process.on('exit', killAll)
    shared.reaper = startReaper()
  }
  shared.children.add(child)
  const { reaper } = shared
  if (child.pid !== undefined) reaper?.watch(child.pid)
  return async () => {
    if (!shared.children.delete(child)) return
    if (child.pid !== undefined) reaper?.forget(child.pid)
    if (shared.children.size > 0) return
    process.off('exit', killAll)
    shared.reaper = undefined
    await reaper?.end()
  }
}
