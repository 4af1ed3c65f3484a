import Mustache from 'mustache'
import { afterEach, describe, expect, it } from 'vitest'
import { checkTemplate, compileTemplate, literal, resolveTemplate } from '../../src/template/index.ts'
import { failure, issuesOf } from './expectations.ts'
import { recordingStore } from './recording-store.ts'

const SECRETS = { a: { B: 'v' } }
const TAG = '{{ SECRETS.a.B }}'

interface Nested {
  next?: Nested | Nested[]
  text: unknown
}

/** Objects and arrays in turn. */
function nested(levels: number, text: unknown): Nested {
  let tree: Nested = { text }
  for (let level = 0; level < levels; level += 2) tree = { next: [tree], text: '-' }
  return tree
}

function innermost(tree: Nested): { levels: number; text: unknown } {
  let levels = 0
  let at = tree
  while (at.next !== undefined) {
    at = (Array.isArray(at.next) ? at.next[0] : at.next) ?? at
    levels += 2
  }
  return { levels, text: at.text }
}

/** Takes back what the pollution test adds. */
function clean(): void {
  for (const name of ['a', 'B', 'allow', 'flat', 'toJSON', 'getMany', 'value', 'get', 'raw', 'injected']) {
    Reflect.deleteProperty(Object.prototype, name)
  }
}
afterEach(clean)

