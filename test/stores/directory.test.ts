import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { SecretStore } from '../../src/store.ts'
import { directoryStore } from '../../src/stores/directory.ts'
import { directoryStore as inChild } from '../../src/stores/directory-in-child.ts'
import type { DirectoryStore } from '../../src/stores/directory.ts'
import { writeVolume } from '../fixtures/directory/kubelet.mjs'
import { mount } from '../helpers/mounts.ts'
import { allTextOf, rejection, thrownBy } from '../helpers/thrown.ts'

/** Stands in every value of the tests that look for leaks. */
const CANARY = 'hunter2-canary'
const MIB = 1024 * 1024

/** Gives the StoreError that get and describe both fail with, after looking for the canary in all of it. */
async function refusal(store: DirectoryStore, name = 'a', code = 'INVALID'): Promise<Error & { key?: string }> {
  const error = await rejection(store.get(name))
  expect(error).toMatchObject({ name: 'StoreError', code, store: 'directory', retryable: code === 'UNAVAILABLE' })
  expect(allTextOf(error)).not.toContain(CANARY.slice(0, 8))
  expect(Object.hasOwn(error as Error, 'cause')).toBe(false)
  return error as Error
}

async function namesOf(store: SecretStore, scope?: string): Promise<string[]> {
  const names: string[] = []
  for await (const { name } of store.list(scope === undefined ? {} : { scope })) names.push(name)
  return names
}

async function scopesOf(store: DirectoryStore): Promise<string[]> {
  const scopes: string[] = []
  for await (const scope of store.scopes()) scopes.push(scope)
  return scopes
}

describe('the options of directoryStore', () => {
  test.each([
    [undefined, 'INVALID_OPTION'],
    [null, 'INVALID_OPTION'],
    ['/etc/secrets', 'INVALID_OPTION'],
    [{}, 'INVALID_OPTION'],
    [{ path: undefined }, 'INVALID_OPTION'],
    [{ path: '' }, 'INVALID_OPTION'],
    [{ path: 'a\0b' }, 'INVALID_OPTION'],
    [{ path: new URL('https://example.com/') }, 'INVALID_OPTION'],
    [{ path: 'a', folder: 'b' }, 'UNKNOWN_OPTION'],
    [{ path: 'a', layout: 'kubernetes' }, 'INVALID_OPTION'],
    [{ path: 'a', trimNewline: 'yes' }, 'INVALID_OPTION'],
    [{ path: 'a', pollMs: 9 }, 'INVALID_OPTION'],
    [{ path: 'a', pollMs: 2 ** 31 }, 'INVALID_OPTION'],
    [{ path: 'a', pollMs: 99.5 }, 'INVALID_OPTION'],
    [{ path: 'a', rename: ['tls.crt'] }, 'INVALID_OPTION'],
    [{ path: 'a', rename: { 'tls.crt': 'tls.crt' } }, 'INVALID_NAME'],
  ])('%j are refused', (options, code) => {
    expect(thrownBy(() => directoryStore(options as never))).toMatchObject({ name: 'TypeError', code })
  })

  test('those given as undefined are absent ones', () => {
    const store = directoryStore({
      path: 'a',
      layout: undefined,
      rename: undefined,
      trimNewline: undefined,
      pollMs: undefined,
    })
    expect(store.name).toBe('directory')
  })

  test('path may be a file: URL, and making a store reads nothing', async () => {
    const { path, write } = mount()
    const store = directoryStore({ path: pathToFileURL(join(path, 'later')) })
    write({ 'later/a/KEY': 'x' })
    expect((await store.get('a'))?.values).toEqual({ KEY: 'x' })
  })
})

