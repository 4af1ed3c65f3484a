import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { inspect } from 'node:util'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fileStore, generateKey, memoryStore, sealedStore } from 'latchkey'
import type { SetOptions, StoreChange, WritableSecretStore } from 'latchkey'
import { testSecretStore } from 'latchkey/testing'
import { mendsAnOlderVersion } from '../helpers/damaged-version.ts'
import { failureOf } from '../helpers/store-folder.ts'

describe('over a memory store', () => {
  testSecretStore({ describe, test, factory: () => ({ store: sealedStore(memoryStore(), { key: generateKey() }) }) })
})

describe('over a file store', () => {
  testSecretStore({
    describe,
    test,
    factory: () => {
      const folder = mkdtempSync(join(tmpdir(), 'latchkey-sealed-'))
      const inner = fileStore({ path: join(folder, 'secrets.latchkey'), key: generateKey() })
      return {
        store: sealedStore(inner, { key: generateKey() }),
        dispose: () => {
          rmSync(folder, { recursive: true })
        },
      }
    },
  })
})

/** A memory store that several hosts share, and everything that was ever given to it. */
function watched(): { inner: WritableSecretStore; given: () => string } {
  const store = memoryStore()
  const given: unknown[] = []
  const inner = {
    ...store,
    set: (name: string, values: Readonly<Record<string, string>>, options?: SetOptions) => {
      given.push([name, values, options])
      return store.set(name, values, options)
    },
    close: () => Promise.resolve(),
  }
  return { inner, given: () => JSON.stringify(given) }
}

describe('the inner store', () => {
  test('sees names, scopes and one sealed key, never values, keys or descriptions', async () => {
    const { inner, given } = watched()
    const store = sealedStore(inner, { key: generateKey() })
    await store.set('a', { KEY_NAME: 'the value' }, { description: 'the description', scope: 'acme' })
    await store.set('a', { OTHER_NAME: 'another value' }, { scope: 'acme', mode: 'merge' })
    await store.rotateKey()
    expect((await inner.get('a', { scope: 'acme' }))?.values).toEqual({
      LATCHKEY_SEALED: expect.stringMatching(/^[\w-]+$/) as string,
    })
    for (const text of ['KEY_NAME', 'OTHER_NAME', 'the value', 'another value', 'the description']) {
      expect(given()).not.toContain(text)
      expect(given()).not.toContain(Buffer.from(text).toString('base64url').slice(0, -2))
    }
  })

  test('is closed with the sealed one', async () => {
    const inner = memoryStore()
    await sealedStore(inner, { key: generateKey() }).close()
    expect(await failureOf(() => inner.get('a'))).toMatchObject({ code: 'CLOSED' })
  })

  test('tells its own failures, under its own name', async () => {
    const inner = memoryStore()
    const store = sealedStore(inner, { key: generateKey() })
    await store.set('a', { K: 'v' })
    await inner.close()
    expect(await failureOf(() => store.get('a'))).toMatchObject({ code: 'CLOSED', store: 'memory' })
  })

  test.each<[string, unknown]>([
    ['cas', { ...memoryStore(), capabilities: { ...memoryStore().capabilities, cas: false } }],
    ['list', { ...memoryStore(), capabilities: { ...memoryStore().capabilities, list: false } }],
    ['write, cas', { ...memoryStore(), capabilities: { ...memoryStore().capabilities, write: false, cas: false } }],
    ['scopes', { ...memoryStore(), scopes: undefined }],
  ])('that cannot %s is refused when the store is made', (lacking, inner) => {
    expect(() => sealedStore(inner as WritableSecretStore, { key: generateKey() })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringContaining(lacking) as string }),
    )
  })

  test.each([undefined, null, 'text', {}])('that is %j is refused', (inner) => {
    expect(() => sealedStore(inner as never)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })
})

