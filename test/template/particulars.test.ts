/** What the rules leave to particulars: what a redactor is told, what is data, what is shared, and how much is too much. */
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import {
  analyzeTemplate,
  compileTemplate,
  literal,
  migrateTemplate,
  type MigrateOptions,
  resolveTemplate,
} from '../../src/template/index.ts'
import { codesOf, failure, issuesOf } from './expectations.ts'
import { recordingStore } from './recording-store.ts'

const SECRETS = { api: { TOKEN: 's3cret-token' } }
const TAG = '{{ SECRETS.api.TOKEN }}'
const fill = (json: unknown, contexts: object = {}, options = {}): Promise<unknown> =>
  resolveTemplate<unknown, unknown>(json, { SECRETS, ...contexts }, options)

describe('a compiled template', () => {
  it.each<[string, unknown]>([
    ['one text', `Bearer ${TAG}`],
    ['an object', { a: TAG }],
  ])('tells a redactor what it filled in, at each resolve: %s', async (_, template) => {
    const told: string[] = []
    const redactor = { add: (values: Iterable<string>) => told.push(...values) }
    const plan = compileTemplate<unknown, unknown>(template, { redactor })
    for (const SECRETS of [{ api: { TOKEN: 'first' } }, recordingStore({ api: { TOKEN: 'second' } })]) {
      await plan.resolve({ SECRETS })
    }
    expect(told).toEqual(['first', 'second'])
  })

  it('that is one text checks the options of a resolve', async () => {
    const plan = compileTemplate(TAG)
    expect(await failure(plan.resolve({ SECRETS }, { nope: 1 } as never))).toMatchObject({ code: 'UNKNOWN_OPTION' })
    const reason = new Error('given up')
    expect(await failure(plan.resolve({ SECRETS }, { signal: AbortSignal.abort(reason) }))).toBe(reason)
    expect(await plan.resolve({ SECRETS }, {})).toBe('s3cret-token')
  })

  it('that is one text with issues does not resolve, whatever else could be filled in', async () => {
    expect(await codesOf(compileTemplate(`${TAG} {{ SECRETS.api }} {{}}`).resolve({ SECRETS }))).toEqual(['EMPTY_TAG'])
  })

  it('without references asks for nothing, and gives its text', async () => {
    expect(compileTemplate('plain').references).toEqual([])
    expect(await compileTemplate('plain').resolve({})).toBe('plain')
    expect(await compileTemplate({ a: ['plain'] }).resolve({})).toEqual({ a: ['plain'] })
  })

  it('that shares gives each resolve its own copy of whatever holds a tag, at any depth, and the rest as it is', async () => {
    const plain = { z: [1] }
    const template = { deep: [{ tag: TAG, plain }], plain, list: [plain, { tag: TAG }] }
    const plan = compileTemplate<unknown, typeof template>(template, { share: true })
    const one = await plan.resolve({ SECRETS: { api: { TOKEN: 'one' } } })
    const two = await plan.resolve({ SECRETS: { api: { TOKEN: 'two' } } })
    expect(one).toEqual({ deep: [{ tag: 'one', plain }], plain, list: [plain, { tag: 'one' }] })
    expect(two).toEqual({ deep: [{ tag: 'two', plain }], plain, list: [plain, { tag: 'two' }] })
    for (const result of [one, two]) {
      expect(result.plain).toBe(plain)
      expect(result.deep[0]?.plain).toBe(plain)
      expect(result.list[0]).toBe(plain)
    }
    expect(one.deep).not.toBe(two.deep)
    expect(one.deep[0]).not.toBe(two.deep[0])
    expect(one.list[1]).not.toBe(two.list[1])
  })

  it('that shares gives what holds no tag as it is, however often it stands there, and be it the whole template', async () => {
    const x = { z: [1] }
    const template = { twice: { a: x, b: x }, tag: TAG }
    const result = await compileTemplate<unknown, typeof template>(template, { share: true }).resolve({ SECRETS })
    expect(result.twice).toBe(template.twice)
    expect(await compileTemplate<unknown>(x, { share: true }).resolve({})).toBe(x)
    expect(await resolveTemplate<unknown>(x, {}, { share: true })).toBe(x)
  })

  it('with keys that hold tags puts its objects together anew each time', async () => {
    const template = { '{{ D.k }}': { '{{ D.k }}': TAG, x: [1] }, y: {} }
    const plan = compileTemplate<unknown, Record<string, unknown>>(template, { namespaces: ['SECRETS', 'D'] })
    const one = await plan.resolve({ SECRETS, D: { k: 'a' } })
    const two = await plan.resolve({ SECRETS, D: { k: 'b' } })
    expect(one).toEqual({ a: { a: 's3cret-token', x: [1] }, y: {} })
    expect(two).toEqual({ b: { b: 's3cret-token', x: [1] }, y: {} })
    expect(one['y']).not.toBe(two['y'])
  })
})

