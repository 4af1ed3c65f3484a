import { createRegistry, defineSecret, memoryStore, type SecretRequirement } from 'latchkey'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { thrownBy } from '../helpers/thrown.ts'

const SECRETS = { gh: { TOKEN: 'gh-token', USER_NAME: 'bob' }, dd: { TOKEN: 'dd-token', SITE: 'eu' } }

/** The variables that a function with these requirements sees, of those that its secrets can set. */
async function variables(
  secrets: readonly SecretRequirement[],
  store = memoryStore(SECRETS),
): Promise<Record<string, string>> {
  const registry = createRegistry({ store, isolation: 'inline', missing: 'defer' })
  const before = Object.keys(process.env)
  const read = registry.register({ name: 'read', secrets })(() => ({ ...process.env }) as Record<string, string>)
  return Object.fromEntries(Object.entries(await read()).filter(([name]) => !before.includes(name)))
}

describe('a requirement', () => {
  test('that is a name injects every key of the secret', async () => {
    expect(await variables(['gh'])).toEqual({ TOKEN: 'gh-token', USER_NAME: 'bob' })
  })

  test('in the long form with nothing but a name is the same', async () => {
    expect(await variables([{ name: 'gh' }])).toEqual({ TOKEN: 'gh-token', USER_NAME: 'bob' })
  })

  test('with keys injects only these', async () => {
    expect(await variables([{ name: 'gh', keys: ['TOKEN'] }])).toEqual({ TOKEN: 'gh-token' })
    expect(await variables([{ name: 'gh', keys: [] }])).toEqual({})
  })

  test('with optionalKeys injects those that exist, and misses none', async () => {
    expect(await variables([{ name: 'gh', keys: ['TOKEN'], optionalKeys: ['USER_NAME', 'NONE'] }])).toEqual({
      TOKEN: 'gh-token',
      USER_NAME: 'bob',
    })
    expect(await variables([{ name: 'gh', optionalKeys: ['NONE'] }])).toEqual({ TOKEN: 'gh-token', USER_NAME: 'bob' })
  })

  test('that is a definition injects the keys that it defines, and requires them', async () => {
    const gh = defineSecret('gh', { TOKEN: z.string() })
    expect(await variables([gh])).toEqual({ TOKEN: 'gh-token' })
    expect(await variables([{ name: gh, keys: ['USER_NAME'] }])).toEqual({ USER_NAME: 'bob' })
    const more = defineSecret('gh', { TOKEN: z.string(), NONE: z.string() })
    await expect(variables([more])).rejects.toMatchObject({ missing: [{ secret: 'gh', key: 'NONE' }] })
    expect(await variables([{ name: more, optionalKeys: ['NONE'] }])).toEqual({ TOKEN: 'gh-token' })
  })

  test('that is optional may be absent, and then sets nothing', async () => {
    expect(await variables(['gh', { name: 'none', optional: true }])).toEqual({ TOKEN: 'gh-token', USER_NAME: 'bob' })
  })

  test('that is optional and there must have its keys', async () => {
    await expect(variables([{ name: 'gh', optional: true, keys: ['NONE'] }])).rejects.toMatchObject({
      missing: [{ secret: 'gh', key: 'NONE' }],
    })
  })

  test('with env renames keys, with prefix the others', async () => {
    expect(await variables([{ name: 'gh', env: { TOKEN: 'B_TOKEN' } }])).toEqual({
      B_TOKEN: 'gh-token',
      USER_NAME: 'bob',
    })
    expect(await variables([{ name: 'gh', prefix: 'GH_' }])).toEqual({ GH_TOKEN: 'gh-token', GH_USER_NAME: 'bob' })
    expect(await variables([{ name: 'gh', prefix: 'GH_', env: { TOKEN: 'B_TOKEN' } }])).toEqual({
      B_TOKEN: 'gh-token',
      GH_USER_NAME: 'bob',
    })
  })

  test('with a scope comes from there, whatever the scope of the call', async () => {
    const store = memoryStore()
    await store.set('gh', { TOKEN: 'tenant' }, { scope: 'acme' })
    await store.set('shared', { PLATFORM: 'platform' }, { scope: 'platform/prod' })
    const registry = createRegistry({ store, isolation: 'inline', missing: 'defer' })
    const read = registry.register({ name: 'read', secrets: ['gh', { name: 'shared', scope: 'platform/prod' }] })(
      () => [process.env['TOKEN'], process.env['PLATFORM']],
    )
    expect(await read.with({ scope: 'acme' })()).toEqual(['tenant', 'platform'])
  })

  test('may name one secret in two scopes', async () => {
    const store = memoryStore()
    await store.set('gh', { TOKEN: 'one' }, { scope: 'a' })
    await store.set('gh', { TOKEN: 'two' }, { scope: 'b' })
    const secrets = [
      { name: 'gh', scope: 'a', prefix: 'A_' },
      { name: 'gh', scope: 'b', prefix: 'B_' },
    ]
    expect(await variables(secrets, store)).toEqual({ A_TOKEN: 'one', B_TOKEN: 'two' })
  })

  test('with an empty value is met', async () => {
    expect(await variables(['gh'], memoryStore({ gh: { TOKEN: '' } }))).toEqual({ TOKEN: '' })
  })

  test('counts a key that is listed twice once', async () => {
    await expect(variables([{ name: 'gh', keys: ['NONE', 'NONE'] }])).rejects.toMatchObject({
      missing: [{ key: 'NONE' }],
    })
  })

  test('leaves plain keys unmasked, and masks the others', async () => {
    const registry = createRegistry({
      store: memoryStore({ gh: { TOKEN: 'token-123456', USER_NAME: 'bobby-tables' } }),
      isolation: 'inline',
    })
    const fail = registry.register({ name: 'fail', secrets: [{ name: 'gh', plain: ['USER_NAME'] }] })(() => {
      throw new Error(`${process.env['USER_NAME'] ?? ''} has ${process.env['TOKEN'] ?? ''}`)
    })
    await expect(fail()).rejects.toThrow('bobby-tables has ***')
  })
})

