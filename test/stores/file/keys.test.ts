import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { generateKey } from '../../../src/stores/file.ts'
import type { FileStore, KeyWrapper } from '../../../src/stores/file.ts'
import type { SecretInfo } from '../../../src/secret.ts'
import { failureOf, shownBy, storeFolder } from '../../helpers/store-folder.ts'

const reverse = (bytes: Uint8Array) => Buffer.from(bytes).reverse()
const wrapper: KeyWrapper = { id: 'test/reverse', wrap: reverse, unwrap: reverse }
const valueOf = async (store: FileStore) => (await store.get('a'))?.values['K']
const envelopesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .slice(2, -2)
    .map((line) => line.split('\t')[4])
const kidOf = (path: string) =>
  (JSON.parse(readFileSync(path, 'utf8').split('\n')[1]!) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid)

describe('opening', () => {
  test('each of several keys opens the store that they made', async () => {
    const { folder, key, open } = storeFolder()
    const keyFile = join(folder, 'a.key')
    writeFileSync(keyFile, `${generateKey()}\n`, { mode: 0o600 })
    const keys = [{ key }, { keyFile }, { passphrase: 'of a test' }, wrapper]
    await open({ keys }).set('a', { K: 'v' })
    for (const options of [
      { key },
      { keyFile },
      { passphrase: 'of a test' },
      { passphrase: () => 'of a test' },
      { keys: [wrapper] },
    ]) {
      expect(await valueOf(open(options))).toBe('v')
    }
    expect((await open({ key }).recipients()).map(({ type }) => type)).toEqual(['raw', 'raw', 'scrypt', 'ext'])
  })

  test('with a pass phrase or a key wrapper, describe answers later, and at once when the store was opened', async () => {
    const { open } = storeFolder()
    const keys = [wrapper]
    await open({ keys }).set('a', { K: 'v' })
    const store = open({ keys })
    expect(store.capabilities.syncDescribe).toBe(false)
    const described = store.describe('a')
    expect(described).toBeInstanceOf(Promise)
    expect((await described)?.keys).toEqual(['K'])
    expect(store.capabilities.syncDescribe).toBe(true)
    expect((store.describe('a') as SecretInfo).keys).toEqual(['K'])
  })

  test('a key wrapper is asked once, however many read at the same time', async () => {
    const { open } = storeFolder()
    let asked = 0
    const counting = { ...wrapper, unwrap: (bytes: Uint8Array) => ((asked += 1), reverse(bytes)) }
    await open({ keys: [wrapper] }).set('a', { K: 'v' })
    const store = open({ keys: [counting] })
    expect(await Promise.all(Array.from({ length: 20 }, () => valueOf(store)))).toEqual(Array(20).fill('v'))
    expect(asked).toBe(1)
  })

  test('a key wrapper is told store and key id, and a read that is aborted does not wait for it', async () => {
    const { open, path } = storeFolder()
    const contexts: unknown[] = []
    const noting = {
      ...wrapper,
      wrap: (bytes: Uint8Array, context: unknown) => (contexts.push(context), reverse(bytes)),
    }
    await open({ keys: [noting] }).set('a', { K: 'v' })
    const { store: id } = JSON.parse(readFileSync(path, 'utf8').split('\n')[1]!) as { store: string }
    expect(contexts).toEqual([{ store: id, kid: kidOf(path)[0] }])
    const hanging = open({
      keys: [{ ...wrapper, unwrap: () => new Promise<Uint8Array>(() => undefined) }],
      keyTimeoutMs: 60_000,
    })
    const aborter = new AbortController()
    const reading = hanging.get('a', { signal: aborter.signal })
    aborter.abort(new Error('enough'))
    await expect(reading).rejects.toThrow('enough')
  })

  test('a key wrapper that rejects, hangs or lies fails reads and writes with a code, and nothing is written', async () => {
    const { open, path, entries } = storeFolder()
    await open({ keys: [wrapper] }).set('a', { K: 'v' })
    const before = readFileSync(path)
    const cases: [KeyWrapper['unwrap'], string][] = [
      [() => Promise.reject(new Error('canary')), 'UNAVAILABLE'],
      [() => new Promise(() => undefined), 'UNAVAILABLE'],
      [() => Buffer.alloc(32), 'KEY_WRONG'],
      [() => 'canary' as never, 'BAD_ANSWER'],
    ]
    for (const [unwrap, code] of cases) {
      const store = open({ keys: [{ ...wrapper, unwrap }], keyTimeoutMs: 20 })
      for (const run of [() => store.get('a'), () => store.set('a', { K: 'w' }), () => store.rotateKey()]) {
        const error = await failureOf(run)
        expect(error).toMatchObject({ code })
        expect(shownBy(error)).not.toContain('canary')
      }
    }
    expect(readFileSync(path).equals(before)).toBe(true)
    expect(entries()).toEqual(['secrets.latchkey'])
  })

  test('a pass phrase of the length of a key is not a key, and a key is no pass phrase', async () => {
    const { open, key } = storeFolder()
    await open().set('a', { K: 'v' })
    expect(await failureOf(open({ passphrase: key }).get('a'))).toMatchObject({ code: 'KEY_WRONG' })
    expect(await failureOf(open({ key: 'a'.repeat(47) }).get('a'))).toMatchObject({ code: 'KEY_FORMAT' })
  })
})

