import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { newToken, ownerOf, thisOwner } from '../../../src/stores/file/owner.ts'
import type { Owner } from '../../../src/stores/file/owner.ts'
import { failureOf, storeFolder } from '../../helpers/store-folder.ts'
import type { StoreFolder } from '../../helpers/store-folder.ts'
import { startFixture } from '../../helpers/run-fixture.ts'

const self = thisOwner()

/** Puts a lock in place as another owner would have, with what that owner's unfinished write leaves. */
function lockedBy(made: StoreFolder, owner: Owner): string {
  const token = newToken(owner)
  mkdirSync(`${made.path}.lock`)
  writeFileSync(join(`${made.path}.lock`, token), '')
  writeFileSync(`${made.path}.tmp.${token}`, 'unfinished')
  return token
}

test('an owner can be read back from its token, and no other name is one', () => {
  expect(ownerOf(newToken(self))).toEqual(self)
  expect(self).toMatchObject({ pid: process.pid, thread: process.pid })
  for (const name of [
    '',
    '.DS_Store',
    'o1',
    'o2.a.b.1.1.1.1.abcdefabcdef',
    `${newToken(self)}x`,
    `x${newToken(self)}`,
  ]) {
    expect(ownerOf(name)).toBeUndefined()
  }
})

const dead: [string, Owner][] = [
  ['a process that is gone', { ...self, pid: 2 ** 22 + 1, thread: 2 ** 22 + 1 }],
  ['a process whose pid was given to another', { ...self, start: String(Number(self.start) - 1) }],
  ['a thread that is gone', { ...self, thread: 2 ** 22 + 1 }],
  ['an earlier run of this machine', { ...self, machine: 'abc', boot: '0123', pid: 1, thread: 1 }],
]
test.each(dead)('the lock of %s is taken over at once, and what it left is removed', async (_, owner) => {
  const made = storeFolder()
  await made.open().set('a', { K: 'v' })
  // This machine may have no identity that survives a restart: the owner's is then made up, and so is ours.
  const rebooted = owner.boot !== self.boot
  lockedBy(made, rebooted ? { ...owner, machine: self.machine } : owner)
  const store = made.open({ lockTimeoutMs: 0 })
  if (rebooted && self.machine === '-') {
    expect(await failureOf(store.set('a', { K: 'w' }))).toMatchObject({ code: 'UNAVAILABLE' })
    return
  }
  await store.set('a', { K: 'w' })
  expect(made.entries()).toEqual(['secrets.latchkey'])
})

const alive: [string, Owner][] = [
  ['a living process', self],
  ['the first process of this machine', { ...self, pid: 1, thread: 1, start: '-' }],
  ['another machine, or an earlier run of one without identity', { ...self, machine: '-', boot: '0123' }],
  ['another machine of the same name', { ...self, machine: '0123', boot: '4567' }],
  ['another container', { ...self, space: '1', pid: 2 ** 22 + 1, thread: 2 ** 22 + 1 }],
]
test.each(alive)('the lock of %s is never taken over', async (_, owner) => {
  const made = storeFolder()
  const token = lockedBy(made, owner)
  const store = made.open({ lockTimeoutMs: 60 })
  const error = await failureOf(store.set('a', { K: 'v' }))
  expect(error).toMatchObject({
    code: 'UNAVAILABLE',
    retryable: true,
    hint: expect.stringContaining('.lock') as string,
  })
  expect(readdirSync(`${made.path}.lock`)).toEqual([token])
  expect(made.entries()).toEqual(['secrets.latchkey.lock', `secrets.latchkey.tmp.${token}`])
})

test('a lock that is given back is taken by whoever waits', async () => {
  const made = storeFolder()
  const [one, two] = [made.open({ lockTimeoutMs: 300_000 }), made.open({ lockTimeoutMs: 300_000 })]
  await Promise.all(
    Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? one : two).set(`s${index}`, { K: 'v' })),
  )
  const names: string[] = []
  for await (const { name } of one.list()) names.push(name)
  expect(names).toHaveLength(20)
  expect(made.entries()).toEqual(['secrets.latchkey'])
})

