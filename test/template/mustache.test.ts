import Mustache from 'mustache'
import { describe, expect, it } from 'vitest'
import { compileTemplate, resolveTemplate } from '../../src/template/index.ts'
import { cases, fc } from '../helpers/property.ts'

const RUNS = cases(2_000, 20_000)
const VIEW = {
  SECRETS: { api: { TOKEN: 'tok{{en}}', USER: '<&"\'>' }, 'my-db': { URL: 'a\nb $& \\' }, _x: { K: '' } },
  INPUTS: { name: 'acme', n: 42, f: -0.5, yes: true, no: false, deep: { 'a-b': { c: '}}' } }, list: ['p', ' q '] },
}
const PATHS = [
  'SECRETS.api.TOKEN',
  'SECRETS.api.USER',
  'SECRETS.my-db.URL',
  'SECRETS._x.K',
  'INPUTS.name',
  'INPUTS.n',
  'INPUTS.f',
  'INPUTS.yes',
  'INPUTS.no',
  'INPUTS.deep.a-b.c',
  'INPUTS.list.1',
]

const blank = fc.stringMatching(/^[ \t\n]{0,3}$/)
const text = fc.oneof(
  fc.stringMatching(/^[ \t\r\n]{0,4}$/),
  fc.constantFrom('}}', '}', '{ ', '$ ', ' {x', '\n', ' \r\n', '\u00a0', '\ufeff', '\u2028', "'", '😀', 'text'),
  fc.string({ maxLength: 6, unit: 'grapheme' }).map((item) => item.replaceAll('{', '(')),
)
const tag = fc
  .tuple(fc.constantFrom(...PATHS), blank, blank, fc.constantFrom('', '&', '{'))
  .map(([path, before, after, sigil]) => `{{${sigil}${before}${path}${after}${sigil === '{' ? '}' : ''}}}`)
const comment = fc.tuple(blank, fc.stringMatching(/^[a-z {.\n]{0,6}$/)).map(([before, body]) => `{{${before}!${body}}}`)
const template = fc.array(fc.oneof(text, tag, comment), { maxLength: 12 }).map((parts) => parts.join(''))

/** What mustache makes of it, without its escapes. */
function rendered(source: string): string {
  return Mustache.render(source, VIEW, {}, { escape: String, tags: ['{{', '}}'] })
}

/** What is outside of the honoured subset: text that ends in braces makes another tag of the one behind it. */
function isHonoured(source: string): boolean {
  return !/\{\{\{\{|\$\{\{/.test(source)
}

describe('templates beside mustache', () => {
  it(`render as Mustache.render does with no escaping, in ${RUNS} random templates`, async () => {
    await fc.assert(
      fc.asyncProperty(template, async (source) => {
        fc.pre(isHonoured(source))
        const expected = rendered(source)
        const options = { syntax: 'mustache-only' } as const
        // In an array, the template goes the long way.
        const [long, padded] = await resolveTemplate<unknown, [unknown, string]>([source, `-${source}`], VIEW, options)
        expect(String(long)).toBe(expected)
        expect(padded).toBe(rendered(`-${source}`))
        const plan = compileTemplate<unknown, string>(`-${source}`, { ...options, namespaces: ['SECRETS', 'INPUTS'] })
        expect(await plan.resolve(VIEW)).toBe(padded)
      }),
      { numRuns: RUNS },
    )
  })

  it(`render a single string with plain records as mustache does, in ${RUNS} random templates`, async () => {
    const { SECRETS } = VIEW
    const secret = fc.oneof(
      text,
      tag.filter((item) => item.includes('SECRETS')),
      comment,
    )
    await fc.assert(
      fc.asyncProperty(fc.array(secret, { maxLength: 8 }), async (parts) => {
        const source = parts.join('')
        fc.pre(isHonoured(source))
        expect(await resolveTemplate(source, { SECRETS })).toBe(rendered(source))
        expect(await compileTemplate(source).resolve({ SECRETS })).toBe(rendered(source))
      }),
      { numRuns: RUNS },
    )
  })
})
