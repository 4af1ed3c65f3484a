import { deserialize, serialize } from 'node:v8'
import { afterAll, describe, expect, test } from 'vitest'
import { decodePayload, encodePayload } from '../../src/worker/payload.ts'
import { cases, fc } from '../helpers/property.ts'
import { echo, give, giveDeep, memoryOf, nested, pid, registry } from '../fixtures/worker/functions.mjs'

afterAll(() => registry.close())

const circular: Record<string, unknown> = { name: 'circular' }
circular['self'] = circular
const shared = { once: 1 }

function circularWith(inner: unknown): unknown {
  const circle: Record<string, unknown> = { inner }
  circle['self'] = circle
  return circle
}

function objects(count: number): object[] {
  return Array.from({ length: count }, (_, at) => ({ at }))
}

const values: [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['-0', -0],
  ['NaN', NaN],
  ['a BigInt', 2n ** 80n],
  ['a Date', new Date(1e12)],
  ['a Map and a Set', new Map<unknown, unknown>([[{ a: 1 }, new Set([1, 'two'])]])],
  ['typed arrays', { bytes: new Uint8Array([1, 2, 3]), floats: new Float64Array([0.1, -0]) }],
  ['a regular expression', /a+b/giu],
  ['a circular object', circular],
  ['a shared object', [shared, shared]],
  ['an array with holes', [1, , 3]], // eslint-disable-line no-sparse-arrays
  ['an object with an own __proto__', JSON.parse('{"__proto__": {"x": 1}, "y": 2}')],
  ['text with lone surrogates and NUL', '\ud800 \0 \u2028'],
  [
    'an object of 10,000 entries',
    Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`k${index}`, index])),
  ],
  ['100 levels', Array.from({ length: 100 }).reduce<unknown>((inner) => ({ inner }), 'core')],
]

describe('arguments and results come back equal', () => {
  test.each(values)('%s', async (_what, value) => {
    const back = await echo(value)
    expect(back).toStrictEqual(value)
    if (typeof value === 'number') expect(Object.is(back, value)).toBe(true)
  })

  test('what a class of one’s own holds arrives, also where the class names itself by a tag', async () => {
    class Tagged {
      readonly held = 1
      get [Symbol.toStringTag](): string {
        return 'Tagged'
      }
    }
    expect(await echo([new Tagged(), new Date(0)])).toEqual([{ held: 1 }, new Date(0)])
  })

  test('a shared object is one object on the other side', async () => {
    const [one, two] = (await echo([shared, shared])) as unknown[]
    expect(one).toBe(two)
  })

  test.each<[string, ArrayBufferView]>([
    ['bytes', new Uint8Array([1, 2, 3])],
    ['numbers of several bytes', new Uint16Array([1, 2])],
    ['a DataView', new DataView(new ArrayBuffer(3))],
    ['a Buffer out of the pool', Buffer.from('a buffer')],
    ['a part of a larger buffer', new Int32Array(new ArrayBuffer(64), 8, 2)],
    ['no numbers at all', new BigInt64Array()],
  ])('%s, in memory of their own, in the child and here', async (_what, view) => {
    // What stands before it in the message moves it to an address of every remainder.
    for (const before of ['', 'p', 'pa', 'pad', 'padding']) {
      const back = (await echo({ before, view })) as { view: ArrayBufferView }
      expect(back).toStrictEqual({ before, view })
      expect(back.view.buffer.byteLength).toBe(view.byteLength)
      expect(await memoryOf({ before, view })).toBe(view.byteLength)
    }
  })

  test('a snapshot is taken: what the caller changes after the call began changes nothing', async () => {
    const list = [1]
    const pending = echo({ list })
    list.push(2)
    expect(await pending).toEqual({ list: [1] })
  })

  test('at once, however many ways lead to one object and however many holes a list has', () => {
    const many = Array.from({ length: 60 }).reduce<unknown>((inner) => [inner, inner], new Date(0))
    const holes = Object.assign([1], { length: 4_000_000_000 })
    const [back, list] = decodePayload(encodePayload([many, holes])) as [unknown[], unknown[]]
    expect(back[0]).toBe(back[1])
    expect([list[0], list.length]).toEqual([1, 4_000_000_000])
  })

  test('whatever iterator a list has of its own', () => {
    const ownIterator = { [Symbol.iterator]: () => [][Symbol.iterator]() }
    expect(decodePayload(encodePayload(Object.assign([1, 2], ownIterator)))).toEqual([1, 2])
    const hidden = Object.assign([new Date(0), new URL('https://example.com/a')], ownIterator)
    expect(() => encodePayload(hidden)).toThrow(TypeError)
  })

  test('whatever plain data it is', () => {
    const runs = cases(1_000, 20_000)
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withSparseArray: true, withTypedArray: true }),
        (value) => {
          const payload = encodePayload(value)
          expect(decodePayload(payload)).toStrictEqual(deserialize(serialize(value)))
        },
      ),
      { numRuns: runs },
    )
  })
})

