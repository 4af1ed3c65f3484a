/**
 * The envelope: one sealed version of one secret, the same bytes in files, databases and key-value engines.
 *
 * `01 | alg 01 | kid (8) | version (8) | nonce (24) | ciphertext | tag (16)`: XChaCha20-Poly1305
 * (draft-irtf-cfrg-xchacha-03). docs/format-v1.md has every byte.
 */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { createHmac, randomBytes } from 'node:crypto'
import { lengthPrefixed, u64 } from './bytes.ts'
import { KID_BYTES } from './data-key.ts'
import type { DataKey } from './data-key.ts'
import { pad, unpad } from './padding.ts'

const FORMAT = 1
const XCHACHA20_POLY1305 = 1
const NONCE_BYTES = 24
const TAG_BYTES = 16
const VERSION_AT = 2 + KID_BYTES
const NONCE_AT = VERSION_AT + 8
const CIPHERTEXT_AT = NONCE_AT + NONCE_BYTES
const LABEL = Buffer.from('latchkey/1 record')

/** Where an envelope belongs. It opens nowhere else. */
export interface EnvelopeAddress {
  readonly storeId: Uint8Array
  readonly scope: string
  readonly name: string
}

/**
 * Seals a text for one address and version.
 *
 * The nonce is HMAC-SHA256 over 24 random bytes, the associated data and the padded text, cut to 24 bytes: were the random
 * bytes ever the same again, two different texts would still get two nonces.
 *
 * @param random - 24 bytes; given only by those who make test vectors.
 */
export function sealEnvelope(
  key: DataKey,
  address: EnvelopeAddress,
  version: number,
  text: string,
  random: Uint8Array = randomBytes(NONCE_BYTES),
): Buffer {
  const head = Buffer.concat([Buffer.of(FORMAT, XCHACHA20_POLY1305), key.kid, u64(version)])
  const data = associatedData(head, address)
  const padded = pad(text)
  const hedge = createHmac('sha256', key.nonceKey).update(random).update(data).update(padded).digest()
  const nonce = hedge.subarray(0, NONCE_BYTES)
  const sealed = xchacha20poly1305(key.sealKey, nonce, data).encrypt(padded)
  padded.fill(0)
  return Buffer.concat([head, nonce, sealed])
}

/** An envelope that was taken apart, with what it is to be opened for. Nothing in it is to be trusted before it opens. */
export interface SealedEnvelope {
  /** The key id as the header writes it. */
  readonly kid: string
  readonly version: number
  readonly nonce: Buffer
  readonly data: Buffer
  /** Ciphertext and tag. */
  readonly sealed: Buffer
}

/** Takes an envelope apart, `undefined` if these bytes are none of this format. */
export function readEnvelope(envelope: Buffer, address: EnvelopeAddress): SealedEnvelope | undefined {
  if (envelope.length < CIPHERTEXT_AT + TAG_BYTES) return undefined
  if (envelope[0] !== FORMAT || envelope[1] !== XCHACHA20_POLY1305) return undefined
  return {
    kid: envelope.toString('base64url', 2, VERSION_AT),
    version: Number(envelope.readBigUInt64BE(VERSION_AT)),
    nonce: envelope.subarray(NONCE_AT, CIPHERTEXT_AT),
    data: associatedData(envelope.subarray(0, NONCE_AT), address),
    sealed: envelope.subarray(CIPHERTEXT_AT),
  }
}

/** Gives the version that an envelope says it is of, `undefined` if these bytes are none of this format. */
export function envelopeVersion(envelope: Buffer): number | undefined {
  return readEnvelope(envelope, NOWHERE)?.version
}

const NOWHERE: EnvelopeAddress = { storeId: Buffer.alloc(0), scope: '', name: '' }

/** Opens an envelope, `undefined` if it was not sealed by this key for this address, or was changed since. */
export function openEnvelope(key: DataKey, { nonce, data, sealed }: SealedEnvelope): string | undefined {
  const cipher = xchacha20poly1305(key.sealKey, nonce, data)
  let padded: Buffer
  try {
    const bytes = cipher.decrypt(sealed)
    padded = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  } catch {
    // The cipher throws for one reason only: the tag does not fit.
    return undefined
  }
  const text = unpad(padded)
  padded.fill(0)
  return text
}

function associatedData(head: Buffer, { storeId, scope, name }: EnvelopeAddress): Buffer {
  return Buffer.concat([LABEL, head, lengthPrefixed([storeId, scope, name])])
}
