import { createRegistry, defineSecret, memoryStore, type SecretInfo, type SecretStore } from 'latchkey'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { createDeadline } from '../../src/registry/deadline.ts'
import { startHost } from '../helpers/host.ts'
import { rejection, thrownBy } from '../helpers/thrown.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  // Whatever was waited for, nothing of it goes on.
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

/** A store that answers when it is told to, and takes notice of a signal or not. */
function slowStore({ heedsSignal = false } = {}) {
  const memory = memoryStore({ gh: { TOKEN: 't' } })
  const state = { asked: 0, aborted: 0, answers: true }
  const later = <T>(answer: () => T | Promise<T>, signal?: AbortSignal): Promise<T> => {
    state.asked++
    if (state.answers) return Promise.resolve(answer())
    return new Promise((_, reject) => {
      signal?.addEventListener('abort', () => {
        state.aborted++
        if (heedsSignal) reject(signal.reason as Error)
      })
    })
  }
  const store: SecretStore = {
    ...memory,
    name: 'slow',
    capabilities: { ...memory.capabilities, syncDescribe: false },
    describe: (name, options) => later(() => memory.describe(name, options), options?.signal),
    getMany: (requests, options) => later(() => memory.getMany(requests, options), options?.signal),
    list: async function* (options): AsyncGenerator<SecretInfo> {
      await later(() => undefined)
      yield* memory.list(options)
    },
  }
  return { store, state }
}

const late = (limitMs: number) => ({
  name: 'StoreError',
  code: 'UNAVAILABLE',
  retryable: true,
  message: `Store slow did not answer within ${limitMs} ms.`,
  hint: expect.stringContaining('timeoutMs') as string,
})

describe.each([true, false])('with a store that never answers, and heeds a signal: %s', (heedsSignal) => {
  const deaf = (timeoutMs?: number) => {
    const { store, state } = slowStore({ heedsSignal })
    state.answers = false
    const registry = createRegistry({ store, isolation: 'inline', missing: 'defer', ...(timeoutMs && { timeoutMs }) })
    registry.register({ name: 'f', secrets: ['gh'] })(() => 1)
    return { registry, state }
  }

  test('ready() rejects when its time is up', async () => {
    const { registry, state } = deaf()
    const ready = rejection(registry.ready({ timeoutMs: 5_000 }))
    await vi.advanceTimersByTimeAsync(4_999)
    expect(state.aborted).toBe(0)
    await vi.advanceTimersByTimeAsync(1)
    expect(await ready).toMatchObject(late(5_000))
    expect(state).toMatchObject({ asked: 1, aborted: 1 })
  })

  test("the time is the registry's where none is said, and five minutes where that says none", async () => {
    for (const [given, limitMs] of [
      [1_000, 1_000],
      [undefined, 300_000],
    ] as const) {
      const ready = rejection(deaf(given).registry.ready())
      await vi.advanceTimersByTimeAsync(limitMs)
      expect(await ready).toMatchObject(late(limitMs))
    }
  })

  test('check() tells it as data', async () => {
    const { registry } = deaf()
    const checked = registry.check({ scopes: ['a', 'b'], timeoutMs: 100 })
    await vi.advanceTimersByTimeAsync(100)
    const { code, message } = late(100)
    const failure = { function: 'f', secret: 'gh', code, message }
    expect(await checked).toMatchObject({
      ok: false,
      missing: [],
      failures: [
        { ...failure, scope: 'a' },
        { ...failure, scope: 'b' },
      ],
    })
  })

  test('manifest() tells it as data, of its lists too', async () => {
    const { registry } = deaf()
    const made = registry.manifest({ scopes: ['default'], timeoutMs: 100 })
    await vi.advanceTimersByTimeAsync(100)
    const { code, message } = late(100)
    expect((await made).stored).toMatchObject({
      ok: false,
      unlisted: [{ scope: 'default', code, message }],
      failures: [{ function: 'f', secret: 'gh', code, message }],
    })
  })
})

test('one of two checks that ask the same gives up alone, and the next asks anew', async () => {
  const { store, state } = slowStore()
  state.answers = false
  const registry = createRegistry({ store, isolation: 'inline', missing: 'defer' })
  registry.register({ name: 'f', secrets: ['gh'] })(() => 1)
  const short = registry.check({ timeoutMs: 100 })
  const long = registry.check({ timeoutMs: 1_000 })
  await vi.advanceTimersByTimeAsync(100)
  expect((await short).ok).toBe(false)
  // Somebody waits still.
  expect(state).toMatchObject({ asked: 1, aborted: 0 })
  state.answers = true
  expect((await registry.check()).ok).toBe(true)
  expect(state.asked).toBe(2)
  await vi.advanceTimersByTimeAsync(900)
  expect((await long).ok).toBe(false)
  expect(state.aborted).toBe(1)
})