describe('two keys for one variable', () => {
  const collide = (secrets: readonly SecretRequirement[], missing: 'throw' | 'defer') => {
    return createRegistry({ store: memoryStore(SECRETS), isolation: 'inline', missing }).register({
      name: 'collide',
      secrets,
    })(() => 1)
  }
  const message = 'collide: key TOKEN of secret dd and key TOKEN of secret gh would both set TOKEN.'

  test('are refused at registration where the store tells the keys', () => {
    expect(thrownBy(() => collide(['gh', 'dd'], 'throw'))).toMatchObject({ code: 'ENV_COLLISION', message })
  })

  test('are refused at registration where the requirements tell them, whatever the store has', () => {
    const secrets = [
      { name: 'gh', keys: ['TOKEN'] },
      { name: 'dd', keys: ['TOKEN'] },
    ]
    expect(thrownBy(() => collide(secrets, 'defer'))).toMatchObject({ code: 'ENV_COLLISION', message })
  })

  test('are refused at the call, where nothing was asked before', async () => {
    await expect(collide(['gh', 'dd'], 'defer')()).rejects.toMatchObject({
      code: 'ENV_COLLISION',
      message: expect.stringContaining('TOKEN') as string,
    })
  })

  test('are refused even if the values are equal, or both come by a new name', () => {
    const same = [{ name: 'gh', env: { TOKEN: 'X', USER_NAME: 'X' } }]
    expect(thrownBy(() => collide(same, 'throw'))).toMatchObject({ code: 'ENV_COLLISION' })
    expect(thrownBy(() => collide(['gh', 'gh'], 'throw'))).toMatchObject({ code: 'ENV_COLLISION' })
  })

  test.each([
    ['win32', 'ENV_COLLISION'],
    ['linux', 'none'],
  ])('that differ in case are one variable on Windows, and two elsewhere: %s', (platform, code) => {
    const own = Object.getOwnPropertyDescriptor(process, 'platform')!
    Object.defineProperty(process, 'platform', { ...own, value: platform })
    try {
      const collided = thrownBy(() => {
        collide([{ name: 'gh', keys: ['TOKEN', 'Token'] }], 'defer')
        throw Object.assign(new Error('it did not'), { code: 'none' })
      })
      expect(collided).toMatchObject({ code })
    } finally {
      Object.defineProperty(process, 'platform', own)
    }
  })

  test('are fine once one is renamed', async () => {
    expect(await collide(['gh', { name: 'dd', prefix: 'DD_' }], 'throw')()).toBe(1)
  })
})

