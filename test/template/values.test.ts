import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { checkTemplate, compileTemplate, resolveTemplate, type TemplateContexts } from '../../src/template/index.ts'
import { fc } from '../helpers/property.ts'
import { failure } from './expectations.ts'
import { recordingStore } from './recording-store.ts'

const ODD = ['{{ SECRETS.a.B }}', '${{ x }}', '{{! c }}', "$& $1 $` $' $$", '"', "'", '\\', '\r\n\t', '\0', '\ud800', '\udc00x', '\u202e', '<&>', '', ' ', 'x","admin":true,"y":"'] // prettier-ignore

describe('values', () => {
  it('come out unit by unit as they are, whole and inside a text, and are never parsed', async () => {
    for (const value of ODD) {
      for (const SECRETS of [{ a: { B: value } }, recordingStore({ a: { B: value } })]) {
        const contexts = { SECRETS, D: { v: value } }
        const template = ['{{ SECRETS.a.B }}', '<{{ SECRETS.a.B }}|{{ D.v }}>', { '{{ D.v }}': 1 }]
        const expected = [value, `<${value}|${value}>`, { [value]: 1 }]
        expect(await resolveTemplate<unknown, unknown>(template, contexts)).toEqual(expected)
        const plan = compileTemplate<unknown, unknown>(template, { namespaces: ['SECRETS', 'D'] })
        expect(await plan.resolve(contexts)).toEqual(expected)
      }
      expect(await resolveTemplate('-{{SECRETS.a.B}}-', { SECRETS: { a: { B: value } } })).toBe(`-${value}-`)
    }
  })

  it('of any text come out as they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 30 }), async (value) => {
        expect(await resolveTemplate('a{{SECRETS.a.B}}b', { SECRETS: { a: { B: value } } })).toBe(`a${value}b`)
      }),
    )
  })

  it('show in no error, whichever way it is looked at', async () => {
    const canary = 'c4nary-s3cret'
    const records = { a: { B: canary, [canary.replaceAll('-', '_')]: 'x' }, flat: { X: canary, Y: canary } }
    const contexts: TemplateContexts = {
      SECRETS: records,
      D: {
        v: canary,
        list: [canary],
        date: Object.assign(new Date(0), { canary }),
        f: Object.assign(() => canary, { canary }),
      },
    }
    const templates = [
      '{{ SECRETS.a.C }}',
      '{{ SECRETS.flat }}',
      '{{ SECRETS.a.B }}{{ D.nope }}',
      { '{{ D.v }}': 1, '{{D.v}}': 2 },
      ['{{ D.date }}', '{{ D.f }}', '-{{ D.list }}', '{{ D.v.x }}'],
      '{{ D.v',
    ]
    for (const json of templates) {
      const rejected = [
        await failure(resolveTemplate(json, contexts)),
        await failure(compileTemplate(json, { namespaces: ['SECRETS', 'D'] }).resolve(contexts)),
        await failure(resolveTemplate(json, { ...contexts, SECRETS: recordingStore(records) })),
        await failure(resolveTemplate([json, '{{ SECRETS.a.B }}'], { SECRETS: { getMany: () => { throw new Error(canary) } } })), // prettier-ignore
        await checkTemplate(json, contexts),
      ]
      for (const error of rejected) {
        const seen = [
          inspect(error, { depth: 9, showHidden: true }),
          JSON.stringify(error),
          String(error),
          String((error as Error).stack),
        ]
        expect(seen.join('\n')).not.toContain('c4nary')
      }
    }
  })
})