describe('what is not data is refused', () => {
  test.each([
    ['a function', () => undefined],
    ['a symbol', Symbol('s')],
    ['a function deep inside', { a: [{ b: () => undefined }] }],
    ['a proxy', new Proxy({}, {})],
    ['a promise', Promise.resolve()],
    ['a URL, of which nothing would arrive', new URL('https://example.com/a')],
    ['headers beside a date', { at: new Date(), list: [1, { headers: new Headers({ a: 'b' }) }] }],
    ['an abort signal in a map', new Map([['signal', AbortSignal.timeout(1e6)]])],
    ['a URL behind 10,000 other objects', [{ url: new URL('https://example.com/a') }, ...objects(10_000)].reverse()],
    ['a URL in a circle behind as many', circularWith([...objects(10_000), [new URL('https://example.com/a')]])],
    ['a URL among a billion holes', Object.assign([new URL('https://example.com/a')], { length: 1e9 })],
    ['form data in a set in a circle', circularWith(new Set([new FormData()]))],
  ])('as an argument: %s', async (_what, value) => {
    await expect(echo(value)).rejects.toMatchObject({ code: 'NOT_CLONEABLE', name: 'InputError' })
  })
})

describe('a result that is not data is refused, and the same child serves the next call', () => {
  test.each(['function', 'symbol', 'stream', 'proxy', 'promiseInside', 'weakMap', 'response', 'url'])(
    '%s',
    async (kind) => {
      const before = await pid()
      await expect(give(kind)).rejects.toMatchObject({ code: 'NOT_CLONEABLE', name: 'WorkerError' })
      expect(await pid()).toBe(before)
    },
  )
})

// V8 writes data that is deeper than what it reads; how deep either goes differs between versions of Node and by the stack.
describe('data of whatever depth arrives or is refused, and the same child serves the next call', () => {
  const depths = [100, 1_500, 2_000, 2_500, 3_000, 3_500, 4_000, 4_500, 6_000, 100_000]
  const cases: [string, (depth: number) => Promise<unknown>][] = [
    ['an argument', (depth) => echo(nested(depth))],
    ['a result', (depth) => giveDeep(depth)],
  ]

  test.each(cases)('as %s', async (_what, call) => {
    const before = await pid()
    const codes: unknown[] = []
    for (const depth of depths) codes.push(await call(depth).then(() => 'arrived', codeOf))
    expect(codes.filter((code) => code !== 'arrived' && code !== 'NOT_CLONEABLE')).toEqual([])
    expect([codes[0], codes.at(-1)]).toEqual(['arrived', 'NOT_CLONEABLE'])
    expect(await pid()).toBe(before)
  })
})

function codeOf(error: unknown): unknown {
  return (error as { code: unknown }).code
}