test('junk in the lock is left alone, and the error names the folder', async () => {
  const made = storeFolder()
  mkdirSync(`${made.path}.lock`)
  writeFileSync(join(`${made.path}.lock`, '.DS_Store'), '')
  const error = await failureOf(made.open({ lockTimeoutMs: 20 }).set('a', { K: 'v' }))
  expect(error).toMatchObject({ code: 'UNAVAILABLE', hint: expect.stringContaining(`${made.path}.lock`) as string })
  expect(readdirSync(`${made.path}.lock`)).toEqual(['.DS_Store'])
})

test('an empty lock folder, and a file in the place of it, do no harm', async () => {
  const made = storeFolder()
  mkdirSync(`${made.path}.lock`)
  await made.open().set('a', { K: 'v' })
  expect(made.entries()).toEqual(['secrets.latchkey'])
  writeFileSync(`${made.path}.lock`, '')
  expect(await failureOf(made.open({ lockTimeoutMs: 0 }).set('a', { K: 'w' }))).toMatchObject({ code: 'INVALID' })
})

test('what a dead process left beside the file is removed by the next write; what is of others stays', async () => {
  const made = storeFolder()
  const gone = newToken({ ...self, pid: 2 ** 22 + 1, thread: 2 ** 22 + 1 })
  const living = newToken(self)
  const others = [`secrets.latchkey.tmp.${living}`, 'secrets.latchkey.tmp.notes', 'other.latchkey.tmp.' + gone]
  for (const name of [...others, `secrets.latchkey.tmp.${gone}`]) writeFileSync(join(made.folder, name), '')
  mkdirSync(`${made.path}.lock.${gone}`)
  writeFileSync(join(`${made.path}.lock.${gone}`, gone), '')
  mkdirSync(`${made.path}.lock.notes`)
  await made.open().set('a', { K: 'v' })
  expect(made.entries()).toEqual([...others, 'secrets.latchkey', 'secrets.latchkey.lock.notes'].sort())
})

test('a lock that is taken away while it is held fails the write, and the file is as it was', async () => {
  const made = storeFolder()
  await made.open().set('a', { K: 'v' })
  const { nodeFileSystem } = await import('../../../src/stores/file/file-system.ts')
  const { rmSync } = await import('node:fs')
  const store = made.open(
    {},
    {
      ...nodeFileSystem,
      async fsync(fd) {
        rmSync(`${made.path}.lock`, { recursive: true, force: true })
        return nodeFileSystem.fsync(fd)
      },
    },
  )
  expect(await failureOf(store.set('a', { K: 'w' }))).toMatchObject({ code: 'UNAVAILABLE' })
  expect((await made.open().get('a'))?.values['K']).toBe('v')
  expect(made.entries()).toEqual(['secrets.latchkey'])
})

test('a process that is killed while it holds the lock is replaced at once, one that is stopped never', async () => {
  const made = storeFolder()
  const fixture = startFixture('hold-lock.mjs', { args: [made.path], env: { LATCHKEY_KEY: made.key } })
  expect(await fixture.next()).toBe('locked')
  fixture.child.kill('SIGSTOP')
  const held = process.env['SLOW'] === '1' ? 30_000 : 300
  expect(await failureOf(made.open({ lockTimeoutMs: held }).set('a', { K: 'v' }))).toMatchObject({
    code: 'UNAVAILABLE',
  })
  fixture.child.kill('SIGCONT')
  fixture.child.kill('SIGKILL')
  expect((await fixture.ended).signal).toBe('SIGKILL')
  await made.open({ lockTimeoutMs: 0 }).set('a', { K: 'v' })
  expect(made.entries()).toEqual(['secrets.latchkey'])
})

test('worker threads of one process write one file, and one that is terminated leaves no lock', async () => {
  const made = storeFolder()
  await made.open().set('a', { K: '0' })
  const program = new URL('../../fixtures/file/thread.mjs', import.meta.url)
  const start = (task: string) => new Worker(program, { workerData: { path: made.path, key: made.key, task } })
  const counting = ['count', 'count', 'count'].map(start)
  await Promise.all(counting.map((worker) => new Promise((resolve) => worker.once('exit', resolve))))
  expect((await made.open().get('a'))?.values['K']).toBe('30')
  const holding = start('hold')
  await new Promise((resolve) => holding.once('message', resolve))
  expect(existsSync(`${made.path}.lock`)).toBe(true)
  await holding.terminate()
  await made.open({ lockTimeoutMs: 0 }).set('a', { K: '31' })
  expect(made.entries()).toEqual(['secrets.latchkey'])
})
