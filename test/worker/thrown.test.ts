import { inspect } from 'node:util'
import { CallError, isLatchkeyError } from 'latchkey'
import { afterAll, describe, expect, test } from 'vitest'
import { encodeThrown } from '../../src/worker/thrown.ts'
import { fail, registry, TOKEN } from '../fixtures/worker/throwers.mjs'

afterAll(() => registry.close())

async function thrown(way: string): Promise<CallError & Record<string, unknown>> {
  try {
    await fail(way)
  } catch (error) {
    expect(error).toBeInstanceOf(CallError)
    expect(error).toBeInstanceOf(Error)
    return error as CallError & Record<string, unknown>
  }
  throw new Error('the call did not fail')
}

describe('what a function throws reaches its caller', () => {
  test('with name, message and a stack that points into the module', async () => {
    const error = await thrown('typeError')
    expect(error).toMatchObject({ name: 'TypeError', message: 'not a function', code: undefined })
    expect(error.stack).toContain('throwers.mjs')
    expect(isLatchkeyError(error)).toBe(true)
  })

  test('with its own name, code and data, which is never taken for a code of the library', async () => {
    const error = await thrown('own')
    expect(error).toMatchObject({
      name: 'PaymentError',
      code: 'E_DECLINED',
      attempts: 3,
      response: { status: 402, body: { detail: 'declined', at: new Date(0) } },
    })
    expect(isLatchkeyError(error, 'E_DECLINED' as 'CLOSED')).toBe(false)
  })

  test('with the name of its class where that gives it none', async () => {
    const error = await thrown('classOnly')
    expect(error).toMatchObject({ name: 'NoSuchRowError', message: 'no such row' })
    expect(error.cause).toMatchObject({ name: 'NotFoundError', message: 'not found' })
  })

  test.each([
    ['that its class inherits', 'derivedFromNamed', 'PaymentError'],
    ['of the built-in error where the class has none', 'classWithoutName', 'RangeError'],
    ['of its own, whatever its class', 'namedAsBuiltIn', 'Error'],
  ])('with the name %s', async (_which, way, name) => {
    expect((await thrown(way)).name).toBe(name)
  })

  test('with its chain of causes, errors all through', async () => {
    const error = await thrown('causes')
    const middle = error.cause as Error & { code: string }
    expect(middle).toBeInstanceOf(Error)
    expect(middle).toMatchObject({ name: 'PaymentError', message: 'middle', code: 'E_DECLINED' })
    expect(middle.cause).toBeInstanceOf(Error)
    expect(middle.cause).toMatchObject({ name: 'RangeError', message: 'inner' })
  })

  test('with the errors of an AggregateError', async () => {
    const error = await thrown('aggregate')
    expect(error.name).toBe('AggregateError')
    expect(error.errors).toHaveLength(3)
    expect(error.errors?.[0]).toMatchObject({ name: 'TypeError', message: 'one' })
    expect(error.errors?.[1]).toBe('two')
  })
})

describe('a hostile error still rejects the call', () => {
  test.each([
    ['throwingGetter', { message: 'with a getter', good: 1 }],
    ['throwingMessage', { name: 'Error', message: '' }],
    ['throwingConstructor', { name: 'Error', message: 'with a constructor' }],
    ['throwingClassName', { name: 'Error', message: 'with a class' }],
    ['circular', { message: 'Request failed', config: { headers: { accept: 'json' }, request: { method: 'GET' } } }],
    ['frozen', { name: 'SyntaxError', message: 'frozen' }],
    ['nothing', { message: 'null', cause: null }],
    ['undefinedThing', { message: 'The function threw undefined' }],
    ['text', { message: 'just text', cause: 'just text' }],
    ['plainObject', { message: 'The function threw an object', cause: { status: 500 } }],
    ['proxy', { message: '[proxy]' }],
    ['symbol', { message: 'Symbol(thrown)' }],
  ])('%s', async (way, shape) => {
    expect(await thrown(way)).toMatchObject(shape)
  })

  test('however long its chain of causes is', async () => {
    let depth = 0
    for (let error: unknown = await thrown('deep'); error instanceof Error; error = error.cause) depth++
    expect(depth).toBeGreaterThan(5)
    expect(depth).toBeLessThan(50)
  })

  test('however large it is', async () => {
    const error = await thrown('huge')
    expect(error.message.length).toBeLessThan(100_000)
    expect((error['list'] as unknown[]).length).toBeLessThan(10_000)
  })

  test('with the beginning of its lists', async () => {
    const { status, list } = (await thrown('longList'))['response'] as { status: number; list: unknown[] }
    expect(status).toBe(500)
    expect(list.length).toBeGreaterThan(900)
    expect(list).toEqual(new Array(list.length).fill(7))
    expect(list.length).toBeLessThanOrEqual(1_000)
  })

  test('as soon where a list of its own is long as where it is short', () => {
    const soonest = (length: number): number => {
      const error = Object.assign(new Error('a list'), { list: new Array(length).fill(7) })
      const times = Array.from({ length: 5 }, () => {
        const begun = performance.now()
        encodeThrown(error)
        return performance.now() - begun
      })
      return Math.min(...times)
    }
    // Looking at each entry would take a hundred times as long.
    expect(soonest(300_000)).toBeLessThan(20 * soonest(3_000) + 20)
  })

  test('with the first of its own properties, however many they are', async () => {
    const error = await thrown('manyKeys')
    expect(error).toMatchObject({ message: 'many keys', key0: 0, key900: 900 })
    expect(Object.keys(error).length).toBeLessThan(1_100)
  })
})

test.each(['secretEverywhere', 'secretThrown', 'secretAggregate'])('no secret is left in %s', async (way) => {
  const error = await thrown(way)
  const shown = [
    inspect(error, { depth: Infinity, showHidden: true }),
    JSON.stringify(error),
    JSON.stringify(error, Object.getOwnPropertyNames(error)),
    String(error.stack),
    Object.keys(error).join(' '),
  ].join('\n')
  const forms = [
    TOKEN,
    JSON.stringify(TOKEN).slice(1, -1),
    encodeURIComponent(TOKEN),
    Buffer.from(TOKEN).toString('base64').slice(4, -4),
  ]
  for (const form of forms) expect(shown.includes(form)).toBe(false)
  expect(shown).toContain('***')
})