test('an answer that comes when nobody waits for it any more leaves the question alone that was asked since', async () => {
  const memory = memoryStore({ gh: { TOKEN: 't' } })
  const answers: (() => void)[] = []
  const store: SecretStore = {
    ...memory,
    capabilities: { ...memory.capabilities, syncDescribe: false },
    describe: (name) =>
      new Promise((resolve) => {
        answers.push(() => {
          resolve(memory.describe(name))
        })
      }),
  }
  const registry = createRegistry({ store, isolation: 'inline', missing: 'defer' })
  registry.register({ name: 'f', secrets: ['gh'] })(() => 1)
  const first = registry.check({ timeoutMs: 100 })
  await vi.advanceTimersByTimeAsync(100)
  expect((await first).ok).toBe(false)
  const second = registry.check()
  answers[0]?.()
  await vi.advanceTimersByTimeAsync(0)
  const third = registry.check()
  await vi.advanceTimersByTimeAsync(0)
  expect(answers).toHaveLength(2)
  answers[1]?.()
  expect([(await second).ok, (await third).ok]).toEqual([true, true])
})

test('what registering began is not waited for any longer by ready(), which does not ask it anew either', async () => {
  const { store, state } = slowStore()
  state.answers = false
  const registry = createRegistry({ store, isolation: 'inline', timeoutMs: 1_000 })
  registry.register({ name: 'f', secrets: ['gh'] })(() => 1)
  const ready = rejection(registry.ready({ timeoutMs: 100 }))
  await vi.advanceTimersByTimeAsync(100)
  expect(await ready).toMatchObject(late(100))
  expect(state.asked).toBe(1)
  // What registering began ends by itself.
  await vi.advanceTimersByTimeAsync(900)
})

test('values that are not read in time are among the failures, and so is a schema that does not answer in time', async () => {
  const { store, state } = slowStore()
  const memory = memoryStore({ gh: { TOKEN: 't' } })
  const registry = createRegistry({
    store: { ...store, describe: (name, options) => memory.describe(name, options) },
    isolation: 'inline',
    missing: 'defer',
  })
  registry.register({ name: 'f', secrets: [defineSecret('gh', { TOKEN: z.string() })] })(() => 1)
  state.answers = false
  const read = registry.check({ timeoutMs: 100 })
  await vi.advanceTimersByTimeAsync(100)
  expect(await read).toMatchObject({ ok: false, failures: [{ secret: 'gh', code: 'UNAVAILABLE' }] })
  const never = defineSecret('gh', { TOKEN: z.string().refine(() => new Promise<boolean>(() => undefined)) })
  const other = createRegistry({ store: memory, isolation: 'inline', missing: 'defer' })
  other.register({ name: 'f', secrets: [never] })(() => 1)
  const fit = other.check({ timeoutMs: 100 })
  await vi.advanceTimersByTimeAsync(100)
  expect(await fit).toMatchObject({ ok: false, invalid: [{ key: 'TOKEN', code: 'schema_timeout' }] })
})

describe('beside a store that does not answer', () => {
  const told = vi.fn<(value: string) => Promise<boolean>>(() => Promise.resolve(false))
  const typed = defineSecret('gh', { TOKEN: z.string().refine(told) })

  /** The store of scope `deaf` does not answer one verb; that of the others answers everything, a little later. */
  async function half(verb: 'describe' | 'getMany' | 'list') {
    const deaf = slowStore()
    deaf.state.answers = false
    const answering = async (name: string): Promise<SecretStore> => {
      const memory = memoryStore()
      for (const scope of ['default', 'deaf']) await memory.set('gh', { TOKEN: 't' }, { scope })
      return {
        ...memory,
        name,
        capabilities: { ...memory.capabilities, syncDescribe: false },
        describe: async (secret, options) => {
          await Promise.resolve()
          return memory.describe(secret, options)
        },
      }
    }
    const partly = { ...(await answering('slow')), [verb]: deaf.store[verb] }
    const fine = await answering('fine')
    const registry = createRegistry({
      store: (scope) => (scope === 'deaf' ? partly : fine),
      isolation: 'inline',
      missing: 'defer',
    })
    registry.register({ name: 'f', secrets: [typed, { name: 'none', prefix: 'N_' }] })(() => 1)
    return registry
  }

  const unavailable = { scope: 'deaf', code: 'UNAVAILABLE', message: late(100).message }
  const invalid = { scope: 'default', secret: 'gh', key: 'TOKEN', code: 'custom' }
  const missing = { function: 'f', scope: 'default', secret: 'none' }

  test.each([
    ['describe', [unavailable, unavailable]],
    ['getMany', [unavailable]],
  ] as const)('check() tells of the others all that there is to tell (%s)', async (verb, failures) => {
    const registry = await half(verb)
    const checked = registry.check({ scopes: ['deaf', 'default'], timeoutMs: 100 })
    await vi.advanceTimersByTimeAsync(100)
    const report = await checked
    expect(report).toMatchObject({ failures, invalid: [invalid] })
    expect(report.missing).toContainEqual(missing)
  })

  test.each([
    ['list', false],
    ['list', true],
    ['describe', true],
    ['getMany', true],
  ] as const)('manifest() tells of the others all that there is to tell (%s, expiry: %s)', async (verb, expiry) => {
    const registry = await half(verb)
    const made = registry.manifest({ scopes: ['deaf', 'default'], expiry, timeoutMs: 100 })
    await vi.advanceTimersByTimeAsync(100)
    const { stored } = await made
    expect(stored).toMatchObject({ unlisted: verb === 'list' ? [unavailable] : [], invalid: [invalid] })
    expect(stored?.missing).toContainEqual(missing)
    expect(stored?.failures.map(({ scope }) => scope)).not.toContain('default')
    expect(stored?.failures.length).toBeGreaterThan(0)
  })

  test('ready() names the store that did not answer, not one whose secret was missing before', async () => {
    const deaf = slowStore()
    deaf.state.answers = false
    const fine = memoryStore()
    const asked = vi.fn(fine.describe)
    const later: SecretStore = {
      ...fine,
      name: 'fine',
      capabilities: { ...fine.capabilities, syncDescribe: false },
      describe: async (...question) => {
        await Promise.resolve()
        return asked(...question)
      },
    }
    const registry = createRegistry({
      store: (scope) => (scope === 'deaf' ? deaf.store : later),
      isolation: 'inline',
      timeoutMs: 100,
    })
    registry.register({ name: 'f', secrets: ['gh'] })(() => 1)
    registry.register({ name: 'g', secrets: [{ name: 'gh', scope: 'deaf' }] })(() => 1)
    const ready = rejection(registry.ready({ timeoutMs: 50 }))
    await vi.advanceTimersByTimeAsync(50)
    expect(await ready).toMatchObject(late(50))
    expect(asked).toHaveBeenCalledTimes(1)
    // What registering began ends by itself.
    await vi.advanceTimersByTimeAsync(50)
  })
})

