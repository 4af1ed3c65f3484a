import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { nodeDirectorySystem } from '../../../src/stores/directory/file-system.ts'
import type { DirectorySystem } from '../../../src/stores/directory/file-system.ts'
import { writeVolume } from '../../fixtures/directory/kubelet.mjs'
import { mount } from '../../helpers/mounts.ts'
import { allTextOf } from '../../helpers/thrown.ts'

const CANARY = 'hunter2-canary'

/** A system whose call number `at` fails as the system fails, and that tells which call that was. */
function failingSystem(at: number, errno: string): DirectorySystem & { failed: () => string | undefined } {
  let calls = 0
  let failed: string | undefined
  const failing = Object.entries(nodeDirectorySystem).map(([name, call]: [string, (...args: never[]) => unknown]) => {
    const counted = (...args: never[]): unknown => {
      calls += 1
      if (calls !== at) return call(...args)
      failed = name
      throw Object.assign(new Error(`${errno}: raw text of the system, ${CANARY}`), { code: errno, syscall: name })
    }
    return [name, counted]
  })
  return { ...(Object.fromEntries(failing) as DirectorySystem), failed: () => failed }
}

describe.each([
  ['EIO', 'UNAVAILABLE'],
  ['EMFILE', 'UNAVAILABLE'],
  ['ESTALE', 'UNAVAILABLE'],
  ['EACCES', 'DENIED'],
  ['EPERM', 'DENIED'],
])('%s from any one call of the system', (errno, code) => {
  test.each(['directories', 'files'] as const)(
    `is ${code}, never absence, and shows no text of the system: %s`,
    async (layout) => {
      const { path, open } = mount()
      if (layout === 'files') writeVolume(path, { 'a.json': '{"KEY":"x"}' })
      else writeVolume(join(path, 'a'), { KEY: 'x' })
      for (let at = 1; ; at += 1) {
        const system = failingSystem(at, errno)
        const store = open({ layout }, system)
        const answer = await store.get('a').catch((error: unknown) => error)
        if (answer instanceof Error) {
          expect(answer).toMatchObject({
            name: 'StoreError',
            code,
            store: 'directory',
            retryable: code === 'UNAVAILABLE',
          })
          expect(answer.message).toContain(errno)
          expect(allTextOf(answer)).not.toContain(CANARY.slice(0, 8))
          expect(allTextOf(answer)).not.toContain('raw text')
        } else {
          // Nothing depends on how a descriptor was closed.
          expect([undefined, 'close']).toContain(system.failed())
          expect(answer).toMatchObject({ values: { KEY: 'x' } })
        }
        if (system.failed() === undefined) return
      }
    },
  )
})

test('a call of the system that throws something else is passed on as it is', async () => {
  const { write, open } = mount()
  write({ 'a/KEY': 'x' })
  const bug = new RangeError('a bug')
  const system: DirectorySystem = {
    ...nodeDirectorySystem,
    fstat: () => {
      throw bug
    },
  }
  await expect(open({}, system).get('a')).rejects.toBe(bug)
})

test('a file whose size the system does not know is read whole, and no further than a secret can be large', async () => {
  const { write, open } = mount()
  write({ 'a/KEY': 'x'.repeat(100_000), 'b/KEY': 'x'.repeat(1024 * 1024 + 1) })
  let bytes = 0
  const system: DirectorySystem = {
    ...nodeDirectorySystem,
    fstat: (fd) => Object.assign(nodeDirectorySystem.fstat(fd), { size: 0n }),
    read: (...args) => {
      const read = nodeDirectorySystem.read(...args)
      bytes += read
      return read
    },
  }
  const store = open({}, system)
  expect((await store.get('a'))?.values['KEY']).toHaveLength(100_000)
  await expect(store.get('b')).rejects.toMatchObject({ code: 'TOO_LARGE' })
  expect(bytes).toBeLessThanOrEqual(100_000 + 1024 * 1024 + 1)
})

test('a file that is known to be too large is not read at all, and short reads are put together', async () => {
  const { write, open } = mount()
  write({ 'a/KEY': 'x'.repeat(5_000), 'b/KEY': 'x'.repeat(2 * 1024 * 1024) })
  const reads: number[] = []
  const system: DirectorySystem = {
    ...nodeDirectorySystem,
    read: (fd, buffer, offset, length) => {
      reads.push(length)
      return nodeDirectorySystem.read(fd, buffer, offset, Math.min(length, 7))
    },
  }
  const store = open({}, system)
  await expect(store.get('b')).rejects.toMatchObject({ code: 'TOO_LARGE' })
  expect(reads).toEqual([])
  expect((await store.get('a'))?.values['KEY']).toBe('x'.repeat(5_000))
})

test('every descriptor is closed, whatever a read ends in', async () => {
  const { path, write, open } = mount()
  write({ 'a/KEY': 'x', 'b/KEY': Buffer.from([0xff]), 'c/KEY': 'x'.repeat(2 * 1024 * 1024) })
  const held = new Set<number>()
  const system: DirectorySystem = {
    ...nodeDirectorySystem,
    open: (at, flags) => {
      const fd = nodeDirectorySystem.open(at, flags)
      held.add(fd)
      return fd
    },
    close: (fd) => {
      held.delete(fd)
      nodeDirectorySystem.close(fd)
    },
  }
  const store = open({}, system)
  for (const name of ['a', 'b', 'c', 'none']) await store.get(name).catch(() => undefined)
  expect(held).toEqual(new Set())
  expect(readFileSync(join(path, 'a/KEY'), 'utf8')).toBe('x')
})
