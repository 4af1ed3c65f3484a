import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { envStore } from '../../src/stores/env.ts'
import { testSecretStore } from '../../src/testing/index.ts'

testSecretStore({
  describe,
  test,
  factory: (seed) => ({ store: envStore({ env: { LATCHKEY_SECRETS: JSON.stringify(seed) } }) }),
})

/** Stands in every value of the tests that look for leaks. */
const CANARY = 'hunter2-canary'

describe('the variables of an environment store', () => {
  test('LATCHKEY_SECRET__name__KEY is one pair of scope default', async () => {
    const store = envStore({
      env: {
        LATCHKEY_SECRET__my_github_secret__GH_ACCESS_TOKEN: 'x',
        LATCHKEY_SECRET__my_github_secret__GH_USERNAME: '',
        PATH: '/bin',
        LATCHKEY_KEY: 'y',
      },
    })
    const secret = await store.get('my_github_secret')
    expect(secret?.values).toEqual({ GH_ACCESS_TOKEN: 'x', GH_USERNAME: '' })
    expect(await store.list()[Symbol.asyncIterator]().next()).toMatchObject({ value: { name: 'my_github_secret' } })
  })

  test.each([
    ['LATCHKEY_SECRET__a__B__C', 'a', 'B__C'],
    ['LATCHKEY_SECRET__a___B', 'a', '_B'],
    ['LATCHKEY_SECRET___a__B', '_a', 'B'],
    ['LATCHKEY_SECRET__a_b__C_D', 'a_b', 'C_D'],
    ['LATCHKEY_SECRET__a____proto__', 'a', '__proto__'],
    ['LATCHKEY_SECRET__constructor__constructor', 'constructor', 'constructor'],
  ])('%s is split at the first __', async (variable, name, key) => {
    const store = envStore({ env: { [variable]: 'x' } })
    expect(Object.entries((await store.get(name))?.values ?? {})).toEqual([[key, 'x']])
  })

  test.each([
    'LATCHKEY_SECRET__',
    'LATCHKEY_SECRET__a',
    'LATCHKEY_SECRET__a_B',
    'LATCHKEY_SECRET____a__B',
    'LATCHKEY_SECRET__a__',
    'LATCHKEY_SECRET__1a__B',
    'LATCHKEY_SECRET__a__1B',
    'LATCHKEY_SECRET__a-b__C',
    'LATCHKEY_SECRET__a b__C',
    'LATCHKEY_SECRET__a__B.C',
  ])('%s is refused, naming the variable', (variable) => {
    expect(thrownBy(() => envStore({ env: { [variable]: CANARY } }).describe('a')).message).toContain(variable)
  })

  test('LATCHKEY_SECRETS holds all scopes', async () => {
    const document = { default: { a: { KEY: 'x' } }, 'acme/production': { 'a-b__c': { KEY: 'y' } } }
    const store = envStore({ env: { LATCHKEY_SECRETS: JSON.stringify(document) } })
    expect((await store.get('a'))?.values).toEqual({ KEY: 'x' })
    expect((await store.get('a-b__c', { scope: 'acme/production' }))?.values).toEqual({ KEY: 'y' })
  })

  test.each([
    ['is not JSON', ''],
    ['is not JSON', 'text'],
    ['is not JSON', `{"default":{"a":{"KEY":"${CANARY}"}}`],
    ['is not JSON', `'${CANARY}'`],
    ['it is not an object', 'null'],
    ['it is not an object', `"${CANARY}"`],
    ['it is not an object', '[]'],
    ['one of its members is not a scope', `{"${CANARY} ":{}}`],
    ['scope default is not an object', `{"default":"${CANARY}"}`],
    ["a member of scope default is not a secret's name", `{"default":{"${CANARY}!":{}}}`],
    ['secret a in scope default is not an object', `{"default":{"a":"${CANARY}"}}`],
    ['secret a in scope default has no key', '{"default":{"a":{}}}'],
    ['a member of secret a in scope default is not a key', `{"default":{"a":{"${CANARY}":"x"}}}`],
    ['the value of KEY of secret a in scope default', '{"default":{"a":{"KEY":12345678901234567890}}}'],
    ['the value of KEY', '{"default":{"a":{"KEY":null}}}'],
    ['the value of KEY', `{"default":{"a":{"KEY":["${CANARY}"]}}}`],
    ['the value of KEY', `{"default":{"a":{"KEY":"${CANARY}\\u0000"}}}`],
    ['the value of KEY', `{"default":{"a":{"KEY":"${CANARY}\\ud800"}}}`],
    ['default > a > KEY twice', `{"default":{"a":{"KEY":"${CANARY}","KEY":"x"}}}`],
    ['default > a twice', `{"default":{"a":{"KEY":"${CANARY}"},"a":{"KEY":"x"}}}`],
    ['default twice', `{"default":{"a":{"KEY":"${CANARY}"}},"default":{}}`],
    ['default > a > KEY twice', `{"default":{"a":{"K\\u0045Y":"${CANARY}","KEY":"x"}}}`],
    ['default > (unnamable) > KEY twice', `{"default":{"${CANARY}!":{"KEY":"x","KEY":"x"}},"default":{}}`],
  ])('a document is refused as: %s; and its text is not shown', (message, json) => {
    const error = thrownBy(() => envStore({ env: { LATCHKEY_SECRETS: json } }).describe('a'))
    expect(error.message).toContain('LATCHKEY_SECRETS')
    expect(error.message).toContain(message)
  })

  test('members of the same name in different objects are not doubled', async () => {
    const json = '{"default":{"a":{"a":"{\\"a\\":1,\\"a\\":2}"},"b":{"a":"x"}},"a":{"a":{"a":"a:,"},"b":{"a":"\\\\"}}}'
    const store = envStore({ env: { LATCHKEY_SECRETS: json } })
    expect((await store.get('a'))?.values).toEqual({ a: '{"a":1,"a":2}' })
    expect((await store.get('b', { scope: 'a' }))?.values).toEqual({ a: '\\' })
  })

  test('map groups variables that exist under their own names; one that is not set is a key less', async () => {
    const env = { GH_ACCESS_TOKEN: 'x', GH_USERNAME: undefined }
    const store = envStore({ env, map: { my_github_secret: ['GH_ACCESS_TOKEN', 'GH_USERNAME'], other: ['NOT_SET'] } })
    expect((await store.get('my_github_secret'))?.values).toEqual({ GH_ACCESS_TOKEN: 'x' })
    expect(store.describe('other')).toBeUndefined()
  })

  test('one variable may belong to two secrets', async () => {
    const store = envStore({ env: { REGION: 'x' }, map: { a: ['REGION'], b: ['REGION'] } })
    expect((await store.getMany([{ name: 'a' }, { name: 'b' }])).map((secret) => secret?.values['REGION'])).toEqual([
      'x',
      'x',
    ])
  })

  test('a secret may come in parts from several variables', async () => {
    const store = envStore({
      env: { LATCHKEY_SECRET__a__ONE: '1', LATCHKEY_SECRETS: '{"default":{"a":{"TWO":"2"}}}', THREE: '3' },
      map: { a: ['THREE'] },
    })
    expect((await store.get('a'))?.values).toEqual({ ONE: '1', TWO: '2', THREE: '3' })
  })

  test.each([
    ['LATCHKEY_SECRET__a__KEY', 'LATCHKEY_SECRETS', {}],
    ['LATCHKEY_SECRET__a__KEY', 'KEY', { a: ['KEY'] }],
    ['LATCHKEY_SECRETS', 'KEY', { a: ['KEY'] }],
  ])('the same pair by %s and %s is refused, naming both, even if the values are equal', (one, other, map) => {
    const value = (variable: string) =>
      variable === 'LATCHKEY_SECRETS' ? `{"default":{"a":{"KEY":"${CANARY}"}}}` : CANARY
    const error = thrownBy(() => envStore({ env: { [one]: value(one), [other]: value(other) }, map }).describe('a'))
    expect(error.message).toContain(`by ${one} and by ${other}`)
    expect(error.message).toContain('Key KEY of secret a (scope default)')
  })

  test.each([1, null, 'a\ud800', 'a\0', { toString: () => CANARY }])(
    'a variable that is %j is refused, naming it',
    (value) => {
      const env = { LATCHKEY_SECRET__a__KEY: value } as never
      expect(thrownBy(() => envStore({ env }).describe('a')).message).toContain('LATCHKEY_SECRET__a__KEY')
    },
  )

  test('a secret with more keys or bytes than there may be is refused', () => {
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`LATCHKEY_SECRET__a__K${i}`, 'x']))
    expect(thrownBy(() => envStore({ env: many }).describe('a')).message).toContain('at most 100 keys')
    const large = { LATCHKEY_SECRET__a__KEY: 'x'.repeat(1024 * 1024 + 1) }
    expect(thrownBy(() => envStore({ env: large }).describe('a'), 'TOO_LARGE').message).toContain('1 MiB')
  })

  test('what env inherits is no variable', () => {
    const env = Object.create({
      LATCHKEY_SECRET__a__KEY: 'x',
      KEY: 'x',
      LATCHKEY_SECRETS: '{"default":{"c":{"K":"x"}}}',
    }) as Record<string, string>
    const store = envStore({ env, map: { b: ['KEY', 'constructor'] } })
    expect([store.describe('a'), store.describe('b'), store.describe('c')]).toEqual([undefined, undefined, undefined])
  })
})