describe('directories', () => {
  test('a directory is a secret and a file in it is a key; names that begin with a dot are none', async () => {
    const { write, open, path } = mount()
    write({
      'a/KEY': 'x',
      'a/.hidden': 'x',
      'a/..data_tmp': 'x',
      '.git/KEY': 'x',
      '..2026/KEY': 'x',
      'lost+found/K': 'x',
    })
    mkdirSync(join(path, 'empty'))
    const store = open()
    expect((await store.get('a'))?.values).toEqual({ KEY: 'x' })
    expect(store.describe('a')).not.toHaveProperty('skipped')
    expect(await namesOf(store)).toEqual(['a'])
    expect(store.describe('empty')).toBeUndefined()
    expect(await store.get('empty')).toBeUndefined()
  })

  test('a directory may be a secret, and the beginning of a scope', async () => {
    const { write, open } = mount()
    write({ 'acme/KEY': '1', 'acme/production/KEY': '2', 'acme/production/github/KEY': '3' })
    const store = open()
    expect((await store.get('acme'))?.values).toEqual({ KEY: '1' })
    expect((await store.get('production', { scope: 'acme' }))?.values).toEqual({ KEY: '2' })
    expect((await store.get('github', { scope: 'acme/production' }))?.values).toEqual({ KEY: '3' })
    expect(await store.get('github')).toBeUndefined()
    expect(await scopesOf(store)).toEqual(['acme', 'acme/production', 'default'])
    expect(await namesOf(store)).toEqual(['acme'])
  })

  test('the directory default is no way into scope default', async () => {
    const { write, open } = mount()
    write({ 'default/a/KEY': 'x', 'default/b/c/KEY': 'y' })
    const store = open()
    expect(await store.get('a')).toBeUndefined()
    expect((await store.get('c', { scope: 'default/b' }))?.values).toEqual({ KEY: 'y' })
    expect(await scopesOf(store)).toEqual(['default/b'])
  })

  test('a file beside the secrets is no secret, and no part of a scope', async () => {
    const { write, open } = mount()
    write({ a: 'x' })
    const store = open()
    expect(await store.get('a')).toBeUndefined()
    expect(await store.get('b', { scope: 'a' })).toBeUndefined()
    expect(await scopesOf(store)).toEqual([])
  })

  test('foreign names of files are renamed, or skipped and told; asking for one is refused', async () => {
    const { path, open } = mount()
    writeVolume(join(path, 'web'), { 'tls.crt': 'c', 'tls.key': 'k', PLAIN: 'p' })
    const store = open({ rename: { 'tls.crt': 'TLS_CRT' } })
    expect((await store.get('web'))?.values).toEqual({ TLS_CRT: 'c', PLAIN: 'p' })
    expect(store.describe('web')).toMatchObject({ keys: ['PLAIN', 'TLS_CRT'], skipped: ['tls.key'] })
    const asked = store.getMany([{ name: 'web', keys: ['tls.key'] }])
    expect(await rejection(asked)).toMatchObject({ name: 'TypeError', code: 'INVALID_NAME' })
  })

  test('a secret whose every name is foreign can be described and listed; reading it is INVALID', async () => {
    const { write, open } = mount()
    write({ 'a/tls.crt': CANARY })
    const store = open()
    expect(store.describe('a')).toMatchObject({ keys: [], skipped: ['tls.crt'] })
    expect(await namesOf(store)).toEqual(['a'])
    expect(await refusal(store)).toMatchObject({ hint: expect.stringContaining('rename') as string })
    expect(await rejection(store.getMany([{ name: 'a', keys: ['KEY'] }]))).toMatchObject({ code: 'INVALID' })
  })

  test('two names that are read as one key are refused', async () => {
    const { write, open } = mount()
    write({ 'a/tls.crt': CANARY, 'a/TLS_CRT': CANARY })
    expect((await refusal(open({ rename: { 'tls.crt': 'TLS_CRT' } }))).key).toBe('TLS_CRT')
  })

  test('a volume that holds several secrets is read through its one ..data', async () => {
    const { path, open } = mount()
    writeVolume(path, { 'github/TOKEN': '1', 'acme/production/github/TOKEN': '2' })
    mkdirSync(join(path, 'beside'))
    writeVolume(join(path, 'beside'), { KEY: '3' })
    const store = open()
    expect((await store.get('github'))?.values).toEqual({ TOKEN: '1' })
    expect((await store.get('github', { scope: 'acme/production' }))?.values).toEqual({ TOKEN: '2' })
    expect(await namesOf(store)).toEqual(['beside', 'github'])
    expect(await scopesOf(store)).toEqual(['acme/production', 'default'])
  })

  test('a file that is mounted by itself, as by subPath, is read as it is, whatever happens beside it', async () => {
    const { path, write, open } = mount()
    write({ 'a/KEY': 'mounted by itself' })
    const store = open()
    const before = store.describe('a')?.version
    writeVolume(join(path, 'b'), { KEY: 'one' })
    writeVolume(join(path, 'b'), { KEY: 'two' })
    expect((await store.get('a'))?.values).toEqual({ KEY: 'mounted by itself' })
    expect(store.describe('a')?.version).toBe(before)
  })
})

