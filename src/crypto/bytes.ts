/** How numbers, texts and bytes are written: big-endian, length-prefixed, and as canonical base64url. */

/** Gives bytes as base64url without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}

/** Gives the bytes of canonical base64url, `undefined` for any other text: Node's decoder forgives what a format must not. */
export function fromBase64Url(text: unknown): Buffer | undefined {
  if (typeof text !== 'string') return undefined
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

/** Gives the bytes of canonical base64url if they are `length` bytes, else `undefined`. */
export function fixedFromBase64Url(text: unknown, length: number): Buffer | undefined {
  const bytes = fromBase64Url(text)
  return bytes?.length === length ? bytes : undefined
}

/** Writes `number`, a safe integer from 0, as 8 bytes. */
export function u64(number: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(number))
  return bytes
}

/** Joins fields, each after its length in 2 bytes, so that no two lists of fields give the same bytes. */
export function lengthPrefixed(fields: readonly (Uint8Array | string)[]): Buffer {
  const lengths = fields.map((field) => Buffer.byteLength(field))
  const bytes = Buffer.alloc(lengths.reduce((sum, length) => sum + 2 + length, 0))
  let at = 0
  for (const [index, field] of fields.entries()) {
    at = bytes.writeUInt16BE(lengths[index] ?? 0, at)
    if (typeof field === 'string') at += bytes.write(field, at)
    else {
      bytes.set(field, at)
      at += field.length
    }
  }
  return bytes
}
