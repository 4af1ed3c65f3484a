import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openFileStore } from '../../../src/stores/file/open.ts'
import { nodeFileSystem } from '../../../src/stores/file/file-system.ts'
import type { FileSystem } from '../../../src/stores/file/file-system.ts'
import { failureOf, storeFolder } from '../../helpers/store-folder.ts'
import { runFixture } from '../../helpers/run-fixture.ts'

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

test.each(['0000', '0022', '0777'])('store and key file are made 0600 under umask %s', async (umask) => {
  const { folder, path, entries } = storeFolder()
  const { lines } = await runFixture('make-store.mjs', { folder, args: [path], umask, unprivileged: true })
  expect(lines).toEqual(['made', 'v'])
  expect(entries()).toEqual(['secrets.latchkey', 'secrets.latchkey.key'])
  expect([modeOf(path), modeOf(`${path}.key`)]).toEqual(['600', '600'])
})

test('a key file that others may read is DENIED, says how to mend it, and allowKeyMode admits it', async () => {
  const { folder, open, key } = storeFolder()
  const keyFile = join(folder, 'a.key')
  writeFileSync(keyFile, key)
  await open().set('a', { K: 'v' })
  for (const mode of [0o644, 0o640, 0o604, 0o620, 0o601]) {
    chmodSync(keyFile, mode)
    const error = await failureOf(open({ keyFile }).get('a'))
    expect(error).toMatchObject({ code: 'DENIED', hint: expect.stringContaining('chmod 600') as string })
  }
  chmodSync(keyFile, 0o440)
  expect((await open({ keyFile, allowKeyMode: 0o440 }).get('a'))?.values['K']).toBe('v')
  chmodSync(keyFile, 0o444)
  expect(await failureOf(open({ keyFile, allowKeyMode: 0o440 }).get('a'))).toMatchObject({ code: 'DENIED' })
  chmodSync(keyFile, 0o400)
  expect((await open({ keyFile }).get('a'))?.values['K']).toBe('v')
})

test('a key file that is missing, a folder, too long or no key is an error with its own code', async () => {
  const { folder, open } = storeFolder()
  const keyFile = join(folder, 'a.key')
  expect(await failureOf(open({ keyFile }).get('a'))).toMatchObject({ code: 'KEY_MISSING' })
  writeFileSync(keyFile, 'lk1_canary', { mode: 0o600 })
  expect(await failureOf(open({ keyFile }).get('a'))).toMatchObject({ code: 'KEY_FORMAT' })
  writeFileSync(keyFile, 'x'.repeat(100_000), { mode: 0o600 })
  expect(await failureOf(open({ keyFile }).get('a'))).toMatchObject({ code: 'KEY_FORMAT' })
  expect(await failureOf(open({ keyFile: folder }).get('a'))).toMatchObject({ code: 'INVALID' })
})

test('a store that others may write is DENIED, says how to mend it, and is not written', async () => {
  const { open, path } = storeFolder()
  await open().set('a', { K: 'v' })
  const before = readFileSync(path)
  for (const mode of [0o666, 0o620, 0o602]) {
    chmodSync(path, mode)
    const hint = expect.stringContaining('chmod go-w') as string
    expect(await failureOf(open().get('a'))).toMatchObject({ code: 'DENIED', hint })
    expect(await failureOf(open().set('a', { K: 'w' }))).toMatchObject({ code: 'DENIED', hint })
  }
  expect(readFileSync(path).equals(before)).toBe(true)
  chmodSync(path, 0o644)
  expect((await open().get('a'))?.values['K']).toBe('v')
})

test('a rewrite keeps who may read the file, and whose it is', async () => {
  const { open, path } = storeFolder()
  const store = open()
  await store.set('a', { K: 'v' })
  chmodSync(path, 0o644)
  const root = process.getuid?.() === 0
  if (root) chownSync(path, 1234, 1234)
  await store.set('a', { K: 'w' })
  expect(modeOf(path)).toBe('644')
  if (root) expect(statSync(path)).toMatchObject({ uid: 1234, gid: 1234 })
})

test('a store that its owner may not write is READ_ONLY, for root too, and can be read', async () => {
  const { open, path, entries } = storeFolder()
  await open().set('a', { K: 'v' })
  chmodSync(path, 0o400)
  const store = open()
  expect(await failureOf(store.set('a', { K: 'w' }))).toMatchObject({ code: 'READ_ONLY' })
  expect(await failureOf(store.rotateKey())).toMatchObject({ code: 'READ_ONLY' })
  expect((await store.get('a'))?.values['K']).toBe('v')
  expect(entries()).toEqual(['secrets.latchkey'])
})

test('a read-only folder is DENIED, and the store can be read', async () => {
  const { folder, path, key, open } = storeFolder()
  await open().set('a', { K: 'v' })
  const options = { folder, args: [path], env: { LATCHKEY_KEY: key }, unprivileged: true }
  const { lines } = await runFixture('read-then-set.mjs', { ...options, folderMode: 0o555 })
  expect(lines).toEqual(['v', 'DENIED'])
})

test('a symbolic link keeps its target, and both paths use one lock', async () => {
  const { folder, path, key, open, entries } = storeFolder()
  mkdirSync(join(folder, 'real'))
  const target = join(folder, 'real', 'target.latchkey')
  await open({ path: target }).set('a', { K: 'v' })
  symlinkSync(target, path)
  const locks: string[] = []
  const system: FileSystem = {
    ...nodeFileSystem,
    rename(from, to) {
      if (to.endsWith('.lock')) locks.push(to)
      nodeFileSystem.rename(from, to)
    },
  }
  await using linked = openFileStore({ path, key }, system)
  await linked.set('a', { K: 'w' })
  expect(lstatSync(path).isSymbolicLink() && readlinkSync(path) === target).toBe(true)
  expect((await open({ path: target }).get('a'))?.values['K']).toBe('w')
  expect(locks).toEqual([`${target}.lock`])
  expect(entries()).toEqual(['real', 'secrets.latchkey'])
})

test('a link that leads nowhere, a folder, a FIFO and a device are INVALID', async () => {
  const { folder, open } = storeFolder()
  const fifo = join(folder, 'fifo')
  execFileSync('mkfifo', [fifo])
  const link = join(folder, 'link')
  symlinkSync(join(folder, 'nowhere'), link)
  const loop = join(folder, 'loop')
  symlinkSync(loop, loop)
  for (const path of [link, folder, fifo, '/dev/null', loop, join(fifo, 'below')]) {
    const store = open({ path, lockTimeoutMs: 0 })
    expect(await failureOf(store.get('a'))).toMatchObject({ code: 'INVALID' })
    expect(await failureOf(store.set('a', { K: 'v' }))).toMatchObject({ code: 'INVALID' })
  }
})

test('a link planted where the new file is written is not followed', async () => {
  const { folder, path, key, open } = storeFolder()
  await open().set('a', { K: 'v' })
  const victim = join(folder, 'victim')
  writeFileSync(victim, 'untouched')
  const system: FileSystem = {
    ...nodeFileSystem,
    open(file, flags, mode) {
      if (file.includes('.tmp.')) symlinkSync(victim, file)
      return nodeFileSystem.open(file, flags, mode)
    },
  }
  await using store = openFileStore({ path, key }, system)
  expect(await failureOf(store.set('a', { K: 'w' }))).toMatchObject({ code: 'UNAVAILABLE' })
  expect(readFileSync(victim, 'utf8')).toBe('untouched')
  expect((await open().get('a'))?.values['K']).toBe('v')
})