describe('files', () => {
  test('name.json is a secret of several keys, any other file one of a single key', async () => {
    const { write, open } = mount()
    write({
      'github.json': '{"TOKEN":"x","PORT":5432,"TLS":true}',
      db_password: 'y',
      'my-key': 'z',
      'tls.crt': 'c',
      '.hidden': 'h',
      'acme/production/github.json': '{"TOKEN":"w"}',
    })
    const store = open({ layout: 'files', rename: { 'my-key': 'MY_KEY' } })
    expect((await store.get('github'))?.values).toEqual({ TOKEN: 'x', PORT: '5432', TLS: 'true' })
    expect((await store.get('db_password'))?.values).toEqual({ db_password: 'y' })
    expect((await store.get('my-key'))?.values).toEqual({ MY_KEY: 'z' })
    expect((await store.get('github', { scope: 'acme/production' }))?.values).toEqual({ TOKEN: 'w' })
    expect(await namesOf(store)).toEqual(['db_password', 'github', 'my-key'])
    expect(await scopesOf(store)).toEqual(['acme/production', 'default'])
    expect(await store.get('acme')).toBeUndefined()
  })

  test('a file of JSON whose name does not say so is a value like any other', async () => {
    const { write, open } = mount()
    write({ GCP_KEY: '{"type":"service_account"}\n' })
    expect((await open({ layout: 'files' }).get('GCP_KEY'))?.values).toEqual({
      GCP_KEY: '{"type":"service_account"}\n',
    })
  })

  test('members of a document are renamed, or skipped and told', async () => {
    const { write, open } = mount()
    write({ 'a.json': '{"tls.crt":"c","tls.key":null,"KEY":"x"}' })
    const store = open({ layout: 'files', rename: { 'tls.crt': 'TLS_CRT' } })
    expect((await store.get('a'))?.values).toEqual({ TLS_CRT: 'c', KEY: 'x' })
    expect(store.describe('a')).toMatchObject({ keys: ['KEY', 'TLS_CRT'], skipped: ['tls.key'] })
    const [chosen] = await store.getMany([{ name: 'a', keys: ['KEY', 'NONE'] }])
    expect(chosen?.values).toEqual({ KEY: 'x' })
  })

  test('a file whose name is no key is described with the name that was skipped', async () => {
    const { write, open } = mount()
    write({ 'my-key': CANARY })
    const store = open({ layout: 'files' })
    expect(store.describe('my-key')).toMatchObject({ keys: [], skipped: ['my-key'] })
    await refusal(store, 'my-key')
  })

  test.each([
    ['not JSON', ''],
    ['not JSON', CANARY],
    ['not JSON', `{"KEY":"${CANARY}"`],
    ['not a JSON object', `["${CANARY}"]`],
    ['at least one key', '{}'],
    ['KEY twice', `{"KEY":"${CANARY}","KEY":"x"}`],
    ['the value of KEY', `{"KEY":{"${CANARY}":1}}`],
    ['the value of KEY', `{"KEY":9007199254740993}`],
    ['the value of KEY', `{"KEY":"${CANARY}\\u0000"}`],
    ['is not UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
  ])('a document is refused as: %s; and its text is not shown', async (message, content) => {
    const { write, open } = mount()
    write({ 'a.json': content })
    const store = open({ layout: 'files' })
    expect((await refusal(store)).message).toContain(message)
    expect(thrownBy(() => store.describe('a'))).toMatchObject({ code: 'INVALID' })
    await expect(namesOf(store)).rejects.toMatchObject({ code: 'INVALID' })
  })

  test('two files that give one secret are refused, naming both', async () => {
    const { write, open } = mount()
    write({ a: CANARY, 'a.json': '{"KEY":"x"}' })
    expect((await refusal(open({ layout: 'files' }))).message).toContain('two files, a and a.json')
  })

  test('a directory in the place of a document is refused: that is what Docker makes of a missing file', async () => {
    const { path, open } = mount()
    mkdirSync(join(path, 'a.json'))
    expect(await refusal(open({ layout: 'files' }))).toMatchObject({
      message: expect.stringContaining('is a directory') as string,
      hint: expect.stringContaining('Docker') as string,
    })
  })
})

describe('what is in a file', () => {
  test.each(['', ' x ', 'x\n', 'x\r\n', '\n', '\ufeffx', 'é\u{1f511}', 'a\nb\n\n'])(
    '%j is read byte for byte',
    async (value) => {
      const { write, open } = mount()
      write({ 'a/KEY': value })
      expect((await open().get('a'))?.values).toEqual({ KEY: value })
    },
  )

  test.each([
    ['x\n', 'x'],
    ['x\r\n', 'x'],
    ['x\n\n', 'x\n'],
    ['\n', ''],
    ['x\r', 'x\r'],
    ['x\n ', 'x\n '],
    ['', ''],
  ])('trimNewline takes one line break off the end of %j', async (content, value) => {
    const { write, open } = mount()
    write({ 'a/KEY': content, KEY: content, 'b.json': JSON.stringify({ KEY: content }) })
    expect((await open({ trimNewline: true }).get('a'))?.values).toEqual({ KEY: value })
    const files = open({ layout: 'files', trimNewline: true })
    expect((await files.get('KEY'))?.values).toEqual({ KEY: value })
    expect((await files.get('b'))?.values).toEqual({ KEY: content })
  })

  test.each([
    ['is not UTF-8', Buffer.concat([Buffer.from(CANARY), Buffer.from([0xff])])],
    ['is not UTF-8', Buffer.from([0xed, 0xa0, 0x80])],
    ['holds NUL', `${CANARY}\0`],
  ])(
    'what %s is INVALID, naming the key; other keys, and what is told without values, can be read',
    async (_, content) => {
      const { write, open } = mount()
      write({ 'a/KEY': content, 'a/OTHER': 'x' })
      const store = open()
      expect((await refusal(store)).key).toBe('KEY')
      expect(store.describe('a')?.keys).toEqual(['KEY', 'OTHER'])
      const [other] = await store.getMany([{ name: 'a', keys: ['OTHER'] }])
      expect(other).toMatchObject({ version: store.describe('a')?.version, values: { OTHER: 'x' } })
      expect(await rejection(store.getMany([{ name: 'a', keys: ['KEY'] }]))).toMatchObject({
        code: 'INVALID',
        key: 'KEY',
      })
    },
  )

  test('a secret may have 1 MiB, and no byte more', async () => {
    const { write, open } = mount()
    write({ 'a/KEY': 'x'.repeat(MIB), 'b/KEY': 'x'.repeat(MIB), 'b/MORE': 'x', 'c/KEY': 'x'.repeat(MIB + 1) })
    const store = open()
    expect((await store.get('a'))?.values['KEY']).toHaveLength(MIB)
    expect((await refusal(store, 'b', 'TOO_LARGE')).key).toBe('MORE')
    expect((await refusal(store, 'c', 'TOO_LARGE')).key).toBe('KEY')
  })

  test('a document may escape every character of 1 MiB, and no more', async () => {
    const { write, open } = mount()
    const escaped = (length: number): string => `{"KEY":"${'\\u0078'.repeat(length)}"}`
    write({ 'a.json': escaped(MIB), 'b.json': escaped(MIB + 1), 'c.json': `{}${' '.repeat(7 * MIB)}` })
    const store = open({ layout: 'files' })
    expect((await store.get('a'))?.values['KEY']).toHaveLength(MIB)
    await refusal(store, 'b', 'TOO_LARGE')
    await refusal(store, 'c', 'TOO_LARGE')
  })

  test('more than 100 keys are refused', async () => {
    const { write, open } = mount()
    const files = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`a/K${i}`, 'x']))
    write(files(100))
    const store = open()
    expect(store.describe('a')?.keys).toHaveLength(100)
    write({ 'a/MORE': 'x' })
    expect((await refusal(store)).message).toContain('at most 100 keys')
  })

  test('versions change with what is in a file, and with nothing else', () => {
    const { write, open, path } = mount()
    write({ 'a/A': '1', 'a/B': '2', 'b/A': '1', 'b/B': '2' })
    const store = open()
    const first = store.describe('a')?.version
    write({ 'a/A': '1' })
    expect(store.describe('a')?.version).toBe(first)
    expect(store.describe('b')?.version).not.toBe(first)
    const versions = [first]
    for (const values of [
      { A: '12', B: '' },
      { A: '', B: '12' },
      { A: '2', B: '1' },
      { A: '1', B: '2', C: '' },
    ]) {
      writeVolume(join(path, 'a'), values)
      versions.push(store.describe('a')?.version)
    }
    expect(new Set(versions).size).toBe(versions.length)
    expect(open().describe('b')?.version).not.toBe(store.describe('b')?.version)
  })
})

