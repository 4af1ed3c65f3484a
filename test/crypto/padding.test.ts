import { expect, test } from 'vitest'
import { pad, paddedLength, unpad } from '../../src/crypto/padding.ts'
import { padme } from '../helpers/reference-decoder.ts'

test('every length up to 70,000 is padded as Padmé says, to at least 128, by at most 12 %', () => {
  for (let length = 0; length <= 70_000; length += 1) {
    const padded = paddedLength(length)
    if (padded !== padme(Math.max(128, length)) || padded < length || (length > 128 && padded > length * 1.12)) {
      expect.fail(`${length} was padded to ${padded}`)
    }
  }
})

test('what is padded comes back, empty, long and beyond ASCII', () => {
  for (const text of ['', 'a', '🔑'.repeat(1000), 'x'.repeat(124), 'x'.repeat(125)]) expect(unpad(pad(text))).toBe(text)
})

test('a length that cannot be, and padding that is not zeros, are refused', () => {
  const tooLong = pad('abc')
  tooLong.writeUInt32BE(2 ** 31, 0)
  const dirty = pad('abc')
  dirty[127] = 1
  const grown = Buffer.concat([pad('abc'), Buffer.alloc(16)])
  expect([tooLong, dirty, grown, Buffer.alloc(3)].map(unpad)).toEqual([undefined, undefined, undefined, undefined])
})
