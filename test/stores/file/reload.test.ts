import {
  closeSync,
  copyFileSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Anchor, AnchorMark, FileStore } from '../../../src/stores/file.ts'
import { nodeFileSystem } from '../../../src/stores/file/file-system.ts'
import { sealEnvelope } from '../../../src/crypto/envelope.ts'
import { forge, partsOf } from '../../helpers/forge.ts'
import { failureOf, storeFolder } from '../../helpers/store-folder.ts'

const valueOf = async (store: FileStore) => (await store.get('a'))?.values['K']

describe('another writer', () => {
  test('what another instance writes is read at once', async () => {
    const { open } = storeFolder()
    const [writer, reader] = [open(), open()]
    expect(await valueOf(reader)).toBeUndefined()
    for (let index = 0; index < 20; index += 1) {
      await writer.set('a', { K: String(index) })
      expect(await valueOf(reader)).toBe(String(index))
      expect(reader.describe('a')).toMatchObject({ keys: ['K'] })
    }
  })

  test('5,000 replacements by files of equal size are never missed', async () => {
    const { open, path, key } = storeFolder()
    await open().set('a', { K: '00000' })
    const parts = partsOf(readFileSync(path), key)
    const [line = ''] = parts.lines
    const storeId = Buffer.from(parts.header.store, 'base64url')
    const reader = open()
    let stale = 0
    for (let index = 0; index < 5_000; index += 1) {
      const value = String(index).padStart(5, '0')
      const text = JSON.stringify({ values: { K: value } })
      const envelope = sealEnvelope(parts.dataKey, { storeId, scope: 'default', name: 'a' }, 1, text)
      // In steps of two, so that no generation has to have replaced the one before.
      const header = { ...parts.header, gen: 10_000 + 2 * index }
      const lines = [line.replace(/[^\t]+$/, envelope.toString('base64url'))]
      // Removed before, for some file systems wait for the disk when a name is replaced.
      rmSync(path)
      replace(path, forge({ header, lines, count: 1 }, parts.dataKey.macKey))
      if ((await valueOf(reader)) !== value) stale += 1
    }
    expect(stale).toBe(0)
  })

  test('a file that was not replaced is not read again', async () => {
    const { open } = storeFolder()
    await open().set('a', { K: 'v' })
    let reads = 0
    const counting = {
      ...nodeFileSystem,
      read: (fd: number, buffer: Buffer, offset: number, length: number) => {
        reads += 1
        return nodeFileSystem.read(fd, buffer, offset, length)
      },
    }
    const store = open({}, counting)
    for (let index = 0; index < 10; index += 1) await valueOf(store)
    expect(reads).toBe(1)
    await store.set('a', { K: 'w' })
    expect(await valueOf(store)).toBe('w')
    expect(reads).toBe(1)
  })

  test('a file that is changed in place is noticed', async () => {
    const { open, path } = storeFolder()
    const store = open()
    await store.set('a', { K: 'v' })
    // An old file, for the clock of a file system ticks every few milliseconds: within a tick a change shows in no time.
    utimesSync(path, 0, 0)
    expect(await valueOf(store)).toBe('v')
    const fd = openSync(path, 'r+')
    // No byte of a file that is whole.
    writeSync(fd, '\0', 100)
    closeSync(fd)
    expect(await failureOf(store.get('a'))).toMatchObject({ code: 'CORRUPT' })
  })

  test('a corrupt replacement is an error; the last good view stays for reads if the caller asks for it', async () => {
    const { open, path } = storeFolder()
    const [strict, lenient] = [open(), open({ ifCorrupt: 'last-good' })]
    await strict.set('a', { K: 'v' })
    await valueOf(lenient)
    const good = readFileSync(path)
    replace(path, good.subarray(0, 100))
    expect(await failureOf(strict.get('a'))).toMatchObject({ code: 'CORRUPT' })
    expect(await valueOf(lenient)).toBe('v')
    expect(lenient.describe('a')).toMatchObject({ name: 'a' })
    expect(await failureOf(lenient.set('a', { K: 'w' }))).toMatchObject({ code: 'CORRUPT' })
    expect(readFileSync(path).equals(good.subarray(0, 100))).toBe(true)
    expect(await failureOf(open({ ifCorrupt: 'last-good' }).get('a'))).toMatchObject({ code: 'CORRUPT' })
    replace(path, good)
    expect(await valueOf(strict)).toBe('v')
  })
})

