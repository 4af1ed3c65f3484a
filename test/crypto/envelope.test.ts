import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { deriveDataKey } from '../../src/crypto/data-key.ts'
import { openEnvelope, readEnvelope, sealEnvelope } from '../../src/crypto/envelope.ts'
import type { EnvelopeAddress } from '../../src/crypto/envelope.ts'
import type { DataKey } from '../../src/crypto/data-key.ts'
import { cases, fc } from '../helpers/property.ts'
import { openReferenceEnvelope } from '../helpers/reference-decoder.ts'

const secret = randomBytes(32)
const storeId = randomBytes(16)
const key = deriveDataKey(secret, storeId)
const here = { storeId, scope: 'acme/production', name: 'my_github_secret' }
const sealed = sealEnvelope(key, here, 7, '{"values":{}}')

/** Opens an envelope, whatever key id it says. */
function opened(dataKey: DataKey, address: EnvelopeAddress, envelope: Buffer): string | undefined {
  const read = readEnvelope(envelope, address)
  return read && openEnvelope(dataKey, read)
}

test('random texts open as they were sealed, and the reference reads the same', () => {
  const runs = cases(200, 5_000)
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 600 }),
      fc.nat(),
      fc.string({ maxLength: 100 }),
      fc.string({ maxLength: 100 }),
      (text, version, scope, name) => {
        const envelope = sealEnvelope(key, { storeId, scope, name }, version, text)
        expect(opened(key, { storeId, scope, name }, envelope)).toBe(text)
        expect(openReferenceEnvelope(secret, storeId, scope, name, envelope)).toEqual({ version, text })
      },
    ),
    { numRuns: runs },
  )
})

test('every flipped bit, every cut and every appended byte keeps an envelope shut', () => {
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const changed = Buffer.from(sealed)
    changed[bit >> 3] = changed[bit >> 3]! ^ (1 << (bit & 7))
    expect(opened(key, here, changed)).toBeUndefined()
  }
  for (let length = 0; length < sealed.length; length += 1) {
    expect(opened(key, here, sealed.subarray(0, length))).toBeUndefined()
  }
  expect(opened(key, here, Buffer.concat([sealed, Buffer.of(0)]))).toBeUndefined()
})

test('an envelope opens at no other scope, name, store or version', () => {
  const other = randomBytes(16)
  expect(opened(key, { ...here, scope: 'acme/staging' }, sealed)).toBeUndefined()
  expect(opened(key, { ...here, name: 'other' }, sealed)).toBeUndefined()
  expect(opened(key, { ...here, storeId: other }, sealed)).toBeUndefined()
  expect(opened(deriveDataKey(secret, other), { ...here, storeId: other }, sealed)).toBeUndefined()
  const newer = Buffer.from(sealed)
  newer.writeBigUInt64BE(8n, 10)
  expect(opened(key, here, newer)).toBeUndefined()
})

test('scope and name cannot trade characters', () => {
  const one = sealEnvelope(key, { storeId, scope: 'ab', name: 'c' }, 1, 'text')
  expect(opened(key, { storeId, scope: 'a', name: 'bc' }, one)).toBeUndefined()
})

test('two seals of one text differ, and two texts differ even if the randomness is the same', () => {
  const again = sealEnvelope(key, here, 7, '{"values":{}}')
  expect(again.equals(sealed)).toBe(false)
  const same = Buffer.alloc(24)
  const nonces = ['a', 'b'].map((text) => sealEnvelope(key, here, 1, text, same).toString('hex', 18, 42))
  expect(nonces[0]).not.toBe(nonces[1])
})

test('texts of one padded length give envelopes of one length', () => {
  const lengths = ['', 'a', 'a'.repeat(100)].map((text) => sealEnvelope(key, here, 1, text).length)
  expect(new Set(lengths).size).toBe(1)
})
