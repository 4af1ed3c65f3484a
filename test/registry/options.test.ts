import { availableParallelism } from 'node:os'
import { createRegistry, memoryStore, type RegisterOptions, type Registry } from 'latchkey'
import { afterEach, describe, expect, test } from 'vitest'
import { checkSettings, readySettings, registrySettings } from '../../src/registry/options.ts'
import { rejection, thrownBy } from '../helpers/thrown.ts'

const store = memoryStore({ gh: { TOKEN: 't' } })
const create = (options: unknown): Registry => createRegistry(options as never)
const register = (options: unknown) =>
  create({ store, isolation: 'inline' }).register(options as RegisterOptions & { input: undefined })
const refusal = (code: string, message: string) => ({ code, message: expect.stringContaining(message) as string })

describe('createRegistry', () => {
  test.each<[string, unknown, string, string]>([
    ['nothing', undefined, 'INVALID_OPTION', 'createRegistry takes an object of options, e.g. { store: … }.'],
    ['null', null, 'INVALID_OPTION', 'createRegistry takes an object of options, e.g. { store: … }.'],
    ['an array', [], 'INVALID_OPTION', 'createRegistry takes an object of options, e.g. { store: … }.'],
    [
      'no store',
      {},
      'INVALID_OPTION',
      'store must be a store such as fileStore(), or a function that gives one for a scope',
    ],
    ['something else as a store', { store: { get: 1 } }, 'INVALID_OPTION', 'store must be a store'],
    ['an unknown option', { store, scopes: 'a' }, 'UNKNOWN_OPTION', 'has no option "scopes"; it has store, scope'],
    ['a mistyped option, of which another is missing', { stores: store }, 'UNKNOWN_OPTION', 'has no option "stores"'],
    ['two unknown options', { store, a: 1, b: 2 }, 'UNKNOWN_OPTION', 'has no option "a", "b"; it has store, scope'],
    ['an unknown option of undefined', { store, scopes: undefined }, 'UNKNOWN_OPTION', '"scopes"'],
    ['a scope that is none', { store, scope: 'a//b' }, 'INVALID_NAME', '"a//b" is not a scope'],
    ['a scope of another type', { store, scope: 7 }, 'INVALID_OPTION', 'scope must be a string'],
    ['missing', { store, missing: 'ignore' }, 'INVALID_OPTION', "missing must be 'throw' or 'defer'"],
    ['env', { store, env: 'HOME' }, 'INVALID_OPTION', 'env must be an array of variable names'],
    ['a name of env', { store, env: ['A=B'] }, 'INVALID_OPTION', '"A=B" is none'],
    ['isolation', { store, isolation: 'vm' }, 'INVALID_OPTION', "isolation must be 'warm', 'call' or 'inline'"],
    [
      'timeoutMs',
      { store, timeoutMs: '1' },
      'INVALID_OPTION',
      'timeoutMs must be milliseconds, from 0 to 2,147,483,647',
    ],
    ['an endless timeoutMs', { store, timeoutMs: Infinity }, 'INVALID_OPTION', 'timeoutMs must be milliseconds'],
    [
      'a timeoutMs that no timer takes',
      { store, timeoutMs: 2 ** 31 },
      'INVALID_OPTION',
      'timeoutMs must be milliseconds',
    ],
    ['graceMs', { store, graceMs: -1 }, 'INVALID_OPTION', 'graceMs must be milliseconds'],
    ['pool', { store, pool: 4 }, 'INVALID_OPTION', 'pool must be an object'],
    ['a pool of null', { store, pool: null }, 'INVALID_OPTION', 'pool must be an object'],
    [
      'an unknown option of pool',
      { store, pool: { max: 4 } },
      'UNKNOWN_OPTION',
      'createRegistry: pool has no option "max"; it has maxProcesses',
    ],
    ['preload', { store, pool: { preload: 'zod' } }, 'INVALID_OPTION', 'preload must be an array of packages'],
    ['a package of preload', { store, pool: { preload: [1] } }, 'INVALID_OPTION', 'preload.0 must be a string'],
    ['uid', { store, uid: 'root' }, 'INVALID_OPTION', "uid must be a user's id."],
    ['a uid of root', { store, uid: 0 }, 'INVALID_OPTION', "uid must be a user's id, and not root's."],
    ['watch', { store, watch: 1 }, 'INVALID_OPTION', 'watch must be true or false'],
    [
      'maxProcesses',
      { store, pool: { maxProcesses: 0 } },
      'INVALID_OPTION',
      'maxProcesses must be a whole number from 1 on',
    ],
    ['spares', { store, pool: { spares: 0.5 } }, 'INVALID_OPTION', 'spares must be a whole number from 0 on'],
    [
      'an unknown option of permission',
      { store, permission: { nets: true } },
      'UNKNOWN_OPTION',
      'createRegistry: permission has no option "nets"; it has read, write, net.',
    ],
    ['redact', { store, redact: 'no' }, 'INVALID_OPTION', 'redact must be true or false'],
    ['onLog', { store, onLog: true }, 'INVALID_OPTION', 'onLog must be a function, or false'],
  ])('refuses %s', (_, options, code, message) => {
    const error = thrownBy(() => create(options))
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject(refusal(code, message))
  })

  test.each<[string, unknown]>([
    ['a function for the store', { store: () => store }],
    ["missing: 'throw'", { store, missing: 'throw' }],
    ["missing: 'defer'", { store, missing: 'defer' }],
    ["isolation: 'warm'", { store, isolation: 'warm' }],
    ["isolation: 'call'", { store, isolation: 'call' }],
    ["isolation: 'inline'", { store, isolation: 'inline' }],
    ['the shortest and the longest time', { store, graceMs: 0, timeoutMs: 2 ** 31 - 1 }],
    ['the smallest pool', { store, pool: { maxProcesses: 1, maxPerKey: 1, spares: 0, maxQueue: 0, maxOldSpaceMb: 1 } }],
    ['a function for onLog', { store, onLog: () => undefined }],
  ])('takes %s', async (_, options) => {
    await create(options).close()
  })

  test('takes undefined for any option as absent', async () => {
    const registry = create({
      ...{ store, scope: undefined, missing: undefined, env: undefined, isolation: undefined, timeoutMs: undefined },
      ...{ graceMs: undefined, pool: undefined, redact: undefined, onLog: undefined },
    })
    expect(registry.stats()).toEqual({ processes: 0, spares: 0, idle: 0, busy: 0, queued: 0 })
    create({ store, pool: { maxProcesses: undefined, spares: undefined } })
    await registry.close()
  })
})