describe('what literal marks', () => {
  it.each<[string, unknown]>([
    ['a text', TAG],
    ['a number', 1],
    ['nothing', null],
    ['an object', { a: [TAG] }],
    ['a literal in a literal', literal(TAG)],
  ])('is copied as it is: %s', async (_, value) => {
    const data = value === null || typeof value !== 'object' || 'a' in value ? value : TAG
    expect(await fill({ here: literal(value), there: TAG })).toEqual({ here: data, there: 's3cret-token' })
    expect(await fill(literal(value))).toEqual(data)
  })

  it.each([['a function', () => 1] as const, ['a bigint', 1n] as const, ['a symbol', Symbol('x')] as const])(
    'is refused where it is no JSON: %s',
    async (_, value) => {
      expect(await issuesOf(fill({ here: literal(value) }))).toMatchObject([
        { code: 'UNSUPPORTED_VALUE', pointer: '/here' },
      ])
      expect(await codesOf(fill(literal(value)))).toEqual(['UNSUPPORTED_VALUE'])
    },
  )

  it('is known to every copy of the library, and by its prototype alone', async () => {
    const brand = Symbol.for('latchkey.literal')
    const ofAnotherCopy = Object.create({ [brand]: true }, { value: { value: TAG, enumerable: true } }) as object
    expect(await fill({ here: ofAnotherCopy })).toEqual({ here: TAG })
    expect(await fill({ here: Object.create(null) as object })).toEqual({ here: {} })
  })
})

describe('what is no JSON', () => {
  it.each([
    ['a function', () => 1],
    ['a bigint', 1n],
    ['a symbol', Symbol('x')],
    ['a date', new Date(0)],
  ] as const)('is refused where it stands, or passed on: %s', async (_, value) => {
    for (const [template, pointer] of [
      [{ a: value }, '/a'],
      [[value], '/0'],
      [{ '{{ D.k }}': value }, '/{{ D.k }}'],
      [value, ''],
    ] as const) {
      expect(await issuesOf(fill(template, { D: { k: 'k' } }))).toEqual([
        { code: 'UNSUPPORTED_VALUE', pointer, start: 0, end: 0, message: 'The value is not JSON.' },
      ])
    }
    expect(await fill({ a: value, b: [value] }, {}, { opaque: 'keep' })).toEqual({ a: value, b: [value] })
  })

  it('is passed on where that is asked for, but a cycle and too deep a template are still refused', async () => {
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    expect(await codesOf(fill(cycle, {}, { opaque: 'keep' }))).toEqual(['CYCLE'])
    expect(await codesOf(fill([[[]]], {}, { opaque: 'keep', limits: { depth: 2 } }))).toEqual(['TOO_DEEP'])
  })
})

