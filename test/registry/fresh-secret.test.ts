import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  cachedStore,
  type CallEvent,
  createRegistry,
  memoryStore,
  type SecretStore,
  StoreError,
  withFreshSecret,
} from 'latchkey'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { createFreshness } from '../../src/registry/freshness.ts'
import { needed } from '../../src/registry/requirement.ts'
import * as fixture from '../fixtures/registry/rotation.mjs'
import { rejection, thrownBy } from '../helpers/thrown.ts'

afterAll(() => fixture.registry.close())

const isAuthError = (error: { code: unknown }): boolean => error.code === 401

/** A service that takes one token, behind a function that reads its token from a cache. */
async function service(store = memoryStore({ gh: { TOKEN: 'old' } })) {
  const described: string[] = []
  const counted: SecretStore = {
    ...store,
    capabilities: { ...store.capabilities, watch: false, syncDescribe: false },
    describe: async (name, options) => {
      described.push(name)
      return Promise.resolve(store.describe(name, options))
    },
  }
  delete counted.watch
  const registry = createRegistry({ store: cachedStore(counted), isolation: 'inline', missing: 'defer' })
  const state = { accepts: 'old', runs: 0 }
  const send = registry.register({ name: 'send', secrets: ['gh'] })((input?: { tries: number }) => {
    state.runs++
    if (input !== undefined) input.tries++
    const token = process.env['TOKEN']
    if (token !== state.accepts) throw Object.assign(new Error('refused'), { code: 401 })
    return [token, input?.tries]
  })
  // From here on the cache holds the old version.
  await send()
  state.runs = 0
  return { store, registry, state, send, fresh: withFreshSecret(send, isAuthError), described, counted }
}

