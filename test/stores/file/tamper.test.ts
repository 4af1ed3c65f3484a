import { randomBytes } from 'node:crypto'
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { keyEntry, entryFields } from '../../../src/crypto/keyring.ts'
import { deriveDataKey } from '../../../src/crypto/data-key.ts'
import { rawKeyBytes } from '../../../src/crypto/raw-key.ts'
import { wrapRaw } from '../../../src/crypto/recipient.ts'
import { generateKey } from '../../../src/stores/file.ts'
import { forge, partsOf } from '../../helpers/forge.ts'
import type { FileParts } from '../../helpers/forge.ts'
import { failureOf, shownBy, storeFolder } from '../../helpers/store-folder.ts'
import type { StoreFolder } from '../../helpers/store-folder.ts'

const SLOW = process.env['SLOW'] === '1'

/** A store with two secrets, of which one has an older version. */
async function filled(): Promise<StoreFolder & { bytes: Buffer }> {
  const made = storeFolder()
  const store = made.open()
  await store.set('db', { PASSWORD: 'canary-older' })
  await store.set('db', { PASSWORD: 'canary-newer' })
  await store.set('github', { TOKEN: 'canary-token' }, { scope: 'acme' })
  await store.close()
  return { ...made, bytes: readFileSync(made.path) }
}

/** Opens a changed file: every verb must refuse it, with this code, tell no value, and leave the file as it is. */
async function expectRefused(made: StoreFolder, changed: Buffer, code: string | RegExp = 'CORRUPT'): Promise<void> {
  writeFileSync(made.path, changed)
  const store = made.open({ lockTimeoutMs: 0 })
  const failures = [
    await failureOf(store.get('db')),
    await failureOf(() => store.describe('github', { scope: 'acme' })),
    await failureOf(store.set('db', { PASSWORD: 'canary-set' })),
  ]
  await store.close()
  for (const error of failures) {
    expect(error.code).toMatch(code)
    expect(shownBy(error)).not.toMatch(/canary|lk1_/)
  }
  expect(readFileSync(made.path).equals(changed)).toBe(true)
  expect(made.entries()).toEqual(['secrets.latchkey'])
}