describe('a plain object', () => {
  it('may be of another realm; an instance of a class is none, whatever its class inherits', async () => {
    const foreign = runInNewContext(`({ a: ${JSON.stringify(TAG)} })`) as object
    expect(await fill({ foreign })).toEqual({ foreign: { a: 's3cret-token' } })
    class Own {
      a = 1
    }
    class Bare {
      a = 1
    }
    Object.setPrototypeOf(Bare.prototype, null)
    class Named {
      isPrototypeOf() {
        return false
      }
    }
    for (const value of [new Own(), new Bare(), new Named(), Object.create({ a: 1 }) as object]) {
      expect(await codesOf(fill({ value }))).toEqual(['UNSUPPORTED_VALUE'])
    }
  })

  it('that is excluded in one place is filled in in another', async () => {
    const shared = { tag: TAG }
    const template = { a: shared, b: shared, c: { d: shared } }
    for (const [exclude, expected] of [
      [['/a/tag'], { a: shared, b: { tag: 's3cret-token' }, c: { d: { tag: 's3cret-token' } } }],
      [['/b'], { a: { tag: 's3cret-token' }, b: shared, c: { d: { tag: 's3cret-token' } } }],
      [['/c/d/tag'], { a: { tag: 's3cret-token' }, b: { tag: 's3cret-token' }, c: { d: shared } }],
    ] as const) {
      expect(await fill(template, {}, { exclude })).toEqual(expected)
    }
  })

  it('is excluded by a pointer with ~0 and ~1; what is no pointer is refused', async () => {
    expect(await fill({ 'a~b': { 'c/d': TAG } }, {}, { exclude: ['/a~0b/c~1d'] })).toEqual({ 'a~b': { 'c/d': TAG } })
    for (const pointer of ['a', '/a~2']) {
      expect(await failure(fill({}, {}, { exclude: [pointer] }))).toMatchObject({
        code: 'INVALID_OPTION',
        message: `exclude: "${pointer}" is not a JSON pointer, e.g. /headers/accept.`,
      })
    }
  })
})

describe('data', () => {
  it('is not looked for in null, nor by what is no index in a list', async () => {
    const list = Object.assign(['p', 'q'], { extra: 'x', '01': 'x', '1x': 'x', x1: 'x' })
    for (const path of ['none.x', 'list.extra', 'list.01', 'list.1x', 'list.x1', 'list.2', 'text.0']) {
      expect(await codesOf(fill(`{{ D.${path} }}`, { D: { none: null, list, text: 'abc' } })), path).toEqual([
        'NOT_FOUND',
      ])
    }
    const long = Array.from({ length: 12 }, (_, index) => index)
    expect(await fill(['{{ D.0 }}', '{{ D.10 }}', '{{ D.11 }}'], { D: long })).toEqual([0, 10, 11])
  })

  it('that is no JSON is refused, or passed on where that is asked for', async () => {
    for (const value of [1n, Symbol('x')]) {
      expect(await codesOf(fill('{{ D.v }}', { D: { v: value } }))).toEqual(['UNSUPPORTED_VALUE'])
      expect(await fill('{{ D.v }}', { D: { v: value } }, { opaque: 'keep' })).toBe(value)
    }
    for (const value of [NaN, Infinity, [], {}, new Date(0)]) {
      expect(await codesOf(fill('-{{ D.v }}', { D: { v: value } }))).toEqual(['NOT_SCALAR'])
      expect(await codesOf(fill({ '{{ D.v }}': 1 }, { D: { v: value } }))).toEqual(['NOT_SCALAR'])
    }
  })
})