describe('withFreshSecret', () => {
  test('runs a call again that failed with an authentication error, with the newest version, past a cache', async () => {
    const { store, state, send, fresh } = await service()
    await store.set('gh', { TOKEN: 'new' })
    state.accepts = 'new'
    await expect(send()).rejects.toMatchObject({ code: 401 })
    expect(await fresh()).toEqual(['new', undefined])
    expect(state.runs).toBe(3)
    // The cache has been told.
    expect(await send()).toEqual(['new', undefined])
  })

  test('both runs get the arguments as the caller gave them', async () => {
    const { store, state, fresh } = await service()
    await store.set('gh', { TOKEN: 'new' })
    state.accepts = 'new'
    const input = { tries: 0 }
    expect(await fresh(input)).toEqual(['new', 1])
    expect(input).toEqual({ tries: 0 })
  })

  test('without a newer version the call rejects with its own error, and was run once', async () => {
    const { state, fresh } = await service()
    state.accepts = 'other'
    await expect(fresh()).rejects.toMatchObject({ message: 'refused', code: 401 })
    expect(state.runs).toBe(1)
  })

  test('it is run again once, whatever becomes of that', async () => {
    const { store, state, fresh } = await service()
    await store.set('gh', { TOKEN: 'new' })
    state.accepts = 'newer still'
    await expect(fresh()).rejects.toMatchObject({ code: 401 })
    expect(state.runs).toBe(2)
  })

  test.each([
    ['another error', () => false],
    ['a promise in place of an answer', (() => Promise.resolve(true)) as never],
    ['a promise that rejects, which nobody has to handle', (() => Promise.reject(new Error('unsure'))) as never],
  ])('%s is no authentication error', async (_, recognises) => {
    const { store, state, send } = await service()
    await store.set('gh', { TOKEN: 'new' })
    state.accepts = 'new'
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    await expect(withFreshSecret(send, recognises)()).rejects.toMatchObject({ code: 401 })
    expect(state.runs).toBe(1)
    // Node tells of a rejection that nobody handles when all microtasks are through.
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  test('errors of the library are never asked about: only what the function threw', async () => {
    const { registry, send } = await service()
    let asked = 0
    const fresh = withFreshSecret(send, () => ++asked > 0)
    await expect(fresh.with({ scope: 'nowhere' })()).rejects.toMatchObject({ code: 'MISSING_SECRETS' })
    await registry.close()
    await expect(fresh()).rejects.toMatchObject({ code: 'REGISTRY_CLOSED' })
    expect(asked).toBe(0)
  })

  test("an error of what recognises them is the caller's own, and is not hidden", async () => {
    const { state, send } = await service()
    state.accepts = 'other'
    const own = new TypeError('a mistake')
    const fresh = withFreshSecret(send, () => {
      throw own
    })
    expect(await rejection(fresh())).toBe(own)
  })

  test('a hundred calls that fail at once ask for the version once, and each is answered', async () => {
    const { store, described, counted } = await service()
    const before = await store.get('gh')
    await store.set('gh', { TOKEN: 'new' })
    const freshness = createFreshness(counted)
    const found = [{ need: needed('gh'), scope: 'default', secret: before }]
    const time = { began: 0, ended: 0 }
    const read = async () => {
      return { found: [{ need: needed('gh'), scope: 'default', secret: await store.get('gh') }], time }
    }
    const newer = await Promise.all(Array.from({ length: 100 }, () => freshness.newer({ found, time }, read)))
    expect(newer.map((again) => again?.found[0]?.secret?.values['TOKEN'])).toEqual(Array(100).fill('new'))
    expect(described).toEqual(['gh'])
  })

  test('nothing is read again where no version is newer, and nothing is run again with what a store gives of old', async () => {
    const { store, counted } = await service()
    const secret = await store.get('gh')
    const found = [{ need: needed('gh'), scope: 'default', secret }]
    const time = { began: 0, ended: 0 }
    const freshness = createFreshness(counted)
    const read = vi.fn(() => Promise.resolve({ found, time }))
    expect(await freshness.newer({ found, time }, read)).toBeUndefined()
    expect(read).not.toHaveBeenCalled()
    await store.set('gh', { TOKEN: 'new' })
    // It tells of a newer version, and still gives the older one.
    expect(await freshness.newer({ found, time }, read)).toBeUndefined()
    expect(read).toHaveBeenCalledTimes(1)
  })

  test('what goes wrong while secrets are read again, and is no error of a store, is not hidden', async () => {
    const { store, counted } = await service()
    const found = [{ need: needed('gh'), scope: 'default', secret: await store.get('gh') }]
    await store.set('gh', { TOKEN: 'new' })
    const own = new TypeError('a mistake')
    const newer = createFreshness(counted).newer({ found, time: { began: 0, ended: 0 } }, () => Promise.reject(own))
    expect(await rejection(newer)).toBe(own)
  })

  test('one newer secret of several is enough, be it one that was absent before; one that is gone is told as missing', async () => {
    const store = memoryStore({ gh: { TOKEN: 'old' }, other: { A: 'a' } })
    const registry = createRegistry({ store, isolation: 'inline', missing: 'defer' })
    const secrets = ['gh', 'other', { name: 'absent', optional: true }]
    let rotate: () => Promise<unknown> = () => Promise.resolve()
    const f = registry.register({ name: 'f', secrets, isAuthError })(async () => {
      const { TOKEN, B } = process.env
      if (TOKEN === 'new' || B === 'b') return [TOKEN, B]
      await rotate()
      throw Object.assign(new Error('refused'), { code: 401 })
    })
    rotate = () => store.set('absent', { B: 'b' })
    expect(await f()).toEqual(['old', 'b'])
    await store.delete('absent')
    rotate = () => store.delete('other')
    await expect(f()).rejects.toMatchObject({ code: 'MISSING_SECRETS', missing: [{ secret: 'other' }] })
    await store.set('other', { A: 'a' })
    rotate = () => store.set('gh', { TOKEN: 'new' })
    expect(await f()).toEqual(['new', undefined])
  })

  test('a question that began before a call failed is no answer to it: it is asked again', async () => {
    const store = memoryStore({ gh: { TOKEN: 'old' } })
    const answers: ((version: string) => void)[] = []
    const asks: SecretStore = {
      ...store,
      describe: (name) =>
        new Promise((resolve) => {
          answers.push((version) => {
            resolve({ name, scope: 'default', version, keys: ['TOKEN'] })
          })
        }),
      capabilities: { ...store.capabilities, syncDescribe: false },
    }
    let fails = 2
    const registry = createRegistry({ store: asks, isolation: 'inline', missing: 'defer' })
    const f = registry.register({ name: 'f', secrets: ['gh'], isAuthError })(() => {
      if (fails-- > 0) throw Object.assign(new Error('refused'), { code: 401 })
      return process.env['TOKEN']
    })
    const { version } = (await store.get('gh'))!
    const first = rejection(f())
    while (answers.length < 1) await new Promise((resolve) => setImmediate(resolve))
    const second = f()
    while (fails > 0) await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    answers[0]!(version)
    expect(await first).toMatchObject({ code: 401 })
    while (answers.length < 2) await new Promise((resolve) => setImmediate(resolve))
    const { version: newer } = await store.set('gh', { TOKEN: 'new' })
    answers[1]!(newer)
    expect(await second).toBe('new')
  })

  test('a store that cannot tell leaves the call with its own error', async () => {
    const store = memoryStore({ gh: { TOKEN: 'old' } })
    const down: SecretStore = { ...store, describe: () => Promise.reject(new StoreError('UNAVAILABLE', 'down')) }
    const registry = createRegistry({ store: down, isolation: 'inline', missing: 'defer' })
    const f = registry.register({ name: 'f', secrets: ['gh'], isAuthError })(() => {
      throw Object.assign(new Error('refused'), { code: 401 })
    })
    await expect(f()).rejects.toMatchObject({ code: 401 })
  })

  test('a store that does not tell within 30 seconds leaves the call with its own error', async () => {
    const store = memoryStore({ gh: { TOKEN: 'old' } })
    const limits: number[] = []
    const limit = new AbortController()
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
      limits.push(ms)
      return limit.signal
    })
    try {
      let given: AbortSignal | undefined
      let asked = (): void => undefined
      const asking = new Promise<void>((resolve) => {
        asked = resolve
      })
      const hangs: SecretStore = {
        ...store,
        capabilities: { ...store.capabilities, syncDescribe: false },
        describe: (_, options) => {
          given = options?.signal
          asked()
          return new Promise(() => undefined)
        },
      }
      const registry = createRegistry({ store: hangs, isolation: 'inline', missing: 'defer' })
      const f = registry.register({ name: 'f', secrets: ['gh'], isAuthError })(() => {
        throw Object.assign(new Error('refused'), { code: 401 })
      })
      const call = rejection(f())
      await asking
      expect([limits, given]).toEqual([[30_000], limit.signal])
      limit.abort(new DOMException('late', 'TimeoutError'))
      expect(await call).toMatchObject({ name: 'Error', message: 'refused', code: 401 })
    } finally {
      timeout.mockRestore()
    }
  })

  test('a newer version that lacks a key is told as that', async () => {
    const store = memoryStore({ gh: { TOKEN: 'old' } })
    const registry = createRegistry({ store, isolation: 'inline' })
    const f = registry.register({ name: 'f', secrets: [{ name: 'gh', keys: ['TOKEN'] }], isAuthError })(async () => {
      await store.set('gh', { OTHER: 'x' })
      throw Object.assign(new Error('refused'), { code: 401 })
    })
    await expect(f()).rejects.toMatchObject({ code: 'MISSING_SECRETS', missing: [{ secret: 'gh', key: 'TOKEN' }] })
  })

  test('is an option of a registration and of a call by name too; a call that gives one goes before', async () => {
    const { store, registry, state } = await service()
    const again = registry.register({ name: 'again', secrets: ['gh'], isAuthError })(() => {
      state.runs++
      throw Object.assign(new Error('refused'), { code: 401 })
    })
    const runsOf = async (call: Promise<unknown>): Promise<number> => {
      state.runs = 0
      await rejection(call)
      return state.runs
    }
    const rotate = (token: string) => store.set('gh', { TOKEN: token })
    await rotate('1')
    expect(await runsOf(again())).toBe(2)
    await rotate('2')
    expect(await runsOf(registry.call('again'))).toBe(2)
    await rotate('3')
    expect(await runsOf(registry.call('again', [], { isAuthError: () => false }))).toBe(1)
    expect(await runsOf(registry.call('send', [], { isAuthError }))).toBe(2)
  })

  test('takes a registered function, and a function that tells what its authentication errors are', async () => {
    const { send } = await service()
    expect(thrownBy(() => withFreshSecret((() => 1) as never, isAuthError))).toMatchObject({
      code: 'INVALID_OPTION',
      message: 'withFreshSecret takes a registered function: what register(…) gave.',
    })
    expect(thrownBy(() => withFreshSecret(send, true as never))).toMatchObject({
      code: 'INVALID_OPTION',
      message: 'withFreshSecret takes a function that tells whether an error is an authentication error.',
    })
    expect(thrownBy(() => send.with({ isAuthError: 401 as never }))).toMatchObject({ code: 'INVALID_OPTION' })
  })

  test('in a child: the second run is in another process, with the newer version also at the top of its module', async () => {
    const records: CallEvent[] = []
    const note = (record: unknown): void => {
      records.push(record as CallEvent)
    }
    subscribe('tracing:latchkey:call:asyncEnd', note)
    const { store, rotated } = fixture
    const scope = 'rotated'
    await store.set('gh', { TOKEN: 'old' }, { scope })
    const before = await rotated.with({ scope })('old')
    await store.set('gh', { TOKEN: 'new' }, { scope })
    const after = await rotated.with({ scope })('new')
    unsubscribe('tracing:latchkey:call:asyncEnd', note)
    expect([before.token, after.token, after.tokenOfModule]).toEqual(['old', 'new', 'new'])
    expect(after.pid).not.toBe(before.pid)
    expect(records.map(({ attempts, outcome }) => [attempts, outcome])).toEqual([
      [1, 'ok'],
      [2, 'ok'],
    ])
  })

  test('a call that is given up while it looks for a newer version rejects at once with the reason', async () => {
    const store = memoryStore({ gh: { TOKEN: 'old' } })
    let looking = (): void => undefined
    const looked = new Promise<void>((resolve) => {
      looking = resolve
    })
    const hangs: SecretStore = {
      ...store,
      capabilities: { ...store.capabilities, syncDescribe: false },
      describe: () => {
        looking()
        return new Promise(() => undefined)
      },
    }
    const registry = createRegistry({ store: hangs, isolation: 'inline', missing: 'defer' })
    const f = registry.register({ name: 'f', secrets: ['gh'], isAuthError })(() => {
      throw Object.assign(new Error('refused'), { code: 401 })
    })
    const controller = new AbortController()
    const call = rejection(f.with({ signal: controller.signal })())
    await looked
    controller.abort('given up')
    expect(await call).toBe('given up')
  })
})