describe('register', () => {
  test.each<[string, unknown, string, string]>([
    ['null', null, 'INVALID_OPTION', 'register takes an object of options, e.g. { name: … }.'],
    ['a string', 'gh', 'INVALID_OPTION', 'register takes an object of options, e.g. { name: … }.'],
    ['an unknown option', { secret: ['gh'] }, 'UNKNOWN_OPTION', 'has no option "secret"; it has name, description'],
    ['secrets', { secrets: 'gh' }, 'INVALID_OPTION', 'secrets must be an array of requirements'],
    ['name', { name: 1 }, 'INVALID_OPTION', 'name must be a string'],
    ['input', { input: {} }, 'INVALID_OPTION', 'input must be a schema that implements Standard Schema'],
    [
      'module',
      { module: './here.js' },
      'INVALID_OPTION',
      "module must be the URL of a module's file, e.g. import.meta.url",
    ],
    ['a module of another computer', { module: 'file://elsewhere/a.js' }, 'INVALID_OPTION', 'import.meta.url'],
    ['a module with an encoded slash', { module: new URL('file:///a%2Fb.js') }, 'INVALID_OPTION', 'import.meta.url'],
    ['a module that is no file', { module: 'data:text/javascript,1' }, 'INVALID_OPTION', 'import.meta.url'],
    [
      'a module of the web',
      { module: 'https://example.org/file:///a.mjs' },
      'INVALID_OPTION',
      'module must be the URL',
    ],
    ['a module that is no URL', { module: 'file://[' }, 'INVALID_OPTION', 'module must be the URL'],
    ['a module of a list', { module: ['file:///a.mjs'] }, 'INVALID_OPTION', 'module must be the URL'],
    ['a module without slashes', { module: 'file:a.mjs' }, 'INVALID_OPTION', 'module must be the URL'],
    ['isAuthError', { isAuthError: true }, 'INVALID_OPTION', 'must be a function that tells whether an error is one'],
    ['isolation', { isolation: 'none' }, 'INVALID_OPTION', "isolation must be 'warm'"],
    ['timeoutMs', { timeoutMs: NaN }, 'INVALID_OPTION', 'timeoutMs must be milliseconds'],
    ['permission', { permission: false }, 'INVALID_OPTION', 'permission must be true, or { read?, write?, net? }'],
    [
      'an unknown option of permission',
      { permission: { reed: ['/a'] } },
      'UNKNOWN_OPTION',
      'register: permission has no option "reed"; it has read, write, net.',
    ],
    ['a permission of null', { permission: null }, 'INVALID_OPTION', 'permission must be true, or { read'],
    ['a permission for a list', { permission: ['/a'] }, 'INVALID_OPTION', 'register: permission takes an object'],
    ['read that is no list', { permission: { read: '/a' } }, 'INVALID_OPTION', 'read must be an array of paths'],
    ['a path that is none', { permission: { write: [1] } }, 'INVALID_OPTION', 'write.0 must be a path'],
    [
      'a path with a * before its end',
      { permission: { read: ['/a/*', '/b/*/c'] } },
      'INVALID_OPTION',
      'register: permission: read.1 must be a path with no * but at its end.',
    ],
    ['a path with two of them', { permission: { write: ['/a/**'] } }, 'INVALID_OPTION', 'no * but at its end'],
    ['net', { permission: { net: 1 } }, 'INVALID_OPTION', 'net must be true or false'],
    ['results', { results: 'hide' }, 'INVALID_OPTION', "results must be 'pass', 'redact' or 'refuse'"],
  ])('refuses %s', (_, options, code, message) => {
    const error = thrownBy(() => register(options))
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject(refusal(code, message))
  })

  test.each<[string, unknown]>([
    ['the URL of a module as a text', { module: 'file:///a.mjs' }],
    ['the URL of a module as a URL', { module: new URL('file:///a.mjs') }],
    ["results: 'pass'", { results: 'pass' }],
    ["results: 'redact'", { results: 'redact' }],
    ["results: 'refuse'", { results: 'refuse' }],
    ['a function for isAuthError', { isAuthError: () => false }],
  ])('takes %s', async (_, options) => {
    expect(await register({ name: 'f', ...(options as object) })(() => 1)()).toBe(1)
  })

  test('takes undefined for any option, and for all of them, as absent', async () => {
    const options = {
      ...{ name: undefined, description: undefined, secrets: undefined, input: undefined, module: undefined },
      ...{ isolation: undefined, timeoutMs: undefined, results: undefined, permission: undefined },
    }
    async function named() {
      await Promise.resolve()
      return 1
    }
    expect(await register(options)(named)()).toBe(1)
    expect(await register(undefined)(named)()).toBe(1)
  })

  test('refuses what is no function', () => {
    expect(thrownBy(() => register({})('create_issue' as never))).toMatchObject(
      refusal('INVALID_OPTION', 'takes the function to register: register({ … })(fn).'),
    )
  })
})