describe('envStore', () => {
  test.each([
    [{ prefix: 'X' }, 'UNKNOWN_OPTION'],
    [null, 'INVALID_OPTION'],
    ['text', 'INVALID_OPTION'],
    [{ env: 'text' }, 'INVALID_OPTION'],
    [{ env: null }, 'INVALID_OPTION'],
    [{ env: ['A=1'] }, 'INVALID_OPTION'],
    [{ consume: 'yes' }, 'INVALID_OPTION'],
    [{ map: [] }, 'INVALID_OPTION'],
    [{ map: 'text' }, 'INVALID_OPTION'],
    [{ map: { a: 'KEY' } }, 'INVALID_OPTION'],
    [{ map: { a: [] } }, 'INVALID_OPTION'],
    [{ map: { a: ['KEY', 'KEY'] } }, 'INVALID_OPTION'],
    [{ map: { 'a b': ['KEY'] } }, 'INVALID_NAME'],
    [{ map: { a: ['A-B'] } }, 'INVALID_NAME'],
    [{ map: { a: [1] } }, 'INVALID_NAME'],
  ])('refuses the options %j', (options, code) => {
    expect(() => envStore(options as never)).toThrow(expect.objectContaining({ name: 'TypeError', code }))
  })

  test('takes options given as undefined for absent ones', () => {
    expect(envStore({ env: undefined, consume: undefined, map: undefined }).name).toBe('env')
  })

  test('reads nothing until its first use, and then once', async () => {
    let reads = 0
    const env = new Proxy<Record<string, string>>(
      { LATCHKEY_SECRET__a__KEY: 'x' },
      {
        ownKeys: (target) => {
          reads += 1
          return Reflect.ownKeys(target)
        },
      },
    )
    const map = { b: ['LATER'] }
    const store = envStore({ env, map })
    expect(reads).toBe(0)
    env['LATER'] = 'y'
    map.b.push('OTHER')
    expect(store.describe('b')?.keys).toEqual(['LATER'])
    const after = reads
    env['LATCHKEY_SECRET__a__KEY'] = 'changed'
    expect((await store.get('a'))?.values).toEqual({ KEY: 'x' })
    expect(reads).toBe(after)
  })

  test('reads process.env by default, as it is at the first use', async () => {
    const store = envStore()
    process.env['LATCHKEY_SECRET__env_test__KEY'] = 'x'
    try {
      expect((await store.get('env_test'))?.values).toEqual({ KEY: 'x' })
      expect(process.env['LATCHKEY_SECRET__env_test__KEY']).toBe('x')
    } finally {
      delete process.env['LATCHKEY_SECRET__env_test__KEY']
    }
  })

  test('consume deletes every variable that was read, and no other', () => {
    const env: Record<string, string> = {
      LATCHKEY_SECRET__a__KEY: 'x',
      LATCHKEY_SECRETS: '{}',
      GH_ACCESS_TOKEN: 'y',
      LATCHKEY_KEY: 'z',
      PATH: '/bin',
    }
    const store = envStore({ env, consume: true, map: { b: ['GH_ACCESS_TOKEN', 'NOT_SET'] } })
    expect(Object.keys(env)).toHaveLength(5)
    expect(store.describe('a')?.keys).toEqual(['KEY'])
    expect(Object.keys(env)).toEqual(['LATCHKEY_KEY', 'PATH'])
    expect(store.describe('b')?.keys).toEqual(['GH_ACCESS_TOKEN'])
  })

  test('consume takes variables out of process.env', () => {
    process.env['LATCHKEY_SECRET__env_test__KEY'] = 'x'
    expect(envStore({ consume: true }).describe('env_test')?.keys).toEqual(['KEY'])
    expect(process.env['LATCHKEY_SECRET__env_test__KEY']).toBeUndefined()
  })

  test('consume deletes nothing while a variable cannot be understood, and the store can be used once it is mended', () => {
    const env: Record<string, string> = { LATCHKEY_SECRET__a__KEY: 'x', LATCHKEY_SECRETS: '{' }
    const store = envStore({ env, consume: true })
    thrownBy(() => store.describe('a'))
    expect(Object.keys(env)).toHaveLength(2)
    env['LATCHKEY_SECRETS'] = '{}'
    expect(store.describe('a')?.keys).toEqual(['KEY'])
    expect(Object.keys(env)).toHaveLength(0)
  })

  test('consume says so where a variable cannot be deleted', () => {
    const env = Object.freeze({ LATCHKEY_SECRET__a__KEY: CANARY })
    const error = thrownBy(() => envStore({ env, consume: true }).describe('a'), 'READ_ONLY')
    expect(error.message).toContain('LATCHKEY_SECRET__a__KEY')
  })

  test('gives equal secrets equal versions in this process, and others other ones', () => {
    const version = (pairs: Record<string, string>) =>
      envStore({ env: { LATCHKEY_SECRETS: JSON.stringify({ default: { a: pairs } }) } }).describe('a')?.version
    expect(version({ A: '1', B: '2' })).toBe(version({ B: '2', A: '1' }))
    const versions = [{ A: '1' }, { A: '2' }, { B: '1' }, { A: '1', B: '' }, { A: '1B' }, { A: '' }].map(version)
    expect(new Set(versions).size).toBe(versions.length)
  })

  test('gives other versions in another process', async () => {
    const again: string = '../../src/stores/env.ts?another-process'
    const other = (await import(again)) as { envStore: typeof envStore }
    const env = { LATCHKEY_SECRET__a__KEY: 'x' }
    expect(other.envStore({ env }).describe('a')?.version).not.toBe(envStore({ env }).describe('a')?.version)
  })

  test('an error at its first use comes as a rejection from what returns a promise', async () => {
    const store = envStore({ env: { LATCHKEY_SECRETS: '{' } })
    await expect(store.get('a')).rejects.toMatchObject({ code: 'INVALID', store: 'env' })
    await expect(store.getMany([])).rejects.toMatchObject({ code: 'INVALID', store: 'env' })
    await store.close()
  })
})

/** Gives the StoreError that `act` throws, after looking for the canary in all of it. */
function thrownBy(act: () => unknown, code = 'INVALID'): Error {
  try {
    act()
  } catch (error) {
    expect(error).toMatchObject({ name: 'StoreError', code, store: 'env', retryable: false })
    for (const text of [inspect(error, { depth: 5, showHidden: true }), JSON.stringify(error)]) {
      expect(text).not.toContain(CANARY)
      expect(text).not.toContain(CANARY.slice(0, 8))
    }
    return error as Error
  }
  throw new Error('nothing was refused')
}
