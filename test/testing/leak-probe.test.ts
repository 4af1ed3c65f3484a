import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { channel } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { probeLeaks, type LeakProbe } from 'latchkey/testing'
import { afterAll, describe, expect, test } from 'vitest'
import * as paths from '../fixtures/testing/paths.mjs'

// A folder for temporary files of its own: others write to the common one.
const folder = mkdtempSync(join(tmpdir(), 'latchkey-probe-'))
process.env['TMPDIR'] = folder
afterAll(async () => {
  await paths.registry.close()
  rmSync(folder, { recursive: true })
})

const SLEEP = ['-e', 'setInterval(() => undefined, 1000)']

/** Starts a process that stays until the test ends it, and gives the function that does. */
function started(env: Record<string, string>, args: string[] = []): () => Promise<void> {
  const child = spawn(process.execPath, [...SLEEP, ...args], { env, stdio: 'ignore' })
  return async () => {
    child.kill('SIGKILL')
    await once(child, 'close')
  }
}

class Holder {
  #hidden = 'nothing';
  [inspect.custom](): string {
    return this.#hidden
  }
  constructor(hidden: string) {
    this.#hidden = hidden
  }
}

const base64 = (text: string): string => Buffer.from(`user:${text}`).toString('base64')

describe('a planted leak is found in', () => {
  test.each<[string, string, (probe: LeakProbe) => unknown]>([
    ['stdout', 'process.stdout', (probe) => void process.stdout.write(`${probe.canary('token')}\n`)],
    [
      'stdout',
      'pieces on process.stdout',
      (probe) => {
        for (const piece of probe.canary('token')) process.stdout.write(piece)
      },
    ],
    [
      'stdout',
      'console.log, whoever replaced it',
      (probe) => {
        console.log('%s', base64(probe.canary('token')))
      },
    ],
    [
      'stderr',
      'console.error',
      (probe) => {
        console.error({ token: probe.canary('token') })
      },
    ],
    ['stderr', 'the descriptor itself', (probe) => void writeSync(2, encodeURIComponent(probe.canary('token')))],
    [
      'stdout',
      'a child that shares stdout',
      async (probe) => {
        const program = 'process.stdin.pipe(process.stdout)'
        const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'inherit', 'inherit'] })
        child.stdin.end(probe.canary('token'))
        await once(child, 'close')
      },
    ],
    [
      'stderr',
      'a process that is watched',
      (probe) => {
        const child = spawn(process.execPath, ['-e', 'process.stdin.pipe(process.stderr)'])
        probe.watch(child)
        child.stdin.end(probe.canary('token'))
      },
    ],
    ['result', 'the result', (probe) => ({ deep: [new Map([['key', { [probe.canary('token')]: 1 }]])] })],
    ['result', 'the bytes of a result', (probe) => Buffer.from(probe.canary('token'))],
    ['result', 'what inspect shows of a result', (probe) => new Holder(probe.canary('token'))],
    ['result', 'what JSON shows of a result', (probe) => ({ toJSON: () => probe.canary('token') })],
    [
      'result',
      'a hidden property of a result',
      (probe) => Object.defineProperty({}, Symbol('hidden'), { value: probe.canary('token') }),
    ],
    [
      'event',
      'an event',
      (probe) => {
        channel('latchkey:worker').publish({ a: { b: probe.canary('token') } })
      },
    ],
    [
      'event',
      'an event of a channel that was named',
      (probe) => {
        channel('test:own').publish(probe.canary('token'))
      },
    ],
    [
      'file',
      'a new file',
      (probe) => {
        writeFileSync(join(folder, 'new'), JSON.stringify(probe.canary('token')))
      },
    ],
    [
      'file',
      'the name of a file',
      (probe) => {
        writeFileSync(join(folder, Buffer.from(probe.canary('token')).toString('hex')), '')
      },
    ],
    [
      'environ',
      'the environment of a process that was started and is gone',
      (probe) => {
        spawnSync(process.execPath, ['-e', ''], { env: { TOKEN: probe.canary('token') } })
      },
    ],
    [
      'cmdline',
      'the arguments of one',
      (probe) => {
        execFileSync(process.execPath, ['-e', '', probe.canary('token')])
      },
    ],
    [
      'own',
      'whatever is looked at',
      (probe) => {
        probe.look('own', [probe.canary('token')])
      },
    ],
  ])('%s: %s', async (place, _, run) => {
    const report = await probeLeaks(run, {
      channels: ['test:own'],
      canaries: { token: 'canary-"quoted"/+é%-0123456789' },
    })
    expect(report.leaks).toContainEqual({ place, canary: 'token', where: expect.any(String) as string })
    expect(report.ok).toBe(false)
    expect(JSON.stringify(report)).not.toContain('0123456789')
  })

  test.each<[string, (token: string) => unknown]>([
    ['message', (token) => new Error(token)],
    ['stack', (token) => Object.assign(new Error('x'), { stack: base64(token) })],
    ['cause', (token) => new Error('x', { cause: { errors: [new Error(token)] } })],
    ['properties', (token) => Object.assign(new Error('x'), { [token]: 1 })],
    ['text', (token) => token],
  ])("error: an error's %s", async (_, thrown) => {
    const report = await probeLeaks(
      (probe) => {
        throw thrown(probe.canary('token'))
      },
      { throws: true },
    )
    expect(report.leaks.map(({ place }) => place)).toContain('error')
    expect(report.unseen).toEqual([])
  })

  test('environ and cmdline of a child, and of a grandchild that another process started', async () => {
    const ends: (() => Promise<void>)[] = []
    const report = await probeLeaks(async (probe) => {
      ends.push(started({ TOKEN: probe.canary('child') }), started({}, [probe.canary('argument')]))
      await paths.store.set('api', { TOKEN: probe.canary('inherited'), PLAIN: 'x' }, { scope: 'grandchild' })
      await paths.startsGrandchild.with({ scope: 'grandchild' })()
      await paths.store.set('api', { TOKEN: probe.canary('passed'), PLAIN: 'x' }, { scope: 'argument' })
      await paths.startsWithArgument.with({ scope: 'argument' })()
    })
    for (const end of ends) await end()
    const found = report.leaks.filter(({ where }) => where.startsWith('/proc/'))
    expect(new Set(found.map(({ place, canary }) => `${place} ${canary}`))).toEqual(
      new Set(['environ child', 'cmdline argument', 'environ inherited', 'cmdline passed']),
    )
  })

  test('file: one that a registered function writes', async () => {
    const path = join(folder, 'by-a-function')
    const report = await probeLeaks(async (probe) => {
      await paths.store.set('api', { TOKEN: probe.canary('token'), PLAIN: 'x' }, { scope: 'file' })
      await paths.writesFile.with({ scope: 'file' })(path)
    })
    expect(report).toEqual({ ok: false, leaks: [{ place: 'file', canary: 'token', where: path }], unseen: [] })
  })
})

