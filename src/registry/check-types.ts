/** What `registry.check()` takes and tells. */
import type { MissingSecret, SecretFinding } from '../errors.ts'

/** What `registry.check()` finds. */
export interface CheckReport {
  /** True if nothing else in here holds an entry. */
  readonly ok: boolean
  readonly missing: readonly MissingSecret[]
  /** Values that do not fit their definition's schema. */
  readonly invalid: readonly SecretFinding[]
  /** Secrets about which a store could not answer. */
  readonly failures: readonly {
    readonly function: string
    readonly scope: string
    readonly secret: string
    readonly code: string
    readonly message: string
  }[]
  /** Variables that collide or are reserved; in a process that only collects also every other registration that was refused. */
  readonly conflicts: readonly {
    /** Empty for a function without a name. */
    readonly function: string
    /** Where the keys of that scope's secrets are the reason; absent where the registration cannot stand anywhere. */
    readonly scope?: string
    readonly code: string
    readonly message: string
  }[]
}

/** Options of `registry.ready()`. */
export interface ReadyOptions {
  /** How long stores may take to answer in all, in milliseconds. Default: the registry's `timeoutMs`. */
  readonly timeoutMs?: number | undefined
}

/** Options of `registry.check()`: which scopes it looks at, one or many (default: the registry's), and for how long. */
export type CheckOptions = ReadyOptions &
  (
    | { readonly scope?: string | undefined; readonly scopes?: undefined }
    | { readonly scope?: undefined; readonly scopes?: readonly string[] | undefined }
  )