describe('what is no regular file', () => {
  test('a FIFO is refused at once, naming the key', async () => {
    const { path, write, open } = mount()
    write({ 'a/OTHER': 'x' })
    execFileSync('mkfifo', [join(path, 'a/KEY'), join(path, 'b'), join(path, 'c.json')])
    expect(await refusal(open())).toMatchObject({
      key: 'KEY',
      message: expect.stringContaining('regular file') as string,
    })
    await refusal(open({ layout: 'files' }), 'b')
    await refusal(open({ layout: 'files' }), 'c')
  })

  test('a socket and a device are refused', async () => {
    const { path, write, open } = mount()
    write({ 'a/OTHER': 'x', 'b/OTHER': 'x' })
    const server = createServer().listen(join(path, 'a/KEY'))
    await once(server, 'listening')
    symlinkSync('/dev/zero', join(path, 'b/KEY'))
    expect((await refusal(open())).key).toBe('KEY')
    expect((await refusal(open(), 'b')).key).toBe('KEY')
    server.close()
    await once(server, 'close')
  })

  test('symbolic links inside the path are followed, for files and for directories', async () => {
    const { path, write, open } = mount()
    write({ 'a.v1/KEY': 'x', 'shared/token': 'y', 'b.json': '{"KEY":"z"}' })
    symlinkSync('a.v1', join(path, 'a'))
    symlinkSync('../shared/token', join(path, 'a.v1/TOKEN'))
    symlinkSync('b.json', join(path, 'c.json'))
    expect((await open().get('a'))?.values).toEqual({ KEY: 'x', TOKEN: 'y' })
    expect((await open({ layout: 'files' }).get('c'))?.values).toEqual({ KEY: 'z' })
  })

  test('the path itself may be a symbolic link', async () => {
    const { path, write } = mount()
    write({ 'releases/1/a/KEY': '1', 'releases/2/a/KEY': '2' })
    symlinkSync('releases/2', join(path, 'current'))
    expect((await directoryStore({ path: join(path, 'current') }).get('a'))?.values).toEqual({ KEY: '2' })
  })

  test('symbolic links that lead out of the path are refused', async () => {
    const { path, write, open } = mount()
    write({ 'mnt/a/OTHER': 'x', 'outside/KEY': CANARY, 'outside.json': `{"KEY":"${CANARY}"}`, 'mnt-2/KEY': CANARY })
    symlinkSync('../../outside/KEY', join(path, 'mnt/a/KEY'))
    symlinkSync('../outside', join(path, 'mnt/b'))
    symlinkSync('../outside.json', join(path, 'mnt/c.json'))
    symlinkSync(join(path, 'mnt-2'), join(path, 'mnt/d'))
    mkdirSync(join(path, 'mnt/e'))
    symlinkSync('../../outside', join(path, 'mnt/e/..data'))
    const options = { path: join(path, 'mnt') }
    for (const name of ['a', 'b', 'd', 'e']) {
      expect((await refusal(open(options), name)).message).toContain('leads out of')
    }
    expect((await refusal(open({ ...options, layout: 'files' }), 'c')).message).toContain('leads out of')
  })

  test('symbolic links to each other and to nothing are refused', async () => {
    const { path, write, open } = mount()
    write({ 'a/OTHER': 'x', 'b/OTHER': 'x' })
    symlinkSync('KEY', join(path, 'a/KEY'))
    symlinkSync('nowhere', join(path, 'b/KEY'))
    symlinkSync('loop', join(path, 'loop'))
    symlinkSync('loop', join(path, 'loop.json'))
    for (const name of ['a', 'b', 'loop']) await refusal(open(), name)
    await refusal(open({ layout: 'files' }), 'loop')
  })

  test('a ..data that leads to nothing is UNAVAILABLE, not an empty secret', async () => {
    const { path, write, open } = mount()
    write({ 'a/KEY': 'x' })
    symlinkSync('..2026_11_24', join(path, 'a/..data'))
    await refusal(open(), 'a', 'UNAVAILABLE')
  })

  test('a ..data that leads out of the path is refused, also that of the path itself', async () => {
    const { path, write, open } = mount()
    write({ 'a/KEY': CANARY, 'mnt/b/KEY': 'x' })
    symlinkSync('..', join(path, 'mnt/..data'))
    expect((await refusal(open({ path: join(path, 'mnt') }))).message).toContain('leads out of')
  })

  test('a symbolic link to a secret that is not there is UNAVAILABLE', async () => {
    const { path, open } = mount()
    symlinkSync('nowhere', join(path, 'a'))
    expect(await refusal(open(), 'a', 'UNAVAILABLE')).toMatchObject({
      hint: expect.stringContaining('nowhere') as string,
    })
  })

  test('a symbolic link to a directory above does not make endless scopes', async () => {
    const { path, write, open } = mount()
    write({ 'acme/a/KEY': 'x' })
    symlinkSync('..', join(path, 'acme/up'))
    expect(await scopesOf(open())).toEqual(['acme'])
  })
})

