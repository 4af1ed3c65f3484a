/** What is asked of the process that imports a user's module, and what it answers: data without values. */
import type { CheckReport } from '../../registry/check-types.ts'

/** What to do with the registries of a module: the first message to that process, which no module sees. */
export interface Job {
  readonly kind: 'check' | 'manifest'
  /** What the answer comes with: a module may send messages of its own. */
  readonly nonce: string
  /** The URL of the module. */
  readonly module: string
  /** Which scopes to ask stores for. Default for a check: each registry's own; for a manifest: none, no store is asked. */
  readonly scopes: readonly string[] | undefined
  /** Whether a manifest tells what expires. */
  readonly expiry: boolean
}

/** What one registry is found to be. */
export interface Collected {
  readonly functions: number
  readonly report?: CheckReport
  readonly manifest?: object
}

/** The message that brings the answer. */
export interface Message {
  readonly nonce: string
  readonly answer: Answer
}

/** The answer. Why something failed is told by kinds and codes: what a module throws may quote what it read. */
export type Answer =
  | { readonly kind: 'done'; readonly registries: readonly Collected[] }
  | { readonly kind: 'typescript' }
  | {
      readonly kind: 'failed'
      /** Of an error of JavaScript or latchkey; `undefined` for another. */
      readonly name: string | undefined
      readonly code: string | undefined
      readonly at: string | undefined
    }
