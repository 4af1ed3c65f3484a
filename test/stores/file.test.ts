import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test, vi } from 'vitest'
import { fileStore, generateKey } from '../../src/stores/file.ts'
import type { SecretInfo } from '../../src/secret.ts'
import { failureOf, storeFolder } from '../helpers/store-folder.ts'

const GITHUB = { GH_ACCESS_TOKEN: 'a token of a test', GH_USERNAME: 'octocat' }

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

describe('fileStore', () => {
  test('construction reads nothing and needs no key', () => {
    const store = fileStore({ path: '/no/such/folder/secrets.latchkey', key: 'no key at all' })
    expect(store.name).toBe('file')
    expect(store.path).toBe('/no/such/folder/secrets.latchkey')
    expect(fileStore({ path: pathToFileURL('/tmp/a.latchkey') }).path).toBe('/tmp/a.latchkey')
    expect(fileStore().path).toBe(join(process.cwd(), 'secrets.latchkey'))
  })

  test.each([
    [{ pth: 'x' }, 'UNKNOWN_OPTION'],
    [{ path: '' }, 'INVALID_OPTION'],
    [{ path: 7 }, 'INVALID_OPTION'],
    [{ path: new URL('https://example.com/a') }, 'INVALID_OPTION'],
    [{ key: generateKey(), passphrase: 'x' }, 'INVALID_OPTION'],
    [{ key: 7 }, 'INVALID_OPTION'],
    [{ keyFile: '' }, 'INVALID_OPTION'],
    [{ passphrase: '' }, 'INVALID_OPTION'],
    [{ keys: [] }, 'INVALID_OPTION'],
    [{ keys: [{}] }, 'INVALID_OPTION'],
    [{ keys: [{ kee: 'x' }] }, 'UNKNOWN_OPTION'],
    [{ keys: [{ id: 'two words', wrap: String, unwrap: String }] }, 'INVALID_OPTION'],
    [{ keys: [{ id: 'kms', wrap: String }] }, 'INVALID_OPTION'],
    [{ history: -1 }, 'INVALID_OPTION'],
    [{ history: 1.5 }, 'INVALID_OPTION'],
    [{ allowKeyMode: 0o666 }, 'INVALID_OPTION'],
    [{ anchor: {} }, 'INVALID_OPTION'],
    [{ ifCorrupt: 'ignore' }, 'INVALID_OPTION'],
    [{ lockTimeoutMs: Number.NaN }, 'INVALID_OPTION'],
    [{ passphraseCost: 14 }, 'INVALID_OPTION'],
    [{ passphraseCost: 21 }, 'INVALID_OPTION'],
    ['secrets.latchkey', 'INVALID_OPTION'],
  ])('%o is refused at once', (options, code) => {
    expect(() => fileStore(options as never)).toThrow(expect.objectContaining({ name: 'TypeError', code }) as Error)
  })

  test('an option given as undefined counts as absent', () => {
    expect(() => fileStore({ path: undefined, key: undefined, history: undefined })).not.toThrow()
  })

  test('a store that has no file holds nothing, and makes none by being read', async () => {
    const { open, entries } = storeFolder()
    const store = open()
    expect(await store.get('a')).toBeUndefined()
    expect(store.describe('a')).toBeUndefined()
    expect(await store.getMany([{ name: 'a' }, { name: 'b' }])).toEqual([undefined, undefined])
    expect(await all(store.list())).toEqual([])
    expect(await all(store.scopes())).toEqual([])
    expect(await store.history('a')).toEqual([])
    expect(await store.delete('a')).toBe(false)
    expect(entries()).toEqual([])
  })

  test('what was set is there, frozen and without a prototype, for another instance too', async () => {
    const { open } = storeFolder()
    const info = await open().set('github', GITHUB, { description: 'For issues' })
    const secret = await open().get('github')
    expect({ ...secret?.values }).toEqual(GITHUB)
    expect(secret).toMatchObject({ name: 'github', scope: 'default', version: info.version, description: 'For issues' })
    expect(secret?.createdAt).toEqual(info.createdAt)
    expect(Object.isFrozen(secret) && Object.isFrozen(secret?.values)).toBe(true)
    expect(Object.getPrototypeOf(secret?.values)).toBeNull()
    expect(info.keys).toEqual(['GH_ACCESS_TOKEN', 'GH_USERNAME'])
    expect(Object.isFrozen(info) && Object.isFrozen(info.keys)).toBe(true)
  })

  test('describe answers at once with a raw key, and tells no value', async () => {
    const { open } = storeFolder()
    const info = await open().set('github', GITHUB)
    const store = open()
    expect(store.capabilities.syncDescribe).toBe(true)
    const described = store.describe('github') as SecretInfo
    expect(described).toEqual(info)
    expect(JSON.stringify(described)).not.toContain('octocat')
  })

  test('describe throws at once for a bad name, get rejects', async () => {
    const store = storeFolder().open()
    const code = { code: 'INVALID_NAME' }
    expect(() => store.describe('no name')).toThrow(expect.objectContaining(code) as Error)
    expect(() => store.describe('a', { scope: '../x' })).toThrow(expect.objectContaining(code) as Error)
    await expect(store.get('no name')).rejects.toMatchObject(code)
    await expect(store.set('no name', GITHUB)).rejects.toMatchObject(code)
    await expect(store.delete('a', { scope: '' })).rejects.toMatchObject(code)
    await expect(store.set('a', { 'no key': 'x' })).rejects.toMatchObject({ code: 'INVALID' })
    await expect(store.get('a', { scop: 'x' } as never)).rejects.toMatchObject({ code: 'UNKNOWN_OPTION' })
  })

  test('a signal that is aborted ends a read with its own reason', async () => {
    const store = storeFolder().open()
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    await expect(store.get('a', { signal })).rejects.toBe(reason)
    await expect(store.getMany([], { signal })).rejects.toBe(reason)
  })

  test('scopes keep secrets apart', async () => {
    const store = storeFolder().open()
    await store.set('a', { K: 'default' })
    await store.set('a', { K: 'production' }, { scope: 'acme/production' })
    await store.set('a', { K: 'acme' }, { scope: 'acme' })
    expect((await store.get('a', { scope: 'acme/production' }))?.values['K']).toBe('production')
    expect((await store.get('a', { scope: 'acme' }))?.values['K']).toBe('acme')
    expect(await store.get('a', { scope: 'acme/staging' })).toBeUndefined()
    expect(await all(store.scopes())).toEqual(['acme', 'acme/production', 'default'])
    await store.delete('a', { scope: 'acme' })
    expect(await all(store.scopes())).toEqual(['acme/production', 'default'])
    expect((await store.get('a'))?.values['K']).toBe('default')
  })

  test('list is sorted, by prefix, of one scope, live versions only', async () => {
    const store = storeFolder().open()
    const names = ['b', 'a-1', 'a_1', 'a', 'a1', 'B', 'a-10', 'a-2', 'c']
    await Promise.all(names.map((name) => store.set(name, { K: 'old' })))
    await store.set('a', { L: 'new' })
    await store.set('other', { K: 'x' }, { scope: 'b' })
    const listed = await all(store.list())
    expect(listed.map(({ name }) => name)).toEqual([...names].sort())
    expect(listed.find(({ name }) => name === 'a')?.keys).toEqual(['L'])
    expect((await all(store.list({ prefix: 'a-' }))).map(({ name }) => name)).toEqual(['a-1', 'a-10', 'a-2'])
    expect(await all(store.list({ prefix: '"' }))).toEqual([])
    expect((await all(store.list({ scope: 'b' }))).map(({ name }) => name)).toEqual(['other'])
  })

  test('a list goes on while what it lists is changed', async () => {
    const store = storeFolder().open()
    for (const name of ['a', 'b', 'c', 'd']) await store.set(name, { K: 'v' })
    const seen: string[] = []
    for await (const { name } of store.list()) {
      seen.push(name)
      if (name === 'a') await store.delete('b')
      if (name === 'c') await store.set('cc', { K: 'v' })
    }
    expect(seen).toEqual(['a', 'c', 'cc', 'd'])
  })

  test('getMany answers in the order of the requests, and only the keys that are asked for', async () => {
    const store = storeFolder().open()
    await store.set('github', GITHUB)
    await store.set('db', { PASSWORD: 'p' }, { scope: 'acme' })
    const [db, none, github] = await store.getMany([
      { name: 'db', scope: 'acme' },
      { name: 'none' },
      { name: 'github', keys: ['GH_USERNAME', 'NOT_THERE'] },
    ])
    expect({ ...db?.values }).toEqual({ PASSWORD: 'p' })
    expect(none).toBeUndefined()
    expect({ ...github?.values }).toEqual({ GH_USERNAME: 'octocat' })
  })

  test('every write gives another version, and two stores never give the same', async () => {
    const first = storeFolder().open()
    const second = storeFolder().open()
    const versions = [
      (await first.set('a', { K: 'v' })).version,
      (await first.set('a', { K: 'v' })).version,
      (await second.set('a', { K: 'v' })).version,
    ]
    await first.delete('a')
    versions.push((await first.set('a', { K: 'v' })).version)
    expect(new Set(versions).size).toBe(4)
  })

  test('merge keeps the keys that are not given, replace drops them', async () => {
    const store = storeFolder().open()
    await store.set('a', { K: '1', L: '2' }, { description: 'kept' })
    await store.set('a', { L: '3', M: '4' }, { mode: 'merge' })
    expect({ ...(await store.get('a'))?.values }).toEqual({ K: '1', L: '3', M: '4' })
    expect((await store.get('a'))?.description).toBe('kept')
    await store.set('a', { N: '5' })
    expect({ ...(await store.get('a'))?.values }).toEqual({ N: '5' })
    expect((await store.get('a'))?.description).toBeUndefined()
    await store.set('new', { K: '1' }, { mode: 'merge' })
    expect({ ...(await store.get('new'))?.values }).toEqual({ K: '1' })
  })

  test('ifVersion: another version is CONFLICT and changes nothing', async () => {
    const { open, path } = storeFolder()
    const store = open()
    const first = await store.set('a', { K: '1' }, { ifVersion: null })
    const second = await store.set('a', { K: '2' }, { ifVersion: first.version })
    const before = readFileSync(path)
    for (const attempt of [
      () => store.set('a', { K: '3' }, { ifVersion: first.version }),
      () => store.set('a', { K: '3' }, { ifVersion: null }),
      () => store.set('b', { K: '3' }, { ifVersion: second.version }),
      () => store.delete('a', { ifVersion: first.version }),
      () => store.delete('b', { ifVersion: first.version }),
    ]) {
      expect(await failureOf(attempt)).toMatchObject({ code: 'CONFLICT', store: 'file', retryable: false })
    }
    expect(readFileSync(path).equals(before)).toBe(true)
    expect(await store.delete('a', { ifVersion: second.version })).toBe(true)
  })

  test('of many concurrent writes with one ifVersion exactly one succeeds', async () => {
    const { open } = storeFolder()
    const store = open()
    const { version } = await store.set('a', { K: '0' })
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, index) => store.set('a', { K: String(index) }, { ifVersion: version })),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(results[0]?.status).toBe('fulfilled')
    expect((await store.get('a'))?.values['K']).toBe('0')
  })

  test('concurrent writes share rewrites, in the order of arrival', async () => {
    const { open, path } = storeFolder()
    const store = open()
    await Promise.all(Array.from({ length: 500 }, (_, index) => store.set(`s${index % 10}`, { K: String(index) })))
    for (let index = 0; index < 10; index += 1) {
      expect((await store.get(`s${index}`))?.values['K']).toBe(String(490 + index))
    }
    const header = JSON.parse(readFileSync(path, 'utf8').split('\n')[1]!) as { gen: number; ver: number }
    expect(header.ver).toBe(500)
    expect(header.gen).toBeLessThan(10)
  })

  test('a batch in which all fail writes nothing', async () => {
    const { open, path } = storeFolder()
    const store = open()
    const sets = [1, 2, 3].map(() => store.set('a', { K: 'v' }, { ifVersion: 'never' }))
    expect((await Promise.allSettled(sets)).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(existsSync(path)).toBe(false)
  })

  test('one older version is kept by default, and rollback makes it the newest', async () => {
    const store = storeFolder().open()
    const first = await store.set('a', { K: '1' }, { description: 'first' })
    const second = await store.set('a', { K: '2' })
    const third = await store.set('a', { K: '3' })
    expect((await store.history('a')).map(({ version }) => version)).toEqual([third.version, second.version])
    await expect(store.rollback('a', first.version)).rejects.toMatchObject({ code: 'INVALID' })
    const back = await store.rollback('a', second.version)
    expect((await store.get('a'))?.values['K']).toBe('2')
    expect(back.version).not.toBe(second.version)
    expect((await store.get('a'))?.version).toBe(back.version)
    expect((await store.history('a')).map(({ version }) => version)).toEqual([back.version, third.version])
  })

  test('history: 0 keeps none, 3 keeps three, and versions above 9 stay in order', async () => {
    const { open } = storeFolder()
    const store = open({ history: 3 })
    const versions: string[] = []
    for (let index = 0; index < 12; index += 1) versions.unshift((await store.set('a', { K: String(index) })).version)
    expect((await store.history('a')).map(({ version }) => version)).toEqual(versions.slice(0, 4))
    expect((await store.get('a'))?.values['K']).toBe('11')
    const none = open({ history: 0 })
    const { version } = await none.set('a', { K: '12' })
    expect((await none.history('a')).map((info) => info.version)).toEqual([version])
  })

  test('a store that is closed says so, and closing waits for what was begun', async () => {
    const { open } = storeFolder()
    const store = open()
    const writing = store.set('a', { K: 'v' })
    await Promise.all([store.close(), store.close()])
    await expect(writing).resolves.toMatchObject({ name: 'a' })
    const closed = { code: 'CLOSED' }
    await expect(store.get('a')).rejects.toMatchObject(closed)
    await expect(store.set('a', { K: 'v' })).rejects.toMatchObject(closed)
    await expect(all(store.list())).rejects.toMatchObject(closed)
    await expect(store.rotateKey()).rejects.toMatchObject(closed)
    expect(() => store.describe('a')).toThrow(expect.objectContaining(closed) as Error)
    expect((await open().get('a'))?.values['K']).toBe('v')
  })

  test('the file shows names and dates, never keys or values, and one set changes few lines', async () => {
    const { open, path } = storeFolder()
    const store = open()
    for (let index = 0; index < 20; index += 1) await store.set(`s${index}`, { KEY_NAME: 'canary-value' })
    const before = readFileSync(path, 'utf8').split('\n')
    await store.set('s7', { KEY_NAME: 'canary-value-2' })
    const text = readFileSync(path, 'utf8')
    expect(text).toContain('"default"\t"s7"\t')
    expect(text).not.toMatch(/canary|KEY_NAME/)
    const unchanged = text.split('\n').filter((line) => before.includes(line))
    expect(unchanged.length).toBeGreaterThanOrEqual(before.length - 2)
  })

  test('the store object shows no key', async () => {
    const { open, key } = storeFolder()
    const store = open()
    await store.set('a', { K: 'canary-value' })
    const { inspect } = await import('node:util')
    const shown = inspect(store, { depth: 10, showHidden: true }) + JSON.stringify(store)
    expect(shown).not.toContain(key)
    expect(shown).not.toContain('canary-value')
  })

  test('create makes an empty store once', async () => {
    const { open, path, entries } = storeFolder()
    const store = open()
    expect(await store.create()).toEqual({})
    expect(entries()).toEqual(['secrets.latchkey'])
    expect(readFileSync(path, 'utf8')).toMatch(/\nend\t0\t/)
    await expect(store.create()).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(open().create()).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await all(store.list())).toEqual([])
  })

  test('without options: the environment, then the key file that it names, then the one beside the store', async () => {
    const { folder, path, key } = storeFolder()
    await using made = fileStore({ path, key })
    await made.set('a', { K: 'v' })
    const read = async () => {
      await using store = fileStore({ path })
      return (await store.get('a'))?.values['K']
    }
    for (const name of ['LATCHKEY_KEY', 'LATCHKEY_KEY_FILE']) vi.stubEnv(name, undefined)
    try {
      expect(await failureOf(read)).toMatchObject({
        code: 'KEY_MISSING',
        hint: expect.stringMatching(/generateKey/) as string,
      })
      writeFileSync(`${path}.key`, `${key}\n`, { mode: 0o600 })
      expect(await read()).toBe('v')
      vi.stubEnv('LATCHKEY_KEY_FILE', join(folder, 'none.key'))
      expect(await failureOf(read)).toMatchObject({ code: 'KEY_MISSING' })
      vi.stubEnv('LATCHKEY_KEY', key)
      expect(await read()).toBe('v')
      vi.stubEnv('LATCHKEY_KEY', '')
      expect(await failureOf(read)).toMatchObject({ code: 'KEY_FORMAT' })
    } finally {
      vi.unstubAllEnvs()
    }
  })

  test('create with makeKeyFile makes the key file that is missing, and never replaces one', async () => {
    const { folder } = storeFolder()
    for (const name of ['LATCHKEY_KEY', 'LATCHKEY_KEY_FILE']) vi.stubEnv(name, undefined)
    try {
      const path = join(folder, 'new.latchkey')
      await using store = fileStore({ path })
      await expect(store.create()).rejects.toMatchObject({ code: 'KEY_MISSING' })
      expect(await store.create({ makeKeyFile: true })).toEqual({ keyFile: `${path}.key` })
      await store.set('a', { K: 'v' })
      const key = readFileSync(`${path}.key`, 'utf8')
      expect(key).toMatch(/^lk1_[A-Za-z0-9_-]{43}\n$/)
      await using second = fileStore({ path: join(folder, 'second.latchkey'), keyFile: `${path}.key` })
      expect(await second.create({ makeKeyFile: true })).toEqual({})
      expect(readFileSync(`${path}.key`, 'utf8')).toBe(key)
      await expect(store.create({ makeKeyFile: true })).rejects.toMatchObject({ code: 'CONFLICT' })
    } finally {
      vi.unstubAllEnvs()
    }
  })

  test('a folder that does not exist is UNAVAILABLE, not an empty store', async () => {
    const { folder, key } = storeFolder()
    await using store = fileStore({ path: join(folder, 'none', 'secrets.latchkey'), key })
    await expect(store.get('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(store.set('a', { K: 'v' })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(existsSync(dirname(store.path))).toBe(false)
  })
})