describe('the directory', () => {
  test('that does not exist is UNAVAILABLE for every verb', async () => {
    const { path, open } = mount()
    const store = open({ path: join(path, 'missing') })
    expect(thrownBy(() => store.describe('a'))).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    await refusal(store, 'a', 'UNAVAILABLE')
    await expect(store.getMany([{ name: 'a' }])).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(namesOf(store)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(scopesOf(store)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(store.watch(() => undefined)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('that appears later is read then, and so is what replaces it', async () => {
    const { path, write, open } = mount()
    const store = open({ path: join(path, 'later') })
    await refusal(store, 'a', 'UNAVAILABLE')
    write({ 'later/a/KEY': 'x' })
    expect((await store.get('a'))?.values).toEqual({ KEY: 'x' })
  })

  test('that is a file, or a link to nothing, is an error', async () => {
    const { path, write, open } = mount()
    write({ file: CANARY })
    symlinkSync('nowhere', join(path, 'link'))
    symlinkSync('loop', join(path, 'loop'))
    expect((await refusal(open({ path: join(path, 'file') }))).message).toContain('is not a directory')
    await refusal(open({ path: join(path, 'link') }), 'a', 'UNAVAILABLE')
    await refusal(open({ path: join(path, 'loop') }))
  })

  test('that this user may not read is DENIED', async () => {
    const { path, write, open } = mount()
    write({ 'a/KEY': CANARY, 'b/KEY': CANARY })
    execFileSync('chmod', ['711', path])
    execFileSync('chmod', ['000', join(path, 'a/KEY'), join(path, 'b')])
    await asNobody(async () => {
      expect((await refusal(open(), 'a', 'DENIED')).key).toBe('KEY')
      await refusal(open(), 'b', 'DENIED')
      await expect(namesOf(open())).rejects.toMatchObject({ code: 'DENIED' })
    })
  })
})

test('an aborted signal is heeded by describe, get and getMany', async () => {
  const { write, open } = mount()
  write({ 'a/KEY': 'x' })
  const store = open()
  const reason = new Error('enough')
  const signal = AbortSignal.abort(reason)
  expect(thrownBy(() => store.describe('a', { signal }))).toBe(reason)
  expect(await rejection(store.get('a', { signal }))).toBe(reason)
  expect(await rejection(store.getMany([{ name: 'a' }], { signal }))).toBe(reason)
})

test('a store that is closed between two steps of a list ends it with CLOSED', async () => {
  const { write, open } = mount()
  write({ 'a/KEY': 'x', 'b/KEY': 'x' })
  const store = open()
  const listing = store.list()[Symbol.asyncIterator]()
  await listing.next()
  await store.close()
  await expect(listing.next()).rejects.toMatchObject({ code: 'CLOSED' })
})

test('a secret that is removed between two steps of a list is left out', async () => {
  const { path, write, open } = mount()
  write({ 'a/KEY': 'x', 'b/KEY': 'x', 'c/KEY': 'x' })
  const listing = open().list()[Symbol.asyncIterator]()
  await listing.next()
  execFileSync('rm', ['-r', join(path, 'b')])
  expect(await listing.next()).toMatchObject({ value: { name: 'c' } })
})

test('inside a child, the store can be made and refuses to be read', async () => {
  const store = inChild()
  expect(thrownBy(() => store.describe('a'))).toMatchObject({ code: 'STORE_IN_CHILD', store: 'directory' })
  await expect(store.get('a')).rejects.toMatchObject({ code: 'STORE_IN_CHILD' })
})

/** Runs something as a user who owns nothing, if this process may choose; root may read everything. */
async function asNobody(run: () => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0) return run()
  process.seteuid?.(65534)
  try {
    await run()
  } finally {
    process.seteuid?.(0)
  }
}