test('a wrong time is refused', async () => {
  const registry = createRegistry({ store: memoryStore(), isolation: 'inline' })
  for (const timeoutMs of [-1, Number.NaN, 2 ** 31, '1' as never]) {
    for (const verb of [
      () => registry.ready({ timeoutMs }),
      () => registry.check({ timeoutMs }),
      () => registry.manifest({ scopes: [], timeoutMs }),
    ]) {
      expect(await rejection(verb())).toMatchObject({ name: 'TypeError', code: 'INVALID_OPTION' })
    }
  }
  expect(await rejection(registry.ready({ limit: 1 } as never))).toMatchObject({ code: 'UNKNOWN_OPTION' })
  expect(thrownBy(() => createRegistry({ store: memoryStore(), timeoutMs: -1 }))).toMatchObject({
    code: 'INVALID_OPTION',
  })
})

test('a process that has only registered ends, and one that waits for ready() is told in time', async () => {
  vi.useRealTimers()
  const program = (end: string): string[] => [
    '--input-type=module',
    '-e',
    `import { createRegistry, memoryStore } from 'latchkey'
     const memory = memoryStore()
     const describe = () => new Promise(() => undefined)
     const store = { ...memory, describe, capabilities: { ...memory.capabilities, syncDescribe: false } }
     const registry = createRegistry({ store })
     registry.register({ name: 'f', secrets: ['gh'] })(() => 1)
     ${end}`,
  ]
  const registered = await startHost(program("console.log('registered')")).ended
  expect([registered.stdout.trim(), registered.code]).toEqual(['registered', 0])
  const waited = await startHost(
    program('await registry.ready({ timeoutMs: 1 }).catch((error) => console.log(error.code))'),
  ).ended
  expect([waited.stdout.trim(), waited.code]).toEqual(['UNAVAILABLE', 0])
  vi.useFakeTimers()
})

test('the time is from when the deadline was made, whenever somebody first waits by it', async () => {
  const deadline = createDeadline(100)
  await vi.advanceTimersByTimeAsync(60)
  const signal = deadline.signal()
  await vi.advanceTimersByTimeAsync(39)
  expect(signal.aborted).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(signal).toMatchObject({ aborted: true, reason: { name: 'TimeoutError', message: 'The time is up.' } })
})

test.each([[undefined], [true], [false]])('keeps the host alive unless it is told not to: %s', (keepsHost) => {
  const timers = vi.spyOn(globalThis, 'setTimeout')
  const deadline = createDeadline(100, keepsHost)
  deadline.signal()
  expect(timers.mock.results.map(({ value }) => (value as NodeJS.Timeout).hasRef())).toEqual([keepsHost !== false])
  deadline.end()
  timers.mockRestore()
})

test('a schema that fails before the time is up fails as itself', async () => {
  const deadline = createDeadline(100)
  await expect(deadline.sooner(Promise.reject(new Error('its own')))).rejects.toThrow('its own')
  deadline.end()
})