describe('references beside each other', () => {
  it('are told apart by every letter and digit at the ends of their ranges, and by _', async () => {
    const keys = ['a', 'z', 'A', 'Z', '_', 'a0', 'a9', 'az', 'aZ', 'a_', 'aa', 'aA']
    const record = Object.fromEntries(keys.map((key) => [key, `<${key}>`]))
    const template = keys.map((key) => `{{SECRETS.r.${key}}}`).join('')
    expect(await fill(template, { SECRETS: { r: record } })).toBe(keys.map((key) => `<${key}>`).join(''))
    for (const end of ['a', 'z', 'A', 'Z', '0', '9', '_']) {
      // A namespace ends where a word does.
      expect(await fill(`{{ SECRETS${end}.r.A }}`, { [`SECRETS${end}`]: { r: { A: end } } })).toBe(end)
    }
  })

  it('are as many as there are: past eight they are looked up another way', async () => {
    const numbers = Array.from({ length: 20 }, (_, index) => index)
    const D = Object.fromEntries(numbers.map((number) => [`k${number}`, number]))
    const twice = [...numbers, ...numbers]
    expect(
      await fill(
        twice.map((number) => `{{ D.k${number} }}`),
        { D },
      ),
    ).toEqual(twice)
    const { references } = analyzeTemplate(
      twice.map((number) => `{{ D.k${number} }}`),
      { namespaces: ['D'] },
    )
    expect(references.map(({ reference }) => reference)).toEqual(twice.map((number) => `D.k${number}`))
  })

  it('of the same length, ends and middle are never taken for each other', async () => {
    const names = ['aXbbbbbbbbbbbbbbbbbbbc', 'aYbbbbbbbbbbbbbbbbbbbc', 'aZbbbbbbbbbbbbbbbbbbbc']
    const D = Object.fromEntries(names.map((name) => [name, name]))
    for (const order of [names, [...names].reverse(), [...names, ...names]]) {
      expect(
        await fill(
          order.map((name) => `{{D.${name}}}`),
          { D },
        ),
      ).toEqual(order)
    }
  })

  it('may have any blank of Unicode around them, and nothing that is none', async () => {
    for (const blank of ['\t', '\n', '\v', '\f', '\r', ' ', '\u00a0', '\u2003', '\u3000', '\ufeff']) {
      expect(await fill(`{{${blank}SECRETS.api.TOKEN${blank}}}`), JSON.stringify(blank)).toBe('s3cret-token')
    }
    for (const other of ['\0', '\x08', '\x0e', '\x7f', '\u200b', '\u2060']) {
      expect(await codesOf(fill(`{{${other}SECRETS.api.TOKEN }}`)), JSON.stringify(other)).toHaveLength(1)
    }
  })
})

describe('places', () => {
  it('of tags are told with pointer, offsets and whether they stand in a key', () => {
    const { references, foreign } = analyzeTemplate(
      { 'a/{{ D.k }}~': [`x${TAG}`, '{{ other }}'], '{{ more }}': 1 },
      { namespaces: ['SECRETS', 'D'], foreign: 'keep' },
    )
    expect(references).toMatchObject([
      { reference: 'D.k', pointer: '/a~1{{ D.k }}~0', inKey: true, start: 2, end: 11 },
      { reference: 'SECRETS.api.TOKEN', pointer: '/a~1{{ D.k }}~0/0', start: 1, end: 24 },
    ])
    expect(references[1]).not.toHaveProperty('inKey')
    expect(foreign).toEqual([
      { pointer: '/a~1{{ D.k }}~0/1', start: 0, end: 11 },
      { pointer: '/{{ more }}', inKey: true, start: 0, end: 10 },
    ])
    expect(analyzeTemplate(1)).toEqual({ references: [], foreign: [], issues: [] })
    expect(analyzeTemplate('{{ other }}', { foreign: 'keep' }).foreign).toEqual([{ pointer: '', start: 0, end: 11 }])
  })

  it('of what was refused are shown up to 80 characters', async () => {
    const named = async (length: number) => {
      const [issue] = await issuesOf(fill(`{{ D.${'x'.repeat(length - 2)} }}`, { D: {} }))
      return issue?.reference
    }
    expect(await named(80)).toBe(`D.${'x'.repeat(78)}`)
    expect(await named(81)).toBe(`D.${'x'.repeat(77)}…`)
  })

  it('say what is wrong where a tag does not end', async () => {
    expect(await issuesOf(fill('a {{ x'))).toEqual([
      {
        code: 'UNCLOSED_TAG',
        pointer: '',
        start: 2,
        end: 6,
        message: "The tag is not closed: add }}, or write {{ '{{' }} for literal braces.",
      },
    ])
  })

  it.each(['a ${{ x', 'a ${{ SECRETS.api.TOKEN', 'a ${{! x'])(
    'say what can be written in the syntax that is in use where a tag does not end: %s',
    async (text) => {
      const message = "The tag is not closed: add }}, or write ${{ '${{' }} for a literal ${{."
      expect(await issuesOf(fill(text, {}, { syntax: 'dollar' }))).toMatchObject([{ code: 'UNCLOSED_TAG', message }])
      expect(await fill("a ${{ '${{' }} x", {}, { syntax: 'dollar' })).toBe('a ${{ x')
      const [both] = await issuesOf(fill(text, {}, { syntax: 'both' }))
      expect(both?.message).toContain("write {{ '{{' }} for")
    },
  )
})