describe('a file that was changed without the key', () => {
  test('every flipped bit is CORRUPT', async () => {
    const made = await filled()
    const { bytes } = made
    // All of the header's and the footer's bits; of the records' one in seven, unless SLOW=1.
    const records = bytes.indexOf('\n', 20)
    const isRecord = (bit: number) => bit >> 3 > records && bit >> 3 < bytes.length - 60
    const file = openSync(made.path, 'r+')
    for (let bit = 0; bit < bytes.length * 8; bit += isRecord(bit) && !SLOW ? 7 : 1) {
      writeSync(file, Buffer.of(bytes[bit >> 3]! ^ (1 << (bit & 7))), 0, 1, bit >> 3)
      const store = made.open()
      const error = await failureOf(store.get('db'))
      await store.close()
      writeSync(file, bytes, bit >> 3, 1, bit >> 3)
      if (error.code !== 'CORRUPT' || shownBy(error).includes('canary'))
        expect.fail(`bit ${bit}: ${String(error.code)}`)
    }
    closeSync(file)
    expect((await made.open().get('db'))?.values['PASSWORD']).toBe('canary-newer')
  })

  test('every prefix is CORRUPT, the empty file too', async () => {
    const made = await filled()
    for (let length = 0; length < made.bytes.length; length += SLOW ? 1 : 3) {
      writeFileSync(made.path, made.bytes.subarray(0, length))
      const store = made.open()
      const error = await failureOf(store.get('db'))
      await store.close()
      if (error.code !== 'CORRUPT') expect.fail(`length ${length}: ${String(error.code)}`)
    }
    await expectRefused(made, Buffer.alloc(0))
  })

  test('appended bytes and zeroed blocks are CORRUPT', async () => {
    const made = await filled()
    for (const more of ['\n', ' ', '\0', 'x', 'end\t3\t'])
      await expectRefused(made, Buffer.concat([made.bytes, Buffer.from(more)]))
    await expectRefused(made, Buffer.concat([made.bytes, made.bytes]))
    for (let start = 0; start < made.bytes.length; start += 128) {
      const zeroed = Buffer.from(made.bytes)
      zeroed.subarray(start, start + 128).fill(0)
      await expectRefused(made, zeroed)
    }
    await expectRefused(made, Buffer.alloc(made.bytes.length))
  })

  const lineChanges: [string, (lines: string[]) => string[]][] = [
    ['swapped', ([a = '', b = '', ...rest]) => [b, a, ...rest]],
    ['deleted', (lines) => lines.slice(1)],
    ['doubled', (lines) => [lines[0]!, ...lines]],
    ['renamed', (lines) => lines.map((line) => line.replace('"db"', '"dc"'))],
    ['moved to another scope', (lines) => lines.map((line) => line.replace('"default"', '"acme"'))],
    ['given another version', (lines) => lines.map((line) => line.replace('"\t2\t', '"\t9\t'))],
    ['given another date', (lines) => lines.map((line) => line.replace('2026', '2025').replace('Z\t', '1Z\t'))],
    ['with exchanged envelopes', (lines) => exchangedEnvelopes(lines)],
    ['replaced by the older self', ([a = '', b = '', c = '']) => [a, b, c.replace(/[^\t]+$/, b.split('\t')[4]!)]],
  ]
  test.each(lineChanges)('lines %s are CORRUPT', async (_, change) => {
    const made = await filled()
    const [title, header, ...rest] = made.bytes.toString().split('\n')
    const records = rest.slice(0, -2)
    const changed = [title, header, ...change(records), ...rest.slice(-2)].join('\n')
    expect(changed).not.toBe(made.bytes.toString())
    await expectRefused(made, Buffer.from(changed))
  })

  test('an edited count, CRLF, a byte order mark and a newer title are CORRUPT, and say what it is', async () => {
    const made = await filled()
    const text = made.bytes.toString()
    await expectRefused(made, Buffer.from(text.replace('end\t3', 'end\t2')))
    await expectRefused(made, Buffer.from(text.replaceAll('\n', '\r\n')))
    expect((await failureOf(made.open().get('db'))).message).toContain('CRLF')
    await expectRefused(made, Buffer.from(`\ufeff${text}`))
    expect((await failureOf(made.open().get('db'))).message).toContain('byte order mark')
    await expectRefused(made, Buffer.from(text.replace('latchkey/1', 'latchkey/2')))
    expect(await failureOf(made.open().get('db'))).toMatchObject({ hint: expect.stringContaining('Upgrade') as string })
  })

  test('a plaintext file is CORRUPT, and none of it is quoted', async () => {
    const made = await filled()
    await expectRefused(made, Buffer.from('{"default":{"db":{"PASSWORD":"canary-plain"}}}\n'))
    await expectRefused(made, Buffer.from('PASSWORD=canary-plain\n'))
    await expectRefused(made, Buffer.from('latchkey/1\ncanary-plain\nend\t0\tx\n'))
  })

  test('the header of another file of the same key is CORRUPT', async () => {
    const made = await filled()
    const second = storeFolder()
    await second.open({ key: made.key }).set('db', { PASSWORD: 'canary-other' })
    const header = readFileSync(second.path, 'utf8').split('\n')[1]!
    const lines = made.bytes.toString().split('\n')
    lines[1] = header
    await expectRefused(made, Buffer.from(lines.join('\n')))
  })

  test('a wrong key is KEY_WRONG, and nothing is written', async () => {
    const made = await filled()
    const other = { ...made, open: () => made.open({ key: generateKey() }) }
    await expectRefused(other, made.bytes, 'KEY_WRONG')
  })

  test('a hostile header is refused in 500 ms and 50 MB', async () => {
    const made = await filled()
    const { header, lines } = partsOf(made.bytes, made.key)
    const entry = header.keys[0]!
    const scrypt = { type: 'scrypt', salt: 'A'.repeat(22), r: 8, p: 1, sealed: entry.wraps[0]!.sealed }
    const headers: unknown[] = [
      { ...header, keys: [{ ...entry, wraps: [{ ...scrypt, logN: 30 }] }] },
      { ...header, keys: [{ ...entry, wraps: [{ ...scrypt, logN: 17, r: 2 ** 20 }] }] },
      { ...header, keys: [{ ...entry, wraps: Array.from({ length: 10_000 }, () => ({})) }] },
      { ...header, keys: [{ ...entry, wraps: Array.from({ length: 10_000 }, () => entry.wraps[0]) }] },
      { ...header, keys: [entry, { ...entry }] },
      { ...header, crit: ['something'] },
      { ...header, gen: 2 ** 60 },
      { ...header, store: 'short' },
      [],
      'canary',
    ]
    const texts = headers.map((one) => JSON.stringify(one))
    texts.push('['.repeat(400_000), '{"a":'.repeat(80_000), 'x'.repeat(1_000_000))
    for (const text of texts) {
      const changed = Buffer.from(['latchkey/1', text, ...lines, 'end\t3\tx', ''].join('\n'))
      writeFileSync(made.path, changed)
      // The least of a few times: what else the machine does is not the header's doing, and only ever adds.
      let least = { ms: Infinity, bytes: Infinity }
      for (let attempt = 0; attempt < 5 && (least.ms >= 500 || least.bytes >= 50 * 1024 * 1024); attempt += 1) {
        const store = made.open({ passphrase: 'canary' })
        const memory = process.memoryUsage().rss
        const begun = process.cpuUsage()
        const error = await failureOf(store.get('db'))
        const used = process.cpuUsage(begun)
        const bytes = process.memoryUsage().rss - memory
        least = { ms: Math.min(least.ms, (used.user + used.system) / 1_000), bytes: Math.min(least.bytes, bytes) }
        expect(error.code).toBe('CORRUPT')
        expect(shownBy(error)).not.toContain('canary')
      }
      expect(least.ms).toBeLessThan(500)
      expect(least.bytes).toBeLessThan(50 * 1024 * 1024)
    }
  })
})

