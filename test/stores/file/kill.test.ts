import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { startFixture } from '../../helpers/run-fixture.ts'
import type { FixtureOptions } from '../../helpers/run-fixture.ts'
import { storeFolder } from '../../helpers/store-folder.ts'
import type { StoreFolder } from '../../helpers/store-folder.ts'

const SLOW = process.env['SLOW'] === '1'
const preload = fileURLToPath(new URL('../../fixtures/file/kill-at.mjs', import.meta.url))

interface Case {
  change: string
  /** There is a store before. */
  exists: boolean
  /** Reads what the change changes. */
  read: (made: StoreFolder) => Promise<unknown>
  old: unknown
  new: unknown
}

const valueOf = async (made: StoreFolder, name = 'a') => (await made.open().get(name))?.values['K']
const countOf = async (made: StoreFolder) => {
  const store = made.open()
  const found = await store.getMany(Array.from({ length: 20 }, (_, index) => ({ name: `s${index}` })))
  return new Set(found.map((secret) => secret?.values['K']))
}
const cases: Case[] = [
  { change: 'set', exists: true, read: valueOf, old: 'old', new: 'new' },
  ...(SLOW
    ? [
        { change: 'set', exists: false, read: valueOf, old: undefined, new: 'new' },
        { change: 'delete', exists: true, read: valueOf, old: 'old', new: undefined },
        { change: 'rotate', exists: true, read: valueOf, old: 'old', new: 'old' },
        { change: 'many', exists: true, read: countOf, old: new Set([undefined]), new: new Set(['new']) },
      ]
    : []),
]

/** Runs one change that may be killed, and looks at what is left. True: it was acknowledged. */
async function survive(
  made: StoreFolder,
  before: Buffer | undefined,
  one: Case,
  options: FixtureOptions,
): Promise<boolean> {
  for (const entry of made.entries()) rmSync(join(made.folder, entry), { recursive: true })
  if (before !== undefined) writeFileSync(made.path, before, { mode: 0o600 })
  const env = { LATCHKEY_KEY: made.key, ...options.env }
  const { lines, signal, code, stderr } = await startFixture('write-once.mjs', {
    ...options,
    args: [made.path, one.change],
    env,
  }).ended
  const acknowledged = lines.length > 0
  // strace ends as its child does, or tells the signal as 128 + 9.
  if (signal !== 'SIGKILL' && code !== 137 && code !== 0) expect.fail(`ended with ${String(code ?? signal)}: ${stderr}`)
  const now = await one.read(made)
  expect(acknowledged ? [one.new] : [one.old, one.new]).toContainEqual(now)
  // The next writer waits for nobody, and removes what the dead one left.
  await made.open({ lockTimeoutMs: 0 }).set('next', { K: 'written' })
  expect(await valueOf(made, 'next')).toBe('written')
  expect(await one.read(made)).toEqual(now)
  expect(made.entries()).toEqual(['secrets.latchkey'])
  return acknowledged
}

async function beginning(made: StoreFolder, exists: boolean): Promise<Buffer | undefined> {
  if (!exists) return undefined
  await made.open().set('a', { K: 'old' })
  return readFileSync(made.path)
}

test.each(cases)(
  'a process killed at any call of a $change, where a store exists: $exists, leaves old or new',
  async (one) => {
    const made = storeFolder()
    const before = await beginning(made, one.exists)
    const node = ['--import', preload]
    let calls = 0
    for (let done = false; !done; calls += 1) {
      // A write is killed when half of it is done; before it there is nothing that the call before does not show.
      done = await survive(made, before, one, { node, env: { KILL_AT: String(calls + 1) } })
      expect(calls).toBeLessThan(200)
    }
    expect(calls).toBeGreaterThan(20)
  },
)

/** Where Debian's strace is, the kernel itself kills at every system call, whatever node makes of a call. */
const traceable = SLOW && hasStrace()
test.runIf(traceable).each(cases)(
  'the same at every system call: a $change, where a store exists: $exists',
  async (one) => {
    const made = storeFolder()
    const before = await beginning(made, one.exists)
    const log = join(made.folder, '..', `${made.folder.split('/').pop() ?? ''}.strace`)
    await survive(made, before, one, { through: ['strace', '-f', '-o', log, '-e', 'trace=all'] })
    const calls = callsBetween(readFileSync(log, 'utf8'))
    rmSync(log)
    expect([...calls.keys()]).toEqual(
      expect.arrayContaining(['openat', 'write', 'fsync', 'rename', 'close', 'mkdir', 'unlink', 'rmdir']),
    )
    for (const [call, [first, last]] of calls) {
      for (let when = first; when <= last; when += 1) {
        const inject = [
          'strace',
          '-f',
          '-o',
          '/dev/null',
          '-e',
          `trace=${call}`,
          '-e',
          `inject=${call}:signal=KILL:when=${when}`,
        ]
        await survive(made, before, one, { through: inject })
      }
    }
  },
  3_600_000,
)

function hasStrace(): boolean {
  try {
    execFileSync('strace', ['-V'], { stdio: 'ignore' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** Gives, for each system call on files, how many of its thread were made before the change began, and until it ended. */
function callsBetween(log: string): Map<string, [number, number]> {
  const interesting = /^(\d+) +(openat|pwrite64|write|fsync|rename|close|mkdir|unlink|rmdir|fchmod|chmod|read|statx)\(/
  const counts = new Map<string, number>()
  const calls = new Map<string, [number, number]>()
  let inside = false
  for (const line of log.split('\n')) {
    if (line.includes('/latchkey-begins')) inside = true
    if (line.includes('/latchkey-ends')) inside = false
    const [, thread = '', call] = interesting.exec(line) ?? []
    if (call === undefined) continue
    const count = (counts.get(`${thread} ${call}`) ?? 0) + 1
    counts.set(`${thread} ${call}`, count)
    if (!inside) continue
    const [first, last] = calls.get(call) ?? [count, count]
    calls.set(call, [Math.min(first, count), Math.max(last, count)])
  }
  return calls
}
