import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { wrapFor } from '../../src/crypto/credential.ts'
import type { Credential, KeyWrapper } from '../../src/crypto/credential.ts'
import { deriveDataKey } from '../../src/crypto/data-key.ts'
import { entryFields, keyEntry, openKeyring, readKeyring } from '../../src/crypto/keyring.ts'
import type { Wrap } from '../../src/crypto/recipient.ts'

const storeId = randomBytes(16)
const dataKey = deriveDataKey(randomBytes(32), storeId)
const setting = { store: 'file', storeId, timeoutMs: 50, logN: 15 }
const raw = (): Credential => ({ type: 'raw', key: randomBytes(32) })
const reverse: KeyWrapper = {
  id: 'reverse',
  wrap: (bytes) => Buffer.from(bytes).reverse(),
  unwrap: (bytes) => Buffer.from(bytes).reverse(),
}
const mine = raw()
const wrapOf = async (credential: Credential) => wrapFor(credential, dataKey, setting)
const ringOf = (...wraps: Wrap[]) => readKeyring(JSON.parse(JSON.stringify([entryFields(keyEntry(dataKey, wraps))])))!
const open = async (wraps: Wrap[], ...credentials: Credential[]) =>
  openKeyring(ringOf(...wraps), () => credentials, new Map(), setting)

test('a raw key opens its wrap at once, among others', async () => {
  const ring = ringOf(await wrapOf(raw()), await wrapOf(mine))
  const opened = openKeyring(ring, () => [raw(), mine], new Map(), setting)
  expect(opened).toBeInstanceOf(Map)
  expect((opened as Map<string, typeof dataKey>).get(dataKey.id)?.secret).toEqual(dataKey.secret)
})

test('a key that is known is not asked for again', async () => {
  const ring = ringOf(await wrapOf(mine))
  const known = new Map([[dataKey.id, dataKey]])
  expect(openKeyring(ring, () => expect.fail('asked'), known, setting)).toEqual(known)
})

test('a raw key that is in no wrap is KEY_WRONG', async () => {
  await expect(open([await wrapOf(mine)], raw())).rejects.toMatchObject({ code: 'KEY_WRONG' })
})

test('every flipped bit of a raw wrap is CORRUPT, that of its id too', async () => {
  const wrap = await wrapOf(mine)
  if (wrap.type !== 'raw') expect.fail('not a raw wrap')
  for (const field of ['id', 'sealed'] as const) {
    const bytes = Buffer.from(wrap[field], 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3] = changed[bit >> 3]! ^ (1 << (bit & 7))
      const opening = open([{ ...wrap, [field]: changed.toString('base64url') }], mine)
      await expect(opening).rejects.toMatchObject({ code: 'CORRUPT' })
    }
  }
})

test('a wrap of another data key is not taken for this one: the commitment is checked', async () => {
  const other = deriveDataKey(randomBytes(32), storeId)
  const wrap = await wrapFor({ type: 'ext', wrapper: reverse }, other, setting)
  await expect(open([wrap], { type: 'ext', wrapper: reverse })).rejects.toMatchObject({ code: 'KEY_WRONG' })
})

test('a pass phrase opens in whatever Unicode form it is typed', async () => {
  const wrap = await wrapOf({ type: 'scrypt', passphrase: () => 'Ångström' })
  const opened = await open([wrap], { type: 'scrypt', passphrase: () => 'Ångström' })
  expect(opened.get(dataKey.id)?.secret).toEqual(dataKey.secret)
})

test('a wrong pass phrase is KEY_WRONG, one that is empty is KEY_FORMAT', async () => {
  const wrap = await wrapOf({ type: 'scrypt', passphrase: () => 'right' })
  const wrong = open([wrap], { type: 'scrypt', passphrase: () => 'wrong' })
  await expect(wrong).rejects.toMatchObject({ code: 'KEY_WRONG' })
  await expect(open([wrap], { type: 'scrypt', passphrase: () => '' })).rejects.toMatchObject({ code: 'KEY_FORMAT' })
})

test('a key wrapper that rejects or hangs is UNAVAILABLE, and its own text is not passed on', async () => {
  const wrap = await wrapOf({ type: 'ext', wrapper: reverse })
  const failing = (unwrap: KeyWrapper['unwrap']): Credential => ({ type: 'ext', wrapper: { ...reverse, unwrap } })
  const rejects = failing(() => Promise.reject(new Error('the answer held canary-5b1f')))
  const hangs = failing(() => new Promise(() => undefined))
  for (const credential of [rejects, hangs]) {
    const error: unknown = await open([wrap], credential).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain('canary-5b1f')
    expect((error as Error).cause).toBeUndefined()
  }
})

