/** What the host and a child say to each other. Only plain data of known shape, and bytes, ever cross. */
import type { Payload } from './payload.ts'
import type { Thrown } from './thrown.ts'
import type { Variables } from './environment.ts'

/** Sent once to a spare: who it is from now on. */
export interface InitTask {
  readonly kind: 'init'
  /** The worker key; a child takes it once. */
  readonly key: string
  /** The URL of the module to import. */
  readonly module: string
  /** The environment, to the letter: the allow-list and the secrets. */
  readonly variables: Variables
  /** For each secret, the variable that holds each of its keys. */
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** The real paths of the host's main module. */
  readonly mains: readonly string[]
  /** The value of {@link WORKER_MARKER} in the environment of processes that the child starts. */
  readonly marker: string
}

/** One call. */
export interface CallTask {
  readonly kind: 'call'
  readonly key: string
  readonly name: string
  /** The URL of the module that registered the function. */
  readonly module: string
  readonly registry: string | undefined
  readonly scope: string
  readonly partition: string | undefined
  /** The arguments, an array. */
  readonly args: Payload
}

export type Task = InitTask | CallTask

/** How an `init` ended. */
export type InitReply =
  | { readonly ok: true }
  | { readonly ok: false; readonly why: 'threw'; readonly thrown: Thrown; readonly names: readonly string[] }
  | { readonly ok: false; readonly why: 'main' | 'needs-loader' }

/** How a call ended. `fit` is false if the child must not serve another call; `spawned`, if it has started processes. */
export type CallReply = { readonly fit: boolean; readonly spawned: boolean } & (
  | { readonly ok: true; readonly value: Payload }
  | { readonly ok: false; readonly why: 'threw'; readonly thrown: Thrown }
  | { readonly ok: false; readonly why: 'not-cloneable' | 'not-registered' | 'wrong-key' }
)

/** Said by the host beside Tinypool's own messages: the call was given up; its `signal` aborts. */
export const ABORT_MESSAGE = 'latchkey:abort'
/** The variable by which processes that a child started are found. Never in a child's own environment. */
export const WORKER_MARKER = 'LATCHKEY_WORKER'

/** Tells whether something that a child sent is a reply of ours. A forged one settles only the call that forged it. */
export function isReply(reply: unknown): reply is InitReply | CallReply {
  return typeof reply === 'object' && reply !== null && typeof (reply as { ok?: unknown }).ok === 'boolean'
}