describe('a call', () => {
  const registry = create({ store, isolation: 'inline' })
  const read = registry.register({ name: 'read' })(() => 1)

  test.each<[string, unknown, string, string]>([
    ['null', null, 'INVALID_OPTION', 'takes an object of options'],
    ['an array', [], 'INVALID_OPTION', 'takes an object of options'],
    ['an unknown option', { timeout: 1 }, 'UNKNOWN_OPTION', 'it has scope, partition, signal, timeoutMs, isolation'],
    ['scope', { scope: 'a b' }, 'INVALID_NAME', 'is not a scope'],
    ['partition', { partition: 1 }, 'INVALID_OPTION', 'partition must be a string'],
    ['signal', { signal: { aborted: false } }, 'INVALID_OPTION', 'signal must be an AbortSignal'],
    ['timeoutMs', { timeoutMs: -1 }, 'INVALID_OPTION', 'timeoutMs must be milliseconds'],
    ['isolation', { isolation: 'cold' }, 'INVALID_OPTION', "isolation must be 'warm'"],
  ])('refuses %s, by with() at once, by call() as a rejection', async (_, options, code, message) => {
    const error = thrownBy(() => read.with(options as never))
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject(refusal(code, message))
    expect(await rejection(registry.call('read', [], options as never))).toMatchObject(refusal(code, message))
  })

  test('takes a signal and a function for isAuthError', async () => {
    const { signal } = new AbortController()
    expect(await read.with({ signal, isAuthError: () => false, isolation: 'inline' })()).toBe(1)
  })

  test('says which of both has refused its options', async () => {
    expect(thrownBy(() => read.with(null as never))).toMatchObject(refusal('INVALID_OPTION', 'with takes an object'))
    expect(await rejection(registry.call('read', [], null as never))).toMatchObject(
      refusal('INVALID_OPTION', 'registry.call takes an object'),
    )
  })

  test('by name takes its arguments as an array', async () => {
    await expect(registry.call('read', 'x' as never)).rejects.toMatchObject(
      refusal('INVALID_OPTION', 'takes the arguments as an array: call(name, [argument])'),
    )
  })

  test('takes undefined as absent, and does not undo an earlier with() by it', async () => {
    const where = create({ store, isolation: 'inline', missing: 'defer' }).register({ name: 'w', secrets: ['none'] })(
      () => 1,
    )
    const bound = where.with({ scope: 'acme' }).with({ scope: undefined, timeoutMs: undefined })
    await expect(bound()).rejects.toMatchObject({ missing: [{ scope: 'acme' }] })
    expect(await registry.call('read', undefined, undefined)).toBe(1)
  })
})

