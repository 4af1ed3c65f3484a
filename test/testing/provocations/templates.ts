/** The errors of templates. */
import { resolveTemplate } from 'latchkey'
import { TEMPLATE_CODES, type TemplateErrorCode } from 'latchkey/errors'
import { templateCases } from '../../template/cases.ts'
import type { Provocation, Provocations } from './provocation.ts'

/** For each code the template that the tests of templates have for it. */
export const TEMPLATES = Object.fromEntries(
  TEMPLATE_CODES.map((code): [TemplateErrorCode, Record<string, Provocation>] => [
    code,
    {
      'a template': (probe) => {
        const { json, contexts, options } = templateCases((name) => probe.canary(name))[code]
        return resolveTemplate(json, contexts, options)
      },
    },
  ]),
) as Provocations<TemplateErrorCode>
