import { inspect, isDeepStrictEqual } from 'node:util'
import { beforeEach, describe, expect, test } from 'vitest'
import { createRedactor, type Redactor } from '../../src/redact/index.ts'
import { isLatchkeyError, StoreError } from '../../src/errors.ts'

const SECRET = 'hunter2/hunter2'
const copyOf = (value: unknown): unknown => redactor.redactValue(value)
let redactor: Redactor

// One of its own for each test: what a redactor works out at its first text is then tried by all of them.
beforeEach(() => {
  redactor = createRedactor([SECRET, '12345678'])
})

describe('redactValue', () => {
  test('masks strings, keys and numbers at any depth, and leaves the original alone', () => {
    const original = {
      a: [`x ${SECRET}`, { [`k-${SECRET}`]: 1, n: 12345678, m: 12345678n }],
      t: true,
      u: undefined,
      z: null,
    }
    const before = inspect(original, { depth: 9 })
    expect(copyOf(original)).toEqual({
      a: ['x ***', { 'k-***': 1, n: '***', m: '***' }],
      t: true,
      u: undefined,
      z: null,
    })
    expect(inspect(original, { depth: 9 })).toBe(before)
  })

  test('keeps keys apart that are masked alike', () => {
    const twins = createRedactor(['first-one', 'second-one', 'third-one'])
    expect(twins.redactValue({ 'first-one': 1, 'second-one': 2, '***': 3, 'third-one': 4 })).toEqual({
      '***': 1,
      '*** (2)': 2,
      '*** (3)': 3,
      '*** (4)': 4,
    })
    expect(twins.redactValue({ 'first-one': 1, '*** (2)': 2, 'second-one': 3 })).toEqual({
      '***': 1,
      '*** (2)': 2,
      '*** (3)': 3,
    })
    expect(
      twins.redactValue(
        new Map([
          ['first-one', 1],
          ['second-one', 2],
        ]),
      ),
    ).toEqual(
      new Map([
        ['***', 1],
        ['*** (2)', 2],
      ]),
    )
  })

  test('keeps cycles and what is shared', () => {
    const shared = { token: SECRET }
    const value: Record<string, unknown> = { one: shared, other: shared, list: [] as unknown[] }
    value['self'] = value
    ;(value['list'] as unknown[]).push(value['list'])
    const copy = copyOf(value) as { one: unknown; other: unknown; self: unknown; list: unknown[] }
    expect(copy.one).toEqual({ token: '***' })
    expect(copy.other).toBe(copy.one)
    expect(copy.self).toBe(copy)
    expect(copy.list[0]).toBe(copy.list)
  })

  test('goes as deep as the value, without overflowing the stack', () => {
    let value: unknown = SECRET
    for (let depth = 0; depth < 200_000; depth++) value = depth % 2 === 0 ? [value] : { v: value }
    let copy = copyOf(value)
    while (typeof copy === 'object' && copy !== null) copy = Array.isArray(copy) ? copy[0] : (copy as { v: unknown }).v
    expect(copy).toBe('***')
  })

  test('calls no getter, no toJSON, no trap and no iterator of the value', () => {
    const called: string[] = []
    const note = (what: string) => (): never => {
      called.push(what)
      throw new Error(SECRET)
    }
    class Hostile extends Map<unknown, unknown> {
      override entries = note('entries');
      override [Symbol.iterator] = note('iterator')
    }
    const map = new Hostile()
    Map.prototype.set.call(map, 'k', SECRET)
    const list = [1]
    Object.defineProperty(list, 0, { get: note('element'), enumerable: true })
    list.map = note('map')
    const value = {
      get: Object.defineProperty({}, 'token', { get: note('getter'), enumerable: true }),
      toJSON: note('toJSON'),
      proxy: new Proxy({}, { get: note('get'), ownKeys: note('ownKeys'), getPrototypeOf: note('getPrototypeOf') }),
      map,
      list,
    }
    expect(copyOf(value)).toEqual({
      get: { token: '[accessor]' },
      toJSON: '[function]',
      proxy: '[proxy]',
      map: new Map([['k', '***']]),
      list: expect.objectContaining({ 0: '[accessor]', map: '[function]' }) as unknown,
    })
    expect(called).toEqual([])
  })

  test('keeps what JSON does not know, masked', () => {
    const date = new Date(0)
    class Client {
      token = SECRET
      #hidden = SECRET
      reveal(): string {
        return this.#hidden
      }
    }
    const copy = copyOf({
      date,
      set: new Set([SECRET, 'x']),
      url: new URL('https://h/p'),
      leaky: new URL(`https://h/p?q=${encodeURIComponent(SECRET)}`),
      regexp: /abc/gi,
      pattern: new RegExp(SECRET),
      symbol: Symbol(SECRET),
      boxed: new String(SECRET),
      buffer: Buffer.from(`<${SECRET}>`),
      view: new Uint8Array(Buffer.from(SECRET)),
      words: new Uint16Array(Buffer.from(` ${SECRET}`).buffer.slice(0, 0)),
      memory: Uint8Array.from(Buffer.from(SECRET)).buffer,
      data: new DataView(Uint8Array.from(Buffer.from(SECRET)).buffer),
      client: new Client(),
      nan: NaN,
      error: new RangeError(SECRET),
    }) as Record<string, unknown>
    expect(copy).toMatchObject({
      date,
      set: new Set(['***', 'x']),
      url: new URL('https://h/p'),
      leaky: 'https://h/p?q=***',
      regexp: /abc/gi,
      pattern: expect.stringContaining('***') as unknown,
      symbol: 'Symbol(***)',
      boxed: '***',
      buffer: Buffer.from('<***>'),
      view: new Uint8Array(Buffer.from('***')),
      data: '***',
      client: { token: '***' },
      nan: NaN,
    })
    expect(copy['date']).not.toBe(date)
    expect([copy['url'], copy['regexp']]).toEqual([new URL('https://h/p'), /abc/gi])
    expect(copy['url']).toBeInstanceOf(URL)
    expect(Buffer.from(copy['memory'] as ArrayBuffer).toString()).toBe('***')
    expect(copy['error']).toBeInstanceOf(RangeError)
    expect(inspect(copy, { depth: 9, showHidden: true })).not.toContain('hunter2')
  })

  test('keeps bytes of every class, and boxed primitives, as they are where nothing is masked', () => {
    const bytes = Uint8Array.from({ length: 16 }, (_, index) => index).buffer
    const classes: readonly (new (buffer: ArrayBuffer) => ArrayBufferView)[] = [
      ...[Uint8Array, Uint8ClampedArray, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array, Float32Array],
      ...[Float64Array, BigInt64Array, BigUint64Array, DataView],
    ]
    const views = classes.map((view) => new view(bytes))
    const value = [...views, bytes, Buffer.from('abc'), new Number(7), new Boolean(false), new String('x'), Object(-0)]
    expect(isDeepStrictEqual(copyOf(value), value)).toBe(true)
    expect((copyOf(value) as unknown[])[0]).not.toBe(views[0])
  })

  test('masks boxed primitives of every kind', () => {
    for (const boxed of [Object(SECRET), new Number(12345678), Object(12345678n)]) expect(copyOf(boxed)).toBe('***')
    expect(copyOf(Object(Symbol(SECRET)))).toBe('Symbol(***)')
  })

  test('gives copies of bytes memory of their own: what stands beside a view is not shown', () => {
    const pool = new Uint8Array(Buffer.from(`abcd${SECRET}`)).buffer
    const clean = new Uint8Array(pool, 0, 4)
    const secret = Buffer.from(pool)
    for (const copy of [copyOf(clean), copyOf(Buffer.from(pool, 0, 4)), copyOf(secret)] as Uint8Array[]) {
      expect(copy.buffer.byteLength).toBe(copy.byteLength)
      expect(Buffer.from(copy.buffer).toString()).not.toContain('hunter2')
    }
    // The other bytes stay as they are, be they text or not.
    const binary = Buffer.concat([Buffer.from([0, 0xff, 0xe9]), secret.subarray(4), Buffer.from([0x80])])
    expect(copyOf(binary)).toEqual(
      Buffer.concat([Buffer.from([0, 0xff, 0xe9]), Buffer.from('***'), Buffer.from([0x80])]),
    )
    Object.defineProperty(clean, 'buffer', {
      get() {
        throw new Error(SECRET)
      },
    })
    expect(copyOf(clean)).toEqual(Uint8Array.from(Buffer.from('abcd')))
  })

  test('keeps holes, huge lengths, null prototypes and keys named __proto__', () => {
    const list: unknown[] = []
    list.length = 4_000_000_000
    list[7] = SECRET
    const copy = copyOf(list) as unknown[]
    expect([copy.length, Object.keys(copy), copy[7]]).toEqual([4_000_000_000, ['7'], '***'])
    expect(Object.getPrototypeOf(copyOf(Object.create(null)))).toBe(null)
    const parsed = copyOf(JSON.parse(`{"__proto__": {"token": "${SECRET}"}}`)) as object
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype)
    expect(JSON.stringify(parsed)).toBe('{"__proto__":{"token":"***"}}')
  })

  test('never masks an index of an array, and masks every other key that is a number', () => {
    const numbers = createRedactor(['12345678', '012345678'])
    const list: unknown[] = []
    Object.assign(list, { 12345678: 'a', 87654321: 'b', '012345678': 'c', '12345678x': 'd', x12345678: 'e' })
    const copy = numbers.redactValue(list) as unknown[]
    expect(Object.entries(copy)).toEqual([
      ['12345678', 'a'],
      ['87654321', 'b'],
      ['***', 'c'],
      ['***x', 'd'],
      ['x***', 'e'],
    ])
    expect(numbers.redactValue({ 12345678: 'a' })).toEqual({ '***': 'a' })
  })

  test('gives copies that can be changed, also of what cannot', () => {
    const copy = copyOf(Object.freeze({ a: SECRET, b: 1 })) as { a?: string; b: number }
    copy.b = 2
    delete copy.a
    expect(copy).toEqual({ b: 2 })
  })

  test('copies ten thousand keys that are masked alike in little time', () => {
    const value = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, index) => [`${SECRET.repeat(index % 2)}${index}`, 1]),
    )
    const values = Object.keys(value).map((key) => (key.startsWith('h') ? key : `other-${key}`))
    const copy = createRedactor(values.slice(0, 500)).redactValue(value) as object
    expect(Object.keys(copy)).toHaveLength(10_000)
  })
})