test('check takes a scope and nothing else', async () => {
  const registry = create({ store })
  const check = (options: unknown) => rejection(registry.check(options as never))
  expect(await check({ isolation: 'warm' })).toMatchObject(refusal('UNKNOWN_OPTION', 'it has scope'))
  expect(await check({ scope: '' })).toMatchObject(refusal('INVALID_NAME', 'is not a scope'))
  expect(await check(null)).toMatchObject(refusal('INVALID_OPTION', 'check takes an object'))
  expect(await registry.check({ scope: undefined })).toMatchObject({ ok: true })
})

describe('ready and check', () => {
  const settings = registrySettings({ store, scope: 'acme', timeoutMs: 7 })

  test.each<[string, unknown, string, string]>([
    ['null', null, 'INVALID_OPTION', 'takes an object of options, e.g. { '],
    ['an unknown option', { timeout: 1 }, 'UNKNOWN_OPTION', 'has no option "timeout"; it has '],
    ['timeoutMs', { timeoutMs: -1 }, 'INVALID_OPTION', 'timeoutMs must be milliseconds'],
  ])('refuse %s, and say which of both does', (_, options, code, message) => {
    const ready = thrownBy(() => readySettings(options, settings))
    expect(ready).toMatchObject(refusal(code, message))
    expect(ready).toMatchObject(refusal(code, 'ready'))
    const check = thrownBy(() => checkSettings(options, settings))
    expect(check).toMatchObject(refusal(code, message))
    expect(check).toMatchObject(refusal(code, 'check'))
  })

  test.each<[string, unknown, string, string]>([
    ['scopes that are no list', { scopes: 'a' }, 'INVALID_OPTION', 'scopes must be an array of scopes'],
    ['a scope of another type', { scopes: [1] }, 'INVALID_OPTION', 'scopes.0 must be a string'],
    ['a scope that is none', { scopes: ['a', 'b c'] }, 'INVALID_NAME', '"b c" is not a scope'],
    ['both', { scope: 'a', scopes: ['a'] }, 'INVALID_OPTION', 'check takes scope or scopes, not both.'],
  ])('check refuses %s', (_, options, code, message) => {
    expect(thrownBy(() => checkSettings(options, settings))).toMatchObject(refusal(code, message))
  })

  test('wait as long as the registry says, or as they are told', () => {
    for (const options of [undefined, {}, { timeoutMs: undefined }]) {
      expect(readySettings(options, settings)).toEqual({ timeoutMs: 7 })
      expect(checkSettings(options, settings)).toEqual({ scopes: ['acme'], timeoutMs: 7 })
    }
    expect(readySettings({ timeoutMs: 5 }, settings)).toEqual({ timeoutMs: 5 })
    expect(checkSettings({ timeoutMs: 5 }, settings)).toEqual({ scopes: ['acme'], timeoutMs: 5 })
  })

  test('look at the scopes that are given, at each once', () => {
    expect(checkSettings({ scope: 'a' }, settings).scopes).toEqual(['a'])
    expect(checkSettings({ scopes: ['a', 'b', 'a'] }, settings).scopes).toEqual(['a', 'b'])
    expect(checkSettings({ scopes: [] }, settings).scopes).toEqual([])
  })
})