test('a store that is closed while a key wrapper is asked opens and writes nothing any more', async () => {
  const { open, path } = storeFolder()
  await open({ keys: [wrapper] }).set('a', { K: 'v' })
  const before = readFileSync(path)
  const descriptors = () => readdirSync('/proc/self/fd').length
  const count = descriptors()
  let answer = (): void => undefined
  const slow: KeyWrapper = {
    ...wrapper,
    unwrap: (bytes) =>
      new Promise(
        (resolve) =>
          (answer = () => {
            resolve(reverse(bytes))
          }),
      ),
  }
  const reader = open({ keys: [slow] })
  const reading = failureOf(reader.get('a'))
  await reader.close()
  answer()
  expect(await reading).toMatchObject({ code: 'CLOSED' })
  expect(descriptors()).toBe(count)

  let tell = (): void => undefined
  const asked = new Promise<void>((resolve) => (tell = resolve))
  const adding = open({ keys: [wrapper] })
  const other: KeyWrapper = {
    id: 'other',
    unwrap: reverse,
    wrap: (bytes) => {
      tell()
      return new Promise(
        (resolve) =>
          (answer = () => {
            resolve(reverse(bytes))
          }),
      )
    },
  }
  const added = failureOf(adding.addRecipient(other))
  await asked
  await adding.close()
  answer()
  expect(await added).toMatchObject({ code: 'CLOSED' })
  expect(readFileSync(path).equals(before)).toBe(true)
})

