/** What the options of templates may be, where their limits lie, and what an issue says of the reference that it is about. */
import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { analyzeTemplate, checkTemplate, compileTemplate, resolveTemplate } from '../../src/template/index.ts'
import { codesOf, failure, issuesOf } from './expectations.ts'

const SECRETS = { a: { B: 'v' } }
const TAG = '{{ SECRETS.a.B }}'
const resolve = (json: unknown, options: unknown): Promise<unknown> =>
  resolveTemplate<unknown, unknown>(json, { SECRETS }, options as never)

describe('an option', () => {
  const LONGEST = 2 ** 29 - 24

  it.each<[string, unknown, string, string]>([
    ['null as options', null, 'INVALID_OPTION', 'options must be an object.'],
    ['a text as options', 'x', 'INVALID_OPTION', 'options must be an object.'],
    [
      'one that is not there',
      { nope: 1 },
      'UNKNOWN_OPTION',
      'options: there is no option "nope"; there are flat, foreign, syntax, opaque, share, allow, exclude, limits, scope, signal, redactor.',
    ],
    ['flat', { flat: 'x' }, 'INVALID_OPTION', 'flat must be one of: single-key, error.'],
    ['foreign', { foreign: 1 }, 'INVALID_OPTION', 'foreign must be one of: error, keep.'],
    ['syntax', { syntax: 'x' }, 'INVALID_OPTION', 'syntax must be one of: mustache, mustache-only, dollar, both.'],
    ['opaque', { opaque: true }, 'INVALID_OPTION', 'opaque must be one of: error, keep.'],
    ['share', { share: 1 }, 'INVALID_OPTION', 'share must be true or false.'],
    ['allow', { allow: 'a' }, 'INVALID_OPTION', 'allow must be an array of strings.'],
    ['a name of allow', { allow: ['a', 1] }, 'INVALID_OPTION', 'allow must be an array of strings.'],
    ['exclude', { exclude: '/a' }, 'INVALID_OPTION', 'exclude must be an array of strings.'],
    ['limits', { limits: 7 }, 'INVALID_OPTION', 'limits must be an object.'],
    ['limits of null', { limits: null }, 'INVALID_OPTION', 'limits must be an object.'],
    [
      'a limit that is not there',
      { limits: { tags: 1 } },
      'UNKNOWN_OPTION',
      'limits: there is no option "tags"; there are tagLength, issues, outputLength, depth.',
    ],
    ['redactor', { redactor: {} }, 'INVALID_OPTION', 'redactor must be an object with a method add.'],
    ['a redactor of null', { redactor: null }, 'INVALID_OPTION', 'redactor must be an object with a method add.'],
    ['a redactor that is a text', { redactor: 'x' }, 'INVALID_OPTION', 'redactor must be an object with a method add.'],
    ['signal', { signal: { aborted: false } }, 'INVALID_OPTION', 'signal must be an AbortSignal.'],
    ['scope', { scope: 'a b' }, 'INVALID_NAME', '"a b" is not a scope'],
  ])('is refused with what it may be: %s', async (_, options, code, message) => {
    const error = await failure(resolve(TAG, options))
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) as string })
  })

  it.each<[string, number, number]>([
    ['tagLength', 4, LONGEST],
    ['issues', 1, 10_000],
    ['outputLength', 0, LONGEST],
    ['depth', 0, Number.MAX_SAFE_INTEGER],
  ])('limits.%s is a whole number from %d to %d', async (name, least, most) => {
    for (const value of [least, most]) expect(await resolve('', { limits: { [name]: value } })).toBe('')
    for (const value of [least - 1, most + 1, least + 0.5, NaN, String(least + 1)]) {
      expect(await failure(resolve('', { limits: { [name]: value } }))).toMatchObject({
        code: 'INVALID_OPTION',
        message: `limits.${name} must be a whole number from ${least} to ${most}.`,
      })
    }
  })

  it('namespaces are names, and nothing else', () => {
    const analyze = (namespaces: unknown) => () => analyzeTemplate('', { namespaces: namespaces as never })
    expect(analyze('D')).toThrow('namespaces must be an array of strings.')
    expect(analyze(['D', 'a b'])).toThrow('"a b" is not a namespace: use letters, digits and _, no digit first.')
  })

  it('that says what holds anyway changes nothing', async () => {
    const same = { flat: 'single-key', foreign: 'error', opaque: 'error', syntax: 'mustache' }
    expect(await resolve(['{{ SECRETS.a }}', TAG], same)).toEqual(['v', 'v'])
    expect(await codesOf(resolve(['{{ other.x }}', 1n, `$${TAG}`], same))).toEqual([
      'UNKNOWN_NAMESPACE',
      'UNSUPPORTED_VALUE',
      'AMBIGUOUS_DOLLAR',
    ])
  })
})