describe('the limit of output', () => {
  const limited = (template: unknown, outputLength: number) => fill(template, {}, { limits: { outputLength } })

  it.each<[string, unknown, number]>([
    ['one whole tag', TAG, 12],
    ['a text', `-${TAG}-`, 14],
    ['several strings together', [TAG, `-${TAG}`], 25],
    ['keys too', { '{{ D.k }}': TAG }, 13],
  ])('takes exactly that much, and not one unit less: %s', async (_, template, length) => {
    const contexts = { D: { k: 'k' } }
    expect(await fill(template, contexts, { limits: { outputLength: length } })).toBeDefined()
    expect(await codesOf(fill(template, contexts, { limits: { outputLength: length - 1 } }))).toEqual([
      'OUTPUT_TOO_LARGE',
    ])
  })

  it('is told at the reference that is too much, or at the first where text is', async () => {
    expect(await issuesOf(limited(`${TAG}${TAG}`, 20))).toMatchObject([{ start: 23, end: 46 }])
    expect(await issuesOf(limited(`----${TAG}`, 3))).toMatchObject([
      { start: 4, end: 27, reference: 'SECRETS.api.TOKEN' },
    ])
  })
})

describe('keys that hold tags', () => {
  it('collide only with what is there once all are filled in', async () => {
    const contexts = { D: { a: 'a', b: 'b' } }
    expect(await fill({ '{{ D.a }}': 1, '{{ D.b }}': 2, c: 3 }, contexts)).toEqual({ a: 1, b: 2, c: 3 })
    expect(await issuesOf(fill({ a: 1, '{{ D.a }}': 2 }, contexts))).toMatchObject([
      { code: 'KEY_COLLISION', pointer: '/{{ D.a }}', inKey: true, start: 0, end: 9 },
    ])
    expect(await codesOf(fill({ '{{ D.a }}': 1, '{{D.a}}': 2 }, contexts))).toEqual(['KEY_COLLISION'])
    expect(await codesOf(fill({ a: '{{ D.b }}', '{{ D.a }}': 2 }, contexts))).toEqual(['KEY_COLLISION'])
    // A key may become the authored form of another: that one is gone by then.
    expect(await fill({ '{{ D.a }}': 1, x: 2 }, { D: { a: '{{ D.a }}' } })).toEqual({ '{{ D.a }}': 1, x: 2 })
  })

  it('give members that can be written, listed and deleted', async () => {
    const result = (await fill({ '{{ D.a }}': 1 }, { D: { a: '__proto__' } })) as object
    expect(Object.getOwnPropertyDescriptors(result)).toEqual({
      ['__proto__']: { value: 1, enumerable: true, writable: true, configurable: true },
    })
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype)
  })
})