describe('an older file', () => {
  test('put back while the process runs it is ROLLED_BACK, for reads and for writes', async () => {
    const { open, path } = storeFolder()
    const store = open()
    await store.set('a', { K: '1' })
    copyFileSync(path, `${path}.old`)
    await store.set('a', { K: '2' })
    renameSync(`${path}.old`, path)
    const old = readFileSync(path)
    expect(await failureOf(store.get('a'))).toMatchObject({ code: 'ROLLED_BACK' })
    expect(await failureOf(store.set('a', { K: '3' }))).toMatchObject({ code: 'ROLLED_BACK' })
    expect(readFileSync(path).equals(old)).toBe(true)
    expect(await valueOf(open())).toBe('1')
  })

  test('the file removed while the process runs is ROLLED_BACK, not an empty store', async () => {
    const { open, path, entries } = storeFolder()
    const store = open()
    await store.set('a', { K: '1' })
    rmSync(path)
    expect(await failureOf(store.get('a'))).toMatchObject({ code: 'ROLLED_BACK' })
    expect(await failureOf(store.set('a', { K: '2' }))).toMatchObject({ code: 'ROLLED_BACK' })
    expect(entries()).toEqual([])
  })

  test('another history is FORKED: of the same generation, as the next one, and of another store', async () => {
    const { open, path, key } = storeFolder()
    const [mine, theirs] = [open(), open()]
    await mine.set('a', { K: '1' })
    const common = readFileSync(path)
    await theirs.set('a', { K: 'theirs' })
    const fork = readFileSync(path)
    replace(path, common)
    const reader = open()
    await reader.get('a')
    await open().set('a', { K: 'mine' })
    expect(await valueOf(reader)).toBe('mine')
    replace(path, fork)
    expect(await failureOf(reader.get('a'))).toMatchObject({ code: 'FORKED' })
    await open().set('a', { K: 'theirs, again' })
    const next = storeFolder()
    await next.open({ key }).set('a', { K: 'of another store' })
    replace(path, readFileSync(next.path))
    expect(await failureOf(reader.get('a'))).toMatchObject({ code: 'FORKED' })
  })

  test('a next generation that replaced another file is FORKED', async () => {
    const { open, path } = storeFolder()
    await open().set('a', { K: '1' })
    const common = readFileSync(path)
    await open().set('a', { K: '2' })
    const reader = open()
    await reader.get('a')
    replace(path, common)
    const fork = open()
    await fork.set('a', { K: 'other 2' })
    await fork.set('a', { K: 'other 3' })
    expect(await failureOf(reader.get('a'))).toMatchObject({ code: 'FORKED' })
  })

  test('with an anchor it is found after a restart, too', async () => {
    const { open, path } = storeFolder()
    const kept: AnchorMark[] = []
    const anchor: Anchor = { read: () => Promise.resolve(kept.at(-1)), write: (mark) => void kept.push(mark) }
    const store = open({ anchor })
    expect(store.capabilities.syncDescribe).toBe(false)
    await store.set('a', { K: '1' })
    const old = readFileSync(path)
    await store.set('a', { K: '2' })
    expect(kept.map(({ generation }) => generation)).toEqual([1, 2])
    expect(await valueOf(open({ anchor }))).toBe('2')
    replace(path, old)
    expect(await failureOf(open({ anchor }).get('a'))).toMatchObject({ code: 'ROLLED_BACK' })
    rmSync(path)
    expect(await failureOf(open({ anchor }).get('a'))).toMatchObject({ code: 'ROLLED_BACK' })
    replace(path, old)
    await open().set('a', { K: 'other 2' })
    expect(await failureOf(open({ anchor }).get('a'))).toMatchObject({ code: 'FORKED' })
  })

  test('an anchor that lags one write behind, or has none yet, is caught up', async () => {
    const { open } = storeFolder()
    await open().set('a', { K: '1' })
    const kept: AnchorMark[] = []
    const anchor: Anchor = { read: () => kept.at(-1), write: (mark) => void kept.push(mark) }
    await open({ anchor }).set('a', { K: '2' })
    await open().set('a', { K: '3' })
    const store = open({ anchor })
    expect(await valueOf(store)).toBe('3')
    await store.set('a', { K: '4' })
    expect(kept.map(({ generation }) => generation)).toEqual([2, 4])
  })

  test('an anchor that fails or lies is an error, and its text is not passed on', async () => {
    const { open } = storeFolder()
    await open().set('a', { K: 'v' })
    const failing = { read: () => Promise.reject(new Error('canary')), write: () => undefined }
    expect(await failureOf(open({ anchor: failing }).get('a'))).toMatchObject({ code: 'UNAVAILABLE' })
    const lying = { read: () => 'canary' as never, write: () => undefined }
    expect(await failureOf(open({ anchor: lying }).get('a'))).toMatchObject({ code: 'BAD_ANSWER' })
    const deaf = { read: () => undefined, write: () => Promise.reject(new Error('canary')) }
    const error = await failureOf(open({ anchor: deaf }).set('a', { K: 'w' }))
    expect(error).toMatchObject({ code: 'UNAVAILABLE' })
    expect(error.message).not.toContain('canary')
  })
})

function replace(path: string, bytes: Buffer): void {
  writeFileSync(`${path}.new`, bytes, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}
