import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { isFor, MAX_EXT_BYTES, unwrapLater, wrapFor } from '../../src/crypto/credential.ts'
import type { Credential, KeyWrapper, WrapContext } from '../../src/crypto/credential.ts'
import { deriveDataKey } from '../../src/crypto/data-key.ts'
import {
  entryFields,
  hasRoom,
  isExtId,
  isObject,
  keyEntry,
  openKeyring,
  readKeyring,
} from '../../src/crypto/keyring.ts'
import type { Wrap } from '../../src/crypto/recipient.ts'

const storeId = randomBytes(16)
const dataKey = deriveDataKey(randomBytes(32), storeId)
const setting = { store: 'file', storeId, timeoutMs: 50, logN: 15 }
const reverse: KeyWrapper = {
  id: 'reverse',
  wrap: (bytes) => Buffer.from(bytes).reverse(),
  unwrap: (bytes) => Buffer.from(bytes).reverse(),
}
const ext = (changes: Partial<KeyWrapper> = {}) => ({ type: 'ext', wrapper: { ...reverse, ...changes } }) as const
const raw = (): Credential & { type: 'raw' } => ({ type: 'raw', key: randomBytes(32) })
const wrapOf = async (credential: Credential) => wrapFor(credential, dataKey, setting)
const unwrap = (credential: Exclude<Credential, { type: 'raw' }>, ...wraps: Wrap[]) =>
  unwrapLater(credential, { kid: dataKey.id, commit: dataKey.commit, wraps }, setting)
const scrypt: Wrap = { type: 'scrypt', salt: 'A'.repeat(22), logN: 15, r: 8, p: 1, sealed: 'A'.repeat(96) }

afterEach(() => {
  vi.useRealTimers()
})

describe('a key wrapper', () => {
  test('is told which store and which key it wraps and unwraps, and gets a copy of the key', async () => {
    const told: WrapContext[] = []
    const credential = ext({
      wrap: (key, context) => {
        told.push(context)
        const wrapped = Buffer.from(key).reverse()
        key.fill(0)
        return wrapped
      },
      unwrap: (wrapped, context) => {
        told.push(context)
        return Buffer.from(wrapped).reverse()
      },
    })
    const wrap = await wrapOf(credential)
    expect(wrap).toEqual({
      type: 'ext',
      id: 'reverse',
      sealed: Buffer.from(dataKey.secret).reverse().toString('base64url'),
    })
    expect(await unwrap(credential, wrap)).toEqual(dataKey.secret)
    const here = { store: storeId.toString('base64url'), kid: dataKey.id }
    expect(told).toEqual([here, here, here])
  })

  test('may give up to 8 KiB, and not nothing', async () => {
    const padded = (length: number) =>
      ext({
        wrap: (key) => Buffer.concat([key, Buffer.alloc(length - key.length)]),
        unwrap: (wrapped) => wrapped.subarray(0, 32),
      })
    expect((await wrapOf(padded(MAX_EXT_BYTES))) as { sealed: string }).toMatchObject({ type: 'ext' })
    for (const credential of [padded(MAX_EXT_BYTES + 1), ext({ wrap: () => Buffer.alloc(0) })]) {
      await expect(wrapOf(credential)).rejects.toMatchObject({
        code: 'BAD_ANSWER',
        message: 'The key wrapper reverse gave no bytes, or more than 8 KiB.',
        store: 'file',
      })
    }
  })

  test('that does not give back what it wrapped is told so when it wraps', async () => {
    await expect(wrapOf(ext({ wrap: () => Buffer.alloc(32) }))).rejects.toMatchObject({
      code: 'BAD_ANSWER',
      message: 'The key wrapper reverse does not give back the key that it wrapped.',
      store: 'file',
    })
  })

  test.each([
    ['a class of error is named', new TypeError('canary'), 'The key wrapper reverse failed to wrap (TypeError).'],
    [
      'a name that is no word is not',
      Object.assign(new Error('canary'), { name: 'the canary 1' }),
      'The key wrapper reverse failed to wrap.',
    ],
    [
      'a name of 60 letters is',
      Object.assign(new Error('canary'), { name: 'E'.repeat(60) }),
      `The key wrapper reverse failed to wrap (${'E'.repeat(60)}).`,
    ],
    [
      'one of 61 is not',
      Object.assign(new Error('canary'), { name: 'E'.repeat(61) }),
      'The key wrapper reverse failed to wrap.',
    ],
    ['what is no error has no name', { name: 'Canary' }, 'The key wrapper reverse failed to wrap.'],
  ])('that fails is UNAVAILABLE: %s', async (_, thrown, message) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what others reject with may be anything
    const credential = ext({ wrap: () => Promise.reject(thrown) })
    await expect(wrapOf(credential)).rejects.toMatchObject({ code: 'UNAVAILABLE', message, store: 'file' })
  })

  test('that takes too long, or answers no bytes, is named with what it was asked', async () => {
    const wrap = await wrapOf(ext())
    await expect(unwrap(ext({ unwrap: () => new Promise(() => undefined) }), wrap)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'The key wrapper reverse did not unwrap in 50 ms.',
      store: 'file',
    })
    await expect(unwrap(ext({ unwrap: () => 'text' as never }), wrap)).rejects.toMatchObject({
      code: 'BAD_ANSWER',
      message: 'The key wrapper reverse must unwrap to a Uint8Array.',
      store: 'file',
    })
  })

  test('that cannot unwrap what it wrapped fails to unwrap, as it is asked to at once', async () => {
    await expect(wrapOf(ext({ unwrap: () => Promise.reject(new Error()) }))).rejects.toMatchObject({
      message: 'The key wrapper reverse failed to unwrap (Error).',
    })
  })

  test('that answers leaves no timer', async () => {
    vi.useFakeTimers()
    await wrapOf(ext())
    expect(vi.getTimerCount()).toBe(0)
    await expect(wrapOf(ext({ wrap: () => Promise.reject(new Error()) }))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    expect(vi.getTimerCount()).toBe(0)
  })

  test('that gives other than 32 bytes does not open', async () => {
    const wrap = await wrapOf(ext())
    expect(await unwrap(ext({ unwrap: () => Buffer.alloc(31) }), wrap)).toBeUndefined()
    expect(await unwrap(ext({ unwrap: () => Buffer.alloc(33) }), wrap)).toBeUndefined()
  })

  test('is asked only for wraps of its own id', async () => {
    const wrap = await wrapOf(ext())
    const other = ext({ id: 'other', unwrap: () => expect.fail('asked') })
    expect(await unwrap(other, wrap, scrypt)).toBeUndefined()
  })
})