test('a key wrapper that lies is KEY_WRONG, one that gives no bytes is BAD_ANSWER', async () => {
  const wrap = await wrapOf({ type: 'ext', wrapper: reverse })
  const lies: Credential = { type: 'ext', wrapper: { ...reverse, unwrap: () => randomBytes(32) } }
  const short: Credential = { type: 'ext', wrapper: { ...reverse, unwrap: () => randomBytes(16) } }
  const text = { type: 'ext', wrapper: { ...reverse, unwrap: () => 'text' } } as unknown as Credential
  await expect(open([wrap], lies)).rejects.toMatchObject({ code: 'KEY_WRONG' })
  await expect(open([wrap], short)).rejects.toMatchObject({ code: 'KEY_WRONG' })
  await expect(open([wrap], text)).rejects.toMatchObject({ code: 'BAD_ANSWER' })
})

test('a key wrapper that cannot unwrap what it wrapped is found out when it wraps', async () => {
  const wrapper = { ...reverse, wrap: () => Buffer.alloc(32) }
  await expect(wrapOf({ type: 'ext', wrapper })).rejects.toMatchObject({ code: 'BAD_ANSWER' })
  const empty = { ...reverse, wrap: () => Buffer.alloc(0) }
  await expect(wrapOf({ type: 'ext', wrapper: empty })).rejects.toMatchObject({ code: 'BAD_ANSWER' })
})

test('one recipient that cannot be asked does not keep another from opening', async () => {
  const down: Credential = { type: 'ext', wrapper: { ...reverse, unwrap: () => Promise.reject(new Error()) } }
  const wraps = [await wrapOf({ type: 'ext', wrapper: reverse }), await wrapOf(mine)]
  await expect(open(wraps, down, mine)).resolves.toBeInstanceOf(Map)
})

test('what is no keyring is refused before anything is derived', async () => {
  const entry = JSON.parse(JSON.stringify(entryFields(keyEntry(dataKey, [await wrapOf(mine)])))) as {
    wraps: Record<string, unknown>[]
  }
  const wrap = entry.wraps[0]!
  const scrypt = { type: 'scrypt', salt: 'A'.repeat(22), logN: 17, r: 8, p: 1, sealed: wrap['sealed'] }
  expect(readKeyring([entry])).toBeDefined()
  expect(readKeyring([{ ...entry, wraps: [scrypt] }])).toBeDefined()
  const hostile: unknown[] = [
    undefined,
    {},
    [],
    [null],
    [entry, entry],
    [{ ...entry, state: 'retired' }],
    [{ ...entry, state: 'other' }],
    [{ ...entry, kid: 'AAAAAAAAAAA' }],
    [{ ...entry, commit: 'AAAA' }],
    [{ ...entry, wraps: [] }],
    [{ ...entry, wraps: Array.from({ length: 10_000 }, () => wrap) }],
    Array.from({ length: 17 }, () => entry),
    ...[14, 21, 40, 17.5, '17', -1, 1e300].map((logN) => [{ ...entry, wraps: [{ ...scrypt, logN }] }]),
    [{ ...entry, wraps: [{ ...scrypt, r: 1024 }] }],
    [{ ...entry, wraps: [{ ...scrypt, p: 1024 }] }],
    [{ ...entry, wraps: [{ ...scrypt, salt: '' }] }],
    [{ ...entry, wraps: Array.from({ length: 9 }, () => scrypt) }],
    [{ ...entry, wraps: [{ ...wrap, type: 'rot13' }] }],
    [{ ...entry, wraps: [{ ...wrap, sealed: `${String(wrap['sealed'])}A` }] }],
    [{ ...entry, wraps: [{ type: 'ext', id: 'kms', sealed: 'A'.repeat(20_000) }] }],
    [{ ...entry, wraps: [{ type: 'ext', id: 'two words', sealed: 'AAAA' }] }],
  ]
  for (const keys of hostile) expect(readKeyring(keys)).toBeUndefined()
})

test('two primary keys are refused', async () => {
  const second = deriveDataKey(randomBytes(32), storeId)
  const entries = [keyEntry(dataKey, [await wrapOf(mine)]), keyEntry(second, [await wrapFor(mine, second, setting)])]
  expect(readKeyring(entries.map(entryFields))).toBeUndefined()
  const [first, other] = entries
  const ring = readKeyring([{ ...entryFields(first!), state: 'retired' }, entryFields(other!)])
  expect(ring?.map(({ kid }) => kid)).toEqual([second.id, dataKey.id])
})