describe('hostile shapes', () => {
  it('100,000 levels are resolved, checked and compiled', async () => {
    const deep = nested(100_000, TAG)
    const expected = { levels: 100_000, text: 'v' }
    expect(innermost(await resolveTemplate<Nested, Nested>(deep, { SECRETS }))).toEqual(expected)
    expect(innermost(await resolveTemplate<Nested, Nested>(deep, { SECRETS }, { share: true }))).toEqual(expected)
    expect(innermost(await compileTemplate<Nested, Nested>(deep).resolve({ SECRETS }))).toEqual(expected)
    const value = await resolveTemplate<string, Nested>('{{ D }}', { D: deep })
    expect(innermost(value)).toEqual({ levels: 100_000, text: TAG })
    const [issue] = await checkTemplate(nested(100_000, '{{ SECRETS.a.C }}'), { SECRETS })
    expect(issue?.pointer).toHaveLength('/next/0'.length * 50_000 + '/text'.length)
  })

  it('a graph whose unfolding has 2^40 leaves stays a graph', async () => {
    let graph: unknown = { leaf: TAG }
    for (let i = 0; i < 40; i++) graph = i % 2 === 0 ? [graph, graph] : { left: graph, right: graph }
    for (const result of [
      await resolveTemplate(graph, { SECRETS }),
      await compileTemplate(graph).resolve({ SECRETS }),
      await resolveTemplate<unknown, unknown>('{{ D }}', { D: graph }),
      (await resolveTemplate({ x: literal(graph) }, { SECRETS })).x,
    ]) {
      let at = result
      let levels = 0
      for (; typeof at === 'object' && at !== null && !('leaf' in at); levels++) {
        const [left, right] = Object.values(at) as unknown[]
        expect(left).toBe(right)
        at = left
      }
      expect(levels).toBe(40)
    }
  })

  it('cycles are found wherever they stand, and only cycles', async () => {
    const ring: unknown[] = [{ ok: 1 }]
    ring.push({ back: ring })
    expect(await issuesOf(resolveTemplate({ a: [ring] }, {}))).toMatchObject([
      { code: 'CYCLE', pointer: '/a/0/1/back' },
    ])
    expect(await issuesOf(resolveTemplate({ a: literal(ring) }, {}))).toMatchObject([
      { code: 'CYCLE', pointer: '/a/1/back' },
    ])
    expect(await issuesOf(resolveTemplate(['{{ D }}', '{{ D.1 }}'], { D: ring }))).toMatchObject([
      { code: 'CYCLE', pointer: '/0', reference: 'D' },
      { code: 'CYCLE', pointer: '/1' },
    ])
    expect(await failure(compileTemplate(ring).resolve({}))).toMatchObject({ code: 'CYCLE' })
    expect(await issuesOf(resolveTemplate(ring, {}, { exclude: ['/0'] }))).toMatchObject([{ code: 'CYCLE' }])
  })

  it('more containers than one part of the index holds keep their identity', async () => {
    const many = Array.from({ length: 80_000 }, () => ({}))
    const shared = { text: TAG }
    const template = { first: shared, many, last: shared, again: [...many] }
    const result = await resolveTemplate(template, { SECRETS })
    expect(result.last).toBe(result.first)
    expect(new Set(result.many).size).toBe(80_000)
    expect(result.again.every((item, index) => item === result.many[index])).toBe(true)
  })

  it.each([
    ['Object.prototype', Object.prototype],
    ['Array.prototype', Array.prototype],
  ])('the mark of a literal on %s makes no literal of what is none', async (_, prototype) => {
    const brand = Symbol.for('latchkey.literal')
    Object.defineProperty(prototype, brand, { value: true, configurable: true })
    const result = await resolveTemplate<unknown, unknown>({ list: [TAG], value: TAG }, { SECRETS })
    Reflect.deleteProperty(prototype, brand)
    expect(result).toEqual({ list: ['v'], value: 'v' })
  })

  it('a polluted Object.prototype lends neither secrets, options, methods nor setters', async () => {
    const polluted = Object.prototype as Record<string, unknown>
    const seen: unknown[] = []
    Object.defineProperty(polluted, 'injected', { set: (value) => seen.push(value), configurable: true })
    const getter = Object.defineProperty({}, 'x', { enumerable: true, get: () => seen.push('ran') })
    polluted['a'] = { B: 'polluted' }
    polluted['B'] = 'polluted'
    polluted['allow'] = []
    polluted['flat'] = 'error'
    polluted['toJSON'] = () => 'polluted'
    polluted['value'] = 'polluted'
    polluted['get'] = () => seen.push('ran')
    polluted['raw'] = true
    polluted['getMany'] = () => {
      throw new Error('called')
    }
    const template = `{"injected":"${TAG}","{{K.k}}":"${TAG}","__proto__":{"injected":1}}`
    const outcomes = await Promise.allSettled([
      resolveTemplate(TAG, { SECRETS: {} }),
      resolveTemplate(TAG, { SECRETS: { a: {} } }),
      resolveTemplate(['{{ SECRETS.only }}'], { SECRETS: { only: { K: 'x' } } }, {}),
      resolveTemplate<unknown, object>(JSON.parse(template), { SECRETS, K: { k: 'value' } }).then(Object.entries),
      resolveTemplate('{{ D.x }}', { D: getter }),
      compileTemplate(TAG).resolve({ SECRETS }),
    ])
    clean()
    expect(outcomes).toMatchObject([
      { reason: { code: 'SECRET_NOT_FOUND' } },
      { reason: { code: 'KEY_NOT_FOUND' } },
      { value: ['x'] },
      { value: [['injected', 'v'], ['value', 'v'], ['__proto__', { injected: 1 }]] }, // prettier-ignore
      { reason: { code: 'NOT_FOUND' } },
      { value: 'v' },
    ])
    expect(seen).toEqual([])
  })

  it('whatever another user does to mustache changes nothing', async () => {
    const { tags, escape } = Mustache
    const writer = Mustache as unknown as { templateCache: unknown }
    const before = writer.templateCache
    try {
      Mustache.tags = ['<%', '%>']
      Mustache.escape = () => 'escaped'
      writer.templateCache = { get: () => [['text', 'planted', 0, 7]], set: () => undefined, clear: () => undefined }
      expect(await resolveTemplate('{{ SECRETS.tampered.KEY }} <% x %>', { SECRETS: { tampered: { KEY: '<' } } })).toBe(
        '< <% x %>',
      )
    } finally {
      Mustache.tags = tags
      Mustache.escape = escape
      writer.templateCache = before
    }
  })

  it('a template that changes while it is awaited changes nothing', async () => {
    const template = { a: [TAG, { b: TAG }], c: 'x' } as Record<string, unknown>
    const inner = (template['a'] as unknown[])[1] as Record<string, unknown>
    const store = {
      getMany: () => {
        template['c'] = 'changed'
        template['d'] = '{{ SECRETS.other.X }}'
        inner['b'] = inner
        return Promise.resolve([{ name: 'a', scope: 'default', version: '1', values: { B: 'v' } }])
      },
    }
    expect(await resolveTemplate<unknown, unknown>(template, { SECRETS: store })).toEqual({
      a: ['v', { b: 'v' }],
      c: 'x',
    })
  })

  it('data that changes while a store is awaited changes nothing', async () => {
    const D = { x: { y: 1 } }
    const pending = resolveTemplate<unknown, unknown>(['{{ D.x }}', '{{ D.x.y }}', TAG], {
      D,
      SECRETS: recordingStore(SECRETS),
    })
    D.x.y = 2
    expect(await pending).toEqual([{ y: 1 }, 1, 'v'])
  })

  it('a frozen template is resolved into one that is not frozen', async () => {
    const template = Object.freeze([Object.freeze({ a: TAG, '{{ D }}': 1 })])
    const contexts = { SECRETS, D: 'k' }
    const result = await resolveTemplate(template, contexts)
    expect(result).toEqual([{ a: 'v', k: 1 }])
    expect(Object.isFrozen(result) || Object.isFrozen(result[0])).toBe(false)
    expect(await compileTemplate(template, { namespaces: ['SECRETS', 'D'] }).resolve(contexts)).toEqual(result)
  })

  it('the results of one compiled template have nothing in common', async () => {
    const inner = { text: 'x' }
    const plan = compileTemplate(
      { list: [inner, inner], keyed: { '{{ D }}': [TAG] } },
      { namespaces: ['SECRETS', 'D'] },
    )
    const first = await plan.resolve({ SECRETS, D: 'one' })
    const list = first.list as { text: string }[]
    expect(list[0]).toBe(list[1])
    list[0]!.text = 'changed'
    ;(first.keyed as Record<string, string[]>)['one']?.push('more')
    expect(await plan.resolve({ SECRETS: { a: { B: 'w' } }, D: 'two' })).toEqual({
      list: [inner, inner],
      keyed: { two: ['w'] },
    })
    const lent = compileTemplate({ inner, tag: TAG }, { share: true })
    expect((await lent.resolve({ SECRETS })).inner).toBe(inner)
    expect(await lent.resolve({ SECRETS })).toEqual({ inner, tag: 'v' })
  })

  it('accessors of a template are read once, and symbols are no keys', async () => {
    let reads = 0
    const template = { get tag() { reads++; return TAG }, [Symbol('s')]: '{{' } // prettier-ignore
    expect(JSON.stringify(await resolveTemplate(template, { SECRETS }))).toBe('{"tag":"v"}')
    expect(reads).toBe(1)
  })
})