describe('the longest tag', () => {
  it.each([
    ['a reference', TAG, undefined, 'SECRETS.a.B'],
    ['one that is written wrong', '{{ SECRETS.a B }}', 'BAD_REFERENCE', 'SECRETS.a'],
  ])('may be as long as tagLength says, and no longer: %s', async (_, tag, fault, reference) => {
    // What stands before it does not count.
    const text = `before ${tag}`
    const limits = { tagLength: tag.length }
    if (fault === undefined) expect(await resolve(text, { limits })).toBe('before v')
    else expect(await issuesOf(resolve(text, { limits }))).toMatchObject([{ code: fault }])
    const issues = await issuesOf(resolve(text, { limits: { tagLength: tag.length - 1 } }))
    expect(issues).toMatchObject([{ code: 'TAG_TOO_LONG', reference, start: 7, end: text.length }])
  })
})

describe('an issue of a reference names it', () => {
  it.each<[string, string, object, string]>([
    ['UNCLOSED_TAG', '{{ SECRETS.a.B ', {}, 'SECRETS.a.B'],
    ['UNCLOSED_TAG', '{{{ SECRETS.a.B }}', {}, 'SECRETS.a.B'],
    ['BAD_REFERENCE', '{{ SECRETS.a.B | upper }}', {}, 'SECRETS.a.B | upper'],
    ['BAD_REFERENCE', '{{{{ SECRETS.a.B }}}}', {}, 'SECRETS.a.B'],
    ['AMBIGUOUS_DOLLAR', `$${TAG}`, {}, 'SECRETS.a.B'],
    ['TOO_MANY_SEGMENTS', '{{ SECRETS.a.B.C }}', {}, 'SECRETS.a.B.C'],
    ['BARE_NAMESPACE', '{{ SECRETS }}', {}, 'SECRETS'],
    ['FLAT_REFERENCE', `${TAG} {{ SECRETS.a }}`, { flat: 'error' }, 'SECRETS.a'],
    ['NOT_ALLOWED', TAG, { allow: ['b'] }, 'SECRETS.a.B'],
    ['NOT_FOUND', '{{ SECRETS.a.B }} {{ D.x }}', {}, 'D.x'],
  ])('%s: %s', async (code, text, options, reference) => {
    const contexts = { SECRETS, D: {} }
    const issues = await issuesOf(resolveTemplate<unknown, unknown>(text, contexts, options))
    expect(issues).toMatchObject([{ code, reference }])
  })

  it('and what it says is no reference of the template', () => {
    const { issues, references } = compileTemplate(['{{ SECRETS.a.B.C }}', TAG])
    expect(issues).toMatchObject([{ code: 'TOO_MANY_SEGMENTS' }])
    expect(references.map(({ reference }) => reference)).toEqual(['SECRETS.a.B'])
  })

  it('says how a tag is closed that opens with three braces', async () => {
    const issues = await issuesOf(resolve('{{{ SECRETS.a.B }}', {}))
    expect(issues).toMatchObject([{ message: 'A tag that opens with {{{ is closed by }}}.' }])
  })
})

describe('a foreign tag that is kept', () => {
  it.each([
    ['of three braces', '{{{ other.x }}}', 0, 15],
    ['of two braces, with one behind it', '{{ other.x }}}', 0, 13],
    ['of two braces and one inside, closed by two', '{{{ other.x }} }', 0, 14],
    ['of three braces and an ampersand', '{{{& other.x }}}', 0, 16],
    ['of two braces, an ampersand and a brace', '{{&{ other.x }}}', 0, 15],
  ])('ends where mustache ends it: %s', (_, text, start, end) => {
    const { foreign } = analyzeTemplate(text, { foreign: 'keep' })
    expect(foreign).toMatchObject([{ start, end }])
  })

  it('is none where it does not end', () => {
    expect(analyzeTemplate('{{ other.x', { foreign: 'keep' }).foreign).toEqual([])
  })
})

