import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { nodeFileSystem } from '../../../src/stores/file/file-system.ts'
import type { FileSystem } from '../../../src/stores/file/file-system.ts'
import { fileStore } from '../../../src/stores/file.ts'
import type { FileStore } from '../../../src/stores/file.ts'
import { runFixture } from '../../helpers/run-fixture.ts'
import { failureOf, storeFolder } from '../../helpers/store-folder.ts'
import type { StoreFolder } from '../../helpers/store-folder.ts'

const SLOW = process.env['SLOW'] === '1'

interface FailingSystem extends FileSystem {
  /** Lets no more calls fail, and tells whether one did. */
  disarm: () => boolean
}

/** Gives node's calls, of which number `failing`, counted from 1, fails with `errno`; every later one too if `forGood`. */
function failingAt(failing: number, errno: string, forGood = false): FailingSystem {
  let calls = 0
  let failed = false
  let armed = true
  const system = new Proxy(nodeFileSystem as unknown as Record<string, unknown>, {
    get(target: Record<string, unknown>, verb: string) {
      const call = target[verb] as (...args: unknown[]) => unknown
      return (...args: unknown[]) => {
        calls += 1
        if (!armed || (forGood ? calls < failing : calls !== failing)) return call(...args)
        failed = true
        const error = Object.assign(new Error(`${errno}: injected, ${verb}`), { code: errno, syscall: verb })
        if (verb === 'write' || verb === 'fsync') return Promise.reject(error)
        throw error
      }
    },
  })
  const disarm = () => {
    armed = false
    return failed
  }
  return Object.assign(Object.create(system) as unknown as FileSystem, { disarm })
}

const operations: [string, boolean, (store: FileStore) => Promise<unknown>][] = [
  ['a set', true, (store) => store.set('a', { K: 'new' })],
  ['the first set', false, (store) => store.set('a', { K: 'new' })],
  ['a rotation of the key', true, (store) => store.rotateKey()],
]
const errnos = ['ENOSPC', 'EIO', 'EACCES', 'EROFS', ...(SLOW ? ['EPERM', 'EMFILE', 'EDQUOT', 'ESTALE', 'EINVAL'] : [])]

describe.each(operations)('%s', (_, exists, run) => {
  test.each(errnos)(
    'fails with a code at each call that fails with %s, and the file is old or new, whole',
    async (errno) => {
      const made = storeFolder()
      const before = exists ? await prepared(made) : undefined
      for (let call = 1, done = false; !done; call += 1) {
        reset(made, before)
        const system = failingAt(call, errno)
        const store = made.open({}, system)
        const error = await run(store).then(
          () => undefined,
          (reason: unknown) => reason as { code: string },
        )
        // A call that is made after the write is on the disk may fail: then the write is acknowledged.
        if (error !== undefined) expect(error).toMatchObject({ name: 'StoreError', store: 'file' })
        done = !system.disarm()
        if (done) expect(error).toBeUndefined()
        const now = existsSync(made.path) ? readFileSync(made.path) : undefined
        const value = (await made.open().get('a'))?.values['K']
        if (error === undefined && !exists) expect(value).toBe('new')
        else if (now !== undefined && before !== undefined && now.equals(before)) expect(error).toBeDefined()
        expect([exists ? 'old' : undefined, 'new']).toContain(value)
        // The store that met the failure works on, and what it could not remove is gone after its next write.
        await store.set('a', { K: 'next' })
        expect((await made.open().get('a'))?.values['K']).toBe('next')
        expect(made.entries()).toEqual(['secrets.latchkey'])
      }
    },
  )

  test('when everything fails from some call on, the file is old or new, whole', async () => {
    const made = storeFolder()
    const before = exists ? await prepared(made) : undefined
    for (let call = 1, done = false; !done; call += 1) {
      reset(made, before)
      const system = failingAt(call, 'EIO', true)
      const error = await run(made.open({}, system)).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (error !== undefined) expect(error).toMatchObject({ name: 'StoreError' })
      done = !system.disarm()
      expect([exists ? 'old' : undefined, 'new']).toContain((await made.open().get('a'))?.values['K'])
    }
  })
})

test('every call of a read that fails is an error with a code, never an absent secret', async () => {
  const made = storeFolder()
  await prepared(made)
  for (const errno of errnos) {
    for (let call = 1, done = false; !done; call += 1) {
      const system = failingAt(call, errno)
      const store = made.open({}, system)
      const outcome = await store.get('a').then(
        (secret) => secret?.values['K'],
        (error: unknown) => error,
      )
      done = !system.disarm()
      if (done) expect(outcome).toBe('old')
      else expect(outcome).toMatchObject({ name: 'StoreError' })
    }
  }
})

