import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checkTemplate, resolveTemplate, type ResolveOptions, type TemplateContexts } from '../../src/template/index.ts'
import { issuesOf } from './expectations.ts'

interface Example {
  readonly template: unknown
  readonly contexts: TemplateContexts
  readonly options?: ResolveOptions
  readonly result?: unknown
  readonly issues?: readonly string[]
  readonly told?: readonly string[]
}

const page = readFileSync(new URL('../../docs/template.md', import.meta.url), 'utf8')
const sections = page.split(/^### /m).slice(1)

describe('docs/template.md', () => {
  it('has a section for each of the 26 rules', () => {
    expect(sections.map((section) => Number.parseInt(section))).toEqual(Array.from({ length: 26 }, (_, i) => i + 1))
  })

  for (const section of sections) {
    const [title = ''] = section.split('\n', 1)
    it(`${title}: its examples are right`, async () => {
      const examples = [...section.matchAll(/^```json\n(.*?)^```$/gms)].map(
        ([, json = '']) => JSON.parse(json) as Example,
      )
      expect(examples).not.toHaveLength(0)
      for (const { template, contexts, options, result, issues, told = [] } of examples) {
        const heard: string[] = []
        const redactor = { add: (values: Iterable<string>) => heard.push(...values) }
        const chosen = { ...options, ...(told.length > 0 ? { redactor } : {}) }
        if (issues === undefined) {
          expect(await resolveTemplate<unknown, unknown>(template, contexts, chosen)).toEqual(result)
          expect(heard).toEqual(told)
        } else {
          const found = await issuesOf(resolveTemplate(template, contexts, chosen))
          expect(found.map((issue) => `${issue.code} at ${issue.pointer} ${issue.start}-${issue.end}`)).toEqual(issues)
          expect(await checkTemplate(template, contexts, chosen)).toEqual(found)
        }
      }
    })
  }
})
