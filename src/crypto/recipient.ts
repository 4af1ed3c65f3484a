/**
 * Recipients: who can open a store. Its data key is wrapped once for each, as a small object in the keyring.
 *
 * `raw` wraps under a key of 32 bytes, `scrypt` under a pass phrase (RFC 7914), `ext` by two functions of the user's.
 */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { randomBytes, scrypt } from 'node:crypto'
import { lengthPrefixed, toBase64Url } from './bytes.ts'
import { derive, KEY_BYTES } from './data-key.ts'
import type { DataKey } from './data-key.ts'

const NONCE_BYTES = 24
/** The sealed data key of a `raw` or `scrypt` wrap: nonce, ciphertext, tag. */
export const SEALED_KEY_BYTES = NONCE_BYTES + KEY_BYTES + 16
/** The salt of a `scrypt` wrap. */
export const SALT_BYTES = 16
/** The id of a `raw` wrap. */
export const RECIPIENT_ID_BYTES = 8
/** N is two to this power in new wraps, unless another is asked for; r is 8 and p is 1, always. 128 MiB, about 0.4 s. */
export const LOG_N = 17
/** What is accepted: below is too weak, above takes more than 1 GiB. */
export const LOG_N_RANGE = [15, 20] as const

/** A data key wrapped under a raw key. */
export interface RawWrap {
  readonly type: 'raw'
  /** Says which raw key, without telling it. */
  readonly id: string
  readonly sealed: string
}
/** A data key wrapped under a pass phrase. */
export interface ScryptWrap {
  readonly type: 'scrypt'
  readonly salt: string
  readonly logN: number
  readonly r: 8
  readonly p: 1
  readonly sealed: string
}
/** A data key wrapped by the user's function. */
interface ExtWrap {
  readonly type: 'ext'
  readonly id: string
  readonly sealed: string
}
/** One entry of `wraps`. Fields that this version does not know are carried along. */
export type Wrap = RawWrap | ScryptWrap | ExtWrap

/** Wraps a data key under a raw key. */
export function wrapRaw(dataKey: DataKey, storeId: Uint8Array, key: Uint8Array): RawWrap {
  const sealed = sealKey(derive(key, storeId, 'wrap'), dataKey, associatedData('raw', storeId, dataKey.commit))
  return { type: 'raw', id: rawRecipientId(key), sealed }
}

/** Unwraps a data key, `undefined` if this raw key does not open this wrap. */
export function unwrapRaw(wrap: RawWrap, commit: Buffer, storeId: Uint8Array, key: Uint8Array): Buffer | undefined {
  return openKey(derive(key, storeId, 'wrap'), wrap.sealed, associatedData('raw', storeId, commit))
}

/**
 * Gives the id of a raw key. It is the same in every store, and depends on nothing else in the file: so a wrap that has the
 * id and does not open was changed.
 */
export function rawRecipientId(key: Uint8Array): string {
  return toBase64Url(derive(key, Buffer.alloc(0), 'recipient').subarray(0, RECIPIENT_ID_BYTES))
}

/** Wraps a data key under a pass phrase. */
export async function wrapScrypt(
  dataKey: DataKey,
  storeId: Uint8Array,
  passphrase: string,
  logN: number,
): Promise<ScryptWrap> {
  const salt = randomBytes(SALT_BYTES)
  const key = await stretch(passphrase, salt, logN)
  const sealed = sealKey(key, dataKey, associatedData('scrypt', storeId, dataKey.commit))
  return { type: 'scrypt', salt: toBase64Url(salt), logN, r: 8, p: 1, sealed }
}

/** Unwraps a data key, `undefined` if this pass phrase does not open this wrap. */
export async function unwrapScrypt(
  wrap: ScryptWrap,
  commit: Buffer,
  storeId: Uint8Array,
  passphrase: string,
): Promise<Buffer | undefined> {
  const key = await stretch(passphrase, Buffer.from(wrap.salt, 'base64url'), wrap.logN)
  return openKey(key, wrap.sealed, associatedData('scrypt', storeId, commit))
}

function stretch(passphrase: string, salt: Buffer, logN: number): Promise<Buffer> {
  const N = 2 ** logN
  const cost = { N, r: 8, p: 1, maxmem: 128 * N * 8 + 1024 * 1024 }
  const label = Buffer.from('latchkey/1 scrypt')
  return new Promise((resolve, reject) => {
    // NFC: the same pass phrase typed on two systems must be the same bytes.
    scrypt(passphrase.normalize('NFC'), Buffer.concat([label, salt]), KEY_BYTES, cost, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}

function sealKey(wrapKey: Buffer, dataKey: DataKey, data: Buffer): string {
  const nonce = randomBytes(NONCE_BYTES)
  const sealed = xchacha20poly1305(wrapKey, nonce, data).encrypt(dataKey.secret)
  return toBase64Url(Buffer.concat([nonce, sealed]))
}

function openKey(wrapKey: Buffer, sealed: string, data: Buffer): Buffer | undefined {
  const bytes = Buffer.from(sealed, 'base64url')
  try {
    const cipher = xchacha20poly1305(wrapKey, bytes.subarray(0, NONCE_BYTES), data)
    return Buffer.from(cipher.decrypt(bytes.subarray(NONCE_BYTES)))
  } catch {
    // The cipher throws for one reason only: the tag does not fit.
    return undefined
  }
}

function associatedData(type: string, storeId: Uint8Array, commit: Buffer): Buffer {
  return Buffer.concat([Buffer.from('latchkey/1 wrap'), lengthPrefixed([type, storeId, commit])])
}
