/**
 * What an engine does for a store that seals: it keeps rows that it cannot read, and compares before it writes.
 *
 * An engine knows nothing of keys. Its failures are StoreErrors with the codes of the contract; that something is not
 * there is an answer.
 */

/** Where a secret belongs. */
export interface Place {
  readonly scope: string
  readonly name: string
}

/** One version of a secret, as an engine keeps it. */
export interface SealedVersion {
  /** The secret's counter, as it stands beside the bytes. */
  readonly version: number
  /** The envelope; the JSON text itself in a store that was told not to seal. */
  readonly bytes: Buffer
}

/** A secret, as an engine keeps it. */
export interface SealedRow extends Place {
  /** What the engine compares before it changes the row, in its own terms. Another one with every `put`; `replace` may leave it. */
  readonly revision: string
  /** The live one first, then older ones: all that are kept where `older` asked for them, else any number. */
  readonly versions: readonly [SealedVersion, ...SealedVersion[]]
}

/** The keyring, as an engine keeps it. */
export interface KeptKeyring {
  /** A document of format `latchkey/1` without records. */
  readonly bytes: Buffer
  /** Another one with every write, and never one that was there before, not even after the keyring was removed. */
  readonly revision: string
}

/**
 * What became of a write. `conflict`: the row is not what it was compared with; `rekeyed`: the keyring is not. Both: nothing
 * was written.
 */
export type WriteOutcome = 'done' | 'conflict' | 'rekeyed'

/** A change of a row that an engine tells of. */
export interface RowChange extends Place {
  /** Absent after a delete, or where the engine does not tell. */
  readonly version?: number | undefined
}

/** How to read rows. */
export interface RowOptions {
  /** Whether older versions are wanted, too. */
  readonly older: boolean
  readonly signal?: AbortSignal | undefined
}

/** An engine that keeps sealed rows. No member uses `this`. */
export interface SealedEngine {
  /** The store's name, for messages. */
  readonly name: string
  /** The largest secret, where it is less than 1 MiB: UTF-8 bytes of its values. */
  readonly maxBytes?: number | undefined
  /**
   * Whether `put` and `replace` compare the keyring in the same step in which they write. Where they cannot, they leave its
   * revision aside, and who makes a new secret looks at the keyring again afterwards.
   */
  readonly fenced: boolean
  /** Reads the keyring. `undefined`: there is none. */
  readKeyring(): Promise<KeptKeyring | undefined>
  /** Writes the keyring if it is still of this revision; `undefined`: if there is none. False: nothing was written. */
  writeKeyring(bytes: Buffer, revision: string | undefined): Promise<boolean>
  /** Reads rows, in one round trip where that can be, in the order of the places. `undefined`: not there. */
  read(places: readonly Place[], options: RowOptions): Promise<(SealedRow | undefined)[]>
  /**
   * Lists the rows of one scope whose names begin with `prefix`, sorted by name, page by page. A row that is there all the
   * time is listed, whatever others write meanwhile.
   */
  list(scope: string, prefix: string, options: RowOptions): AsyncIterable<SealedRow>
  /** Lists the scopes that hold a row, sorted. */
  scopes(): AsyncIterable<string>
  /**
   * Makes `next` the live version, if the row is still what `before` is (`undefined`: not there) and the keyring is of this
   * revision (`undefined`: nobody looks). Keeps as many older versions as the store was told to.
   */
  put(
    place: Place,
    next: SealedVersion,
    before: SealedRow | undefined,
    keyring: string | undefined,
  ): Promise<WriteOutcome>
  /** Puts other bytes in the place of a row's versions, all of them, under the same two conditions. */
  replace(row: SealedRow, versions: SealedRow['versions'], keyring: string | undefined): Promise<WriteOutcome>
  /**
   * Removes a row and its older versions, if it is of this revision; `undefined`: whatever it is. False: it was not there,
   * or of another revision.
   */
  remove(place: Place, revision: string | undefined): Promise<boolean>
  /** Tells of the changes in one scope until it is disposed. */
  watch?: ((listener: (change: RowChange) => void, scope: string) => Promise<AsyncDisposable>) | undefined
  /** Ends what the engine has begun. */
  close(): Promise<void>
}
