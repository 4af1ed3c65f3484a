import { base64, jwt, oneOf, pemCertificate } from '../../src/schemas/index.ts'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { StoreError } from '../../src/errors.ts'
import { defineSecret, type StandardSchema } from '../../src/secret.ts'
import { envStore } from '../../src/stores/env.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { typedStore } from '../../src/stores/typed.ts'
import { testSecretStore } from '../../src/testing/index.ts'
import { selfSigned } from '../helpers/self-signed.ts'
import { answeringStore, CANARY, laterStore, secretOf } from '../helpers/stores.ts'
import { allTextOf, rejection, thrownBy } from '../helpers/thrown.ts'

const standard = (validate: (value: unknown) => unknown): StandardSchema => {
  return { '~standard': { version: 1, vendor: 'test', validate: validate as never } }
}
const gh = defineSecret('gh', { TOKEN: z.string().trim().startsWith('ghp_'), MODE: oneOf(['test', 'live']) })
const VALUES = { TOKEN: 'ghp_1', MODE: 'test' } as const

describe('over a memory store', () => {
  testSecretStore({ describe, test, factory: () => ({ store: typedStore(memoryStore()) }) })
})
describe('over a store that answers later', () => {
  testSecretStore({ describe, test, factory: () => ({ store: typedStore(laterStore()) }) })
})

describe('given a definition', () => {
  test('every verb does what it does given the name', async () => {
    const inner = memoryStore()
    const store = typedStore(inner)
    const info = await store.set(gh, VALUES, { scope: 'acme', description: 'theirs' })
    expect(info).toEqual(inner.describe('gh', { scope: 'acme' }))
    expect(await store.describe(gh, { scope: 'acme' })).toEqual(info)
    expect(await store.get(gh, { scope: 'acme' })).toEqual(await inner.get('gh', { scope: 'acme' }))
    expect(await store.get(gh)).toBeUndefined()
    await store.set(gh, { MODE: 'live' }, { scope: 'acme', mode: 'merge', ifVersion: info.version })
    const [live, older] = (await store.history?.(gh, { scope: 'acme' })) ?? []
    expect([live?.version, older?.version]).toEqual([inner.describe('gh', { scope: 'acme' })?.version, info.version])
    await store.rollback?.(gh, info.version, { scope: 'acme' })
    expect((await store.get(gh, { scope: 'acme' }))?.values).toEqual(VALUES)
    expect(await store.delete(gh, { scope: 'acme' })).toBe(true)
    expect(await store.delete(gh, { scope: 'acme' })).toBe(false)
  })

  test('get gives the keys of the definition and no others, frozen and without a prototype', async () => {
    const store = typedStore(memoryStore({ gh: { ...VALUES, OTHER: 'x' } }))
    const secret = await store.get(gh)
    expect(secret?.values).toEqual(VALUES)
    expect(Object.getPrototypeOf(secret?.values)).toBeNull()
    expect(Object.isFrozen(secret) && Object.isFrozen(secret?.values)).toBe(true)
    expect((await store.get('gh'))?.values).toEqual({ ...VALUES, OTHER: 'x' })
  })

  test('getMany answers in the order of the requests, by name or definition, each with the keys asked for', async () => {
    const store = typedStore(memoryStore({ gh: { ...VALUES, OTHER: 'x' }, dd: { KEY: 'k' } }))
    const answers = await store.getMany([
      { name: gh, keys: ['MODE'] },
      { name: 'dd' },
      { name: gh, scope: 'acme' },
      { name: gh },
      { name: 'gh', keys: ['OTHER'] },
    ])
    const values = answers.map((secret) => secret && { ...secret.values })
    expect(values).toEqual([{ MODE: 'test' }, { KEY: 'k' }, undefined, VALUES, { OTHER: 'x' }])
  })

  test('getMany asks the store once, for no more than it needs', async () => {
    const asked: unknown[] = []
    const store = typedStore(
      answeringStore({
        getMany: (requests) => {
          asked.push(requests)
          return requests.map(({ name, keys }) => secretOf(name, Object.fromEntries(keys!.map((key) => [key, 'test']))))
        },
      }),
    )
    await store.getMany([{ name: gh, keys: ['MODE'] }])
    expect(asked).toEqual([[{ name: 'gh', scope: 'default', keys: ['MODE'] }]])
  })

  test('getMany refuses keys that the definition does not have, and what are no requests', async () => {
    const store = typedStore(memoryStore())
    const misspelt = store.getMany([{ name: gh, keys: ['TOKE' as 'TOKEN'] }])
    await expect(misspelt).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('"TOKE"') as string,
    })
    for (const requests of [undefined, 'gh', [{ name: gh, keys: 'TOKEN' }], [{ name: gh, scop: 'a' }]]) {
      const error = await rejection(store.getMany(requests as never))
      expect(error).toBeInstanceOf(TypeError)
    }
  })

  test('a store that cannot be written has no verb that writes', async () => {
    const store = typedStore(envStore({ env: { LATCHKEY_SECRETS: JSON.stringify({ default: { gh: VALUES } }) } }))
    expect((await store.get(gh))?.values).toEqual(VALUES)
    for (const verb of ['set', 'delete', 'history', 'rollback', 'watch']) expect(store).not.toHaveProperty(verb)
  })

  test('a store without typedStore says what it takes to use one', async () => {
    const error = await rejection(memoryStore().get(gh as never))
    expect(error).toMatchObject({
      code: 'INVALID_NAME',
      message: expect.stringContaining('typedStore(store)') as string,
    })
  })

  test('what is no store is refused', () => {
    expect(thrownBy(() => typedStore({ get: 1 } as never))).toMatchObject({ name: 'TypeError', code: 'INVALID_OPTION' })
  })
})

