/** For each code of templates one that has it as its only issue. */
import type { TemplateErrorCode } from '../../src/errors.ts'
import { literal, type ResolveOptions, type TemplateContexts } from '../../src/template/index.ts'

/** A template, what it is resolved with, and the place of its issue: `pointer start-end`. */
export interface TemplateCase {
  readonly json: unknown
  readonly place: string
  readonly contexts: TemplateContexts
  readonly options?: ResolveOptions
}

/** Makes the cases; `value` gives the texts that stand wherever a value does. */
export function templateCases(value: (name: string) => string): Record<TemplateErrorCode, TemplateCase> {
  const cycle: unknown[] = [value('data')]
  cycle.push(cycle)
  const contexts = {
    SECRETS: {
      api: { TOKEN: value('token'), USER: value('user') },
      bad: { N: [value('token')] as unknown as string },
    },
    D: { obj: { a: value('data') }, f: () => value('data'), k: 'k', big: value('data').repeat(9) },
  }
  const failing = { getMany: () => Promise.reject(new Error(value('token'))) }
  const of = (json: unknown, place: string, options?: ResolveOptions): TemplateCase => {
    return { json, place, contexts, ...(options === undefined ? {} : { options }) }
  }
  return {
    AMBIGUOUS_DOLLAR: of('a ${{ SECRETS.api.TOKEN }}', ' 2-26'),
    BAD_REFERENCE: of('{{ SECRETS.api["TOKEN"] }}', ' 0-26'),
    BAD_SECRET_VALUE: of(['x{{ SECRETS.bad.N }}'], '/0 1-20'),
    BARE_NAMESPACE: of('{{ SECRETS }}', ' 0-13'),
    CYCLE: of({ a: cycle }, '/a/1 0-0'),
    EMPTY_TAG: of('x{{ }}', ' 1-6'),
    FLAT_AMBIGUOUS: of('{{ SECRETS.api }}', ' 0-17'),
    FLAT_REFERENCE: of('{{ SECRETS.api }}', ' 0-17', { flat: 'error' }),
    FUNCTION_VALUE: of('{{ D.f }}', ' 0-9'),
    KEY_COLLISION: of({ '{{ D.k }}': value('data'), k: 2 }, '/{{ D.k }} 0-9'),
    KEY_NOT_FOUND: of({ '': '{{ SECRETS.api.NOPE }}' }, '/ 0-22'),
    NOT_ALLOWED: of('{{ SECRETS.api.TOKEN }}', ' 0-23', { allow: [] }),
    NOT_FOUND: of('-{{ D.nope }}', ' 1-13'),
    NOT_SCALAR: of('-{{ D.obj }}', ' 1-12'),
    OUTPUT_TOO_LARGE: of('{{ D.big }}', ' 0-11', { limits: { outputLength: 10 } }),
    SECRET_IN_KEY: of({ 'a~{{ SECRETS.api.TOKEN }}': 1 }, '/a~0{{ SECRETS.api.TOKEN }} 2-25'),
    SECRET_NOT_FOUND: of('{{ SECRETS.nope.KEY }}', ' 0-22'),
    STORE_ERROR: { ...of('{{ SECRETS.api.TOKEN }}', ' 0-23'), contexts: { SECRETS: failing } },
    TAG_TOO_LONG: of(`{{ D.${'x'.repeat(520)} }}`, ' 0-528'),
    TOO_DEEP: of([[value('data')]], '/0 0-0', { limits: { depth: 1 } }),
    TOO_MANY_SEGMENTS: of('{{ SECRETS.api.TOKEN.x }}', ' 0-25'),
    UNCLOSED_TAG: of('{{{ SECRETS.api.TOKEN }} x', ' 0-24'),
    UNKNOWN_NAMESPACE: of('{{ INPUTS.x }}', ' 0-14'),
    UNSUPPORTED_TAG: of('{{> partial }}', ' 0-14'),
    UNSUPPORTED_VALUE: of({ a: literal([Buffer.from(value('data'))]) }, '/a/0 0-0'),
  }
}