describe('what a store answers to a template', () => {
  const store = (answer: unknown) => ({
    getMany: () => Promise.resolve([answer]),
    describe: () => Promise.resolve(answer),
  })

  it.each<[string, unknown, string]>([
    ['a text', 'x', "The store's answer for a is no secret."],
    ['values that are none', { name: 'a', values: 'x' }, "The store's answer for a is another secret or none."],
    ['another secret', { name: 'b', values: { B: 'v' } }, "The store's answer for a is another secret or none."],
  ])('is STORE_ERROR, and the cause says why: %s', async (_, answer, message) => {
    const error = await failure(resolveTemplate(TAG, { SECRETS: store(answer) as never }))
    expect(error).toMatchObject({ code: 'STORE_ERROR', cause: { code: 'BAD_ANSWER', message, secret: 'a' } })
  })

  it.each<[string, unknown]>([
    ['null', null],
    ['a text', 'x'],
    ['keys of which one is none', { keys: ['B', 1] }],
  ])('is STORE_ERROR in a check, and never what is missing: %s', async (_, answer) => {
    const error = await failure(checkTemplate(TAG, { SECRETS: store(answer) as never }))
    expect(error).toMatchObject({
      issues: [{ code: 'STORE_ERROR', reference: 'SECRETS.a.B' }],
      cause: { code: 'BAD_ANSWER', message: "The store's description of a names no keys.", secret: 'a' },
    })
  })

  it.each([
    ['ECONNREFUSED', 'The store failed (ECONNREFUSED).'],
    ['xECONNREFUSED', 'The store failed.'],
    ['ECONNREFUSED-s3cret', 'The store failed.'],
  ])('by failing tells the code of the system, and no other word: %s', async (code, message) => {
    const failing = { getMany: () => Promise.reject(Object.assign(new Error('s3cret'), { code })) }
    const error = await failure(resolveTemplate([TAG, '{{ SECRETS.c.D }}', '{{ D }}'], { SECRETS: failing, D: 1 }))
    expect(error).toMatchObject({
      issues: [{ reference: 'SECRETS.a.B' }],
      cause: { code: 'STORE_FAILED', message },
    })
  })

  it('is asked for in the scope and by the signal that are given, and by no more', async () => {
    const asked: unknown[] = []
    const SECRETS = {
      getMany: (...question: unknown[]) => {
        asked.push(question)
        return Promise.resolve([{ name: 'a', values: { B: 'v' } }])
      },
      describe: (...question: unknown[]) => {
        asked.push(question)
        return Promise.resolve({ keys: ['B'] })
      },
    } as never
    const { signal } = new AbortController()
    for (const options of [{}, { scope: 'acme', signal }]) {
      expect(await resolveTemplate(TAG, { SECRETS }, options)).toBe('v')
      expect(await checkTemplate(TAG, { SECRETS }, options)).toEqual([])
    }
    expect(asked).toStrictEqual([
      [[{ name: 'a', keys: ['B'] }], {}],
      ['a', {}],
      [[{ name: 'a', keys: ['B'], scope: 'acme' }], { signal }],
      ['a', { scope: 'acme', signal }],
    ])
    // Nothing waits for the signal any more.
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('is not waited for where the signal aborts while it is asked', async () => {
    const controller = new AbortController()
    const SECRETS = {
      getMany: () => {
        controller.abort('given up')
        return new Promise<never>(() => undefined)
      },
    }
    expect(await failure(resolveTemplate(TAG, { SECRETS }, { signal: controller.signal }))).toBe('given up')
  })

  it('is needed by a check in names of keys', async () => {
    const SECRETS = { getMany: () => Promise.resolve([]) }
    expect(await failure(checkTemplate(TAG, { SECRETS }))).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('a check needs a store that can describe its secrets') as string,
    })
  })
})
