import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRegistry } from 'latchkey'
import { afterAll, describe, expect, test } from 'vitest'
import { about, confined, free, nobody, opened, registry, untilAborted } from '../fixtures/worker/confined.mjs'
import * as fixture from '../fixtures/worker/functions.mjs'
import { HOSTS, startHost } from '../helpers/host.ts'
import { until } from '../helpers/processes.ts'

const temp = mkdtempSync(join(tmpdir(), 'latchkey-confined-'))
afterAll(async () => {
  await registry.close()
  rmSync(temp, { recursive: true })
  rmSync(targets.writable, { force: true })
})
const targets = { readable: '/etc/hostname', writable: join(tmpdir(), 'latchkey-written'), parent: process.pid }

describe('permission', () => {
  test('true leaves a function its own package, and refuses /proc, other files and processes', async () => {
    expect(await confined(targets)).toMatchObject({
      token: 'tok-0123456789',
      read: 'refused: ERR_ACCESS_DENIED',
      write: 'refused: ERR_ACCESS_DENIED',
      ownEnviron: 'refused: ERR_ACCESS_DENIED',
      parentEnviron: 'refused: ERR_ACCESS_DENIED',
      spawn: 'refused: ERR_ACCESS_DENIED',
    })
  })

  test('admits the paths that it names', async () => {
    const tried = await opened(targets)
    expect(tried).toMatchObject({ parentEnviron: 'refused: ERR_ACCESS_DENIED', write: 'written' })
    expect(tried.read).not.toBe('refused: ERR_ACCESS_DENIED')
  })

  test.each([
    ['of a function', { pool: { maxProcesses: 1 } }, { permission: true }, 1],
    ['of a registry, which keeps none', { pool: { maxProcesses: 1 }, permission: true }, {}, 0],
  ] as const)(
    '%s has its calls served where a spare would have the only place',
    async (_whose, options, own, spares) => {
      const registry = createRegistry({ store: fixture.store, onLog: false, ...options })
      const module = new URL('../fixtures/worker/functions.mjs', import.meta.url)
      const pid = registry.register({ name: 'pid', secrets: ['api'], module, ...own })(() => Promise.resolve(0))
      await registry.ready()
      expect(registry.stats()).toMatchObject({ processes: spares, spares })
      expect(await pid()).toBeGreaterThan(0)
      expect(registry.stats()).toMatchObject({ processes: 1, spares: 0, idle: 1 })
      await registry.close()
    },
  )

  test('is not there unless it is asked for', async () => {
    expect(await free(targets)).toMatchObject({ write: 'written', ownEnviron: true, spawn: 'spawned' })
  })
})

describe('uid', () => {
  test('runs a function as that user without groups, who cannot look into the host; only root may ask for it', async () => {
    if (process.getuid?.() !== 0) {
      await expect(nobody(targets)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
      return
    }
    // An installation that the other user may read: the repository itself may stand in a private folder.
    const root = fileURLToPath(new URL('../../', import.meta.url))
    const installed = join(temp, 'node_modules', 'latchkey')
    mkdirSync(installed, { recursive: true })
    cpSync(join(root, 'dist'), join(installed, 'dist'), { recursive: true })
    cpSync(join(root, 'package.json'), join(installed, 'package.json'))
    for (const name of ['tinypool', 'zod', 'mustache', '@noble']) {
      symlinkSync(join(root, 'node_modules', name), join(temp, 'node_modules', name))
    }
    cpSync(join(HOSTS, 'other-user.mjs'), join(temp, 'other-user.mjs'))
    cpSync(fileURLToPath(new URL('../fixtures/worker/confined.mjs', import.meta.url)), join(temp, 'confined.mjs'))
    openToAll(temp)
    const { stdout, stderr } = await startHost([join(temp, 'other-user.mjs')], { cwd: temp }).ended
    expect(JSON.parse(stdout === '' ? JSON.stringify(stderr) : stdout)).toMatchObject({
      token: 'tok-0123456789',
      uid: 65534,
      groups: [65534],
      write: 'refused: EACCES',
      parentEnviron: 'refused: EACCES',
      parentMemory: 'refused: EACCES',
    })
  })
})

function openToAll(folder: string): void {
  chmodSync(folder, 0o755)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) openToAll(path)
    else if (entry.isFile()) chmodSync(path, 0o644)
  }
}

describe('currentCall()', () => {
  test('tells name, scope, partition and secrets, also after an await', async () => {
    expect(await about.with({ partition: 'p1' })()).toEqual({
      name: 'about',
      scope: 'default',
      partition: 'p1',
      secrets: { API_TOKEN: 'tok-0123456789' },
      aborted: false,
      same: true,
    })
  })

  test('has a signal that aborts when the caller gives the call up, in time to clean up', async () => {
    const marker = join(temp, 'marker')
    const controller = new AbortController()
    const pending = untilAborted.with({ signal: controller.signal })(marker).then(String, String)
    await until(() => readText(marker) === 'waiting')
    controller.abort('enough')
    expect(await pending).toBe('enough')
    await until(() => readText(marker) === 'cleaned up')
  })

  test('fails with NO_CURRENT_CALL outside of a call', async () => {
    const { currentCall } = await import('latchkey/call')
    expect(() => currentCall()).toThrow(expect.objectContaining({ code: 'NO_CURRENT_CALL' }) as Error)
  })
})

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