describe('a pass phrase', () => {
  test('is not asked for where no wrap is of one', async () => {
    const wrap = await wrapOf(ext())
    expect(await unwrap({ type: 'scrypt', passphrase: () => expect.fail('asked') }, wrap)).toBeUndefined()
  })

  test('whose function fails is UNAVAILABLE, without its words', async () => {
    const passphrase = () => Promise.reject(new Error('they typed canary'))
    const error: unknown = await unwrap({ type: 'scrypt', passphrase }, scrypt).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'UNAVAILABLE', message: 'The passphrase function failed.', store: 'file' })
  })

  test.each([
    ['empty', ''],
    ['no text', 1],
    ['a list', ['text']],
    ['not well-formed', '\ud800'],
  ])('that is %s is KEY_FORMAT', async (_, answer) => {
    const asked = unwrap({ type: 'scrypt', passphrase: () => answer as string }, scrypt)
    await expect(asked).rejects.toMatchObject({
      code: 'KEY_FORMAT',
      message: 'The pass phrase must be a well-formed string that is not empty.',
      store: 'file',
    })
  })

  test('is tried on each wrap of a pass phrase until one opens', async () => {
    const mine: Credential = { type: 'scrypt', passphrase: () => 'mine' }
    const wrap = await wrapOf(mine)
    expect(wrap).toMatchObject({ type: 'scrypt', logN: 15, r: 8, p: 1 })
    expect(await unwrap(mine, scrypt, wrap)).toEqual(dataKey.secret)
    expect(await unwrap(mine, scrypt)).toBeUndefined()
  })
})

test('a wrap is for whom it was made: a key, a wrapper by its id, any pass phrase', async () => {
  const mine = raw()
  const phrase: Credential = { type: 'scrypt', passphrase: () => 'x' }
  const wraps = [await wrapOf(mine), await wrapOf(ext()), scrypt]
  const fits = (credential: Credential) => wraps.map((wrap) => isFor(wrap, credential))
  expect(fits(mine)).toEqual([true, false, false])
  expect(fits(raw())).toEqual([false, false, false])
  expect(fits(ext())).toEqual([false, true, false])
  expect(fits(ext({ id: 'other' }))).toEqual([false, false, false])
  expect(fits(phrase)).toEqual([false, false, true])
  // An id says nothing without its type.
  const named = ext({ id: (wraps[0] as { id: string }).id })
  expect(fits(named)).toEqual([false, false, false])
  expect(isFor({ ...(wraps[0] as Wrap & { type: 'raw' }), type: 'ext' }, mine)).toBe(false)
})