test.each<[unknown, string, string]>([
  ['1bad', 'INVALID_NAME', '"1bad" is not a secret\'s name'],
  ['has space', 'INVALID_NAME', 'use a letter or _'],
  ['', 'INVALID_NAME', "is not a secret's name"],
  [{ keys: ['A'] }, 'INVALID_NAME', "is not a secret's name"],
  [{ name: 'gh', keys: ['A-B'] }, 'INVALID_NAME', '"A-B" is not a key'],
  [{ name: 'gh', optionalKeys: ['1'] }, 'INVALID_NAME', 'is not a key'],
  [{ name: 'gh', plain: [''] }, 'INVALID_NAME', 'is not a key'],
  [{ name: 'gh', prefix: '1_' }, 'INVALID_NAME', 'is not a key'],
  [{ name: 'gh', env: { A: 'B=C' } }, 'INVALID_NAME', 'is not a key'],
  [{ name: 'gh', env: { 'A B': 'C' } }, 'INVALID_NAME', 'is not a key'],
  [{ name: 'gh', scope: '../x' }, 'INVALID_NAME', 'is not a scope'],
  [{ name: 'gh', allowReserved: ['A B'] }, 'INVALID_NAME', 'is not a key'],
  [{ name: 'gh', key: 'A' }, 'UNKNOWN_OPTION', 'it has name, scope, keys'],
  [{ name: 'gh', keys: 'A' }, 'INVALID_OPTION', 'keys must be an array of strings'],
  [{ name: 'gh', keys: [1] }, 'INVALID_OPTION', 'keys.0 must be a string'],
  [{ name: 'gh', optional: 'yes' }, 'INVALID_OPTION', 'optional must be true or false'],
  [{ name: 'gh', env: { A: 1 } }, 'INVALID_OPTION', 'env must be an object of variable names'],
  [{ name: 'gh', env: 'A' }, 'INVALID_OPTION', 'env must be an object'],
  [{ name: 'gh', scope: 1 }, 'INVALID_OPTION', 'scope must be a string'],
  [{ name: 'gh', keys: ['A'], env: { B: 'C' } }, 'INVALID_OPTION', 'env renames key B of secret gh'],
  [{ name: 'gh', allowReserved: ['PATH'] }, 'INVALID_OPTION', 'PATH can never be set by a secret'],
  [42, 'INVALID_OPTION', "a requirement is a secret's name"],
  [null, 'INVALID_OPTION', "a requirement is a secret's name"],
  [undefined, 'INVALID_OPTION', "a requirement is a secret's name"],
  [['gh'], 'INVALID_OPTION', "a requirement is a secret's name"],
])('the requirement %j is refused with %s', (requirement, code, message) => {
  const registry = createRegistry({ store: memoryStore(SECRETS), missing: 'defer' })
  const error = thrownBy(() => registry.register([requirement as string]))
  expect(error).toBeInstanceOf(TypeError)
  expect(error).toMatchObject({ code, message: expect.stringContaining(message) as string })
})