describe('a file that was changed with the key', () => {
  const cases: [string, (parts: FileParts) => void][] = [
    ['two exchanged envelopes', (parts) => (parts.lines = exchangedEnvelopes(parts.lines))],
    ['a renamed secret', (parts) => (parts.lines = parts.lines.map((line) => line.replace('"db"', '"dc"')))],
    [
      'an older envelope under a newer version',
      (parts) => (parts.lines[2] = parts.lines[2]!.replace(/[^\t]+$/, parts.lines[1]!.split('\t')[4]!)),
    ],
    ['a count that is wrong', (parts) => (parts.count = 2)],
    ['a line that is none', (parts) => (parts.lines[2] = '"default"\t"db"\t2')],
    ['a date that is none', (parts) => (parts.lines[2] = parts.lines[2]!.replace(/T[^Z]+Z/, 'Tcanary'))],
    ['an envelope that is none', (parts) => (parts.lines[2] = parts.lines[2]!.replace(/[^\t]+$/, 'canary'))],
    ['an envelope of a key that is not listed', (parts) => (parts.lines[2] = withOtherKid(parts.lines[2]!))],
  ]
  test.each(cases)('%s: the record is CORRUPT, never another one', async (_, change) => {
    const made = await filled()
    const parts = partsOf(made.bytes, made.key)
    change(parts)
    writeFileSync(made.path, forge(parts, parts.dataKey.macKey))
    for (const name of ['db', 'dc']) {
      const outcome = await made
        .open()
        .get(name)
        .catch((error: unknown) => error)
      if (outcome === undefined) continue
      expect(outcome).toMatchObject({ code: 'CORRUPT' })
      expect(shownBy(outcome)).not.toContain('canary')
    }
  })

  test('one record that does not open leaves the others readable, and stops a rotation before anything is written', async () => {
    const made = await filled()
    const parts = partsOf(made.bytes, made.key)
    parts.lines = parts.lines.map((line) => (line.includes('"db"\t2') ? withOtherKid(line) : line))
    const bytes = forge(parts, parts.dataKey.macKey)
    writeFileSync(made.path, bytes)
    const store = made.open()
    expect((await store.get('github', { scope: 'acme' }))?.values['TOKEN']).toBe('canary-token')
    expect(await failureOf(store.get('db'))).toMatchObject({ code: 'CORRUPT', secret: 'db', scope: 'default' })
    expect(await failureOf(store.rotateKey())).toMatchObject({ code: 'CORRUPT', secret: 'db' })
    expect(readFileSync(made.path).equals(bytes)).toBe(true)
    expect(made.entries()).toEqual(['secrets.latchkey'])
  })

  test('a retired key opens what it sealed, but its footer is CORRUPT', async () => {
    const made = await filled()
    const parts = partsOf(made.bytes, made.key)
    const storeId = Buffer.from(parts.header.store, 'base64url')
    const next = deriveDataKey(randomBytes(32), storeId)
    const wrap = wrapRaw(next, storeId, rawKeyBytes(made.key, 'the test', 'file'))
    const entries = [entryFields(keyEntry(next, [wrap])), { ...parts.header.keys[0]!, state: 'retired' }]
    parts.header.keys = entries as unknown as typeof parts.header.keys
    await expectRefused(made, forge(parts, parts.dataKey.macKey))
    writeFileSync(made.path, forge(parts, next.macKey))
    const store = made.open()
    expect((await store.get('db'))?.values['PASSWORD']).toBe('canary-newer')
    await store.set('db', { PASSWORD: 'canary-set' })
    await store.rotateKey()
    const rotated = JSON.parse(readFileSync(made.path, 'utf8').split('\n')[1]!) as { keys: unknown[] }
    expect(rotated.keys).toHaveLength(1)
    expect((await made.open().get('db'))?.values['PASSWORD']).toBe('canary-set')
  })

  test('fields that this version does not know survive a rewrite', async () => {
    const made = await filled()
    const parts = partsOf(made.bytes, made.key)
    const [entry] = parts.header.keys
    const extra = { note: { of: 'somebody' } }
    Object.assign(parts.header, extra, { keys: [{ ...entry, ...extra, wraps: [{ ...entry!.wraps[0], ...extra }] }] })
    writeFileSync(made.path, forge(parts, parts.dataKey.macKey))
    await made.open().set('db', { PASSWORD: 'canary-set' })
    const header = JSON.parse(readFileSync(made.path, 'utf8').split('\n')[1]!) as Record<string, unknown>
    expect(header).toMatchObject({ ...extra, gen: 4, keys: [{ ...extra, wraps: [extra] }] })
  })
})

function exchangedEnvelopes(lines: string[]): string[] {
  const envelopes = lines.map((line) => line.split('\t')[4]!)
  return lines.map((line, index) => line.replace(/[^\t]+$/, envelopes[(index + 1) % lines.length]!))
}

function withOtherKid(line: string): string {
  const envelope = Buffer.from(line.split('\t')[4]!, 'base64url')
  envelope[3] = envelope[3]! ^ 1
  return line.replace(/[^\t]+$/, envelope.toString('base64url'))
}