describe('redactError', () => {
  test('rebuilds an error of the same class with everything masked, and leaves a frozen original alone', () => {
    class HttpError extends Error {
      override name = 'HttpError'
      status = 401
      config = { headers: { authorization: `Basic ${Buffer.from(`me:${SECRET}`).toString('base64')}` } }
    }
    const inner = new TypeError(`cause ${SECRET}`)
    const original = new HttpError(`failed with ${SECRET}`, { cause: inner })
    Object.assign(original, { [`key ${SECRET}`]: 1, code: 'E_AUTH' })
    Object.freeze(original)
    const copy: Error = redactor.redactError(original)
    expect(copy).toBeInstanceOf(HttpError)
    expect(copy).not.toBe(original)
    expect(copy).toMatchObject({
      name: 'HttpError',
      message: 'failed with ***',
      status: 401,
      code: 'E_AUTH',
      'key ***': 1,
    })
    expect(copy.stack).toMatch(/failed with \*\*\*\n +at .*copy\.test\.ts/)
    expect(copy.cause).toBeInstanceOf(TypeError)
    expect((copy.cause as Error).message).toBe('cause ***')
    expect(Object.keys(copy)).not.toContain('cause')
    expect(inspect(copy, { depth: 9, showHidden: true })).not.toMatch(/hunter2|OmhVbnRlcjI/)
    expect(original.message).toContain(SECRET)
  })

  test('goes through AggregateError, causes in a circle and errors in data', () => {
    const one = new Error(`one ${SECRET}`)
    const many = new AggregateError([one, SECRET, new Error('plain')], SECRET)
    one.cause = many
    Object.assign(one, { details: [new RangeError(SECRET)] })
    const copy = redactor.redactError(many) as AggregateError
    const [first, second] = copy.errors as [Error & { details: Error[] }, string]
    expect(copy).toBeInstanceOf(AggregateError)
    expect([copy.message, first.message, second, first.details[0]?.message]).toEqual(['***', 'one ***', '***', '***'])
    expect(first.cause).toBe(copy)
    expect(first.details[0]).toBeInstanceOf(RangeError)
  })

  test('calls no getter of an error; a stack that is one is left out', () => {
    const error = new Error('x')
    for (const key of ['token', 'stack', 'cause', 'message']) {
      Object.defineProperty(error, key, {
        get() {
          throw new Error(SECRET)
        },
        enumerable: true,
      })
    }
    const copy = redactor.redactError(error) as Error & { token: unknown }
    expect([copy.token, copy.cause, copy.message, copy.stack]).toEqual(['[accessor]', '[accessor]', '[accessor]', ''])
  })

  test('gives an error that lost its stack none, and does not ask its class for one', () => {
    class Hostile extends Error {
      get stacked(): string {
        throw new Error(SECRET)
      }
    }
    const accessor = Object.getOwnPropertyDescriptor(Hostile.prototype, 'stacked') ?? {}
    const error = new Hostile(`x ${SECRET}`)
    delete error.stack
    Object.defineProperty(Hostile.prototype, 'stack', accessor)
    const copy = redactor.redactError(error)
    expect([copy.message, Object.getOwnPropertyDescriptor(copy, 'stack')?.value]).toEqual(['x ***', ''])
  })

  test('has the properties of the error, and none besides', () => {
    const error = Object.assign(new TypeError('x', { cause: 1 }), { code: 'E' })
    expect(Object.getOwnPropertyNames(redactor.redactError(error)).sort()).toEqual([
      'cause',
      'code',
      'message',
      'stack',
    ])
    expect(Object.keys(redactor.redactError(error))).toEqual(['code'])
  })

  test('keeps the errors of the library, and of the platform, what they are', () => {
    const store = redactor.redactError(new StoreError('UNAVAILABLE', `no ${SECRET}`, { store: 'file', secret: 'a' }))
    expect(isLatchkeyError(store, 'UNAVAILABLE')).toBe(true)
    expect(store).toMatchObject({ message: 'no ***', store: 'file', secret: 'a', retryable: true })
    class Aborted extends DOMException {}
    const abort = redactor.redactError(new Aborted(SECRET, 'AbortError'))
    expect(abort).toBeInstanceOf(Aborted)
    expect([abort.name, abort.message, (abort as DOMException).code]).toEqual(['AbortError', '***', 20])
    const plain = new Error(SECRET)
    // The stack is written when it is first read, by a function that would ask the class for its name.
    expect(plain.stack).toContain(SECRET)
    const pretender = redactor.redactError(Object.setPrototypeOf(plain, DOMException.prototype) as Error)
    expect(pretender).toBeInstanceOf(Error)
    expect(Object.getOwnPropertyDescriptor(pretender, 'message')?.value).toBe('***')
    expect(String(pretender.stack)).not.toContain(SECRET)
  })

  test('can be cloned, logged and turned into JSON', () => {
    const copy = redactor.redactError(Object.assign(new TypeError(SECRET), { data: { a: SECRET } }))
    expect(structuredClone(copy).message).toBe('***')
    expect(JSON.stringify(copy)).toBe('{"data":{"a":"***"}}')
  })

  test('what is thrown and no error is copied as a value', () => {
    expect(redactor.redactError(SECRET)).toBe('***')
    expect(redactor.redactError({ message: SECRET })).toEqual({ message: '***' })
    expect(redactor.redactError(undefined)).toBe(undefined)
    expect(redactor.redactError(new Proxy(new Error(SECRET), {}))).toBe('[proxy]')
  })
})