describe('set stores what the schemas give', () => {
  test('where that is a string', async () => {
    const { cert } = selfSigned()
    const inner = memoryStore()
    const tls = defineSecret('tls', {
      CERT: pemCertificate(),
      SIZE: z.coerce.number(),
      NAME: z.string().trim().toLowerCase(),
    })
    await typedStore(inner).set(tls, { CERT: cert.replaceAll('\n', '\r\n'), SIZE: ' 1 ', NAME: ' A ' })
    expect((await inner.get('tls'))?.values).toEqual({ CERT: cert, SIZE: ' 1 ', NAME: 'a' })
  })

  test('as the values and the options were when it was called', async () => {
    const inner = memoryStore()
    let answer: (() => void) | undefined
    const slow = standard((value) => new Promise((resolve) => (answer = resolve.bind(undefined, { value }))))
    const values = { A: 'before' }
    const options = { description: 'before' }
    const writing = typedStore(inner).set(defineSecret('slow', { A: slow }), values, options)
    values.A = options.description = 'after'
    answer?.()
    expect((await writing).description).toBe('before')
    expect((await inner.get('slow'))?.values).toEqual({ A: 'before' })
  })

  test('and get gives what the schemas make of what was stored by others', async () => {
    const inner = memoryStore({ gh: { TOKEN: ' ghp_1\r\n', MODE: 'live' } })
    const secret = await typedStore(inner).get(gh)
    expect(secret?.values).toEqual({ TOKEN: 'ghp_1', MODE: 'live' })
    expect(secret?.version).toBe(inner.describe('gh')?.version)
  })
})

/** What a schema can do to a value that it does not like, or to whoever asks it. */
const REFUSALS: readonly [string, StandardSchema, string | undefined][] = [
  ['refuses', z.literal('x'), 'invalid_value'],
  ['refuses, and quotes the value', z.string().refine(() => false, { error: ({ input }) => String(input) }), 'custom'],
  ['refuses later', z.string().refine(() => Promise.resolve(false)), 'custom'],
  ['refuses without a word', standard(() => ({ issues: [] })), undefined],
  [
    'throws',
    standard((value) => {
      throw new Error(String(value))
    }),
    'schema_threw',
  ],
  [
    'throws the value',
    standard((value) => {
      throw value
    }),
    'schema_threw',
  ],
  ['rejects', standard((value) => Promise.reject(new Error(String(value)))), 'schema_threw'],
  ['answers nothing', standard(() => undefined), 'schema_threw'],
  ['answers issues that are none', standard((value) => ({ issues: value })), 'schema_threw'],
  ['gives what can be no value', standard((value) => ({ value: `${String(value)}\0` })), 'invalid_output'],
  ['gives half a character', standard(() => ({ value: '\ud800' })), 'invalid_output'],
  ['has the value for a code', standard((value) => ({ issues: [{ message: '', code: value }] })), undefined],
  ['has a part of the value for a code', standard(() => ({ issues: [{ message: '', code: 'canary' }] })), undefined],
  [
    'has the value in its path',
    standard((value) => ({ issues: [{ message: '', path: [value, { key: value }] }] })),
    undefined,
  ],
  [
    'gives an answer that changes',
    standard((value) => ({
      get issues() {
        return [
          {
            message: String(value),
            get path() {
              return [value]
            },
          },
        ]
      },
    })),
    undefined,
  ],
  ['is ready-made', jwt(), 'not_a_jwt'],
]

