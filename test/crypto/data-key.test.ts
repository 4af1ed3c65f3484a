import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { deriveDataKey, eraseDataKey, newDataKeyBytes } from '../../src/crypto/data-key.ts'
import { envelopeVersion, readEnvelope, sealEnvelope } from '../../src/crypto/envelope.ts'
import { rawKeyBytes } from '../../src/crypto/raw-key.ts'

test('a new data key is 32 random bytes', () => {
  const keys = Array.from({ length: 50 }, () => newDataKeyBytes())
  expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(50)
  for (const key of keys) expect(key).toHaveLength(32)
})

test('a data key that is erased seals nothing any more: its secret bytes are zero, its id stays', () => {
  const secret = randomBytes(32)
  const key = deriveDataKey(secret, randomBytes(16))
  const { id, commit } = { id: key.id, commit: Buffer.from(key.commit) }
  eraseDataKey(key)
  for (const bytes of [key.secret, key.sealKey, key.nonceKey, key.macKey]) expect(bytes).toEqual(Buffer.alloc(32))
  expect(key.id).toBe(id)
  expect(key.commit).toEqual(commit)
  // The bytes that were given are the caller's: a copy was erased.
  expect(secret).not.toEqual(Buffer.alloc(32))
})

test('the derived keys differ from each other and from the data key', () => {
  const key = deriveDataKey(randomBytes(32), randomBytes(16))
  const all = [key.secret, key.sealKey, key.nonceKey, key.macKey, key.commit]
  expect(new Set(all.map((bytes) => bytes.toString('hex'))).size).toBe(all.length)
})

test('an envelope tells its version without a key, and what is too short or of another format tells none', () => {
  const storeId = randomBytes(16)
  const address = { storeId, scope: 'default', name: 'a' }
  const envelope = sealEnvelope(deriveDataKey(randomBytes(32), storeId), address, 7, 'text')
  expect(envelopeVersion(envelope)).toBe(7)
  // 58 bytes: the head, the nonce and the tag around nothing.
  expect(envelopeVersion(envelope.subarray(0, 58))).toBe(7)
  expect(readEnvelope(envelope.subarray(0, 58), address)?.sealed).toHaveLength(16)
  expect(envelopeVersion(envelope.subarray(0, 57))).toBeUndefined()
  for (const index of [0, 1]) {
    const other = Buffer.from(envelope)
    other[index] = 2
    expect(envelopeVersion(other)).toBeUndefined()
  }
})

test('bytes are a raw key as they are, copied; what is none is told with where it came from and what to do', () => {
  const bytes = randomBytes(32)
  const key = rawKeyBytes(bytes, 'The option key', 'file')
  expect(key).toEqual(bytes)
  bytes.fill(0)
  expect(key).not.toEqual(bytes)
  const refused = (given: string | Uint8Array) => () => rawKeyBytes(given, 'The option key', 'file')
  for (const given of [`xlk1_${'A'.repeat(43)}`, `lk2_${'A'.repeat(43)}`, Buffer.alloc(33)]) {
    expect(refused(given)).toThrow(
      expect.objectContaining({
        code: 'KEY_FORMAT',
        message: 'The option key holds no key: a key is lk1_ and 43 characters of base64url.',
        hint: expect.stringContaining('generateKey() makes a new key, for a new store.') as string,
        store: 'file',
      }),
    )
  }
})
