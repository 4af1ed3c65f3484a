import { createRegistry, defineSecret, memoryStore, type SecretStore, StoreError } from 'latchkey'
import { fileURLToPath } from 'node:url'
import vm from 'node:vm'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { answeringStore, CANARY, infoOf, laterStore } from '../helpers/stores.ts'
import { thrownBy } from '../helpers/thrown.ts'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const jwt = [{ alg: 'HS256' }, { exp: 2_000_000_000, canary: CANARY }]
  .map((data) => Buffer.from(JSON.stringify(data)).toString('base64url'))
  .join('.')
  .concat('.', Buffer.from(CANARY).toString('base64url'))

function registryOf(store: SecretStore) {
  const registry = createRegistry({ store, missing: 'defer', isolation: 'inline' })
  registry.register({
    name: 'use_b',
    secrets: ['gh', { name: 'proxy', allowReserved: ['HTTPS_PROXY'], keys: ['HTTPS_PROXY'] }],
  })(() => 1)
  registry.register({
    name: 'use_a',
    description: 'Uses it',
    input: z.object({ repo: z.string() }),
    secrets: [
      { name: 'shared', scope: 'platform', keys: ['URL'], optional: true },
      { name: 'gh', keys: ['TOKEN'], optionalKeys: ['USER_NAME'], env: { TOKEN: 'GH' } },
    ],
  })(() => 1)
  return registry
}