describe.each(REFUSALS)('a schema that %s', (_, schema, code) => {
  const one = defineSecret('one', { A: z.string(), B: schema })
  const finding = { scope: 'default', secret: 'one', key: 'B', ...(code === undefined ? {} : { code }) }

  test('stops get and getMany, with one error that tells everything but the value', async () => {
    const store = typedStore(memoryStore({ one: { A: 'a', B: CANARY } }))
    for (const error of [
      await rejection(store.get(one)),
      await rejection(store.getMany([{ name: 'x' }, { name: one }])),
    ]) {
      expect(error).toBeInstanceOf(StoreError)
      expect(error).toMatchObject({
        code: 'INVALID_SECRET_VALUE',
        scope: 'default',
        secret: 'one',
        findings: [finding],
      })
      expect(JSON.parse(JSON.stringify(error))).toMatchObject({ findings: [finding] })
      expect((error as Error).message).toContain('key B of secret one (scope default)')
      expect(allTextOf(error)).not.toContain(CANARY)
    }
  })

  test('stops set before anything is written', async () => {
    const inner = memoryStore()
    const error = await rejection(typedStore(inner).set(one, { A: 'a', B: CANARY } as never))
    expect(error).toMatchObject({ code: 'INVALID_SECRET_VALUE', findings: [finding] })
    expect(allTextOf(error)).not.toContain(CANARY)
    expect(inner.describe('one')).toBeUndefined()
  })
})

describe('a path into a value', () => {
  const pathOf = async (value: string, path: readonly unknown[]) => {
    const schema = standard(() => ({ issues: [{ message: '', path }] }))
    const store = typedStore(memoryStore({ one: { A: value } }))
    const error = (await rejection(store.get(defineSecret('one', { A: schema })))) as StoreError
    expect(error.message).not.toContain(CANARY)
    return error.findings?.[0]?.path
  }

  test.each<[string, string, readonly unknown[], readonly unknown[]]>([
    ['names members of a document', '{"a":{"private_key":[1]}}', ['a', 'private_key', 0], ['a', 'private_key', 0]],
    ['names members that are missing', '{"a":1}', ['private_key'], ['private_key']],
    ['shows no value of a document', `{"a":"${CANARY}"}`, ['a', CANARY], ['a', '…']],
    ['shows no part of what is no document', `${CANARY},b`, ['b', CANARY], ['…', '…']],
    ['shows no number of what is no document', '4711', [4711, 47, 5], ['…', '…', 5]],
    ['shows indexes of a document', '[0,1]', [0, 1, 2], [0, 1, 2]],
    ['shows no name that looks like none', '{"a b":1}', ['a b', 'x'.repeat(33), Symbol('s')], ['…', '…', '…']],
  ])('%s', async (_, value, path, shown) => {
    expect(await pathOf(value, path)).toEqual(shown)
  })
})

