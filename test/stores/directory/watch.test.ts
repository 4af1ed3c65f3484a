import { renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { StoreChange } from '../../../src/store.ts'
import { nodeDirectorySystem } from '../../../src/stores/directory/file-system.ts'
import type { DirectorySystem } from '../../../src/stores/directory/file-system.ts'
import { generation, writeVolume } from '../../fixtures/directory/kubelet.mjs'
import { mount } from '../../helpers/mounts.ts'
import { startFixture } from '../../helpers/run-fixture.ts'

/** Collects changes, and lets a test wait for the next one. */
function changeLog(): {
  listener: (change: StoreChange) => void
  next: () => Promise<StoreChange>
  seen: StoreChange[]
} {
  const seen: StoreChange[] = []
  let given = 0
  let wake: (() => void) | undefined
  return {
    seen,
    listener(change) {
      seen.push(change)
      wake?.()
    },
    async next() {
      for (;;) {
        const change = seen[given]
        if (change !== undefined) {
          given += 1
          return change
        }
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}

/** So long that only events can tell. */
const NEVER = 2 ** 31 - 1

/** A system that cannot watch. */
function unwatchable(errno = 'ENOSPC'): DirectorySystem {
  return {
    ...nodeDirectorySystem,
    watch: () => {
      throw Object.assign(new Error('System limit for number of file watchers reached'), { code: errno })
    },
  }
}

describe('a watch', () => {
  test('sees each of a series of swaps, with the version that can then be read', async () => {
    const { path, open } = mount()
    const volume = join(path, 'github')
    writeVolume(volume, generation(0))
    const store = open({ pollMs: NEVER })
    const { listener, next } = changeLog()
    await store.watch(listener)
    for (let number = 1; number <= 50; number += 1) {
      writeVolume(volume, generation(number))
      const change = await next()
      expect(change).toEqual({ scope: 'default', name: 'github', version: store.describe('github')?.version })
      expect((await store.get('github'))?.version).toBe(change.version)
    }
  })

  test('always tells the last state of a burst of swaps that another process makes', async () => {
    const { path, open } = mount()
    const volume = join(path, 'github')
    writeVolume(volume, generation(0))
    const store = open({ pollMs: NEVER })
    const { listener, next } = changeLog()
    await store.watch(listener)
    await startFixture('../directory/swap-volume.mjs', { args: [volume, '300'] }).ended
    const last = store.describe('github')?.version
    for (;;) if ((await next()).version === last) break
    expect((await store.get('github'))?.values).toEqual(generation(300))
  })

  test('tells of what is added, changed in place and removed, and of nothing else', async () => {
    const { path, write, open } = mount()
    write({ 'a/KEY': '1', 'other/KEY': '1' })
    const store = open({ pollMs: NEVER })
    const { listener, next, seen } = changeLog()
    await store.watch(listener)
    write({ 'b/KEY': '1' })
    expect(await next()).toEqual({ scope: 'default', name: 'b', version: store.describe('b')?.version })
    // Atomically, as an editor would: written in place, a file is empty for a moment, and a watch may tell that too.
    write({ 'a/.new': '2' })
    renameSync(join(path, 'a/.new'), join(path, 'a/KEY'))
    expect(await next()).toEqual({ scope: 'default', name: 'a', version: store.describe('a')?.version })
    renameSync(join(path, 'b'), join(path, '.gone'))
    expect(await next()).toEqual({ scope: 'default', name: 'b' })
    expect(seen).toHaveLength(3)
    expect(Object.isFrozen(seen[0])).toBe(true)
  })

  test('sees what is written into a file in place', async () => {
    const { write, open } = mount()
    write({ 'a.json': '{"KEY":"1"}' })
    const store = open({ layout: 'files', pollMs: NEVER })
    const { listener, next } = changeLog()
    await store.watch(listener)
    write({ 'a.json': '{"KEY":"2"}' })
    const last = store.describe('a')?.version
    for (;;) if ((await next()).version === last) break
  })

  test('tells of its own scope, also if that appears later', async () => {
    const { write, open } = mount()
    write({ 'acme/a/KEY': '1' })
    const store = open({ pollMs: NEVER })
    const { listener, next } = changeLog()
    await store.watch(listener, { scope: 'acme/production' })
    write({ 'acme/b/KEY': '1', 'c/KEY': '1', 'acme/production/d/KEY': '1' })
    expect(await next()).toMatchObject({ scope: 'acme/production', name: 'd' })
    write({ 'acme/production/e/KEY': '1' })
    expect(await next()).toMatchObject({ scope: 'acme/production', name: 'e' })
  })

  test('follows a volume that holds several secrets, and tells only of those that changed', async () => {
    const { path, open } = mount()
    writeVolume(path, { 'a/KEY': '1', 'b/KEY': '1' })
    const store = open({ pollMs: NEVER })
    const { listener, next, seen } = changeLog()
    await store.watch(listener)
    for (const value of ['2', '3', '4']) {
      writeVolume(path, { 'a/KEY': value, 'b/KEY': '1' })
      expect(await next()).toMatchObject({ name: 'a', version: store.describe('a')?.version })
    }
    expect(seen).toHaveLength(3)
  })

  test('follows a secret whose directory is replaced, and one behind a symbolic link', async () => {
    const { path, write, open } = mount()
    write({ 'a/KEY': '1', '.b1/KEY': '1', '.b2/KEY': '2' })
    symlinkSync('.b1', join(path, 'b'))
    const store = open({ pollMs: NEVER })
    const { listener, next } = changeLog()
    await store.watch(listener)
    write({ '.new/KEY': '2' })
    renameSync(join(path, 'a'), join(path, '.old'))
    renameSync(join(path, '.new'), join(path, 'a'))
    expect(await next()).toMatchObject({ name: 'a', version: store.describe('a')?.version })
    // The directory that is there now is watched, not the one that was.
    write({ 'a/.new': '3' })
    renameSync(join(path, 'a/.new'), join(path, 'a/KEY'))
    expect(await next()).toMatchObject({ name: 'a', version: store.describe('a')?.version })
    symlinkSync('.b2', join(path, '.b'))
    renameSync(join(path, '.b'), join(path, 'b'))
    expect(await next()).toMatchObject({ name: 'b', version: store.describe('b')?.version })
  })

  test('tells nothing while the whole directory is gone, and what changed when it is back', async () => {
    const { path, open } = mount()
    const root = join(path, 'mnt')
    writeVolume(join(root, 'a'), { KEY: '1' })
    writeVolume(join(root, 'b'), { KEY: '1' })
    const store = open({ path: root, pollMs: NEVER })
    const { listener, next, seen } = changeLog()
    await store.watch(listener)
    renameSync(root, join(path, 'elsewhere'))
    await expect(store.get('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    writeVolume(join(path, 'next/a'), { KEY: '1' })
    writeVolume(join(path, 'next/b'), { KEY: '2' })
    renameSync(join(path, 'next'), root)
    expect(await next()).toMatchObject({ name: 'b', version: store.describe('b')?.version })
    expect(seen).toHaveLength(1)
  })

  test('tells that a secret cannot be read any more, once, and when it can be again', async () => {
    const { path, open } = mount()
    const volume = join(path, 'a')
    writeVolume(volume, { KEY: '1' })
    const store = open({ pollMs: NEVER, rename: { 'a.key': 'KEY' } })
    const { listener, next, seen } = changeLog()
    await store.watch(listener)
    writeVolume(volume, { KEY: '1', 'a.key': '2' })
    expect(await next()).toEqual({ scope: 'default', name: 'a' })
    writeVolume(volume, { KEY: '2', 'a.key': '2' })
    writeVolume(volume, { KEY: '2' })
    expect(await next()).toMatchObject({ name: 'a', version: store.describe('a')?.version })
    expect(seen).toHaveLength(2)
  })

  test.each(['ENOSPC', 'EMFILE', 'ENOSYS'])(
    'that the system refuses with %s looks from time to time',
    async (errno) => {
      const { path, open } = mount()
      const volume = join(path, 'github')
      writeVolume(volume, generation(0))
      const store = open({ pollMs: 10 }, unwatchable(errno))
      const { listener, next } = changeLog()
      await store.watch(listener)
      for (let number = 1; number <= 5; number += 1) {
        writeVolume(volume, generation(number))
        expect(await next()).toMatchObject({ name: 'github', version: store.describe('github')?.version })
      }
    },
  )

  test('that fails later is replaced at the next look', async () => {
    const { path, open } = mount()
    writeVolume(join(path, 'a'), { KEY: '1' })
    const watchers: ReturnType<DirectorySystem['watch']>[] = []
    const system: DirectorySystem = {
      ...nodeDirectorySystem,
      watch: (...args) => {
        const watcher = nodeDirectorySystem.watch(...args)
        watchers.push(watcher)
        return watcher
      },
    }
    const store = open({ pollMs: 10 }, system)
    const { listener, next } = changeLog()
    await store.watch(listener)
    const before = watchers.length
    for (const watcher of [...watchers]) watcher.emit('error', new Error('the system dropped it'))
    writeVolume(join(path, 'a'), { KEY: '2' })
    expect(await next()).toMatchObject({ name: 'a', version: store.describe('a')?.version })
    expect(watchers.length).toBeGreaterThan(before)
  })

  test('watches each directory once, however often it changes, and none after it ended', async () => {
    const { path, open } = mount()
    const held = new Map<string, number>()
    const system: DirectorySystem = {
      ...nodeDirectorySystem,
      watch: (at, listener) => {
        const watcher = nodeDirectorySystem.watch(at, listener)
        held.set(at, (held.get(at) ?? 0) + 1)
        const close = watcher.close.bind(watcher)
        watcher.close = () => {
          held.set(at, (held.get(at) ?? 0) - 1)
          close()
        }
        return watcher
      },
    }
    const volume = join(path, 'github')
    writeVolume(volume, generation(0))
    const store = open({ pollMs: NEVER }, system)
    const { listener, next, seen } = changeLog()
    const watch = await store.watch(listener)
    for (let number = 1; number <= 5; number += 1) {
      writeVolume(volume, generation(number))
      await next()
    }
    expect([...held.values()].every((count) => count <= 1)).toBe(true)
    expect(held.get(volume)).toBe(1)
    await watch[Symbol.asyncDispose]()
    await watch[Symbol.asyncDispose]()
    expect([...held.values()].every((count) => count === 0)).toBe(true)
    expect(seen).toHaveLength(5)
  })

  test('tells nothing after it was disposed of, or the store closed', async () => {
    const { path, open } = mount()
    const volume = join(path, 'github')
    writeVolume(volume, generation(0))
    const store = open({ pollMs: 10 })
    const other = open({ pollMs: 10 })
    const [gone, closed, alive] = [changeLog(), changeLog(), changeLog()]
    const watch = await store.watch(gone.listener)
    await store.watch(alive.listener)
    await other.watch(closed.listener)
    await watch[Symbol.asyncDispose]()
    await other.close()
    writeVolume(volume, generation(1))
    await alive.next()
    expect([gone.seen, closed.seen]).toEqual([[], []])
  })

  test('refuses what is no function, and unknown options', async () => {
    const { open } = mount()
    const store = open()
    await expect(store.watch('text' as never)).rejects.toMatchObject({ name: 'TypeError', code: 'INVALID_OPTION' })
    await expect(store.watch(() => undefined, { name: 'a' } as never)).rejects.toMatchObject({ code: 'UNKNOWN_OPTION' })
  })

  test('does not keep the process running, and ends with it', async () => {
    const { path, write } = mount()
    write({ 'mnt/a/KEY': 'x' })
    const fixture = startFixture('../directory/watch-and-end.mjs', { args: [join(path, 'mnt')] })
    expect(await fixture.ended).toMatchObject({ lines: ['watching'], stderr: '', code: 0 })
  })
})

test('a listener that throws is an uncaught exception, and does not end the watch', async () => {
  const { path, open } = mount()
  const volume = join(path, 'a')
  writeVolume(volume, { KEY: '1' })
  const store = open({ pollMs: NEVER })
  const { listener, next } = changeLog()
  const bug = new Error('a bug of the listener')
  await store.watch(() => {
    throw bug
  })
  await store.watch(listener)
  const uncaught = catchUncaught()
  writeVolume(volume, { KEY: '2' })
  await next()
  writeVolume(volume, { KEY: '3' })
  await next()
  expect(await uncaught.two()).toEqual([bug, bug])
})

/** Takes what would end the process, until two of them have come. */
function catchUncaught(): { two: () => Promise<unknown[]> } {
  const before = process.listeners('uncaughtException')
  const caught: unknown[] = []
  process.removeAllListeners('uncaughtException')
  const both = new Promise<unknown[]>((resolve) => {
    process.on('uncaughtException', (error) => {
      caught.push(error)
      if (caught.length < 2) return
      process.removeAllListeners('uncaughtException')
      for (const listener of before) process.on('uncaughtException', listener)
      resolve(caught)
    })
  })
  return { two: () => both }
}
