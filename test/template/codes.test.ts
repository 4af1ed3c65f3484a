import { describe, expect, it } from 'vitest'
import { TEMPLATE_CODES, type TemplateErrorCode } from '../../src/errors.ts'
import { literal, resolveTemplate, TemplateError, type ResolveOptions } from '../../src/template/index.ts'
import { failure } from './expectations.ts'

const CYCLE: unknown[] = []
CYCLE.push(CYCLE)
const SECRETS = { api: { TOKEN: 'canary-value-1', USER: 'canary-value-2' }, bad: { N: 1 as unknown as string } }
const CONTEXTS = { SECRETS, D: { obj: {}, f: () => 1, k: 'k', big: 'canary-value-3'.repeat(9) } }

/** For each code a template that has it as its only issue, and the place of that issue. */
const CASES: Record<TemplateErrorCode, [json: unknown, place: string, options?: ResolveOptions]> = {
  AMBIGUOUS_DOLLAR: ['a ${{ SECRETS.api.TOKEN }}', ' 2-26'],
  BAD_REFERENCE: ['{{ SECRETS.api["TOKEN"] }}', ' 0-26'],
  BAD_SECRET_VALUE: [['x{{ SECRETS.bad.N }}'], '/0 1-20'],
  BARE_NAMESPACE: ['{{ SECRETS }}', ' 0-13'],
  CYCLE: [{ a: CYCLE }, '/a/0 0-0'],
  EMPTY_TAG: ['x{{ }}', ' 1-6'],
  FLAT_AMBIGUOUS: ['{{ SECRETS.api }}', ' 0-17'],
  FLAT_REFERENCE: ['{{ SECRETS.api }}', ' 0-17', { flat: 'error' }],
  FUNCTION_VALUE: ['{{ D.f }}', ' 0-9'],
  KEY_COLLISION: [{ '{{ D.k }}': 1, k: 2 }, '/{{ D.k }} 0-9'],
  KEY_NOT_FOUND: [{ '': '{{ SECRETS.api.NOPE }}' }, '/ 0-22'],
  NOT_ALLOWED: ['{{ SECRETS.api.TOKEN }}', ' 0-23', { allow: [] }],
  NOT_FOUND: ['-{{ D.nope }}', ' 1-13'],
  NOT_SCALAR: ['-{{ D.obj }}', ' 1-12'],
  OUTPUT_TOO_LARGE: ['{{ D.big }}', ' 0-11', { limits: { outputLength: 10 } }],
  SECRET_IN_KEY: [{ 'a~{{ SECRETS.api.TOKEN }}': 1 }, '/a~0{{ SECRETS.api.TOKEN }} 2-25'],
  SECRET_NOT_FOUND: ['{{ SECRETS.nope.KEY }}', ' 0-22'],
  STORE_ERROR: ['{{ SECRETS.api.TOKEN }}', ' 0-23'],
  TAG_TOO_LONG: [`{{ D.${'x'.repeat(520)} }}`, ' 0-528'],
  TOO_DEEP: [[[]], '/0 0-0', { limits: { depth: 1 } }],
  TOO_MANY_SEGMENTS: ['{{ SECRETS.api.TOKEN.x }}', ' 0-25'],
  UNCLOSED_TAG: ['{{{ SECRETS.api.TOKEN }} x', ' 0-24'],
  UNKNOWN_NAMESPACE: ['{{ INPUTS.x }}', ' 0-14'],
  UNSUPPORTED_TAG: ['{{> partial }}', ' 0-14'],
  UNSUPPORTED_VALUE: [{ a: literal([new Date(0)]) }, '/a/0 0-0'],
}

describe('the codes of templates', () => {
  for (const code of TEMPLATE_CODES) {
    it(`${code} has its place, a message and no value`, async () => {
      const [json, place, options] = CASES[code]
      const failing = { getMany: () => Promise.reject(new Error('canary-value-1')) }
      const contexts = code === 'STORE_ERROR' ? { SECRETS: failing } : CONTEXTS
      const error = await failure(resolveTemplate(json, contexts, options))
      expect(error).toBeInstanceOf(TemplateError)
      expect(error).toMatchObject({ code, issues: [{ code, message: expect.stringMatching(/\.$/) as string }] })
      const { pointer, start, end } = (error as TemplateError).issues[0]!
      expect(`${pointer} ${start}-${end}`).toBe(place)
      expect((error as TemplateError).issues).toHaveLength(1)
    })
  }

  it('stand in the message with short places, on a line of their own', async () => {
    const json = { ['line\nbreak\u202e' + 'k'.repeat(100_000)]: ['{{ SECRETS.api.NOPE }}', '{{ D.nope }}'] }
    const error = (await failure(resolveTemplate(json, CONTEXTS))) as TemplateError
    expect(error.message.split('\n')).toHaveLength(3)
    expect(error.message.length).toBeLessThan(600)
    expect(error.message).toContain('SECRETS.api.NOPE')
    expect(error.issues[0]?.pointer).toContain('line\nbreak')
    expect(((await failure(resolveTemplate('{{ D.nope }}', CONTEXTS))) as Error).message).toBe(
      'NOT_FOUND at the top (D.nope): There is no such value.',
    )
  })
})