describe('a tag that is no reference', () => {
  // The first and the last of each range of characters, and their neighbours.
  const words = ['a', 'z', 'A', 'Z', '_', '0', '9']
  const others = ['/', ':', '@', '[', '^', '`', '|']
  const issue = (text: string) => compileTemplate(text).issues.map(({ code, reference }) => [code, reference])

  it.each(words)('is of another namespace where %s stands right behind the name of one', (char) => {
    expect(issue(`{{ SECRETS${char}.a.B }}`)).toEqual([['UNKNOWN_NAMESPACE', `SECRETS${char}.a.B`]])
  })

  it.each(others)('is a reference that is written wrong where %s stands there', (char) => {
    expect(issue(`{{ SECRETS${char}.a.B }}`)).toEqual([['BAD_REFERENCE', `SECRETS${char}.a.B`]])
  })

  it.each(words)(
    'names a namespace if it begins as a name does, and is of no kind that is known if not: %s',
    (char) => {
      const expected = /\d/.test(char) ? ['UNSUPPORTED_TAG', undefined] : ['UNKNOWN_NAMESPACE', `${char}x.y`]
      expect(issue(`{{ ${char}x.y }}`)).toEqual([expected])
    },
  )

  it.each(others)('is of no kind that is known if it begins with %s', (char) => {
    expect(issue(`{{ ${char}x.y }}`)).toEqual([['UNSUPPORTED_TAG', undefined]])
  })
})

describe('an issue', () => {
  it('says nothing that it has not to say, and the error is not to be tried again', async () => {
    const error = await failure(fill('{{ SECRETS.none.KEY }}'))
    expect(error).toMatchObject({ code: 'SECRET_NOT_FOUND', retryable: false })
    const [issue] = (error as { issues: readonly object[] }).issues
    expect(Object.keys(issue ?? {})).toEqual(['code', 'pointer', 'start', 'end', 'reference', 'message'])
  })
})

it('references of which one begins as another does are told apart, however many have been read', async () => {
  // So many that some fall on the same place of whatever remembers them.
  const names = Array.from({ length: 5_000 }, (_, index) => `k${index}`)
  const D = Object.fromEntries(names.flatMap((name) => [name, `${name}x`].map((key) => [key, key])))
  const template = names.map((name) => `{{ D.${name} }} {{ D.${name}x }}`)
  expect(await fill(template, { D })).toEqual(names.map((name) => `${name} ${name}x`))
})

describe('migrating', () => {
  const describeKeys = () => ({ keys: ['KEY'] })

  it.each<[string, unknown, string, string]>([
    ['no options', undefined, 'INVALID_OPTION', 'migrateTemplate needs { describe }.'],
    ['null', null, 'INVALID_OPTION', 'migrateTemplate needs { describe }.'],
    ['a function', describeKeys, 'INVALID_OPTION', 'migrateTemplate needs { describe }.'],
    ['no describe', {}, 'INVALID_OPTION', 'describe must be a function.'],
    [
      'an option that is not there',
      { describe: describeKeys, form: 'x' },
      'UNKNOWN_OPTION',
      'migrateTemplate has no option "form"; it has describe, to.',
    ],
    [
      'another spelling',
      { describe: describeKeys, to: 'both' },
      'INVALID_OPTION',
      'to must be one of: mustache, dollar.',
    ],
  ])('refuses %s', async (_, options, code, message) => {
    const error = await failure(migrateTemplate('', options as MigrateOptions))
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ code, message })
  })

  it('tells what it changed with the sign that it made part of it, and names what it left', async () => {
    const { changes } = await migrateTemplate(['$${{ SECRETS.a.B }}'], { describe: describeKeys })
    expect(changes).toEqual([
      { pointer: '/0', start: 0, end: 19, before: '$${{ SECRETS.a.B }}', after: "{{ '$' }}{{ SECRETS.a.B }}" },
    ])
    const { issues } = await migrateTemplate('{{ SECRETS.a }}', { describe: () => undefined })
    expect(issues).toMatchObject([{ code: 'SECRET_NOT_FOUND', reference: 'SECRETS.a' }])
  })

  it('asks once for each secret that stands without a key, and for no other', async () => {
    const asked: string[] = []
    const describe = (name: string) => {
      asked.push(name)
      return describeKeys()
    }
    const json = ['{{ SECRETS.a }}{{ SECRETS.a }}', '{{ SECRETS.b.KEY }} {{! SECRETS.c}}']
    expect(await migrateTemplate(json, { describe })).toMatchObject({ issues: [] })
    expect(asked).toEqual(['a'])
  })
})
