import { execFileSync } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  cachedStore,
  createRegistry,
  memoryStore,
  type RegistryOptions,
  type SecretReadEvent,
  type SecretStore,
  StoreError,
  type WorkerEvent,
} from 'latchkey'
import { afterAll, afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { registrySettings } from '../../src/registry/options.ts'
import { createEntry } from '../../src/registry/entry.ts'
import { needed } from '../../src/registry/requirement.ts'
import { createRenewals } from '../../src/registry/renewal.ts'
import { prepareRun } from '../../src/registry/run.ts'
import type { Scheduler } from '../../src/worker/scheduler.ts'
import * as fixture from '../fixtures/registry/rotation.mjs'
import { startHost } from '../helpers/host.ts'
import { isAlive, until } from '../helpers/processes.ts'

const { watchedStore, watching, seen, needsToken } = fixture
let workers: WorkerEvent[]
let waiting: (() => void)[] = []
const onWorker = (event: unknown): void => {
  workers.push(event as WorkerEvent)
  for (const look of waiting) look()
}
beforeEach(() => {
  workers = []
  subscribe('latchkey:worker', onWorker)
})
afterEach(() => {
  unsubscribe('latchkey:worker', onWorker)
})
afterAll(() => Promise.all([watching.close(), fixture.registry.close()]))

/** Waits for a worker's event. */
function told(test: (event: WorkerEvent) => boolean): Promise<WorkerEvent> {
  return new Promise((resolve) => {
    const look = (): void => {
      const found = workers.find(test)
      if (found === undefined) return
      waiting = waiting.filter((one) => one !== look)
      resolve(found)
    }
    waiting.push(look)
    look()
  })
}
const ended = (pid: number) => told((event) => event.event === 'ended' && event.pid === pid)

describe('with watch: true', () => {
  test('a warm child is replaced ahead of the next call, which finds the newer version in a process that is ready', async () => {
    const scope = 'ahead'
    await watchedStore.set('gh', { TOKEN: 'old' }, { scope })
    const before = await seen.with({ scope })()
    const reads: SecretReadEvent[] = []
    const onRead = (event: unknown): void => {
      reads.push(event as SecretReadEvent)
    }
    subscribe('latchkey:secret:read', onRead)
    await watchedStore.set('gh', { TOKEN: 'new' }, { scope })
    expect(await ended(before.pid)).toMatchObject({ reason: 'outdated' })
    unsubscribe('latchkey:secret:read', onRead)
    const ready = await told((event) => event.event === 'assigned' && event.first && event.pid !== before.pid)
    // The one that was to be replaced ended only after the other one was there.
    expect(workers.indexOf(ready)).toBeLessThan(workers.findIndex(({ event }) => event === 'ended'))
    expect(reads).toMatchObject([{ purpose: 'renewal', function: 'seen', scope, outcome: 'ok' }])
    const after = await seen.with({ scope })()
    expect(after).toEqual({ token: 'new', tokenOfModule: 'new', pid: ready.pid })
  })

  test('a child in the middle of a call ends after it, with the version that it has', async () => {
    const scope = 'busy'
    await watchedStore.set('gh', { TOKEN: 'old' }, { scope })
    const { pid } = await seen.with({ scope })()
    const pipe = join(temporaryFolder(), 'pipe')
    execFileSync('mkfifo', [pipe])
    const call = seen.with({ scope })(pipe)
    await told((event) => event.event === 'assigned' && event.pid === pid && !event.first)
    await watchedStore.set('gh', { TOKEN: 'new' }, { scope })
    const ready = await told((event) => event.event === 'assigned' && event.first && event.pid !== pid)
    // Ready for the next call, while the older one's goes on.
    await until(() => watching.stats().busy === 1)
    expect(isAlive(pid)).toBe(true)
    await writeFile(pipe, '')
    expect(await call).toMatchObject({ token: 'old', pid })
    expect(await ended(pid)).toMatchObject({ reason: 'outdated', calls: 2 })
    expect(await seen.with({ scope })()).toMatchObject({ token: 'new', pid: ready.pid })
  })

  test('the secrets of a child that serves one call are not watched: it has ended before they change', async () => {
    const scope = 'alone'
    await watchedStore.set('gh', { TOKEN: 'old' }, { scope })
    const watch = vi.spyOn(watchedStore, 'watch')
    await seen.with({ scope, isolation: 'call' })()
    expect(watch).not.toHaveBeenCalled()
    await seen.with({ scope })()
    expect(watch).toHaveBeenCalledTimes(1)
    watch.mockRestore()
  })

  test('a secret that is gone, or no longer fits, ends the child that holds it; the call tells why', async () => {
    const scope = 'gone'
    await watchedStore.set('gh', { TOKEN: 'old' }, { scope })
    const pid = await needsToken.with({ scope })()
    await watchedStore.set('gh', { OTHER: 'x' }, { scope })
    expect(await ended(pid)).toMatchObject({ reason: 'outdated' })
    await expect(needsToken.with({ scope })()).rejects.toMatchObject({ code: 'MISSING_SECRETS' })
  })

  test('without it nothing is watched, and the next call replaces the child', async () => {
    let watched = 0
    const memory = memoryStore({ gh: { TOKEN: 'old' } })
    const store: SecretStore = {
      ...memory,
      watch: (...args) => {
        watched++
        return memory.watch(...args)
      },
    }
    const registry = createRegistry({ store, isolation: 'inline' })
    await registry.register({ name: 'f', secrets: ['gh'] })(() => 1)()
    await registry.close()
    expect(watched).toBe(0)
  })

  test('a host whose registry watches a directory, and has nothing else to do, ends', async () => {
    const program = `
      import { mkdirSync, writeFileSync } from 'node:fs'
      import { join } from 'node:path'
      import { createRegistry } from 'latchkey'
      import { directoryStore } from 'latchkey/stores/directory'
      const path = ${JSON.stringify(temporaryFolder())}
      mkdirSync(join(path, 'gh'))
      writeFileSync(join(path, 'gh', 'TOKEN'), 't')
      const registry = createRegistry({ store: directoryStore({ path }), watch: true })
      const module = new URL('../registry/rotation.mjs', 'file://' + process.cwd() + '/')
      const f = registry.register({ name: 'seen', secrets: ['gh'], module })(() => 1)
      await f().catch((error) => console.log('code', error.code))
      console.log('called')`
    const { stdout, code } = await startHost(['--input-type=module', '-e', program]).ended
    expect(stdout).toContain('called')
    expect(code).toBe(0)
  })
})

/** A folder that is there until the test has ended. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-renewal-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true })
  })
  return folder
}

/** A run of a function that needs these secrets, each of its own scope or of that of the call. */
async function runOf(store: SecretStore, ...secrets: readonly (string | { name: string; scope: string })[]) {
  const needs = secrets.map(needed)
  const entry = createEntry({
    ...{ name: needs.map(({ name }) => name).join('_'), fn: () => 1, self: undefined, needs, options: {} },
    ...{ module: import.meta.url, origin: '', inputSchema: undefined },
  })
  const found = entry.placed('default').map(async (placed) => {
    return { ...placed, secret: await store.get(placed.need.name, { scope: placed.scope }) }
  })
  return prepareRun(entry, 'default', undefined, await Promise.all(found), true)
}

describe('what renews', () => {
  /** Renewals with a scheduler that notes what it is asked, over a store that can be told to fail. */
  function renewals(
    options: {
      warm?: boolean | ((family: string) => boolean)
      fails?: () => boolean
      decided?: () => boolean
      /** In place of reading. */
      reads?: SecretStore['getMany']
      /** Which the registry has beside a store. */
      settings?: Partial<RegistryOptions>
    } = {},
  ) {
    const memory = memoryStore({ a: { A: '1' }, b: { B: '1' } })
    const listeners: Parameters<NonNullable<SecretStore['watch']>>[0][] = []
    const state = {
      ...{ reads: 0, disposed: 0, watches: 0 },
      renewed: [] as string[],
      endedFamilies: [] as string[],
      jobs: [] as Parameters<Scheduler['renew']>[0][],
    }
    const store: SecretStore = {
      ...memory,
      capabilities: { ...memory.capabilities, syncDescribe: options.reads === undefined },
      getMany: (requests, given) => {
        state.reads++
        if (options.fails?.() === true) return Promise.reject(new Error('down'))
        return (options.reads ?? memory.getMany)(requests, given)
      },
      watch: (listener) => {
        state.watches++
        if (options.fails?.() === true) return Promise.reject(new Error('down'))
        listeners.push(listener)
        return Promise.resolve({
          [Symbol.asyncDispose]: () => {
            state.disposed++
            return Promise.resolve()
          },
        })
      },
    }
    const settings = registrySettings({ store, watch: true, ...options.settings })
    let free = (): void => undefined
    const scheduler: Pick<Scheduler, 'isWarm' | 'renew' | 'endFamily'> = {
      isWarm: (family) => {
        const { warm = true } = options
        return typeof warm === 'boolean' ? warm : warm(family)
      },
      renew: (job) => {
        const { family } = job
        state.jobs.push(job)
        state.renewed.push(family)
        return new Promise((resolve) => {
          free = () => {
            resolve(options.decided?.() ?? true)
          }
        })
      },
      endFamily: (family) => {
        state.endedFamilies.push(family)
      },
    }
    const made = createRenewals(settings, () => scheduler as Scheduler)
    const use = async (...secrets: Parameters<typeof runOf> extends [unknown, ...infer Rest] ? Rest : never) => {
      const run = await runOf(memory, ...secrets)
      const family = JSON.stringify([false, 'default', undefined, import.meta.url, undefined, [], run.family])
      made.used(run, family)
      return family
    }
    return {
      ...made,
      state,
      use,
      memory,
      tell: (name: string) => {
        for (const one of listeners) one({ scope: 'default', name })
      },
      free: () => {
        free()
      },
    }
  }
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  const turns = async () => {
    for (let count = 0; count < 5; count++) await turn()
  }

  /** Timers go on when they are told to; turns of the event loop are real. */
  const inFakeTime = async (act: () => Promise<void>): Promise<void> => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    try {
      await act()
    } finally {
      vi.useRealTimers()
    }
  }

  test('a watch ends when no warm child has secrets of its scope any more, and not before', async () => {
    await inFakeTime(async () => {
      const options = { warm: true }
      const { use, state, close } = renewals(options)
      await use('a')
      await turns()
      await vi.advanceTimersByTimeAsync(120_000)
      expect([state.watches, state.disposed]).toEqual([1, 0])
      options.warm = false
      await vi.advanceTimersByTimeAsync(60_000)
      expect([state.watches, state.disposed]).toEqual([1, 1])
      expect(vi.getTimerCount()).toBe(0)
      await close()
    })
  })

  test('looks at what is in use once a second at most, however short a child waits for its next call', async () => {
    await inFakeTime(async () => {
      const { use, state, close } = renewals({ warm: false, settings: { pool: { idleMs: 0 } } })
      await use('a')
      await turns()
      await vi.advanceTimersByTimeAsync(999)
      expect(state.disposed).toBe(0)
      await vi.advanceTimersByTimeAsync(1)
      expect(state.disposed).toBe(1)
      await close()
    })
  })

  test('a watch ends with the last child of its scope, and not with one of another scope of the same store', async () => {
    await inFakeTime(async () => {
      const warm = new Set<string>()
      const { use, memory, state, close } = renewals({ warm: (family) => warm.has(family) })
      for (const scope of ['one', 'two']) await memory.set('a', { A: '1' }, { scope })
      const both = await use({ name: 'a', scope: 'one' }, 'b')
      const other = await use({ name: 'a', scope: 'two' })
      for (const family of [both, other]) warm.add(family)
      await turns()
      expect(state.watches).toBe(3)
      await vi.advanceTimersByTimeAsync(60_000)
      expect(state.disposed).toBe(0)
      warm.delete(other)
      await vi.advanceTimersByTimeAsync(60_000)
      expect(state.disposed).toBe(1)
      warm.delete(both)
      await vi.advanceTimersByTimeAsync(60_000)
      expect(state.disposed).toBe(3)
      await close()
    })
  })

  test.each([
    ['after a minute, by the next call', [[61_000, 2]]],
    [
      'by no call before a minute has passed',
      [
        [59_000, 1],
        [2_000, 2],
      ],
    ],
  ] as const)('a watch that fails is tried again %s', async (_when, calls) => {
    await inFakeTime(async () => {
      let down = true
      const { use, state, close } = renewals({ fails: () => down })
      await use('a')
      await turns()
      down = false
      for (const [afterMs, watches] of calls) {
        await vi.advanceTimersByTimeAsync(afterMs)
        await use('a')
        await turns()
        expect(state.watches).toBe(watches)
      }
      await close()
    })
  })

  test('a thousand changes at once are one look at each family, and those that come meanwhile one more', async () => {
    const { use, tell, state, free } = renewals()
    const families = [await use('a'), await use('b')]
    await turn()
    for (let count = 0; count < 1_000; count++) tell(count % 2 === 0 ? 'a' : 'b')
    await turns()
    // One after the other.
    expect([state.renewed, state.reads]).toEqual([[families[0]], 1])
    free()
    await turns()
    expect(state.renewed).toEqual(families)
    for (let count = 0; count < 1_000; count++) tell('a')
    await turns()
    expect(state.renewed).toEqual(families)
    free()
    await turns()
    free()
    await turns()
    expect(state.renewed).toEqual([...families, families[0]])
    expect(state.reads).toBe(3)
  })

  test('where a call has read at the same time, it is read once more, and no oftener', async () => {
    const { use, tell, state, free } = renewals({ decided: () => false })
    const family = await use('a')
    await turn()
    tell('a')
    await turns()
    expect([state.renewed, state.reads]).toEqual([[family], 1])
    free()
    await turns()
    expect([state.renewed, state.reads]).toEqual([[family, family], 2])
    free()
    await turns()
    expect([state.renewed, state.reads]).toEqual([[family, family], 2])
  })

  test('a family is renewed when any of its secrets changes, and what its child prints is its own', async () => {
    const lines: unknown[] = []
    const { use, tell, state, free } = renewals({ settings: { onLog: (line) => lines.push(line) } })
    const family = await use('a', 'b')
    await turn()
    tell('b')
    await turns()
    expect(state.renewed).toEqual([family])
    state.jobs[0]?.onLine('stdout', 'imported')
    free()
    await turns()
    expect(lines).toEqual([{ function: 'a_b', scope: 'default', stream: 'stdout', line: 'imported' }])
  })

  test('what can no longer be used ends its child, once', async () => {
    const { use, tell, state, memory } = renewals()
    const family = await use('a')
    await turn()
    await memory.delete('a')
    tell('a')
    await turns()
    expect(state).toMatchObject({ reads: 1, renewed: [], endedFamilies: [family] })
  })

  test('a read that takes longer than 30 seconds is given up, and the next change is looked at', async () => {
    const limit = new AbortController()
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(limit.signal)
    try {
      const signals: unknown[] = []
      const { use, tell, state } = renewals({
        reads: (_, given) => {
          signals.push(given?.signal)
          return new Promise(() => undefined)
        },
      })
      await use('a')
      await turn()
      tell('a')
      await turns()
      expect([timeout.mock.calls, signals]).toEqual([[[30_000]], [limit.signal]])
      limit.abort(new DOMException('late', 'TimeoutError'))
      await turns()
      expect(state).toMatchObject({ renewed: [], endedFamilies: [] })
      tell('a')
      await turns()
      expect(state.reads).toBe(2)
    } finally {
      timeout.mockRestore()
    }
  })

  test('what has been read when the registry has ended, or for a family that is another now, renews nothing', async () => {
    const answers: (() => void)[] = []
    const memory = memoryStore({ a: { A: '2' }, b: { B: '2' } })
    const { use, used, tell, state, close } = renewals({
      reads: (requests) =>
        new Promise((resolve) => {
          answers.push(() => {
            resolve(memory.getMany(requests))
          })
        }),
    })
    used(await runOf(memory, 'a'), 'another family')
    await turn()
    tell('a')
    await turns()
    answers[0]?.()
    await turns()
    expect([state.reads, state.renewed]).toEqual([1, []])
    await use('b')
    tell('b')
    await turns()
    await close()
    answers[1]?.()
    await turns()
    expect([state.reads, state.renewed, state.endedFamilies]).toEqual([2, [], []])
  })

  test('nothing is watched that is used after the end, nor where a scope has no store', async () => {
    const ended = renewals()
    await ended.close()
    await ended.use('a')
    const refusing = renewals({
      settings: {
        store: () => {
          throw new StoreError('DENIED', 'no such tenant')
        },
      },
    })
    await refusing.use('a')
    await turns()
    expect([ended.state.watches, refusing.state.watches]).toEqual([0, 0])
    await refusing.close()
  })

  test('a scope is watched once, however many families use it', async () => {
    const { use, state, close } = renewals()
    await use('a')
    await use('b')
    await use('a')
    await turn()
    expect(state.watches).toBe(1)
    await close()
    expect(state.disposed).toBe(1)
  })

  test('what nobody uses, and what has no warm child, is not read', async () => {
    const { use, tell, state } = renewals({ warm: false })
    await use('a')
    await turn()
    tell('a')
    tell('unknown')
    await turns()
    expect([state.reads, state.renewed]).toEqual([0, []])
  })

  test('a watch that fails is no unhandled rejection, and a read that fails leaves the child as it is', async () => {
    let down = true
    const failed = renewals({ fails: () => down })
    await failed.use('a')
    await turns()
    await failed.close()
    down = false
    const reading = renewals({ fails: () => down })
    await reading.use('a')
    await turn()
    down = true
    reading.tell('a')
    await turns()
    expect(reading.state).toMatchObject({ reads: 1, renewed: [], endedFamilies: [] })
  })

  test('after the end nothing is told any more', async () => {
    const { use, tell, state, close } = renewals()
    await use('a')
    await turn()
    await close()
    tell('a')
    await turns()
    expect(state.reads).toBe(0)
  })

  test('a registry ends although a watch of its store does not', async () => {
    const memory = memoryStore({ gh: { TOKEN: 't' } })
    const store: SecretStore = {
      ...memory,
      watch: () => Promise.resolve({ [Symbol.asyncDispose]: () => new Promise<void>(() => undefined) }),
    }
    const made = createRenewals(registrySettings({ store, watch: true }), () => ({ isWarm: () => true }) as never)
    made.used(await runOf(memory, 'gh'), 'f')
    await turn()
    await made.close()
  })

  test('through a cache the newer version is read, not the one that is held', async () => {
    const memory = memoryStore({ gh: { TOKEN: 'old' } })
    const read: (string | undefined)[] = []
    const cached = cachedStore(memory)
    const store: SecretStore = {
      ...cached,
      getMany: async (requests, options) => {
        const secrets = await cached.getMany(requests, options)
        read.push(secrets[0]?.values['TOKEN'])
        return secrets
      },
    }
    await cached.get('gh')
    const made = createRenewals(
      registrySettings({ store, watch: true }),
      () => ({ isWarm: () => true, renew: () => Promise.resolve(true), endFamily: () => undefined }) as never,
    )
    made.used(await runOf(memory, 'gh'), 'f')
    await turns()
    await memory.set('gh', { TOKEN: 'new' })
    await turns()
    expect(read).toEqual(['new'])
    await made.close()
  })
})
