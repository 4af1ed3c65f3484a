/** What the host and a child say to each other. Only plain data of known shape, and bytes, ever cross. */
import type { Payload } from './payload.ts'
import type { Thrown } from './thrown.ts'
import type { User } from './confinement.ts'
import type { Variables } from './environment.ts'
import type { VariablesBySecret } from './table.ts'

/** Given to a spare: run a call of nothing, so that the first real one meets no code that has never run. */
export interface RehearseTask {
  readonly kind: 'rehearse'
}

/** Given once to a worker: who it is from now on. */
export interface InitTask {
  readonly kind: 'init'
  /** The worker key; a child takes it once. */
  readonly key: string
  /** The URL of the module to import. */
  readonly module: string
  /** The environment, to the letter: the allow-list and the secrets. */
  readonly variables: Variables
  readonly secrets: VariablesBySecret
  /** The real paths of the host's main module. */
  readonly mains: readonly string[]
  /** The user to become before the import. */
  readonly user: User | undefined
  /** The value of {@link WORKER_MARKER} in the environment of processes that the child starts. */
  readonly marker: string
}

/** One call. */
export interface CallTask {
  readonly key: string
  readonly name: string
  /** The URL of the module that registered the function. */
  readonly module: string
  /** Where the registration comes from, and from where the host has others of that module and name: see origin.ts. */
  readonly origin: string
  readonly others: readonly string[]
  readonly scope: string
  readonly partition: string | undefined
  /** The arguments, an array. */
  readonly args: Payload
}

/** How an `init` ended. */
export type InitReply =
  | { readonly ok: true }
  | { readonly ok: false; readonly why: 'threw'; readonly thrown: Thrown; readonly names: readonly string[] }
  | { readonly ok: false; readonly why: 'main' | 'needs-loader' }

/** How a call ended. `fit` is false if the child must not serve another call; `spawned`, if it has started processes. */
export type CallReply = { readonly fit: boolean; readonly spawned: boolean } & (
  | { readonly ok: true; readonly value: Payload }
  | { readonly ok: false; readonly why: 'threw'; readonly thrown: Thrown }
  | {
      readonly ok: false
      readonly why: 'arguments-not-cloneable' | 'not-cloneable' | 'not-registered' | 'ambiguous' | 'wrong-key'
    }
)

/**
 * What goes over the child's channel beside Tinypool's own messages, which it leaves alone. The key comes to the child as
 * a task of Tinypool's; calls do not, as that costs as much again as the round trip.
 */
export interface CallMessage {
  readonly latchkey: 'call'
  /** Counts the calls of this child, from 1. */
  readonly id: number
  readonly task: CallTask
}

/** The answer to the call of this id. */
export interface ReplyMessage {
  readonly latchkey: 'reply'
  readonly id: number
  readonly reply: CallReply
}

/** Said by the host: the call that runs was given up; its `signal` aborts. */
export interface AbortMessage {
  readonly latchkey: 'abort'
}

/** The id of the reply to a rehearsal: no call has it. */
export const REHEARSAL_ID = 0
/** The variable by which processes that a child started are found. Never in a child's own environment. */
export const WORKER_MARKER = 'LATCHKEY_WORKER'

type Message = CallMessage | ReplyMessage | AbortMessage

/** Tells whether something that came over a channel is a message of this kind. */
export function isMessage<K extends Message['latchkey']>(
  message: unknown,
  kind: K,
): message is Extract<Message, { latchkey: K }> {
  return typeof message === 'object' && message !== null && (message as { latchkey?: unknown }).latchkey === kind
}

/** Tells whether something that a child sent is a reply of ours. A forged one settles only the call that forged it. */
export function isReply(reply: unknown): reply is InitReply | CallReply {
  return typeof reply === 'object' && reply !== null && typeof (reply as { ok?: unknown }).ok === 'boolean'
}