describe('a schema that never answers', () => {
  const hangs = defineSecret('hangs', { A: standard(() => new Promise(() => undefined)), B: oneOf(['b']) })
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  afterEach(() => vi.useRealTimers())

  test('has refused after ten seconds', async () => {
    const store = typedStore(memoryStore({ hangs: { A: CANARY, B: 'b' } }))
    const reading = rejection(store.get(hangs))
    const writing = rejection(store.set(hangs, { A: CANARY, B: 'b' }))
    await vi.advanceTimersByTimeAsync(9_999)
    expect(vi.getTimerCount()).toBe(2)
    await vi.advanceTimersByTimeAsync(1)
    for (const error of [await reading, await writing]) {
      expect(error).toMatchObject({ code: 'INVALID_SECRET_VALUE', findings: [{ key: 'A', code: 'schema_timeout' }] })
    }
  })

  test('is given up by the signal of get and getMany at once', async () => {
    const store = typedStore(memoryStore({ hangs: { A: CANARY, B: 'b' } }))
    const reason = new Error('enough')
    for (const read of [
      (signal: AbortSignal) => store.get(hangs, { signal }),
      (signal: AbortSignal) => store.getMany([{ name: hangs }], { signal }),
    ]) {
      const controller = new AbortController()
      const reading = rejection(read(controller.signal))
      await vi.advanceTimersByTimeAsync(1)
      controller.abort(reason)
      expect(await reading).toBe(reason)
    }
  })

  test('keeps no timer where it answers', async () => {
    const later = defineSecret('later', { A: z.string().refine(() => Promise.resolve(true)) })
    await typedStore(memoryStore({ later: { A: 'a' } })).get(later)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a definition and a store that disagree', () => {
  test('about keys: get and getMany tell every key that is missing', async () => {
    const store = typedStore(memoryStore({ gh: { OTHER: CANARY, MODE: 'prod' } }))
    const findings = [
      { key: 'TOKEN', code: 'missing_key' },
      { key: 'MODE', code: 'not_in_list', message: 'must be one of the values that its definition lists' },
    ]
    for (const error of [await rejection(store.get(gh)), await rejection(store.getMany([{ name: gh }]))]) {
      expect(error).toMatchObject({ code: 'INVALID_SECRET_VALUE', findings })
      expect((error as Error).message).toBe(
        'Store memory: key TOKEN of secret gh (scope default): missing_key; ' +
          'key MODE of secret gh (scope default): not_in_list, must be one of the values that its definition lists.',
      )
    }
  })

  test('about keys: set refuses one too many and one too few', async () => {
    const inner = memoryStore()
    const error = await rejection(typedStore(inner).set(gh, { TOKEN: 'ghp_1', MOOD: CANARY } as never))
    const findings = [
      { scope: 'default', secret: 'gh', key: 'MOOD', path: [], code: 'unknown_key' },
      { scope: 'default', secret: 'gh', key: 'MODE', path: [], code: 'missing_key' },
    ]
    expect(error).toMatchObject({ code: 'INVALID_SECRET_VALUE', findings })
    expect(allTextOf(error)).not.toContain(CANARY)
    const merging = typedStore(inner).set(gh, { MOOD: CANARY } as never, { mode: 'merge' })
    await expect(merging).rejects.toMatchObject({ findings: [findings[0]] })
    expect(inner.describe('gh')).toBeUndefined()
  })

  test('about what every object has', async () => {
    const odd = defineSecret('gh', { constructor: z.string(), ['__proto__']: z.string() })
    const store = typedStore(answeringStore({}))
    const inner = { ...store, get: () => Promise.resolve(secretOf('gh')) }
    const error = await rejection(typedStore(inner).get(odd))
    expect(error).toMatchObject({ findings: [{ key: 'constructor' }, { key: '__proto__', code: 'missing_key' }] })
  })

  test.each<[string, unknown]>([
    ['is no string', secretOf('gh', { TOKEN: [CANARY] as never, MODE: 'test' })],
    ['is another secret', secretOf('dd', VALUES)],
    ['is no secret', 'gh'],
  ])('where the store breaks its contract, and its answer %s', async (_, answer) => {
    const inner = { ...answeringStore({ getMany: () => [answer] }), get: () => Promise.resolve(answer as never) }
    for (const asking of [typedStore(inner).get(gh), typedStore(inner).getMany([{ name: gh }])]) {
      const error = await rejection(asking)
      expect(error).toMatchObject({ code: 'BAD_ANSWER' })
      expect(allTextOf(error)).not.toContain(CANARY)
    }
  })

  test('in the grammar: what no secret can hold is refused before a schema sees it', async () => {
    let seen = 0
    const watched = defineSecret('a', { A: standard((value) => ({ value, seen: seen++ })) })
    const store = typedStore(memoryStore())
    await expect(store.set(watched, { A: 'a\0' })).rejects.toMatchObject({ code: 'INVALID', key: 'A' })
    await expect(store.set(watched, null as never)).rejects.toMatchObject({ code: 'INVALID' })
    await expect(store.set(watched, { A: 'a' }, { mod: 'merge' } as never)).rejects.toMatchObject({
      code: 'UNKNOWN_OPTION',
    })
    expect(seen).toBe(0)
  })
})

test('a schema cannot change what another one sees, nor what is stored', async () => {
  const seen: unknown[] = []
  const meddles = standard((value) => {
    seen.push(value)
    if (typeof value === 'object') Object.assign(value!, { B: 'changed' })
    return { value }
  })
  const inner = memoryStore()
  const values = { A: 'a', B: 'b' }
  await typedStore(inner).set(defineSecret('both', { A: meddles, B: meddles }), values)
  expect(seen).toEqual(['a', 'b'])
  expect((await inner.get('both'))?.values).toEqual(values)
})

test('a thousand secrets of definitions are read as one batch', async () => {
  const many = Array.from({ length: 1000 }, (_, index) => defineSecret(`s${index}`, { KEY: base64({ bytes: 3 }) }))
  const store = typedStore(memoryStore(Object.fromEntries(many.map(({ name }) => [name, { KEY: 'AAAA' }]))))
  expect((await store.getMany(many.map((name) => ({ name })))).every((one) => one?.values.KEY === 'AAAA')).toBe(true)
  await store.set('s7', { KEY: CANARY })
  await store.set('s999', { KEY: 'AA==' })
  const error = (await rejection(store.getMany(many.map((name) => ({ name }))))) as StoreError
  expect(error.findings?.map(({ secret, code }) => [secret, code])).toEqual([
    ['s7', 'wrong_encoding'],
    ['s999', 'wrong_length'],
  ])
  expect(allTextOf(error)).not.toContain(CANARY)
})