describe('what somebody put on Object.prototype', () => {
  const polluted: Record<string, unknown> = {
    ...{ scope: 'polluted', missing: 'defer', isolation: 'vm', timeoutMs: 0, partition: 'p', results: 'refuse' },
    ...{ name: 'polluted', keys: ['NONE'], optional: true, prefix: 'POLLUTED_', module: 'file:///polluted', spares: 7 },
  }
  afterEach(() => {
    for (const name of Object.keys(polluted)) Reflect.deleteProperty(Object.prototype, name)
  })

  test('is no option', async () => {
    for (const [name, value] of Object.entries(polluted)) {
      Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true, enumerable: false })
    }
    const registry = create({ store })
    async function token() {
      await Promise.resolve()
      return process.env['TOKEN']
    }
    const read = registry.register(['gh'])(token)
    expect(read.definition.name).toBe('token')
    expect(read.definition.requirements).toEqual([{ name: 'gh', optional: false }])
    expect(await read.with({ isolation: 'inline' })()).toBe('t')
    const long = registry.register({ secrets: [{ name: 'gh' }], isolation: 'inline' })(async function long() {
      return Promise.resolve(process.env['TOKEN'])
    })
    expect(long.definition.requirements).toEqual([{ name: 'gh', optional: false }])
    expect(await long()).toBe('t')
    expect((await registry.check()).ok).toBe(true)
  })
})

describe('the settings of a registry', () => {
  test('have a default for all that is not given', () => {
    const maxProcesses = Math.max(8, 2 * availableParallelism())
    expect(registrySettings({ store })).toEqual({
      ...{ store, scope: 'default', missing: 'throw', env: [], isolation: 'warm', timeoutMs: 300_000, graceMs: 250 },
      pool: {
        ...{ maxProcesses, maxPerKey: maxProcesses, spares: 1, maxQueue: 10_000, maxQueuePerKey: 2_000 },
        ...{
          idleMs: 60_000,
          startTimeoutMs: 10_000,
          maxCallsPerWorker: Infinity,
          maxOldSpaceMb: undefined,
          preload: [],
        },
      },
      ...{ permission: undefined, user: undefined, redact: true, watch: false, onLog: undefined },
    })
  })

  test('are what is given', () => {
    const pool = {
      ...{ maxProcesses: 3, maxPerKey: 2, spares: 0, maxQueue: 4, maxQueuePerKey: 5, idleMs: 6, startTimeoutMs: 7 },
      ...{ maxCallsPerWorker: 8, maxOldSpaceMb: 9, preload: ['a'] },
    }
    const given = {
      ...{ store, scope: 'acme', missing: 'defer', env: ['A'], isolation: 'call', timeoutMs: 1, graceMs: 2, pool },
      ...{ redact: false, watch: true, onLog: false, permission: { read: ['/r'], write: ['/w'], net: false } },
    }
    expect(registrySettings({ ...given, uid: 1001 })).toEqual({ ...given, user: { uid: 1001, gid: 1001 } })
  })

  test('give a permission of true nothing but the network', () => {
    expect(registrySettings({ store, permission: true }).permission).toEqual({ read: [], write: [], net: true })
  })
})