describe('a keyring', () => {
  const ringOf = (...wraps: Wrap[]) => readKeyring([entryFields(keyEntry(dataKey, wraps))])!
  const open = async (wraps: Wrap[], ...credentials: Credential[]) =>
    openKeyring(ringOf(...wraps), () => credentials, new Map(), setting)

  test('asks key wrappers before it asks for a pass phrase, in whatever order they were given', async () => {
    const asked: string[] = []
    const phrase: Credential = {
      type: 'scrypt',
      passphrase: () => {
        asked.push('pass phrase')
        return 'x'
      },
    }
    const wrapper = ext({
      unwrap: (wrapped) => {
        asked.push('wrapper')
        return Buffer.from(wrapped).reverse()
      },
    })
    const wraps = [await wrapOf(ext()), scrypt]
    for (const credentials of [
      [phrase, wrapper],
      [wrapper, phrase],
    ]) {
      expect((await open(wraps, ...credentials)).get(dataKey.id)?.secret).toEqual(dataKey.secret)
    }
    expect(asked).toEqual(['wrapper', 'wrapper'])
  })

  test('asks for pass phrases in the order in which they were given', async () => {
    const asked: number[] = []
    const phrases = [1, 2, 3].map((number): Credential => {
      return {
        type: 'scrypt',
        passphrase: () => {
          asked.push(number)
          return ''
        },
      }
    })
    await expect(open([scrypt], ...phrases)).rejects.toMatchObject({ code: 'KEY_FORMAT' })
    expect(asked).toEqual([1, 2, 3])
  })

  test('that raw keys alone do not open is refused at once', async () => {
    const ring = ringOf(await wrapOf(raw()), scrypt)
    expect(() => openKeyring(ring, () => [raw()], new Map(), setting)).toThrow(
      expect.objectContaining({ code: 'KEY_WRONG' }),
    )
  })

  test('tells a raw key that is wrong from a wrap that was changed by the wraps of raw keys alone', async () => {
    const mine = raw()
    const { id } = (await wrapOf(mine)) as Wrap & { type: 'raw' }
    const wrap = await wrapOf(ext({ id }))
    await expect(open([wrap], mine)).rejects.toMatchObject({ code: 'KEY_WRONG' })
  })

  test('that nothing opens tells the first failure, and else that the key is wrong', async () => {
    const wraps = [await wrapOf(ext()), await wrapOf(ext({ id: 'second' }))]
    const down = (id: string) => ext({ id, unwrap: () => Promise.reject(new RangeError('canary')) })
    await expect(open(wraps, down('reverse'), down('second'))).rejects.toMatchObject({
      message: 'The key wrapper reverse failed to unwrap (RangeError).',
    })
    const wrong = {
      code: 'KEY_WRONG',
      message: 'The key that was given opens none of the wraps of this store.',
      hint: 'Give the key that this store was made with or last rotated to, or restore the store that belongs to this key.',
      store: 'file',
    }
    await expect(open(wraps, ext({ id: 'third' }))).rejects.toMatchObject(wrong)
    await expect(open(wraps, raw())).rejects.toMatchObject(wrong)
    await expect(open(wraps)).rejects.toMatchObject(wrong)
  })

  test('whose wrap was changed says so, with the way out', async () => {
    const mine = raw()
    const wrap = await wrapOf(mine)
    const changed = { ...wrap, sealed: 'A'.repeat(96) } as Wrap
    const error = { code: 'CORRUPT', message: 'The wrapped data key was changed since it was written.', store: 'file' }
    await expect(open([changed], mine)).rejects.toMatchObject({ ...error, hint: 'Restore the store from a backup.' })
    const other = deriveDataKey(randomBytes(32), storeId)
    // A wrap that opens, but to another key than the header commits to.
    const swapped = await wrapFor(mine, { ...other, commit: dataKey.commit }, setting)
    await expect(open([swapped], mine)).rejects.toMatchObject(error)
  })

  test('opens each of its keys, those at once that are known or have raw keys, and asks once for all', async () => {
    const mine = raw()
    const second = deriveDataKey(randomBytes(32), storeId)
    const third = deriveDataKey(randomBytes(32), storeId)
    const ring = readKeyring([
      entryFields(keyEntry(dataKey, [await wrapOf(mine)])),
      { ...entryFields(keyEntry(second, [await wrapFor(ext(), second, setting)])), state: 'retired' },
      { ...entryFields(keyEntry(third, [await wrapFor(mine, third, setting)])), state: 'retired' },
    ])!
    let read = 0
    const credentials = () => {
      read += 1
      return [mine, ext()]
    }
    const opened = await openKeyring(ring, credentials, new Map([[third.id, third]]), setting)
    expect([...opened.keys()]).toEqual([dataKey.id, second.id, third.id])
    expect([...opened.values()].map(({ secret }) => secret)).toEqual([dataKey.secret, second.secret, third.secret])
    expect(read).toBe(1)
  })

  test('does not take a known key of the same id whose commitment differs', async () => {
    const mine = raw()
    const known = { ...dataKey, commit: Buffer.alloc(32) }
    const opened = await openKeyring(ringOf(await wrapOf(mine)), () => [mine], new Map([[dataKey.id, known]]), setting)
    expect(opened.get(dataKey.id)?.commit).toEqual(dataKey.commit)
  })

  test('keeps what it does not know of an entry when the entry is written again', async () => {
    const wraps = [await wrapOf(ext())]
    const fields = { ...entryFields(keyEntry(dataKey, wraps)), later: { a: 1 } }
    const [entry] = readKeyring([fields])!
    expect(entry.fields).toEqual(fields)
    expect(entryFields({ ...entry, state: 'retired' })).toEqual({ ...fields, state: 'retired' })
    expect(keyEntry(dataKey, wraps)).toMatchObject({ kid: dataKey.id, state: 'primary', wraps, fields: {} })
  })

  test('holds up to 16 keys, each with up to 64 wraps, 8 of them of pass phrases', async () => {
    const wrap = await wrapOf(ext())
    const keys = Array.from({ length: 17 }, (_, index) => ({
      ...entryFields(keyEntry(deriveDataKey(randomBytes(32), storeId), [wrap])),
      state: index === 0 ? 'primary' : 'retired',
    }))
    expect(readKeyring(keys.slice(0, 16))).toHaveLength(16)
    expect(readKeyring(keys)).toBeUndefined()
    // A key stands in it once, in whatever state.
    expect(readKeyring([keys[0], { ...keys[0], state: 'retired' }])).toBeUndefined()
    expect(readKeyring([{ ...keys[0], commit: undefined }])).toBeUndefined()
    const withWraps = (...wraps: unknown[]) => readKeyring([{ ...entryFields(keyEntry(dataKey, [])), wraps }])
    expect(withWraps(...Array<Wrap>(64).fill(wrap))).toBeDefined()
    expect(withWraps(...Array<Wrap>(65).fill(wrap))).toBeUndefined()
    expect(withWraps(...Array<Wrap>(8).fill(scrypt))).toBeDefined()
    expect(withWraps(...Array<Wrap>(9).fill(scrypt))).toBeUndefined()
    expect(withWraps(wrap, { ...scrypt, logN: 20 }, null)).toBeUndefined()
    for (const logN of [15, 20]) expect(withWraps({ ...scrypt, logN })).toBeDefined()
  })

  test('takes wraps of key wrappers of 1 byte to 8 KiB, and raw wraps of one length', async () => {
    const withWrap = (wrap: unknown) => readKeyring([{ ...entryFields(keyEntry(dataKey, [])), wraps: [wrap] }])
    const sealed = (bytes: number) => ({ type: 'ext', id: 'kms', sealed: Buffer.alloc(bytes).toString('base64url') })
    expect(withWrap(sealed(1))).toBeDefined()
    expect(withWrap(sealed(MAX_EXT_BYTES))).toBeDefined()
    expect(withWrap(sealed(MAX_EXT_BYTES + 1))).toBeUndefined()
    expect(withWrap(sealed(0))).toBeUndefined()
    expect(withWrap({ ...sealed(1), sealed: 'A' })).toBeUndefined()
    expect(withWrap({ ...sealed(1), id: 1 })).toBeUndefined()
    expect(withWrap({ ...(await wrapOf(raw())), id: 'AAAA' })).toBeUndefined()
    expect(withWrap({ ...scrypt, sealed: 'AAAA' })).toBeUndefined()
    expect(withWrap('raw')).toBeUndefined()
    expect(withWrap([scrypt])).toBeUndefined()
  })
})

test('the id of a key wrapper is 1 to 128 printable characters of ASCII', () => {
  for (const id of ['a', '!', '~', 'arn:aws:kms:eu-central-1:1:key/a', 'a'.repeat(128)]) expect(isExtId(id)).toBe(true)
  for (const id of ['', ' ', 'a b', 'a\n', '\nb', 'é', '\x7f', 'a'.repeat(129), 1, undefined, ['a']]) {
    expect(isExtId(id)).toBe(false)
  }
})

test('a store has room for 64 recipients, 8 of them pass phrases', () => {
  const many = (count: number, type: string) => Array<string>(count).fill(type)
  expect(hasRoom([])).toBe(true)
  expect(hasRoom([...many(56, 'raw'), ...many(8, 'scrypt')])).toBe(true)
  expect(hasRoom([...many(57, 'raw'), ...many(8, 'scrypt')])).toBe(false)
  expect(hasRoom(many(9, 'scrypt'))).toBe(false)
})

test('an object is no array, no null and no text', () => {
  expect([{}, Object.create(null), [], null, 'a', undefined].map(isObject)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ])
})