describe('the manifest', () => {
  test('tells functions, secrets and keys from the code alone, sorted, and asks no store', async () => {
    const store = answeringStore({
      describe: () => {
        throw new Error('asked')
      },
    })
    const manifest = await registryOf(store).manifest({ root: HERE })
    expect(manifest).toMatchObject({
      format: 1,
      scope: 'default',
      functions: [
        {
          name: 'use_a',
          description: 'Uses it',
          module: 'manifest.test.ts',
          inputSchema: { type: 'object' },
          requirements: [{ name: 'gh' }, { name: 'shared', scope: 'platform' }],
          variables: [
            { name: 'GH', secret: 'gh', key: 'TOKEN' },
            { name: 'URL', secret: 'shared', key: 'URL' },
            { name: 'USER_NAME', secret: 'gh', key: 'USER_NAME' },
          ],
        },
        {
          name: 'use_b',
          requirements: [{ name: 'gh' }, { name: 'proxy', allowReserved: ['HTTPS_PROXY'] }],
          variables: [{ name: 'HTTPS_PROXY', secret: 'proxy', key: 'HTTPS_PROXY', reserved: true }],
        },
      ],
      refused: [],
    })
    expect(manifest.secrets).toEqual([
      {
        name: 'gh',
        usedBy: ['use_a', 'use_b'],
        wholeUsedBy: ['use_b'],
        keys: [
          { key: 'TOKEN', usedBy: ['use_a'] },
          { key: 'USER_NAME', usedBy: ['use_a'] },
        ],
      },
      { name: 'proxy', usedBy: ['use_b'], wholeUsedBy: [], keys: [{ key: 'HTTPS_PROXY', usedBy: ['use_b'] }] },
      {
        name: 'shared',
        scope: 'platform',
        usedBy: ['use_a'],
        wholeUsedBy: [],
        keys: [{ key: 'URL', usedBy: ['use_a'] }],
      },
    ])
    expect(manifest).not.toHaveProperty('stored')
    // As data it is the same: no part of it stands there without saying something.
    expect(JSON.parse(JSON.stringify(manifest))).toStrictEqual(manifest)
  })

  test('is the same text whatever the order of registration, and below whatever folder', async () => {
    const texts = ['ab', 'ba'].map(async (names) => {
      const registry = createRegistry({ store: memoryStore(), missing: 'defer' })
      for (const name of names) {
        registry.register({ name, secrets: names.split(''), module: `file:///srv/${names}/jobs/${name}.mjs` })(() => 1)
      }
      return JSON.stringify(await registry.manifest({ root: `/srv/${names}` }))
    })
    const [one, other] = await Promise.all(texts)
    expect(one).toContain('"module":"jobs/a.mjs"')
    expect(other).toBe(one)
  })

  test('stands sorted by names, then by scopes, whatever the order of what was declared', async () => {
    const registry = createRegistry({ store: memoryStore(), missing: 'defer' })
    const secrets = [
      { name: 'gh', scope: 'b', keys: ['TOKEN'], prefix: 'B_' },
      { name: 'gh', scope: 'a', keys: ['USER', 'TOKEN'], prefix: 'A_' },
      { name: 'gh', keys: ['TOKEN'] },
      { name: 'aa', keys: ['A'] },
    ]
    registry.register({ name: 'f', secrets })(() => 1)
    const manifest = await registry.manifest()
    const sorted = [['aa', undefined], ...[undefined, 'a', 'b'].map((scope) => ['gh', scope])]
    expect(manifest.functions[0]?.requirements.map(({ name, scope }) => [name, scope])).toEqual(sorted)
    expect(manifest.secrets.map(({ name, scope }) => [name, scope])).toEqual(sorted)
    expect(manifest.secrets[2]?.keys.map(({ key }) => key)).toEqual(['TOKEN', 'USER'])
  })

  test('tells no module where it is not known', async () => {
    const registry = createRegistry({ store: memoryStore(), missing: 'defer' })
    vm.runInNewContext('register(() => 1)', { register: registry.register({ name: 'b' }) }, { filename: 'evaluated' })
    const { functions } = await registry.manifest()
    expect(functions[0]).not.toHaveProperty('module')
  })

  test('with scopes tells what is stored, unused and missing there', async () => {
    const store = memoryStore()
    const values = { TOKEN: CANARY, USER_NAME: CANARY, EXTRA: CANARY }
    await store.set('gh', values, { scope: 'acme', description: 'of the team' })
    await store.set('old', { A: CANARY }, { scope: 'acme' })
    await store.set('shared', { URL: CANARY, B: CANARY }, { scope: 'platform' })
    await store.set('elsewhere', { A: CANARY }, { scope: 'other' })
    const { stored, ...rest } = await registryOf(store).manifest({ scopes: ['empty', 'acme', 'empty'] })
    const createdAt = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string
    expect(stored).toStrictEqual({
      scopes: ['acme', 'empty'],
      secrets: [
        {
          scope: 'acme',
          name: 'gh',
          description: 'of the team',
          createdAt,
          keys: [
            { key: 'EXTRA', usedBy: ['use_b'] },
            { key: 'TOKEN', usedBy: ['use_a', 'use_b'] },
            { key: 'USER_NAME', usedBy: ['use_a', 'use_b'] },
          ],
        },
        {
          scope: 'platform',
          name: 'shared',
          keys: [
            { key: 'B', usedBy: [] },
            { key: 'URL', usedBy: ['use_a'] },
          ],
        },
      ],
      unused: [{ scope: 'acme', name: 'old', createdAt }],
      unlisted: [],
      ok: false,
      missing: [
        { function: 'use_b', scope: 'acme', secret: 'proxy' },
        { function: 'use_b', scope: 'empty', secret: 'gh' },
        { function: 'use_b', scope: 'empty', secret: 'proxy' },
        { function: 'use_a', scope: 'empty', secret: 'gh' },
      ].sort((a, b) => (a.scope + a.function < b.scope + b.function ? -1 : 1)),
      invalid: [],
      failures: [],
      conflicts: [],
    })
    expect(JSON.stringify({ stored, rest })).not.toContain(CANARY)
  })

  test('stands sorted in whatever order stores answer, and asks for nothing that a list has told', async () => {
    const memory = memoryStore()
    let asked = 0
    const store: SecretStore = {
      ...memory,
      capabilities: { ...memory.capabilities, syncDescribe: false },
      describe: () => {
        asked++
        return undefined
      },
      // eslint-disable-next-line @typescript-eslint/require-await -- a list that is not sorted
      async *list({ scope = 'default' } = {}) {
        for (const name of ['z', 'b', 'y', 'a']) yield { name, scope, version: '1', keys: ['Z', 'A'] }
      },
    }
    const registry = createRegistry({ store, missing: 'defer' })
    const secrets = ['z', 'b'].map((name) => ({ name, prefix: `${name}_` }))
    registry.register({ name: 'f', secrets })(() => 1)
    const { stored } = await registry.manifest({ scopes: ['two', 'one'] })
    const places = (list: readonly { scope: string; name: string }[] = []) =>
      list.map(({ scope, name }) => scope + name)
    expect(places(stored?.secrets)).toEqual(['oneb', 'onez', 'twob', 'twoz'])
    expect(places(stored?.unused)).toEqual(['onea', 'oney', 'twoa', 'twoy'])
    expect(stored?.secrets[0]?.keys.map(({ key }) => key)).toEqual(['A', 'Z'])
    expect(asked).toBe(0)
  })

  test('with expiry tells what expires next, from the values that functions use, and nothing else of them', async () => {
    const soon = jwt.replace(/\.[^.]+\./, `.${Buffer.from('{"exp":1900000000}').toString('base64url')}.`)
    const store = laterStore({ a: { LATE: jwt, PLAIN: CANARY, SOON: soon }, unused: { T: soon } })
    const registry = createRegistry({ store, missing: 'defer' })
    registry.register({ name: 'f', secrets: ['a'] })(() => 1)
    registry.register({ name: 'g', secrets: [{ name: 'a', keys: ['SOON'] }] })(() => 1)
    const { stored } = await registry.manifest({ scopes: ['default'], expiry: true })
    expect(stored?.expires).toEqual([
      { scope: 'default', name: 'a', key: 'SOON', kind: 'jwt', at: '2030-03-17T17:46:40.000Z' },
      { scope: 'default', name: 'a', key: 'LATE', kind: 'jwt', at: '2033-05-18T03:33:20.000Z' },
    ])
    const text = JSON.stringify(stored)
    for (const secret of [CANARY, jwt, soon, ...jwt.split('.')]) expect(text).not.toContain(secret)
  })

  test('reads no value unless expiry or a schema asks for it', async () => {
    const store = answeringStore({
      getMany: () => {
        throw new Error('read')
      },
    })
    const registry = createRegistry({ store, missing: 'defer' })
    registry.register({ name: 'f', secrets: ['a'] })(() => 1)
    expect((await registry.manifest({ scopes: ['default'] })).stored?.failures).toEqual([])
    const { stored } = await registry.manifest({ scopes: ['default'], expiry: true })
    expect(stored).toMatchObject({
      ok: false,
      expires: [],
      failures: [{ function: 'f', secret: 'a', code: 'STORE_FAILED' }],
    })
  })

  test('tells where it cannot list, and why, instead of calling nothing unused', async () => {
    const cannot = { ...memoryStore(), capabilities: { ...memoryStore().capabilities, list: false } }
    const fails = {
      ...memoryStore(),
      // eslint-disable-next-line @typescript-eslint/require-await, require-yield -- a list that fails at its first step
      async *list() {
        throw new Error(CANARY)
      },
    }
    const lies = {
      ...memoryStore(),
      // eslint-disable-next-line @typescript-eslint/require-await -- a list that gives no keys
      async *list() {
        yield { ...infoOf('x'), keys: 'none' as never }
      },
    }
    const nameless = {
      ...memoryStore(),
      // eslint-disable-next-line @typescript-eslint/require-await -- a list that gives no name
      async *list() {
        yield { ...infoOf('x'), name: CANARY.concat(' ') }
      },
    }
    const stores: Record<string, SecretStore> = { cannot, fails, lies, nameless }
    const registry = createRegistry({ store: (scope) => stores[scope] as SecretStore, missing: 'defer' })
    const { stored } = await registry.manifest({ scopes: ['cannot', 'fails', 'lies', 'nameless', 'none'] })
    expect(stored?.unused).toEqual([])
    expect(stored?.unlisted).toMatchObject([
      { scope: 'cannot', code: 'INVALID', message: 'The store of scope cannot cannot list what it holds.' },
      { scope: 'fails', code: 'STORE_FAILED' },
      { scope: 'lies', code: 'BAD_ANSWER' },
      {
        ...{ scope: 'nameless', code: 'BAD_ANSWER' },
        message: expect.stringContaining('list answered something that has no name of a secret') as string,
      },
      { scope: 'none', code: 'BAD_ANSWER' },
    ])
    expect(JSON.stringify(stored)).not.toContain(CANARY)
  })

  test.each<[string, unknown, string, string]>([
    ['an unknown option', { scope: 'a' }, 'UNKNOWN_OPTION', 'manifest has no option "scope"'],
    ['expiry without scopes', { expiry: true }, 'INVALID_OPTION', 'scopes names none'],
    ['expiry', { expiry: 1 }, 'INVALID_OPTION', 'expiry must be true or false'],
    ['a relative root', { root: 'here' }, 'INVALID_OPTION', 'root must be an absolute path'],
    ['a root that is no text', { root: 7 }, 'INVALID_OPTION', 'root must be an absolute path'],
    ['scopes', { scopes: 'a' }, 'INVALID_OPTION', 'scopes must be an array of scopes'],
    ['a scope of another type', { scopes: [7] }, 'INVALID_OPTION', 'scopes.0 must be a string'],
    ['a scope that is none', { scopes: ['..'] }, 'INVALID_NAME', 'is not a scope'],
  ])('refuses %s', async (_, options, code, message) => {
    const registry = createRegistry({ store: memoryStore() })
    await expect(registry.manifest(options as never)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    })
  })
})

