import { createRegistry, InputError, memoryStore } from 'latchkey'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { answeringStore, CANARY } from '../helpers/stores.ts'
import { allTextOf, rejection } from '../helpers/thrown.ts'

const registry = createRegistry({ store: memoryStore(), isolation: 'inline' })
const standard = (validate: (value: unknown) => unknown) => {
  return { '~standard': { version: 1, vendor: 'test', validate: validate as never } } as const
}

describe('an input schema', () => {
  test('gives the function its output: defaults, transforms, coercions', async () => {
    const input = z.object({ repo: z.string().trim(), count: z.coerce.number().default(3) })
    const echo = registry.register({ name: 'echo', input })((given, rest: string) => [given, rest])
    expect(await echo({ repo: ' a/b ' }, 'rest')).toEqual([{ repo: 'a/b', count: 3 }, 'rest'])
  })

  test('may be asynchronous', async () => {
    const input = z.string().transform(async (text) => Promise.resolve(text.length))
    const length = registry.register({ name: 'length', input })((given) => given + 1)
    expect(await length('four')).toBe(5)
  })

  test('that is not met tells paths and codes, never the input, and nothing is fetched', async () => {
    let asked = 0
    const store = answeringStore({
      getMany: () => {
        asked++
        return []
      },
    })
    const input = z.object({ repo: z.string().max(3), labels: z.array(z.enum(['a', 'b'])) })
    const strict = createRegistry({ store, isolation: 'inline', missing: 'defer' }).register({
      name: 'strict',
      input,
      secrets: ['gh'],
    })(() => 1)
    const error = await rejection(strict({ repo: CANARY, labels: ['a', CANARY as 'a'] }))
    expect(error).toBeInstanceOf(InputError)
    expect(error).toMatchObject({
      code: 'INVALID_INPUT',
      message: 'strict: input.repo: too_big; input.labels.1: invalid_value',
      findings: [
        { path: ['repo'], code: 'too_big' },
        { path: ['labels', 1], code: 'invalid_value' },
      ],
    })
    expect(allTextOf(error)).not.toContain(CANARY)
    expect(asked).toBe(0)
  })

  test('tells the names that it declares, and no key of the caller’s data', async () => {
    const input = z.object({
      at: z.date(),
      tokens: z.record(z.string(), z.object({ scopes: z.array(z.string()) })),
      limits: z.partialRecord(z.enum(['day', 'hour']), z.number()),
    })
    const keyed = registry.register({ name: 'keyed', input })(() => 1)
    const given = { at: new Date(0), tokens: { [CANARY]: { scopes: [1] } }, limits: { day: 'many' } }
    const error = await rejection(keyed(given as never))
    expect(error).toMatchObject({
      message: 'keyed: input.tokens.*.scopes.0: invalid_type; input.limits.day: invalid_type',
      findings: [{ path: ['tokens', '*', 'scopes', 0] }, { path: ['limits', 'day'] }],
    })
    expect(allTextOf(error)).not.toContain(CANARY)
  })

  test('sees undefined where no argument is given', async () => {
    const one = registry.register({ name: 'one', input: z.number().default(1) })((n) => n)
    expect(await (one as (n?: number) => Promise<number>)()).toBe(1)
  })

  test.each<[string, (value: unknown) => unknown]>([
    [
      'throws',
      (value) => {
        throw new Error(String(value))
      },
    ],
    ['rejects', (value) => Promise.reject(new Error(String(value)))],
    ['answers nothing', () => undefined],
    ['answers issues that are none', () => ({ issues: 7 })],
  ])('that %s is an invalid input', async (_, validate) => {
    const own = createRegistry({ store: memoryStore(), isolation: 'inline' })
    const f = own.register({ name: 'f', input: standard(validate) })(() => 1)
    const error = await rejection(f(CANARY))
    expect(error).toMatchObject({ code: 'INVALID_INPUT', findings: [{ path: [], code: 'schema_threw' }] })
    expect(allTextOf(error)).not.toContain(CANARY)
  })

  test('of another library keeps its paths, and its codes where it has any', async () => {
    const issues = [
      { message: CANARY, path: ['a', { key: 'b' }, 0] },
      { message: CANARY, code: `${CANARY} is no code` },
      { message: CANARY, code: 'too_odd' },
    ]
    const f = registry.register({ name: 'foreign', input: standard(() => ({ issues })) })(() => 1)
    const error = await rejection(f(1))
    expect(error).toMatchObject({
      message: 'foreign: input.a.b.0; input; input: too_odd',
      findings: [{ path: ['a', 'b', 0] }, { path: [] }, { path: [], code: 'too_odd' }],
    })
    expect(allTextOf(error)).not.toContain(CANARY)
  })

  test('may be a function that is a schema', async () => {
    const f = registry.register({
      name: 'callable',
      input: Object.assign(
        () => 1,
        standard((value) => ({ value })),
      ),
    })((value) => value)
    expect(await f('x')).toBe('x')
  })
})

test.each<[string, unknown]>([
  ['a function', () => CANARY],
  ['a symbol', Symbol(CANARY)],
  ['a promise', Promise.resolve(CANARY)],
  ['a proxy', new Proxy({}, {})],
  ['a function deep inside', { a: [{ b: () => CANARY }] }],
  [
    'a getter that throws',
    {
      get a(): never {
        throw new Error(CANARY)
      },
    },
  ],
])('an argument that cannot be cloned is refused: %s', async (_, argument) => {
  const any = createRegistry({ store: memoryStore(), isolation: 'inline' }).register({ name: 'any' })((x: unknown) => x)
  const error = await rejection(any(argument))
  expect(error).toBeInstanceOf(InputError)
  expect(error).toMatchObject({
    code: 'NOT_CLONEABLE',
    message: expect.stringContaining('any: an argument') as string,
    hint: expect.stringContaining('Pass data only') as string,
  })
  expect(allTextOf(error)).not.toContain(CANARY)
})

test('what the caller does to its arguments after the call changes nothing', async () => {
  const first = registry.register({ name: 'first' })((list: number[]) => list)
  const list = [1]
  const promise = first(list)
  list.push(2)
  expect(await promise).toEqual([1])
})
