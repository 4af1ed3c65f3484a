/** The data key of a store, the keys derived from it, and the commitment that says which key it is. */
import { hkdfSync, randomBytes } from 'node:crypto'
import { toBase64Url } from './bytes.ts'

/** Every key is 32 bytes. */
export const KEY_BYTES = 32
/** A store's id is this many random bytes. */
export const STORE_ID_BYTES = 16
/** A key's id is this many bytes: the first of its commitment. */
export const KID_BYTES = 8

/** A data key ready for use: what is derived from it, for one store. */
export interface DataKey {
  /** The first 8 bytes of the commitment. */
  readonly kid: Buffer
  /** The key id as the header writes it. */
  readonly id: string
  /** What the header says of this key; another key cannot have the same. */
  readonly commit: Buffer
  /** Seals envelopes. */
  readonly sealKey: Buffer
  /** Hedges nonces. */
  readonly nonceKey: Buffer
  /** Authenticates whole documents. */
  readonly macKey: Buffer
  /** The data key itself, to wrap it for recipients. */
  readonly secret: Buffer
}

/** Makes the bytes of a new data key. */
export function newDataKeyBytes(): Buffer {
  return randomBytes(KEY_BYTES)
}

/** Derives the keys of one store from its data key: HKDF-SHA256 (RFC 5869) with the store id as salt. */
export function deriveDataKey(secret: Uint8Array, storeId: Uint8Array): DataKey {
  const commit = derive(secret, storeId, 'commit')
  const kid = commit.subarray(0, KID_BYTES)
  return {
    kid,
    id: toBase64Url(kid),
    commit,
    sealKey: derive(secret, storeId, 'seal'),
    nonceKey: derive(secret, storeId, 'nonce'),
    macKey: derive(secret, storeId, 'document'),
    secret: Buffer.from(secret),
  }
}

/** Overwrites the bytes of a data key. What the engine or the garbage collector copied stays: JavaScript cannot promise more. */
export function eraseDataKey(key: DataKey): void {
  for (const bytes of [key.sealKey, key.nonceKey, key.macKey, key.secret]) bytes.fill(0)
}

/** Derives 32 bytes for one purpose. */
export function derive(secret: Uint8Array, storeId: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, storeId, `latchkey/1 ${purpose}`, KEY_BYTES))
}