describe('check of many', () => {
  test('looks at each scope that is given, each once', async () => {
    const store = memoryStore()
    await store.set('gh', { TOKEN: 't' }, { scope: 'a' })
    const registry = createRegistry({ store, missing: 'defer' })
    registry.register({ name: 'f', secrets: ['gh', { name: 'fixed', scope: 'platform' }] })(() => 1)
    const { missing } = await registry.check({ scopes: ['a', 'b', 'a'] })
    expect(missing).toEqual([
      { function: 'f', scope: 'platform', secret: 'fixed' },
      { function: 'f', scope: 'b', secret: 'gh' },
    ])
    expect(await registry.check({ scopes: [] })).toMatchObject({ ok: true })
    await expect(registry.check({ scope: 'a', scopes: ['a'] } as never)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    })
  })

  test('tells in which scope variables collide', async () => {
    const store = memoryStore()
    for (const name of ['a', 'b']) await store.set(name, { T: 't' }, { scope: 'both' })
    await store.set('a', { T: 't' }, { scope: 'one' })
    await store.set('b', { U: 't' }, { scope: 'one' })
    const registry = createRegistry({ store, missing: 'defer' })
    registry.register({ name: 'f', secrets: ['a', 'b'] })(() => 1)
    expect((await registry.check({ scopes: ['both', 'one'] })).conflicts).toMatchObject([
      { function: 'f', scope: 'both', code: 'ENV_COLLISION' },
    ])
  })

  test('asks for each of 1,000 secrets once, however many of 1,000 functions need it, and reads values in one batch', async () => {
    let described = 0
    const batches: number[] = []
    const store = answeringStore({
      describe: (name) => {
        described++
        return Promise.resolve(infoOf(name))
      },
      getMany: (requests) => {
        batches.push(requests.length)
        return requests.map(({ name }) => ({ name, scope: 'default', version: '1', values: { TOKEN: CANARY } }))
      },
    })
    const registry = createRegistry({ store, missing: 'defer' })
    const secrets = Array.from({ length: 1_000 }, (_, index) => {
      return defineSecret(`s${index}`, { TOKEN: index % 2 === 0 ? z.string() : z.literal('x') })
    })
    const env = (index: number) => ({ env: { TOKEN: `TOKEN_${index}` } })
    for (let index = 0; index < 1_000; index++) {
      const needs = [index, (index * 7 + 1) % 1_000, (index * 13 + 2) % 1_000]
      const distinct = [...new Set(needs)]
      registry.register({
        name: `f${index}`,
        secrets: distinct.map((number) => ({ name: secrets[number]!, ...env(number) })),
      })(() => 1)
    }
    const { ok, invalid, failures, conflicts, missing } = await registry.check()
    expect([ok, failures, conflicts, missing]).toEqual([false, [], [], []])
    expect(invalid.length).toBeGreaterThan(1_000)
    expect([described, batches]).toEqual([1_000, [1_000]])
    expect(JSON.stringify(invalid)).not.toContain(CANARY)
  })

  test('a secret that cannot be read is the failure of who needs it, not of all that were read with it', async () => {
    const batches: string[][] = []
    const store = answeringStore({
      getMany: (requests) => {
        batches.push(requests.map(({ name }) => name))
        if (requests.some(({ name }) => name === 'bad')) throw new StoreError('CORRUPT', 'broken')
        return requests.map(({ name }) => ({ name, scope: 'default', version: '1', values: { TOKEN: 't' } }))
      },
    })
    const registry = createRegistry({ store, missing: 'defer' })
    for (const name of ['good', 'bad', 'fine']) {
      registry.register({ name: `of_${name}`, secrets: [defineSecret(name, { TOKEN: z.string() })] })(() => 1)
    }
    // Nothing of it is read for this one.
    registry.register({ name: 'by_name', secrets: ['bad'] })(() => 1)
    expect(await registry.check()).toMatchObject({
      invalid: [],
      failures: [{ function: 'of_bad', secret: 'bad', code: 'CORRUPT' }],
    })
    expect(batches).toEqual([['good', 'bad', 'fine'], ['good'], ['bad'], ['fine']])
  })

  test.each([
    ['UNAVAILABLE', ['a', 'b']],
    ['CORRUPT', ['a']],
  ] as const)('a store is not asked again for what cannot be read otherwise: %s of %j', async (code, names) => {
    let asked = 0
    const store = answeringStore({
      getMany: () => {
        asked++
        throw new StoreError(code, 'said by the store')
      },
    })
    const registry = createRegistry({ store, missing: 'defer' })
    const secrets = names.map((name) => ({ name: defineSecret(name, { TOKEN: z.string() }), prefix: `${name}_` }))
    registry.register({ name: 'f', secrets })(() => 1)
    expect(await registry.check()).toMatchObject({ failures: names.map((secret) => ({ secret, code })) })
    expect(asked).toBe(1)
  })

  test('a scope that has no store is a failure of its own, and the others are told', async () => {
    const memory = memoryStore({ gh: { TOKEN: 't' } })
    const store = (scope: string): SecretStore => {
      if (scope === 'closed') throw new StoreError('DENIED', 'no such tenant')
      return memory
    }
    const registry = createRegistry({ store, missing: 'defer' })
    registry.register({ name: 'f', secrets: [defineSecret('gh', { TOKEN: z.literal('x') })] })(() => 1)
    expect(await registry.check({ scopes: ['closed', 'default'] })).toMatchObject({
      failures: [{ scope: 'closed', secret: 'gh', code: 'DENIED' }],
      invalid: [{ scope: 'default', secret: 'gh' }],
    })
  })

  test('registering still tells at once what is wrong in the scope of the registry', () => {
    const registry = createRegistry({ store: memoryStore() })
    expect(thrownBy(() => registry.register({ name: 'f', secrets: ['gh'] })(() => 1))).toMatchObject({
      code: 'MISSING_SECRETS',
    })
  })
})
