import { createRegistry, defineSecret, memoryStore, MissingSecretsError, type SecretStore, StoreError } from 'latchkey'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { answeringStore, CANARY, infoOf, laterStore } from '../helpers/stores.ts'
import { allTextOf, rejection, thrownBy } from '../helpers/thrown.ts'

const unhandled: unknown[] = []
const note = (reason: unknown): void => {
  unhandled.push(reason)
}
beforeEach(() => process.on('unhandledRejection', note))
afterEach(async () => {
  // Node tells of rejections that nobody handled once the microtasks are through.
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

const NEEDS = ['gh', 'none', { name: 'dd', keys: ['KEY', 'SITE'] }]
const MISSING = [
  { function: 'f', scope: 'default', secret: 'dd', key: 'KEY' },
  { function: 'f', scope: 'default', secret: 'dd', key: 'SITE' },
  { function: 'f', scope: 'default', secret: 'none' },
]
const SECRETS = { gh: { TOKEN: 't' }, dd: { OTHER: 'o' } }

describe('with a store that answers at once', () => {
  test('registering throws what is missing: three things are three entries of one error', () => {
    const registry = createRegistry({ store: memoryStore(SECRETS) })
    const error = thrownBy(() => registry.register({ name: 'f', secrets: NEEDS })(() => 1))
    expect(error).toBeInstanceOf(MissingSecretsError)
    expect(error).toMatchObject({ code: 'MISSING_SECRETS', missing: MISSING })
    const { message } = error as Error
    expect(message).toContain('3 missing:')
    expect(message).toContain('key KEY of secret dd (scope default), required by f')
    expect(message).toContain('secret none (scope default), required by f')
    expect(registry.functions()).toEqual([])
  })

  test('a function that could not be registered can be registered once its secrets are there', async () => {
    const store = memoryStore()
    const registry = createRegistry({ store, isolation: 'inline' })
    const register = () => registry.register({ name: 'f', secrets: ['gh'] })(() => process.env['TOKEN'])
    expect(thrownBy(register)).toMatchObject({ code: 'MISSING_SECRETS' })
    await store.set('gh', { TOKEN: 'later' })
    expect(await register()()).toBe('later')
  })

  test("registering looks in the registry's scope, and in the one that a requirement names", () => {
    const registry = createRegistry({ store: memoryStore(SECRETS), scope: 'acme/production' })
    expect(thrownBy(() => registry.register({ name: 'f', secrets: ['gh'] })(() => 1))).toMatchObject({
      missing: [{ scope: 'acme/production', secret: 'gh' }],
    })
    registry.register({ name: 'g', secrets: [{ name: 'gh', scope: 'default' }] })(() => 1)
  })

  test('registering throws what the store throws at once', () => {
    const store = answeringStore({
      describe: () => {
        throw new StoreError('DENIED', 'no')
      },
    })
    const registry = createRegistry({ store })
    expect(thrownBy(() => registry.register({ name: 'f', secrets: ['gh'] })(() => 1))).toMatchObject({ code: 'DENIED' })
  })
})

describe("with missing: 'defer'", () => {
  test('registering asks nothing, and the call tells', async () => {
    let asked = 0
    const store = answeringStore({
      describe: (name) => {
        asked++
        return infoOf(name)
      },
      getMany: (requests) => requests.map(() => undefined),
    })
    const registry = createRegistry({ store, missing: 'defer', isolation: 'inline' })
    const f = registry.register({ name: 'f', secrets: ['gh', 'dd'] })(() => 1)
    expect(asked).toBe(0)
    await expect(f()).rejects.toMatchObject({ missing: [{ secret: 'dd' }, { secret: 'gh' }] })
  })

  test('ready() throws everything that all registrations miss', async () => {
    const registry = createRegistry({ store: memoryStore(SECRETS), missing: 'defer', isolation: 'inline' })
    registry.register({ name: 'f', secrets: NEEDS })(() => 1)
    registry.register({ name: 'g', secrets: ['none'] })(() => 1)
    await expect(registry.ready()).rejects.toMatchObject({
      missing: [...MISSING, { function: 'g', scope: 'default', secret: 'none' }],
    })
  })
})

describe('with a store that answers later', () => {
  test('registering does not throw; ready() and every call do, until it is mended', async () => {
    const store = laterStore(SECRETS)
    const registry = createRegistry({ store, isolation: 'inline' })
    const f = registry.register({ name: 'f', secrets: NEEDS })(() => process.env['KEY'])
    registry.register({ name: 'g', secrets: ['none'] })(() => 1)
    const all = [...MISSING, { function: 'g', scope: 'default', secret: 'none' }]
    await expect(registry.ready()).rejects.toMatchObject({ code: 'MISSING_SECRETS', missing: all })
    await expect(registry.ready()).rejects.toMatchObject({ missing: all })
    await expect(f()).rejects.toMatchObject({ missing: MISSING })
    await store.set('none', { A: 'a' })
    await store.set('dd', { KEY: 'k', SITE: 's' })
    await registry.ready()
    expect(await f()).toBe('k')
  })

  test('one that is there does not speak for one that is missing, in whatever scope', async () => {
    const store = laterStore({ gh: { TOKEN: 't' } })
    await store.set('gh', { OTHER: 't' }, { scope: 'b' })
    for (const need of [{ name: 'none' }, { name: 'gh', scope: 'b', keys: ['TOKEN'] }, { name: 'gh', scope: 'c' }]) {
      const registry = createRegistry({ store, isolation: 'inline' })
      // With variables of its own, so that nothing else is wrong.
      registry.register({ name: 'f', secrets: ['gh', { ...need, prefix: 'X_' }] })(() => 1)
      await expect(registry.ready()).rejects.toMatchObject({ code: 'MISSING_SECRETS', missing: [{ function: 'f' }] })
    }
  })

  test('beside one that answers at once both are asked, and waited for', async () => {
    const now = memoryStore({ gh: { TOKEN: 't' } })
    const later = laterStore()
    const registry = createRegistry({ store: (scope) => (scope === 'later' ? later : now), isolation: 'inline' })
    registry.register({ name: 'f', secrets: ['gh', { name: 'dd', scope: 'later', env: { TOKEN: 'DD' } }] })(() => 1)
    await expect(registry.ready()).rejects.toMatchObject({ missing: [{ scope: 'later', secret: 'dd' }] })
    await later.set('dd', { TOKEN: 't' }, { scope: 'later' })
    await registry.ready()
  })

  test('values are checked also where only one of several requirements has schemas', async () => {
    const gh = defineSecret('gh', { TOKEN: z.string().startsWith('ghp_') })
    const registry = createRegistry({ store: memoryStore({ gh: { TOKEN: 'x' }, zz: { Z: 'z' } }), isolation: 'inline' })
    const f = registry.register({ name: 'f', secrets: [gh, 'zz'] })(() => 1)
    await expect(registry.ready()).rejects.toMatchObject({ code: 'INVALID_SECRET_VALUE' })
    await expect(f()).rejects.toMatchObject({ code: 'INVALID_SECRET_VALUE' })
  })

  test('what was mended between registering and ready() is not told', async () => {
    const store = laterStore()
    const registry = createRegistry({ store, isolation: 'inline' })
    registry.register({ name: 'f', secrets: ['gh'] })(() => 1)
    // What registering asked has been answered.
    await new Promise((resolve) => setImmediate(resolve))
    await store.set('gh', { TOKEN: 't' })
    await registry.ready()
  })

  test('a store that fails is told by ready(), and never an unhandled rejection', async () => {
    let down = true
    const store = answeringStore({
      describe: (name) =>
        down ? Promise.reject(new StoreError('UNAVAILABLE', 'down')) : Promise.resolve(infoOf(name)),
    })
    const registry = createRegistry({ store, isolation: 'inline' })
    registry.register({ name: 'f', secrets: ['gh', 'dd'] })(() => 1)
    await new Promise((resolve) => setImmediate(resolve))
    await expect(registry.ready()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    down = false
    await expect(registry.ready()).rejects.toMatchObject({ code: 'ENV_COLLISION' })
  })

  test('one that fails later beside one that throws at once is no unhandled rejection', () => {
    const later = answeringStore({ describe: () => Promise.reject(new Error(CANARY)) })
    const now = answeringStore({
      describe: () => {
        throw new StoreError('DENIED', 'no')
      },
    })
    const registry = createRegistry({ store: (scope) => (scope === 'now' ? now : later) })
    const secrets = ['a', { name: 'b', scope: 'now' }]
    expect(thrownBy(() => registry.register({ name: 'f', secrets })(() => 1))).toMatchObject({ code: 'DENIED' })
  })

  test('many registrations that need the same secret ask once', async () => {
    let asked = 0
    const store = answeringStore({
      describe: (name) => {
        asked++
        return Promise.resolve(infoOf(name))
      },
    })
    const registry = createRegistry({ store, isolation: 'inline' })
    for (const name of ['a', 'b', 'c']) registry.register({ name, secrets: ['gh'] })(() => 1)
    // What registering asked has been answered: ready() need not ask it again.
    await new Promise((resolve) => setImmediate(resolve))
    await registry.ready()
    expect(asked).toBe(1)
  })

  test('values are read only of what is there', async () => {
    const batches: string[][] = []
    const memory = memoryStore({ gh: { TOKEN: 't' } })
    const store: SecretStore = {
      ...memory,
      getMany: (requests, options) => {
        batches.push(requests.map(({ name }) => name))
        return memory.getMany(requests, options)
      },
    }
    const registry = createRegistry({ store, missing: 'defer' })
    for (const name of ['gh', 'none']) {
      registry.register({ name, secrets: [defineSecret(name, { TOKEN: z.string() })] })(() => 1)
    }
    expect(await registry.check()).toMatchObject({ missing: [{ secret: 'none' }], invalid: [], failures: [] })
    expect(batches).toEqual([['gh']])
  })

  test('several collisions are one error that names each', async () => {
    const registry = createRegistry({ store: laterStore({ a: { T: '1' }, b: { T: '2' } }), isolation: 'inline' })
    registry.register({ name: 'f', secrets: ['a', 'b'] })(() => 1)
    registry.register({ name: 'g', secrets: ['a', 'b'] })(() => 1)
    const error = (await rejection(registry.ready())) as Error
    expect(error).toMatchObject({
      code: 'ENV_COLLISION',
      hint: expect.stringContaining('Rename one of them') as string,
    })
    expect(error.message).toMatch(/^f: key T of secret a .*\ng: key T of secret a .*$/)
  })
})

describe('check', () => {
  test('gives everything about a scope as data', async () => {
    const store = memoryStore(SECRETS)
    await store.set('gh', { TOKEN: 't' }, { scope: 'acme' })
    const registry = createRegistry({ store, missing: 'defer' })
    registry.register({ name: 'f', secrets: NEEDS })(() => 1)
    expect(await registry.check()).toEqual({ ok: false, missing: MISSING, invalid: [], failures: [], conflicts: [] })
    const acme = await registry.check({ scope: 'acme' })
    expect(acme.missing).toEqual([
      { function: 'f', scope: 'acme', secret: 'dd' },
      { function: 'f', scope: 'acme', secret: 'none' },
    ])
  })

  test('tells failures and conflicts, without what the store said', async () => {
    const store = answeringStore({
      describe: (name) => (name === 'bad' ? Promise.reject(new Error(CANARY)) : Promise.resolve(infoOf(name))),
    })
    const registry = createRegistry({ store, missing: 'defer' })
    registry.register({ name: 'f', secrets: ['gh', 'dd', 'bad'] })(() => 1)
    const report = await registry.check()
    expect(report).toMatchObject({
      ok: false,
      missing: [],
      failures: [{ function: 'f', scope: 'default', secret: 'bad', code: 'STORE_FAILED' }],
      conflicts: [{ function: 'f', code: 'ENV_COLLISION' }],
    })
    expect(JSON.stringify(report)).not.toContain(CANARY)
  })

  test('is ok where nothing is wrong, and where nothing is registered', async () => {
    const registry = createRegistry({ store: memoryStore(SECRETS) })
    expect((await registry.check()).ok).toBe(true)
    registry.register({ name: 'f', secrets: ['gh', { name: 'none', optional: true }] })(() => 1)
    expect((await registry.check()).ok).toBe(true)
  })

  test('an optional secret that cannot be read is a failure all the same', async () => {
    const store = answeringStore({ describe: () => Promise.reject(new StoreError('DENIED', 'no')) })
    const registry = createRegistry({ store, missing: 'defer' })
    registry.register({ name: 'f', secrets: [{ name: 'gh', optional: true }] })(() => 1)
    expect(await registry.check()).toMatchObject({ failures: [{ code: 'DENIED' }] })
  })
})

describe('what describe answers', () => {
  test.each<[string, unknown, string]>([
    ['null', null, 'neither what a secret is nor undefined'],
    ['a string', 'TOKEN', 'neither what a secret is nor undefined'],
    ['no keys', { name: 'gh', version: '1' }, 'neither what a secret is nor undefined'],
    ['keys as a text', { keys: 'TOKEN' }, 'neither what a secret is nor undefined'],
    ['keys that are no names', { keys: ['TOKEN', 'A B'] }, '"A B" is not a key'],
    ['another secret', { ...infoOf('gh'), name: 'dd' }, 'another secret'],
  ])('is a broken contract if it is %s, not an absent secret', async (_, answer, message) => {
    const store = { ...memoryStore(), describe: () => answer as never }
    const registry = createRegistry({ store, missing: 'defer', isolation: 'inline' })
    registry.register({ name: 'f', secrets: ['gh'] })(() => 1)
    await expect(registry.ready()).rejects.toMatchObject({
      ...{ code: 'BAD_ANSWER', store: 'memory', scope: 'default', secret: 'gh' },
      message: expect.stringContaining(message) as string,
    })
    const eager = createRegistry({ store })
    expect(thrownBy(() => eager.register({ name: 'f', secrets: ['gh'] })(() => 1))).toMatchObject({
      code: 'BAD_ANSWER',
    })
  })
})

describe('values of a definition', () => {
  const gh = defineSecret('gh', { TOKEN: z.string().startsWith('ghp_'), USER_NAME: z.string().min(3) })

  test.each([
    ['at once', memoryStore],
    ['later', laterStore],
  ])('are checked by ready(), check() and each call, with a store that answers %s', async (_, makeStore) => {
    const store = makeStore({ gh: { TOKEN: CANARY, USER_NAME: 'b' } })
    const registry = createRegistry({ store, isolation: 'inline' })
    const f = registry.register({ name: 'f', secrets: [gh] })(() => process.env['TOKEN'])
    const findings = [
      { function: 'f', scope: 'default', secret: 'gh', key: 'TOKEN', path: [], code: 'invalid_format' },
      { function: 'f', scope: 'default', secret: 'gh', key: 'USER_NAME', path: [], code: 'too_small' },
    ]
    for (const error of [await rejection(registry.ready()), await rejection(f())]) {
      expect(error).toMatchObject({
        code: 'INVALID_SECRET_VALUE',
        findings,
        hint: expect.stringContaining('correct the one or the other') as string,
      })
      expect((error as Error).message).toContain('key TOKEN of secret gh (scope default): invalid_format')
      expect(allTextOf(error)).not.toContain(CANARY)
    }
    expect(await registry.check()).toMatchObject({ ok: false, invalid: findings })
    await store.set('gh', { TOKEN: 'ghp_1', USER_NAME: 'bob' })
    await registry.ready()
    expect(await f()).toBe('ghp_1')
  })

  test('are checked by asynchronous schemas too, and one that throws finds something', async () => {
    const secret = defineSecret('gh', {
      TOKEN: z.string().refine(async (value) => Promise.resolve(value === 'x')),
      USER_NAME: z.string().refine((value) => {
        throw new Error(value)
      }),
    })
    const registry = createRegistry({
      store: memoryStore({ gh: { TOKEN: 'y', USER_NAME: CANARY } }),
      isolation: 'inline',
    })
    const f = registry.register({ name: 'f', secrets: [secret] })(() => 1)
    const error = await rejection(f())
    expect(error).toMatchObject({
      findings: [
        { key: 'TOKEN', code: 'custom' },
        { key: 'USER_NAME', code: 'schema_threw' },
      ],
    })
    expect(allTextOf(error)).not.toContain(CANARY)
  })
})

test('of many schemas that answer later Node warns neither in a check nor in a call', async () => {
  const warnings: string[] = []
  const warned = ({ name }: Error): void => void warnings.push(name)
  process.on('warning', warned)
  const numbers = Array.from({ length: 20 }, (_, number) => number)
  const store = memoryStore(Object.fromEntries(numbers.map((number) => [`s${number}`, { [`K${number}`]: 'v' }])))
  const registry = createRegistry({ store, isolation: 'inline', missing: 'defer' })
  const later = z.string().refine(() => new Promise((resolve) => setImmediate(resolve, true)))
  const secrets = numbers.map((number) => defineSecret(`s${number}`, { [`K${number}`]: later }))
  const f = registry.register({ name: 'f', secrets })(() => 1)
  expect(await registry.check()).toMatchObject({ ok: true })
  expect(await f()).toBe(1)
  // Node tells of a warning in the turn after.
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', warned)
  expect(warnings).toEqual([])
})