describe('what somebody changes in the inner store', () => {
  const sown = async () => {
    const { inner } = watched()
    const key = generateKey()
    const store = sealedStore(inner, { key })
    await store.set('a', { K: 'of a' })
    await store.set('b', { K: 'of b' })
    await store.set('a', { K: 'of acme' }, { scope: 'acme' })
    return { inner, key, store }
  }

  test.each<[string, (inner: WritableSecretStore) => Promise<unknown>]>([
    ['another name', async (inner) => inner.set('a', (await inner.get('b'))!.values)],
    ['another scope', async (inner) => inner.set('a', (await inner.get('a', { scope: 'acme' }))!.values)],
    ['a plain secret', (inner) => inner.set('a', { K: 'planted' })],
    ['no envelope', (inner) => inner.set('a', { LATCHKEY_SEALED: 'bm90aGluZw' })],
    ['no base64url', (inner) => inner.set('a', { LATCHKEY_SEALED: '***' })],
  ])('to the value of %s is CORRUPT, and can be set again', async (_, change) => {
    const { inner, store } = await sown()
    await change(inner)
    for (const act of [() => store.get('a'), () => store.describe('a'), () => store.history('a')]) {
      const error = await failureOf(act)
      expect(error).toMatchObject({ code: 'CORRUPT', store: 'sealed', secret: 'a' })
      expect(inspect(error)).not.toMatch(/of a|of b|planted/)
    }
    await store.set('a', { K: 'again' })
    expect((await store.get('a'))?.values['K']).toBe('again')
  })

  test('to an older version is told with its number, and a write or a delete is rid of it', async () => {
    const { inner, store } = await sown()
    await store.delete('a')
    await mendsAnOlderVersion(store, async () => {
      const packed = Buffer.from((await inner.get('a'))!.values['LATCHKEY_SEALED']!, 'base64url')
      packed[packed.length - 1]! ^= 1
      await inner.set('a', { LATCHKEY_SEALED: packed.toString('base64url') })
    })
  })

  test('to what the same secret was before is not noticed, as the page says', async () => {
    const { inner, store } = await sown()
    const before = await inner.get('a')
    await store.set('a', { K: 'newer' })
    await inner.set('a', before!.values)
    expect((await store.get('a'))?.values['K']).toBe('of a')
  })

  test('by deleting the keyring is KEY_MISSING', async () => {
    const { inner, key } = await sown()
    await inner.delete('keyring', { scope: '_latchkey' })
    const store = sealedStore(inner, { key })
    for (const act of [() => store.get('a'), () => store.set('new', { K: 'v' })]) {
      expect(await failureOf(act)).toMatchObject({ code: 'KEY_MISSING', store: 'sealed' })
    }
  })

  test('by putting something else in the place of the keyring is CORRUPT', async () => {
    const { inner, key } = await sown()
    await inner.set('keyring', { K: 'v' }, { scope: '_latchkey' })
    expect(await failureOf(() => sealedStore(inner, { key }).get('a'))).toMatchObject({ code: 'CORRUPT' })
  })
})

describe('an inner store that answers with', () => {
  const answering = async (answer: (inner: WritableSecretStore) => Partial<WritableSecretStore>) => {
    const { inner } = watched()
    const key = generateKey()
    const store = sealedStore(inner, { key })
    await store.set('a', { K: 'of a' })
    await store.set('b', { K: 'of b' })
    await store.set('a', { K: 'of acme' }, { scope: 'acme' })
    return sealedStore({ ...inner, ...answer(inner) }, { key })
  }

  test.each<[string, (inner: WritableSecretStore) => Partial<WritableSecretStore>]>([
    ['name', (inner) => ({ get: (name, options) => inner.get(name === 'a' ? 'b' : name, options) })],
    [
      'scope',
      (inner) => ({ get: (name, options) => inner.get(name, name === 'a' ? { ...options, scope: 'acme' } : options) }),
    ],
  ])('a secret of another %s gets BAD_ANSWER, not that secret', async (_, answer) => {
    const store = await answering(answer)
    expect(await failureOf(() => store.get('a'))).toMatchObject({ code: 'BAD_ANSWER', secret: 'a', scope: 'default' })
  })

  test('fewer answers than requests gets BAD_ANSWER', async () => {
    const store = await answering((inner) => ({
      getMany: async (requests, options) => (await inner.getMany(requests, options)).slice(1),
    }))
    const error = await failureOf(() => store.getMany([{ name: 'a' }, { name: 'b' }]))
    expect(error).toMatchObject({ code: 'BAD_ANSWER', store: 'memory' })
  })
})

