import { expect, test } from 'vitest'
import { generateKey, rawKeyBytes } from '../../src/crypto/raw-key.ts'

test('a generated key is lk1_ and 43 characters, 32 bytes, and never the same', () => {
  const keys = Array.from({ length: 100 }, generateKey)
  expect(new Set(keys).size).toBe(100)
  for (const key of keys) {
    expect(key).toMatch(/^lk1_[A-Za-z0-9_-]{43}$/)
    expect(rawKeyBytes(key, 'the test', 'file')).toHaveLength(32)
  }
})

const good = `lk1_${'A'.repeat(43)}`
test.each([
  ['a password', 'correct horse battery staple'],
  ['no prefix', 'A'.repeat(43)],
  ['one character less', good.slice(0, -1)],
  ['one character more', `${good}A`],
  ['other trailing bits', `lk1_${'A'.repeat(42)}B`],
  ['the other base64', `lk1_${'A'.repeat(42)}+`],
  ['nothing', ''],
  ['a line break', `${good}\n`],
  ['31 bytes', Buffer.alloc(31)],
])('%s is KEY_FORMAT, and the message does not tell it', (_, key) => {
  let message = ''
  expect(() => {
    try {
      rawKeyBytes(key, 'The option key', 'file')
    } catch (error) {
      message = (error as Error).message
      throw error
    }
  }).toThrow(expect.objectContaining({ code: 'KEY_FORMAT' }))
  if (key.length > 8) expect(message).not.toContain(String(key).slice(4, 12))
})