test.each([
  ['EACCES', 'DENIED', false],
  ['EROFS', 'READ_ONLY', false],
  ['EIO', 'UNAVAILABLE', true],
  ['ENOSPC', 'UNAVAILABLE', true],
  ['EMFILE', 'UNAVAILABLE', true],
])('%s is %s, with the errno as cause', async (errno, code, retryable) => {
  const made = storeFolder()
  await prepared(made)
  const store = made.open({}, failingAt(1, errno, true))
  const error = await failureOf(store.set('a', { K: 'new' }))
  expect(error).toMatchObject({ code, retryable, cause: { code: errno } })
  expect(error.message).toContain(errno)
})

test('a system that takes one byte at a time gets the whole file; one that takes none is an error', async () => {
  const made = storeFolder()
  const one = made.open({}, { ...nodeFileSystem, write: (fd, bytes, at) => nodeFileSystem.write(fd, bytes, at, 1) })
  await one.set('a', { K: 'v' })
  expect((await made.open().get('a'))?.values['K']).toBe('v')
  const none = made.open({}, { ...nodeFileSystem, write: () => Promise.resolve(0) })
  expect(await failureOf(none.set('a', { K: 'w' }))).toMatchObject({ code: 'UNAVAILABLE' })
  expect((await made.open().get('a'))?.values['K']).toBe('v')
  expect(made.entries()).toEqual(['secrets.latchkey'])
})

test('a system that loses bytes without saying so is found out before the file is replaced', async () => {
  const made = storeFolder()
  await prepared(made)
  const lying = made.open(
    {},
    {
      ...nodeFileSystem,
      write: async (fd, bytes, at, length) => {
        await nodeFileSystem.write(fd, bytes, at, length - 1)
        return length
      },
    },
  )
  expect(await failureOf(lying.set('a', { K: 'new' }))).toMatchObject({ code: 'UNAVAILABLE' })
  expect((await made.open().get('a'))?.values['K']).toBe('old')
})

test('a limit on the size of files leaves the old file whole', async () => {
  const made = storeFolder()
  await prepared(made)
  const fixture = new URL('../../fixtures/file/set-large.mjs', import.meta.url).pathname
  // 8 blocks of 512 or 1,024 bytes: less than what is written, more than what is there.
  const command = `ulimit -f 8; exec "$0" "${fixture}" "${made.path}"`
  const env = { PATH: process.env['PATH'], LATCHKEY_KEY: made.key }
  const { stdout } = spawnSync('sh', ['-c', command.replace('$0', process.execPath)], { env })
  expect(stdout.toString()).not.toContain('written')
  expect((await made.open().get('a'))?.values['K']).toBe('old')
  await made.open({ lockTimeoutMs: 0 }).set('a', { K: 'new' })
  expect(made.entries()).toEqual(['secrets.latchkey'])
})

test('without file descriptors left, reads and writes are UNAVAILABLE', async () => {
  const made = storeFolder()
  await prepared(made)
  const { lines } = await runFixture('no-descriptors.mjs', { args: [made.path], env: { LATCHKEY_KEY: made.key } })
  expect(lines).toEqual(['get UNAVAILABLE', 'set UNAVAILABLE', 'get old'])
})

/** Only root may mount a file system that is full. */
const mountable = process.getuid?.() === 0 && SLOW
test.runIf(mountable)('a disk that is full leaves the old file whole, and says so', async () => {
  const made = storeFolder()
  const disk = join(made.folder, 'disk')
  mkdirSync(disk)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk])
  const path = join(disk, 'secrets.latchkey')
  const store = fileStore({ path, key: made.key })
  try {
    await store.set('a', { K: 'old' })
    const error = await failureOf(store.set('big', { K: 'x'.repeat(500_000) }))
    const hint = expect.stringContaining('space') as string
    expect(error).toMatchObject({ code: 'UNAVAILABLE', cause: { code: 'ENOSPC' }, hint })
    expect((await store.get('a'))?.values['K']).toBe('old')
    expect(readdirSync(disk)).toEqual(['secrets.latchkey'])
    await store.set('a', { K: 'new' })
  } finally {
    await store.close()
    execFileSync('umount', [disk])
  }
})

async function prepared(made: StoreFolder): Promise<Buffer> {
  const store = made.open()
  await store.set('a', { K: 'old' })
  await store.close()
  return readFileSync(made.path)
}

/** Puts the folder back to how it was. */
function reset(made: StoreFolder, before: Buffer | undefined): void {
  for (const entry of made.entries()) rmSync(join(made.folder, entry), { recursive: true })
  if (before !== undefined) writeFileSync(made.path, before, { mode: 0o600 })
}
