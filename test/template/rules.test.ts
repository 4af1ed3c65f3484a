import { describe, expect, it } from 'vitest'
import {
  analyzeTemplate,
  checkTemplate,
  literal,
  migrateTemplate,
  resolveTemplate,
  type ResolveOptions,
} from '../../src/template/index.ts'
import { codesOf, failure, issuesOf } from './expectations.ts'
import { recordingStore } from './recording-store.ts'

const SECRETS = { api: { TOKEN: 's3cret-token', USER: 'octocat' }, only: { KEY: 'single' } }
const INPUTS = {
  name: 'acme',
  count: 3,
  ok: true,
  none: null,
  list: ['p', 'q'],
  nested: { deep: { x: 1 } },
  'a-b': 'dash',
}
const fill = (json: unknown, options?: ResolveOptions): Promise<unknown> =>
  resolveTemplate<unknown, unknown>(json, { SECRETS, INPUTS }, options)

describe('the rules of templates', () => {
  it('1: reads the template at once, and never parses a value again', async () => {
    const store = recordingStore({ api: { TOKEN: '{{ SECRETS.api.USER }}' } })
    const template = { a: '{{ SECRETS.api.TOKEN }}', b: ['x'] }
    const result = resolveTemplate(template, { SECRETS: store })
    template.a = 'changed'
    template.b.push('more')
    expect(await result).toEqual({ a: '{{ SECRETS.api.USER }}', b: ['x'] })
  })

  it('2: wants a tag of one of its namespaces to be well formed, whatever becomes of others', async () => {
    for (const tag of [
      '{{ SECRETS.api.TOKEN | upper }}',
      '{{SECRETS["api"]}}',
      '{{ { SECRETS.api.TOKEN }}',
      '{{&&SECRETS.a.B}}',
    ]) {
      expect(await codesOf(fill(tag, { foreign: 'keep' })), tag).toHaveLength(1)
    }
    expect(await fill('{{ SECRETSX.api.TOKEN }}'.replace('SECRETSX', 'OTHER'), { foreign: 'keep' })).toBe(
      '{{ OTHER.api.TOKEN }}',
    )
  })

  it('3: takes names joined by dots, with white space around them and none inside', async () => {
    expect(await fill('{{\n\tINPUTS.nested.deep.x  }}{{INPUTS.a-b}}{{\u00a0INPUTS.list.0\ufeff}}')).toBe('1dashp')
    for (const tag of [
      '{{ INPUTS .name }}',
      '{{ INPUTS. name }}',
      '{{ INPUTS..name }}',
      '{{ INPUTS.name. }}',
      "{{ INPUTS.'name' }}",
      '{{ INPUTS.-x }}',
    ]) {
      expect(await codesOf(fill(tag)), tag).toEqual(['BAD_REFERENCE'])
    }
    expect(await codesOf(fill(`{{ INPUTS.${'a'.repeat(256)} }}`))).toEqual(['BAD_REFERENCE'])
    expect(await codesOf(fill('{{ inputs.name }}'))).toEqual(['UNKNOWN_NAMESPACE'])
  })

  it('4: takes exactly a name and a key after SECRETS', async () => {
    expect(await fill('{{ SECRETS.api.TOKEN }}')).toBe('s3cret-token')
    expect(await codesOf(fill('{{ SECRETS.api.TOKEN.x }}{{ SECRETS }}'))).toEqual([
      'TOO_MANY_SEGMENTS',
      'BARE_NAMESPACE',
    ])
  })

  it('5: resolves the flat form for a secret of one key, and marks it as deprecated', async () => {
    expect(await fill('{{ SECRETS.only }}')).toBe('single')
    expect(analyzeTemplate('{{ SECRETS.only }}{{ SECRETS.api.USER }}').references.map((use) => use.deprecated)).toEqual(
      [true, undefined],
    )
    expect(await codesOf(fill('{{ SECRETS.api }}'))).toEqual(['FLAT_AMBIGUOUS'])
    expect(await codesOf(fill('{{ SECRETS.only }}', { flat: 'error' }))).toEqual(['FLAT_REFERENCE'])
  })

  it('6: treats two braces, three braces and the ampersand alike, and escapes nothing', async () => {
    const result = await resolveTemplate('{{S.x}} {{{S.x}}} {{& S.x}} {{ { S.x}}} {{S.x}}}', { S: { x: '<&"' } })
    expect(result).toBe('<&" <&" <&" <&" <&"}')
  })

  it('7: removes comments, and the lines that they stand alone on', async () => {
    expect(await fill('a\n  {{! one }} {{! two\n }}\t\r\nb {{! {{ SECRETS.api.TOKEN }}c\n{{!last}}')).toBe('a\nb c\n')
    expect(await fill('a {{! x }}b', { foreign: 'keep' })).toBe('a {{! x }}b')
    expect(await fill('a {{! x', { foreign: 'keep' })).toBe('a {{! x')
    expect(analyzeTemplate('{{! {{ SECRETS.api.TOKEN }}').references).toEqual([])
  })

  it('8: gives literal braces and signs, and takes a lone closing as text', async () => {
    expect(await fill(`{{ '{{' }} {{"$"}} {{ '\${{' }} {{'{'}} }} }`)).toBe('{{ $ ${{ { }} }')
    expect(await fill(`{{ '{{' }} SECRETS.api.TOKEN }}`, { foreign: 'keep' })).toBe('{{ SECRETS.api.TOKEN }}')
    expect(await fill(`{{ '$' }}{{ INPUTS.count }}`)).toBe('$3')
    expect(await codesOf(fill(`{{ '}}' }}{{ 'x' }}`))).toContain('UNSUPPORTED_TAG')
    expect(await fill('\\{{ INPUTS.count }}')).toBe('\\3')
  })

  it('9: refuses sections, inverted sections, partials, blocks, delimiters and the dot', async () => {
    for (const tag of [
      '{{#x}}',
      '{{^x}}',
      '{{/x}}',
      '{{>x}}',
      '{{$x}}',
      '{{<x}}',
      '{{=<% %>=}}',
      '{{.}}',
      '{{# SECRETS.api.TOKEN }}',
      '{{&&& SECRETS.api.TOKEN }}',
      '{{& ! x }}',
      "{{& '$' }}",
      "{{ '$' x }}",
      '{{ \'$" }}',
      '{{ `$` }}',
    ]) {
      expect(await issuesOf(fill(`ab${tag}`)), tag).toMatchObject([
        { code: 'UNSUPPORTED_TAG', start: 2, end: 2 + tag.length },
      ])
    }
  })

  it('10: refuses or keeps foreign tags, and refuses near misses in both', async () => {
    expect(await codesOf(fill('{{ user.name }}{{}}{{ 1 + 2 }}{{ x'))).toEqual([
      'UNKNOWN_NAMESPACE',
      'EMPTY_TAG',
      'UNSUPPORTED_TAG',
      'UNCLOSED_TAG',
    ])
    const kept = '{{ user.name | upper }}{{}}{{#if x}} {{{ y }}} {{ "a" }} {{! z }} {{ un'
    expect(await fill(`${kept}{{ INPUTS.count }}`, { foreign: 'keep' })).toBe(`${kept}3`)
    for (const name of ['secrets', 'Secrets', 'SECRET', 'SECRETSS', 'SECERTS', 'secret']) {
      for (const foreign of ['error', 'keep'] as const) {
        expect(await issuesOf(fill(`{{ ${name}.api.TOKEN }}`, { foreign })), name).toMatchObject([
          { code: 'UNKNOWN_NAMESPACE', suggestion: 'SECRETS' },
        ])
      }
    }
    expect(await fill('{{ secretary.x }}{{ secret }}', { foreign: 'keep' })).toBe('{{ secretary.x }}{{ secret }}')
  })

  it('11: finds unclosed tags, and goes on at the next opening', async () => {
    expect(
      await issuesOf(fill('{{ SECRETS.api.TOKEN {{ INPUTS.count }} {{{ INPUTS.count }} {{ INPUTS.x')),
    ).toMatchObject([
      { code: 'UNCLOSED_TAG', start: 0, end: 21 },
      { code: 'UNCLOSED_TAG', start: 40, end: 59 },
      { code: 'UNCLOSED_TAG', start: 60, end: 71 },
    ])
    expect(await fill('{{ user {{ INPUTS.count }}', { foreign: 'keep' })).toBe('{{ user 3')
  })

  it('12: reads a dollar before a tag by the chosen syntax', async () => {
    const text = '${{ INPUTS.count }} {{ INPUTS.count }}'
    expect(await issuesOf(fill(text))).toMatchObject([{ code: 'AMBIGUOUS_DOLLAR', start: 0, end: 19 }])
    expect(await fill(text, { syntax: 'mustache-only' })).toBe('$3 3')
    expect(await fill(text, { syntax: 'dollar' })).toBe('3 {{ INPUTS.count }}')
    expect(await fill(text, { syntax: 'both' })).toBe('3 3')
    expect(await fill('${{ INPUTS.count }}', { syntax: 'both' })).toBe(3)
    expect(await fill('$${{ INPUTS.count }}', { syntax: 'dollar' })).toBe('$3')
    expect(await fill('${{ user }}', { syntax: 'both', foreign: 'keep' })).toBe('${{ user }}')
  })

  it('13: keeps the type of a value where the whole string is one tag', async () => {
    const template = {
      a: '{{INPUTS.count}}',
      b: '{{INPUTS.none}}',
      c: '{{INPUTS.nested}}',
      d: ' {{INPUTS.count}}',
      e: '{{{ INPUTS.ok }}}',
    }
    expect(await fill(template)).toEqual({ a: 3, b: null, c: { deep: { x: 1 } }, d: ' 3', e: true })
    expect(await fill('{{ INPUTS }}')).toEqual(INPUTS)
    expect(await fill('{{! c }}{{ INPUTS.count }}')).toBe('3')
    expect(await fill('{{! c }}{{ INPUTS.count }}{{! c }}')).toBe('3')
  })

  it('14: puts strings, finite numbers and booleans into text, and nothing else', async () => {
    let called = false
    const D = {
      s: 'x',
      n: -1.5e21,
      z: -0,
      b: false,
      nil: null,
      o: {},
      l: [1],
      nan: NaN,
      inf: Infinity,
      u: undefined,
      big: 1n,
      f: () => (called = true),
    }
    expect(await resolveTemplate('{{D.s}}|{{D.n}}|{{D.z}}|{{D.b}}', { D })).toBe('x|-1.5e+21|0|false')
    for (const key of ['nil', 'o', 'l', 'nan', 'inf', 'big']) {
      expect(await codesOf(resolveTemplate(`-{{D.${key}}}`, { D })), key).toEqual(['NOT_SCALAR'])
    }
    expect(await codesOf(resolveTemplate('-{{D.u}}{{D.f}}', { D }))).toEqual(['NOT_FOUND', 'FUNCTION_VALUE'])
    expect(await codesOf(resolveTemplate('{{D.f}}', { D }))).toEqual(['FUNCTION_VALUE'])
    expect(called).toBe(false)
  })

  it('15: finds own enumerable data properties only', async () => {
    let ran = false
    const D = Object.create({ inherited: 1 }) as Record<string, unknown>
    Object.defineProperty(D, 'getter', { enumerable: true, get: () => (ran = true) })
    Object.defineProperty(D, 'hidden', { enumerable: false, value: 1 })
    Object.assign(D, { text: 'abc', list: ['x', , 'z'], own: 1 }) // eslint-disable-line no-sparse-arrays
    const missing = [
      'inherited',
      'getter',
      'hidden',
      'text.length',
      'text.0',
      'list.length',
      'list.1',
      'list.3',
      'list.00',
      'list.-0',
      'constructor',
      '__proto__',
      'toString',
      'list.push',
    ]
    for (const path of missing)
      expect(await codesOf(resolveTemplate(`{{D.${path}}}`, { D })), path).toEqual([
        path === 'list.-0' ? 'BAD_REFERENCE' : 'NOT_FOUND',
      ])
    expect(await resolveTemplate('{{D.own}}{{D.list.0}}{{D.list.2}}', { D })).toBe('1xz')
    expect(ran).toBe(false)
    const options = Object.create({ flat: 'error' }) as ResolveOptions
    expect(await fill('{{ SECRETS.only }}', options)).toBe('single')
  })

  it('16: fills in keys, but no secret, and keeps them apart', async () => {
    expect(await fill({ 'x-{{ INPUTS.name }}': 1, z: 2 })).toEqual({ 'x-acme': 1, z: 2 })
    expect(Object.keys((await fill({ b: 1, '{{ INPUTS.name }}': 2, a: 3 })) as object)).toEqual(['b', 'acme', 'a'])
    expect(await issuesOf(fill({ '{{ SECRETS.api.TOKEN }}': 1 }))).toMatchObject([
      { code: 'SECRET_IN_KEY', inKey: true, pointer: '/{{ SECRETS.api.TOKEN }}' },
    ])
    expect(await codesOf(fill({ '{{ INPUTS.name }}': 1, acme: 2 }))).toEqual(['KEY_COLLISION'])
    expect(await codesOf(fill({ '{{INPUTS.name}}': 1, '{{ INPUTS.name }}': 2 }))).toEqual(['KEY_COLLISION'])
    const proto = await resolveTemplate<unknown, object>(JSON.parse('{"__proto__":{"{{K.p}}":1},"a":1}'), {
      K: { p: '__proto__' },
    })
    expect(JSON.stringify(proto)).toBe('{"__proto__":{"__proto__":1},"a":1}')
    expect(Object.getPrototypeOf(proto)).toBe(Object.prototype)
  })

  it('17: refuses what is not JSON, or passes it on by reference', async () => {
    const opaque = [new Date(0), Buffer.from('x'), new Map(), new URL('file:///x'), () => 1, Symbol('s'), 1n]
    for (const value of opaque) {
      expect(await issuesOf(fill({ a: [value] }))).toMatchObject([{ code: 'UNSUPPORTED_VALUE', pointer: '/a/0' }])
      expect(((await fill({ a: [value] }, { opaque: 'keep' })) as { a: unknown[] }).a[0]).toBe(value)
    }
    expect(await codesOf(resolveTemplate('{{D.when}}', { D: { when: new Date(0) } }))).toEqual(['UNSUPPORTED_VALUE'])
  })

  it('18: copies any shape afresh, resolves what is shared once, and leaves its input alone', async () => {
    const shared = Object.freeze({ x: '{{ INPUTS.count }}', y: '-' })
    const template = Object.freeze({ a: shared, b: [shared], plain: Object.freeze({ z: 1 }) })
    const result = (await fill(template)) as { a: object; b: object[]; plain: object }
    expect(result).toEqual({ a: { x: 3, y: '-' }, b: [{ x: 3, y: '-' }], plain: { z: 1 } })
    expect(result.b[0]).toBe(result.a)
    expect(result.plain).not.toBe(template.plain)
    expect(shared.x).toBe('{{ INPUTS.count }}')
    const lent = (await fill(template, { share: true })) as { a: object; plain: object }
    expect(lent.plain).toBe(template.plain)
    expect(lent).toEqual(result)
    const cycle: Record<string, unknown> = {}
    cycle['self'] = [cycle]
    expect(await issuesOf(fill(cycle))).toMatchObject([{ code: 'CYCLE', pointer: '/self/0' }])
  })

  it('19: asks the store once, for distinct names and only the keys in use, or not at all', async () => {
    const store = recordingStore({ ...SECRETS, more: { A: '1', B: '2' } })
    const template = [
      '{{SECRETS.api.TOKEN}} {{SECRETS.api.USER}} {{SECRETS.api.TOKEN}}',
      { a: '{{SECRETS.more.B}}', b: '{{SECRETS.only}}' },
    ]
    expect(await resolveTemplate<unknown, unknown>(template, { SECRETS: store })).toEqual([
      's3cret-token octocat s3cret-token',
      { a: '2', b: 'single' },
    ])
    expect(store.asked).toEqual([
      {
        requests: [{ name: 'api', keys: ['TOKEN', 'USER'] }, { name: 'more', keys: ['B'] }, { name: 'only' }],
        options: {},
      },
    ])
    const idle = recordingStore({})
    await resolveTemplate(['x', '{{ INPUTS.count }}'], { SECRETS: idle, INPUTS })
    await failure(resolveTemplate('{{ SECRETS.api.TOKEN }}{{ SECRETS }}', { SECRETS: idle }))
    expect(idle.asked).toEqual([])
  })

  it('20: lists everything that is missing, in document order, at most 100', async () => {
    const store = recordingStore(SECRETS)
    const template = { a: '{{SECRETS.nope.X}} {{INPUTS.q}}', b: [{ c: '{{SECRETS.api.NOPE}}' }, '{{SECRETS.nope.X}}'] }
    expect(await issuesOf(resolveTemplate(template, { SECRETS: store, INPUTS }))).toMatchObject([
      { code: 'SECRET_NOT_FOUND', pointer: '/a', start: 0, end: 18, reference: 'SECRETS.nope.X' },
      { code: 'NOT_FOUND', pointer: '/a', start: 19, end: 31 },
      { code: 'KEY_NOT_FOUND', pointer: '/b/0/c', start: 0, end: 20 },
      { code: 'SECRET_NOT_FOUND', pointer: '/b/1' },
    ])
    expect(await issuesOf(fill([{ a: ['{{ x'] }, { b: '{{}}' }, '{{ x.y }}']))).toMatchObject([
      { code: 'UNCLOSED_TAG', pointer: '/0/a/0' },
      { code: 'EMPTY_TAG', pointer: '/1/b' },
      { code: 'UNKNOWN_NAMESPACE', pointer: '/2' },
    ])
    expect(await issuesOf(fill('{{INPUTS.q}}'.repeat(500)))).toHaveLength(100)
    expect(await issuesOf(fill('{{x}}'.repeat(500)))).toHaveLength(100)
  })

  it('21: tells a store that fails from a secret that is missing', async () => {
    const broken = { getMany: () => Promise.reject(new Error('password hunter2')) }
    const error = await failure(resolveTemplate('{{ SECRETS.api.TOKEN }}', { SECRETS: broken }))
    expect(error).toMatchObject({
      code: 'STORE_ERROR',
      cause: { code: 'STORE_FAILED' },
      issues: [{ pointer: '', start: 0, end: 23 }],
    })
  })

  it('22: gives an issue a pointer, offsets and a short, visible reference', async () => {
    const [issue] = await issuesOf(fill({ 'a/b~c': ['😀{{ INPUTS.\u202ex\u0000y }}secret text'] }))
    expect(issue).toEqual({
      code: 'BAD_REFERENCE',
      pointer: '/a~1b~0c/0',
      start: 2,
      end: 19,
      reference: 'INPUTS.\\u{202e}x\\u{0}y',
      message: expect.any(String) as string,
    })
    const [long] = await issuesOf(fill(`{{ INPUTS.${'x '.repeat(200)} }}`))
    expect(long?.reference).toHaveLength(80)
    expect(JSON.stringify(issue)).not.toContain('secret text')
  })

  it('23: keeps to the allowed secrets, and to the parts that are templates', async () => {
    const store = recordingStore(SECRETS)
    expect(await codesOf(resolveTemplate('{{ SECRETS.only.KEY }}', { SECRETS: store }, { allow: ['api'] }))).toEqual([
      'NOT_ALLOWED',
    ])
    expect(store.asked).toEqual([])
    const template = {
      a: '{{ INPUTS.count }}',
      b: { c: '{{ x', 'd/e': ['{{ y', '{{ INPUTS.count }}'] },
      data: literal({ t: '{{ z', '{{ k': 1 }),
    }
    expect(await fill(template, { exclude: ['/b/c', '/b/d~1e/0'] })).toEqual({
      a: 3,
      b: { c: '{{ x', 'd/e': ['{{ y', 3] },
      data: { t: '{{ z', '{{ k': 1 },
    })
    const shared = ['{{ INPUTS.count }}']
    expect(await fill({ a: shared, b: shared }, { exclude: ['/a'] })).toEqual({ a: ['{{ INPUTS.count }}'], b: [3] })
    expect(await fill('{{ x', { exclude: [''] })).toBe('{{ x')
    expect(await resolveTemplate(literal('{{ x'), {})).toBe('{{ x')
  })

  it('24: limits tags, issues, output and, if asked to, depth', async () => {
    expect(await codesOf(fill(`{{ INPUTS.${'a.'.repeat(260)}a }}`))).toEqual(['TAG_TOO_LONG'])
    expect(await codesOf(fill(`{{${' '.repeat(600)}INPUTS.name }}`, { foreign: 'keep' }))).toEqual(['TAG_TOO_LONG'])
    expect(await fill('{{! ' + 'x'.repeat(600) + '}}a')).toBe('a')
    expect(await codesOf(fill(['{{INPUTS.name}}!', '{{INPUTS.name}}'], { limits: { outputLength: 8 } }))).toEqual([
      'OUTPUT_TOO_LARGE',
    ])
    const big = 'x'.repeat(2 ** 20)
    expect(await codesOf(resolveTemplate('{{D.big}}'.repeat(65), { D: { big } }))).toEqual(['OUTPUT_TOO_LARGE'])
    expect(await issuesOf(fill('{{x}}{{y}}{{z}}', { limits: { issues: 2 } }))).toHaveLength(2)
    expect(await issuesOf(fill({ a: [{ b: {} }] }, { limits: { depth: 3 } }))).toMatchObject([
      { code: 'TOO_DEEP', pointer: '/a/0/b' },
    ])
  })

  it('25: passes the scope on, and gives up with the reason of its signal', async () => {
    const store = recordingStore(SECRETS)
    const { signal } = new AbortController()
    await resolveTemplate('{{ SECRETS.api.USER }}', { SECRETS: store }, { scope: 'acme/production', signal })
    expect(store.asked).toEqual([
      { requests: [{ name: 'api', keys: ['USER'], scope: 'acme/production' }], options: { signal } },
    ])
    const reason = new Error('stop')
    expect(
      await failure(
        resolveTemplate('{{ SECRETS.api.USER }}', { SECRETS: store }, { signal: AbortSignal.abort(reason) }),
      ),
    ).toBe(reason)
    expect(await failure(fill('x', { signal: AbortSignal.abort(reason) }))).toBe(reason)
    expect(store.asked).toHaveLength(1)
  })

  it('26: tells a redactor every secret value that was filled in, once', async () => {
    const told: string[][] = []
    const redactor = { add: (values: Iterable<string>) => told.push([...values]) }
    await fill(['{{SECRETS.api.TOKEN}}{{INPUTS.name}}', '{{SECRETS.only}}{{SECRETS.api.TOKEN}}'], { redactor })
    expect(told).toEqual([['s3cret-token', 'single']])
    await fill('{{INPUTS.name}}', { redactor })
    await failure(fill('{{SECRETS.api.TOKEN}}{{INPUTS.nope}}', { redactor }))
    expect(told).toHaveLength(1)
    const failing = { add: () => { throw new Error('s3cret-token') } } // prettier-ignore
    const error = await failure(fill('{{SECRETS.api.TOKEN}}', { redactor: failing }))
    expect(error).toMatchObject({ code: 'INVALID_OPTION', message: 'redactor.add failed.' })
    expect(String(error)).not.toContain('s3cret')
  })

  it('refuses options, contexts and stores that it does not know, by rejecting', async () => {
    const wrong: [ResolveOptions, string][] = [
      [{ sintax: 'both' } as ResolveOptions, 'UNKNOWN_OPTION'],
      [{ limits: { tags: 1 } } as ResolveOptions, 'UNKNOWN_OPTION'],
      [{ syntax: 'jinja' } as unknown as ResolveOptions, 'INVALID_OPTION'],
      [{ exclude: ['a'] }, 'INVALID_OPTION'],
      [{ allow: 'api' } as unknown as ResolveOptions, 'INVALID_OPTION'],
      [{ limits: { issues: 0 } }, 'INVALID_OPTION'],
      [{ share: 1 } as unknown as ResolveOptions, 'INVALID_OPTION'],
      [{ signal: {} } as unknown as ResolveOptions, 'INVALID_OPTION'],
      [{ redactor: {} } as unknown as ResolveOptions, 'INVALID_OPTION'],
      [{ scope: '../x' }, 'INVALID_NAME'],
    ]
    for (const [options, code] of wrong) {
      expect(await failure(fill('x', options))).toMatchObject({ name: 'TypeError', code })
      expect(await failure(checkTemplate('x', { SECRETS }, options))).toMatchObject({ name: 'TypeError', code })
    }
    expect(await fill('{{ SECRETS.only }}', { flat: undefined, limits: undefined })).toBe('single')
    for (const contexts of [null, undefined, 'text']) {
      expect(await failure(resolveTemplate('x', contexts as never))).toMatchObject({
        code: 'INVALID_OPTION',
        message: 'contexts must be an object of namespaces, e.g. { SECRETS: store }.',
      })
    }
    expect(await failure(resolveTemplate('x', { 'a-b': 1 }))).toMatchObject({ code: 'INVALID_NAME' })
    for (const SECRETS of [null, 'x'] as never[]) {
      expect(await failure(resolveTemplate('{{ SECRETS.a.B }}', { SECRETS }))).toMatchObject({
        code: 'INVALID_OPTION',
        message: 'contexts.SECRETS must be a store or an object { name: { KEY: value } }.',
      })
    }
    const absent = { SECRETS: undefined as never, D: undefined, E: 'e' }
    expect(await codesOf(resolveTemplate('{{ D.x }}{{ SECRETS.a.B }}', absent))).toEqual([
      'UNKNOWN_NAMESPACE',
      'UNKNOWN_NAMESPACE',
    ])
    expect(await resolveTemplate('{{ D.x }}{{ E }}', absent, { foreign: 'keep' })).toBe('{{ D.x }}e')
    class Store {
      getMany() {
        return []
      }
    }
    for (const store of [recordingStore({}), new Store(), new (class extends Store {})()]) {
      expect(await failure(resolveTemplate('x', store as never))).toMatchObject({
        code: 'INVALID_OPTION',
        message: 'contexts is a store: give it under the name of its namespace, { SECRETS: store }.',
      })
    }
    const verbs = { get: 'a', getMany: 'b', describe: { x: 'c' } }
    expect(await resolveTemplate('{{ get }}{{ getMany }}{{ describe.x }}', verbs)).toBe('abc')
    expect(() => analyzeTemplate('x', { scope: 'a' } as never)).toThrow(TypeError)
    expect(() => analyzeTemplate('x', { namespaces: ['a.b'] })).toThrow(TypeError)
    await expect(migrateTemplate('x', { describe: 1 } as never)).rejects.toMatchObject({ code: 'INVALID_OPTION' })
  })
})
