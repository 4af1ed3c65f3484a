import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { TEMPLATE_CODES } from '../../src/errors.ts'
import { resolveTemplate, TemplateError } from '../../src/template/index.ts'
import { templateCases } from './cases.ts'
import { failure } from './expectations.ts'

const CASES = templateCases((name) => `canary of ${name}`)
const { contexts: CONTEXTS } = CASES.NOT_FOUND

describe('the codes of templates', () => {
  for (const code of TEMPLATE_CODES) {
    it(`${code} has its place, a message and no value`, async () => {
      const { json, place, contexts, options } = CASES[code]
      const error = await failure(resolveTemplate(json, contexts, options))
      expect(error).toBeInstanceOf(TemplateError)
      expect(error).toMatchObject({ code, issues: [{ code, message: expect.stringMatching(/\.$/) as string }] })
      const { pointer, start, end } = (error as TemplateError).issues[0]!
      expect(`${pointer} ${start}-${end}`).toBe(place)
      expect((error as TemplateError).issues).toHaveLength(1)
      expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain('canary of')
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
      'NOT_FOUND at the top (D.nope): There is no such value: correct the path, or pass it in.',
    )
  })
})
