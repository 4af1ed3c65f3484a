/** What seals and opens the rows of a store, as its keyring was when it was read. */
import { openEnvelope, readEnvelope, sealEnvelope } from '../../crypto/envelope.ts'
import type { SealedEnvelope } from '../../crypto/envelope.ts'
import type { DataKey } from '../../crypto/data-key.ts'
import type { OpenKeys } from '../../crypto/keyring.ts'
import { StoreError } from '../../errors.ts'
import type { Document } from '../document/document.ts'
import type { Place, SealedVersion } from './engine.ts'

/** Where a version belongs: to a secret, and which one it is if it is not the live one. */
export interface VersionPlace extends Place {
  /** The number of an older version. */
  readonly older?: number | undefined
}

/** Seals and opens. A row that it cannot know may be known to the keyring as it is now. */
export interface Ring {
  /** The keyring's revision; `undefined` where there is none. */
  readonly revision: string | undefined
  /** Whether a keyring is needed and was not there: nobody can open what is kept. */
  readonly isEmpty: boolean
  /** Seals a text under the primary key. */
  seal(place: Place, version: number, text: string): Buffer
  /**
   * Opens a version, `undefined` if its key is not listed here.
   *
   * @throws StoreError CORRUPT if it was moved, changed, or is of another version than stands beside it.
   */
  open(place: VersionPlace, sealed: SealedVersion): string | undefined
  /** Whether a version's key is listed here; also true for what is no envelope at all. */
  lists(place: Place, sealed: SealedVersion): boolean
  /** Whether a version is sealed under the primary key. */
  isNewest(place: Place, sealed: SealedVersion): boolean
  /** Makes the error of a version that no ring opens. */
  unknown(place: VersionPlace): StoreError
}

/** A ring with keys. */
export interface KeyedRing extends Ring {
  readonly document: Document
  readonly keys: OpenKeys
}

/**
 * Makes the ring of a keyring that was opened.
 *
 * @param assertOpen - throws once the store is closed: its keys are erased then, and would seal what nobody can open.
 */
export function keyedRing(
  store: string,
  revision: string,
  document: Document,
  keys: OpenKeys,
  primary: DataKey,
  assertOpen: () => void,
): KeyedRing {
  const { storeId } = document.header
  const read = ({ scope, name }: Place, { bytes }: SealedVersion): SealedEnvelope | undefined =>
    readEnvelope(bytes, { storeId, scope, name })
  return {
    revision,
    isEmpty: false,
    document,
    keys,
    seal({ scope, name }, version, text) {
      assertOpen()
      return sealEnvelope(primary, { storeId, scope, name }, version, text)
    },
    open(place, sealed) {
      assertOpen()
      const envelope = read(place, sealed)
      if (envelope?.version !== sealed.version) throw badRecord(store, place)
      const key = keys.get(envelope.kid)
      if (key === undefined) return undefined
      const text = openEnvelope(key, envelope)
      if (text === undefined) throw badRecord(store, place)
      return text
    },
    lists(place, sealed) {
      const envelope = read(place, sealed)
      return envelope === undefined || keys.has(envelope.kid)
    },
    isNewest: (place, sealed) => read(place, sealed)?.kid === primary.id,
    unknown: (place) => badRecord(store, place),
  }
}

/** Makes the ring of a store that has no keyring yet. It knows nothing; nothing can be sealed with it. */
export function emptyRing(store: string): Ring {
  return {
    revision: undefined,
    isEmpty: true,
    seal: () => {
      throw keyringGone(store)
    },
    open(_place, sealed) {
      if (isPlain(sealed)) throw notSealed(store)
      return undefined
    },
    lists: () => false,
    isNewest: () => false,
    unknown: () => keyringGone(store),
  }
}

/** Makes the ring of a store that was told not to seal: bytes are the text itself. */
export function plainRing(store: string): Ring {
  return {
    revision: undefined,
    isEmpty: false,
    seal: (_place, _version, text) => Buffer.from(text),
    open(place, { bytes }) {
      // What is sealed begins with its format, 01; a JSON object does not.
      if (bytes[0] === 1) throw sealedAlready(store)
      if (bytes.length === 0) throw badRecord(store, place)
      return bytes.toString()
    },
    lists: () => true,
    isNewest: () => true,
    unknown: (place) => badRecord(store, place),
  }
}

/** Gives the place of a secret's version. `index`: 0 is the live one. */
export function versionPlace({ scope, name }: Place, { version }: SealedVersion, index: number): VersionPlace {
  return { scope, name, older: index === 0 ? undefined : version }
}

/** Makes the error of a version that does not open. */
export function badRecord(store: string, { scope, name, older }: VersionPlace): StoreError {
  const address = { store, scope, secret: name }
  if (older === undefined) {
    return new StoreError('CORRUPT', `The record of secret ${name} (scope ${scope}) does not open.`, {
      ...address,
      hint: 'Find out who changed it, and restore it from a backup or set it again.',
    })
  }
  // What is damaged as a whole has no number.
  const which = older > 0 ? `, ${older},` : ''
  return new StoreError('CORRUPT', `An older version of secret ${name} (scope ${scope})${which} does not open.`, {
    ...address,
    hint: 'Set the secret again with the values that it has, once for each older version that is kept, or delete it and set it: the damaged one is gone then.',
  })
}

/** Makes the error of records without a keyring. A new one would open none of them. */
export function keyringGone(store: string): StoreError {
  return new StoreError('KEY_MISSING', `The ${store} store holds secrets, but its keyring is gone.`, {
    store,
    hint: 'Restore the keyring from a backup: without it nothing can be opened, and a new one is not made over secrets.',
  })
}

/** Whether a version is the text itself, a JSON object; what is sealed begins with its format, 01. */
export function isPlain({ bytes }: SealedVersion): boolean {
  return bytes[0] === 0x7b
}

/** Makes the error of a store whose secrets are not sealed, and that was opened by one that seals. */
export function notSealed(store: string): StoreError {
  return new StoreError('INVALID', `The ${store} store is not sealed, but was opened without plaintext: true.`, {
    store,
    hint: 'Open it with plaintext: true, or give another place to a store that seals.',
  })
}

/** Makes the error of a store that was told not to seal, and is sealed. */
export function sealedAlready(store: string): StoreError {
  return new StoreError('INVALID', `The ${store} store is sealed, but was opened with plaintext: true.`, {
    store,
    hint: 'Open it with its key.',
  })
}