describe('the probe fails closed', () => {
  test.each<[string, (probe: LeakProbe) => unknown, boolean]>([
    ['the function asks for no canary', () => 1, false],
    [
      'the function fails and was not meant to',
      (probe) => {
        throw new Error(String(probe.canary('a').length))
      },
      false,
    ],
    ['the function does not fail and was meant to', (probe) => void probe.canary('a'), true],
    [
      'a value is too large to be looked at',
      (probe) => [probe.canary('a').length, Array.from({ length: 200_000 }, () => ({}))],
      false,
    ],
    [
      'a process writes past it',
      (probe) => {
        probe.canary('a')
        spawnSync(process.execPath, ['-e', ''], { stdio: 'inherit' })
      },
      false,
    ],
  ])('where %s', async (_, run, throws) => {
    const report = await probeLeaks(run, { throws })
    expect(report).toMatchObject({ ok: false, leaks: [] })
    expect(report.unseen).toHaveLength(1)
  })

  test('for wrong options, short canaries, folders that are not there, and a second probe at a time', async () => {
    const invalid = { code: 'INVALID_OPTION' }
    await expect(probeLeaks(() => 1, { canary: 'x' } as object)).rejects.toMatchObject({ code: 'UNKNOWN_OPTION' })
    await expect(probeLeaks(() => 1, { canaries: { a: 'short' } })).rejects.toMatchObject(invalid)
    await expect(probeLeaks(() => 1, { folders: [join(folder, 'none')] })).rejects.toMatchObject(invalid)
    const second = probeLeaks(async (probe) => {
      probe.canary('a')
      await expect(probeLeaks(() => 1)).rejects.toMatchObject(invalid)
    })
    expect(await second).toEqual({ ok: true, leaks: [], unseen: [] })
  })
})

test('the probe leaves everything as it was', async () => {
  const state = () => [process.stdout.write, process.stderr.write, console.log, writeSync, spawnSync]
  const before = state()
  await probeLeaks((probe) => void probe.canary('a'))
  expect(state()).toEqual(before)
  expect(channel('latchkey:worker').hasSubscribers).toBe(false)
})