describe('the scope of the keyring', () => {
  test('is refused with INVALID by every verb, and not told by scopes', async () => {
    const store = sealedStore(memoryStore(), { key: generateKey() })
    await store.set('a', { K: 'v' })
    const scope = '_latchkey'
    for (const act of [
      () => store.get('keyring', { scope }),
      () => store.describe('keyring', { scope }),
      () => store.getMany([{ name: 'a' }, { name: 'keyring', scope }]),
      () => store.set('keyring', { K: 'v' }, { scope }),
      () => store.delete('keyring', { scope }),
      () => store.history('keyring', { scope }),
      () => store.rollback('keyring', '1', { scope }),
      () => store.list({ scope })[Symbol.asyncIterator]().next(),
      () => store.watch?.(() => undefined, { scope }),
    ]) {
      expect(await failureOf(act)).toMatchObject({ code: 'INVALID', scope })
    }
    const scopes: string[] = []
    for await (const one of store.scopes()) scopes.push(one)
    expect(scopes).toEqual(['default'])
  })
})

test('two hosts that use it for the first time at the same time share one keyring', async () => {
  const { inner } = watched()
  const key = generateKey()
  const hosts = Array.from({ length: 3 }, () => sealedStore(inner, { key }))
  await Promise.all(hosts.map((host, index) => host.set(`a${index}`, { K: `${index}` })))
  for (const host of hosts) {
    const found = await host.getMany(hosts.map((_, index) => ({ name: `a${index}` })))
    expect(found.map((secret) => secret?.values['K'])).toEqual(['0', '1', '2'])
  }
})

test('a list reads its secrets in pages, and leaves out what is deleted on the way', async () => {
  const { inner } = watched()
  let reads = 0
  const counting = {
    ...inner,
    getMany: (...args: Parameters<typeof inner.getMany>) => ((reads += 1), inner.getMany(...args)),
  }
  const store = sealedStore(counting, { key: generateKey() })
  const names = Array.from({ length: 120 }, (_, index) => `a${String(index).padStart(3, '0')}`)
  await Promise.all(names.map((name) => store.set(name, { K: name })))
  const listed: string[] = []
  for await (const { name } of store.list()) {
    if (listed.length === 0) await store.delete('a110')
    listed.push(name)
  }
  expect(listed).toEqual(names.filter((name) => name !== 'a110'))
  expect(reads).toBe(3)
})

test('an older version is kept where it fits beside the live one', async () => {
  const store = sealedStore(memoryStore(), { key: generateKey() })
  const values = { K: 'x'.repeat(600_000) }
  await store.set('a', { K: 'small' })
  await store.set('a', values)
  expect((await store.history('a')).length).toBe(2)
  await store.set('a', values)
  expect((await store.history('a')).length).toBe(1)
})

test('a secret whose text grows beyond what the inner store takes is TOO_LARGE', async () => {
  const store = sealedStore(memoryStore(), { key: generateKey() })
  expect(await failureOf(() => store.set('a', { K: '\u0001'.repeat(600_000) }))).toMatchObject({ code: 'TOO_LARGE' })
  expect(await failureOf(() => store.set('a', { K: 'x'.repeat(700_000) }))).toMatchObject({ code: 'TOO_LARGE' })
  expect(await store.get('a')).toBeUndefined()
})

test('a watch tells of names, without the version of the inner store', async () => {
  const store = sealedStore(memoryStore(), { key: generateKey() })
  const told = new Promise<StoreChange>((resolve) => {
    void store.watch?.(resolve)
  })
  await store.set('a', { K: 'v' })
  expect(await told).toEqual({ scope: 'default', name: 'a' })
})

test('options are checked when the store is made', () => {
  expect(() => sealedStore(memoryStore(), { kex: 'k' } as never)).toThrow(
    expect.objectContaining({ code: 'UNKNOWN_OPTION' }),
  )
  expect(() => sealedStore(memoryStore(), { key: 'k', passphrase: 'p' })).toThrow(/sealedStore takes only one of/)
})

test('the page names what the inner store holds', () => {
  const page = readFileSync(new URL('../../docs/stores/sealed.md', import.meta.url), 'utf8')
  for (const name of ['LATCHKEY_SEALED', 'LATCHKEY_KEYRING', '_latchkey']) expect(page).toContain(name)
})
