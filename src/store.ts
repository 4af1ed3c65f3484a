/**
 * What a store is: types, and the contract in prose. No logic.
 *
 * `undefined` means: looked, and it is not there. Everything else that goes wrong is thrown as a `StoreError`. What a
 * store returns is frozen, and its records have null prototypes. A scope left out is `default`; an option that a verb does
 * not know is refused. Constructing a store does no I/O and needs no key.
 */
import type { Secret, SecretInfo } from './secret.ts'

/** A value, or a promise of it. */
export type MaybePromise<T> = T | Promise<T>

/** What one instance of a store can do. What is false is not there at all, and no call pretends that it is. */
export interface Capabilities {
  /** It is a {@link WritableSecretStore}. */
  readonly write: boolean
  /** `set` and `delete` honour `ifVersion` exactly, also in races; otherwise they refuse it. */
  readonly cas: boolean
  /** It has `history` and `rollback`. */
  readonly history: boolean
  /** It has `watch`. */
  readonly watch: boolean
  /** `list` gives every secret; otherwise it throws INVALID. */
  readonly list: boolean
  /** `describe` answers at once, without a promise, so that a registration can be checked where it stands. */
  readonly syncDescribe: boolean
  /** The largest secret, where it is less than 1 MiB: UTF-8 bytes of its values. */
  readonly maxBytes?: number
  /** The most segments that a scope may have here, where it is less than 8. */
  readonly maxScopeSegments?: number
}

/** Which scope to look in, and a signal that gives up waiting. */
export interface ReadOptions {
  readonly scope?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** One secret to read. With `keys`, other keys are absent from the answer's `values`. */
export interface SecretRequest {
  readonly name: string
  readonly keys?: readonly string[] | undefined
  readonly scope?: string | undefined
}

/** Which secrets to list. */
export interface ListOptions {
  readonly scope?: string | undefined
  /** Only names that begin with this. */
  readonly prefix?: string | undefined
}

/** A change that a watch tells of. */
export interface StoreChange {
  readonly scope: string
  readonly name: string
  /** The new version; absent after a delete, or where the engine does not tell. */
  readonly version?: string
}

/** Something that holds secrets. */
export interface SecretStore {
  /** For messages, a plain word: `memory`, `file`, `vault`, … */
  readonly name: string
  readonly capabilities: Capabilities
  /** Tells key names, version and dates, no values. `undefined`: it is not there. */
  describe(name: string, options?: ReadOptions): MaybePromise<SecretInfo | undefined>
  /** Reads one secret. `undefined`: it is not there. */
  get(name: string, options?: ReadOptions): Promise<Secret | undefined>
  /** Reads several secrets, in one round trip where the engine can. Answers in the order of the requests. */
  getMany(
    requests: readonly SecretRequest[],
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<(Secret | undefined)[]>
  /** Lists what is in one scope, sorted by name. */
  list(options?: ListOptions): AsyncIterable<SecretInfo>
  /** Lists the scopes that hold something. */
  scopes?(): AsyncIterable<string>
  /**
   * Tells of changes in one scope until it is disposed. What was cut off from its engine meanwhile tells afterwards of every
   * secret that may have changed.
   */
  watch?(
    listener: (change: StoreChange) => void,
    options?: { readonly scope?: string | undefined },
  ): Promise<AsyncDisposable>
  /** Ends the store. May be called again. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** How to write a secret. */
export interface SetOptions {
  readonly scope?: string | undefined
  /** Write only if this is the version now; `null`: only if the secret does not exist. Otherwise CONFLICT. */
  readonly ifVersion?: string | null | undefined
  /**
   * `replace` (default) makes the values the whole secret; `merge` keeps the keys that are not given. Where others have written
   * numbers or booleans, `replace` with `ifVersion` leaves those as they are that are given as they were read.
   */
  readonly mode?: 'replace' | 'merge' | undefined
  /** Left out: `merge` keeps the description that is there, `replace` drops it. */
  readonly description?: string | undefined
}

/** A store that can be written. */
export interface WritableSecretStore extends SecretStore {
  /** Writes a secret; validates by the grammar before it touches anything. */
  set(name: string, values: Readonly<Record<string, string>>, options?: SetOptions): Promise<SecretInfo>
  /** Removes a secret and its history. False: it was not there; with `ifVersion`, that is CONFLICT. */
  delete(
    name: string,
    options?: { readonly scope?: string | undefined; readonly ifVersion?: string | undefined },
  ): Promise<boolean>
  /** Lists the versions that are kept, the live one first; none where the secret is not there. */
  history?(name: string, options?: ReadOptions): Promise<SecretInfo[]>
  /** Makes a kept version's values and description the newest version. INVALID: no such version is kept. */
  rollback?(name: string, version: string, options?: { readonly scope?: string | undefined }): Promise<SecretInfo>
}