describe('rotateKey', () => {
  test('every record is sealed again under a new data key, versions and values stay', async () => {
    const { open, path } = storeFolder()
    const store = open()
    for (const value of ['1', '2']) await store.set('a', { K: value }, { description: 'kept' })
    const other = open()
    const before = { info: await other.history('a'), kid: kidOf(path), envelopes: envelopesOf(path) }
    await store.rotateKey()
    expect(kidOf(path)).toHaveLength(1)
    expect(kidOf(path)).not.toEqual(before.kid)
    for (const envelope of envelopesOf(path)) expect(before.envelopes).not.toContain(envelope)
    for (const reader of [store, other, open()]) {
      expect(await reader.history('a')).toEqual(before.info)
      expect(await valueOf(reader)).toBe('2')
    }
  })

  test('reads and writes go on while the key is rotated', async () => {
    const { open } = storeFolder()
    const store = open()
    await Promise.all(Array.from({ length: 300 }, (_, index) => store.set(`s${index}`, { K: String(index) })))
    const reader = open()
    let over = false
    let reads = 0
    const reading = (async () => {
      for (; !over; reads += 1) {
        const index = reads % 300
        const found = await reader.get(`s${index}`)
        if (found?.values['K'] !== String(index)) throw new Error(`read something else at ${index}`)
        await new Promise((resolve) => setImmediate(resolve))
      }
    })()
    const rotations = Promise.all([store.rotateKey(), reader.set('new', { K: 'written' }), store.rotateKey()])
    await rotations
    over = true
    await reading
    expect(reads).toBeGreaterThan(0)
    expect((await open().get('new'))?.values['K']).toBe('written')
  })

  test('with other keys, the old ones open it no more, and this store goes on with the new ones', async () => {
    const { open, key } = storeFolder()
    const store = open()
    await store.set('a', { K: 'v' })
    const next = generateKey()
    await store.rotateKey({ keys: [{ key: next }] })
    expect(await failureOf(open({ key }).get('a'))).toMatchObject({ code: 'KEY_WRONG' })
    expect(await valueOf(open({ key: next }))).toBe('v')
    await open({ key: next }).rotateKey()
    expect(await valueOf(store)).toBe('v')
    await store.rotateKey()
  })

  test('the keys of all recipients are needed; else KEY_MISSING says whose, and nothing is written', async () => {
    const { open, key, path } = storeFolder()
    const store = open({ keys: [{ key }, { passphrase: 'of a test' }, wrapper] })
    await store.set('a', { K: 'v' })
    const before = readFileSync(path)
    expect(await failureOf(open({ key }).rotateKey())).toMatchObject({
      code: 'KEY_MISSING',
      message: expect.stringContaining('scrypt') as string,
    })
    const wrongPhrase = open({ keys: [{ key }, { passphrase: 'another' }, wrapper] })
    expect(await failureOf(wrongPhrase.rotateKey())).toMatchObject({ code: 'KEY_MISSING' })
    expect(readFileSync(path).equals(before)).toBe(true)
    await store.rotateKey()
    for (const options of [{ key }, { passphrase: 'of a test' }, { keys: [wrapper] }])
      expect(await valueOf(open(options))).toBe('v')
  })

  test('a key wrapper whose wrap cannot be opened again stops it before anything is written', async () => {
    const { open, path } = storeFolder()
    await open({ keys: [wrapper] }).set('a', { K: 'v' })
    const before = readFileSync(path)
    const lying = { ...wrapper, wrap: () => Buffer.alloc(32) }
    expect(await failureOf(open({ keys: [lying] }).rotateKey())).toMatchObject({ code: 'BAD_ANSWER' })
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  test('a store that has no file yet is INVALID', async () => {
    const store = storeFolder().open()
    for (const run of [() => store.rotateKey(), () => store.recipients(), () => store.changePassphrase('x')]) {
      expect(await failureOf(run)).toMatchObject({ code: 'INVALID' })
    }
  })
})

describe('recipients', () => {
  test('one more is added without sealing any record again', async () => {
    const { open, path } = storeFolder()
    const store = open()
    await store.set('a', { K: 'v' })
    const before = envelopesOf(path)
    const second = generateKey()
    await store.addRecipient({ key: second })
    await store.addRecipient(wrapper)
    expect(envelopesOf(path)).toEqual(before)
    expect(await valueOf(open({ key: second }))).toBe('v')
    expect(await valueOf(open({ keys: [wrapper] }))).toBe('v')
    expect(await failureOf(store.addRecipient({ key: second }))).toMatchObject({ code: 'CONFLICT' })
    expect(await failureOf(store.addRecipient(wrapper))).toMatchObject({ code: 'CONFLICT' })
    expect(await failureOf(store.addRecipient({} as never))).toMatchObject({ code: 'INVALID_OPTION' })
  })

  test('one that is removed cannot open what is written from then on: the data key is new', async () => {
    const { open, key, path } = storeFolder()
    const second = generateKey()
    await open({ keys: [{ key }, { key: second }] }).set('a', { K: 'v' })
    const store = open({ key })
    const [, gone] = await store.recipients()
    const kid = kidOf(path)
    await store.removeRecipient(gone!.id)
    expect(kidOf(path)).not.toEqual(kid)
    expect(await failureOf(open({ key: second }).get('a'))).toMatchObject({ code: 'KEY_WRONG' })
    expect(await valueOf(store)).toBe('v')
    const [last] = await store.recipients()
    expect(await failureOf(store.removeRecipient(last!.id))).toMatchObject({ code: 'INVALID' })
    expect(await failureOf(store.removeRecipient(gone!.id))).toMatchObject({ code: 'INVALID' })
  })

  test('a store takes no more recipients than it could read again', async () => {
    const { open } = storeFolder()
    const keys = Array.from({ length: 64 }, () => ({ key: generateKey() }))
    const store = open({ keys })
    await store.set('a', { K: 'v' })
    expect(await failureOf(store.addRecipient({ key: generateKey() }))).toMatchObject({ code: 'INVALID' })
    const many = [...keys, { key: generateKey() }]
    expect(await failureOf(store.rotateKey({ keys: many }))).toMatchObject({ code: 'INVALID' })
    const made = storeFolder()
    expect(await failureOf(made.open({ keys: many }).create())).toMatchObject({ code: 'INVALID' })
    expect(made.entries()).toEqual([])
  })

  test('two processes that change keys at once lose neither change', async () => {
    const { open, key } = storeFolder()
    const [one, two] = [open(), open()]
    await one.set('a', { K: 'v' })
    const keys = [generateKey(), generateKey()]
    await Promise.all([one.addRecipient({ key: keys[0]! }), two.addRecipient({ key: keys[1]! })])
    for (const each of [key, ...keys]) expect(await valueOf(open({ key: each }))).toBe('v')
  })
})

describe('changePassphrase', () => {
  test('the new one opens it, the old one no more, and no record is sealed again', async () => {
    const { open, path } = storeFolder()
    const store = open({ passphrase: 'old' })
    await store.set('a', { K: 'v' })
    const before = envelopesOf(path)
    await store.changePassphrase('new')
    expect(envelopesOf(path)).toEqual(before)
    expect(await failureOf(open({ passphrase: 'old' }).get('a'))).toMatchObject({ code: 'KEY_WRONG' })
    expect(await valueOf(open({ passphrase: 'new' }))).toBe('v')
    await open({ passphrase: 'new' }).rotateKey()
    expect(await valueOf(store)).toBe('v')
  })

  test('who has a key can change the only pass phrase; of several the one to change must be given', async () => {
    const { open, key } = storeFolder()
    const store = open()
    await store.set('a', { K: 'v' })
    expect(await failureOf(store.changePassphrase('new'))).toMatchObject({ code: 'INVALID' })
    await store.addRecipient({ passphrase: 'forgotten' })
    await store.changePassphrase('new')
    expect(await valueOf(open({ passphrase: 'new' }))).toBe('v')
    await store.addRecipient({ passphrase: 'second' })
    expect(await failureOf(store.changePassphrase('x'))).toMatchObject({ code: 'KEY_MISSING' })
    await open({ passphrase: 'second' }).changePassphrase('third')
    expect(await valueOf(open({ passphrase: 'third' }))).toBe('v')
    expect(await valueOf(open({ passphrase: 'new' }))).toBe('v')
    expect(await valueOf(open({ key }))).toBe('v')
  })
})
