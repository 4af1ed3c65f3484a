/** One text with plain records is filled in a short way. Whatever it is, the outcome is that of the long way. */
import { describe, expect, it } from 'vitest'
import { compileTemplate, resolveTemplate, type TemplateContexts } from '../../src/template/index.ts'
import { TemplateError } from '../../src/errors.ts'
import type { SecretStore } from '../../src/store.ts'
import { recordingStore } from './recording-store.ts'

const REFERENCE = 'SECRETS.api.TOKEN'
const TAG = `{{ ${REFERENCE} }}`
const long = 'K'.repeat(255)
const api = { TOKEN: 's3cret', USER: '', [long]: 'long' }
const SECRETS = { api, only: { KEY: 'single' }, odd: { NUMBER: 1, NULL: null } }

const TEXTS = [
  '',
  'plain',
  TAG,
  `{{${REFERENCE}}}`,
  `{{ ${REFERENCE}}}`,
  `{{${REFERENCE} }}`,
  `{{  ${REFERENCE} }}`,
  `{{ ${REFERENCE}  }}`,
  `{{\t${REFERENCE}\n}}`,
  `a${TAG}`,
  `${TAG}z`,
  `a${TAG}b{{SECRETS.api.USER}}c${TAG}`,
  `${TAG}${TAG}`,
  `{{SECRETS.api.USER}}`,
  `$${TAG}`,
  `$ ${TAG}`,
  `a$${TAG}`,
  `${TAG}$${TAG}`,
  `$`,
  `{${TAG}}`,
  `{{{ ${REFERENCE} }}}`,
  `{{& ${REFERENCE} }}`,
  `{{ {{ ${REFERENCE} }}`,
  `{{ ${REFERENCE} }} }}`,
  `}}${TAG}`,
  `${TAG} {{`,
  `${TAG} {{ x`,
  `{{ ${REFERENCE}`,
  '{{}}',
  '{{ }}',
  '{{',
  '}}',
  `{{! ${REFERENCE} }}${TAG}`,
  `{{ '{{' }}${TAG}`,
  '{{ SECRETS.only }}',
  '{{ SECRETS.only.KEY }}',
  '{{ SECRETS.api }}',
  '{{ SECRETS.api.NOPE }}',
  '{{ SECRETS.nope.KEY }}',
  '{{ SECRETS.odd.NUMBER }}',
  '{{ SECRETS.odd.NULL }}',
  '{{ SECRETS.api.TOKEN.x }}',
  '{{ SECRETS.api.__proto__ }}',
  '{{ SECRETS.__proto__.x }}',
  '{{ SECRETS }}',
  '{{ OTHER.x }}',
  `{{ OTHER.x }}${TAG}`,
  `{{ SECRETS.api.${long} }}`,
  `{{ SECRETS.api.${long}${' '.repeat(300)}}}`,
  `{{${' '.repeat(484)} ${REFERENCE} }}`,
  `{{${' '.repeat(512)} ${REFERENCE} }}`,
]

const CONTEXTS: readonly (readonly [string, TemplateContexts])[] = [
  ['plain records', { SECRETS: SECRETS as never }],
  ['records without a prototype', { SECRETS: Object.assign(Object.create(null), SECRETS) as never }],
  ['records of another namespace as well', { SECRETS: SECRETS as never, OTHER: { x: 'other' } }],
  ['a namespace whose name is none', { SECRETS: SECRETS as never, 'no name': {} }],
  ['a store', { SECRETS: recordingStore({ api, only: SECRETS.only }) }],
  ['records with a name like a verb', { SECRETS: { ...SECRETS, getMany: { KEY: 'x' } } as never }],
  ['records and a text with the names of verbs', { SECRETS: { ...SECRETS, get: 'text', getMany: 'text' } as never }],
  [
    'a store with a field of the name of a secret',
    { SECRETS: { ...recordingStore({ api }), api: { TOKEN: 'field' } } },
  ],
  ['a store of a class', { SECRETS: new (class {
    readonly api = { TOKEN: 'field' }
    readonly #store = recordingStore({ api, only: SECRETS.only })
    getMany(...asked: Parameters<SecretStore['getMany']>) {
      return this.#store.getMany(...asked)
    }
  })() }], // prettier-ignore
  ['an instance of a class', { SECRETS: new (class {
    api = api
  })() as never }], // prettier-ignore
  ['records that inherit', { SECRETS: Object.create({ api }) as never }],
  ['a record that is no object', { SECRETS: { api: 'text', only: null } as never }],
  ['no records', { SECRETS: null as never }],
  ['a text for records', { SECRETS: 'text' as never }],
  ['no SECRETS', {}],
  ['no contexts', null as never],
  ['a text for contexts', 'text' as never],
]

/** What comes of it, comparably. */
async function outcome(asked: () => Promise<unknown>): Promise<unknown> {
  try {
    return { value: await asked() }
  } catch (error) {
    if (error instanceof TemplateError) return { issues: error.issues }
    return { name: (error as Error).name, message: (error as Error).message }
  }
}

describe.each(CONTEXTS)('one text with %s', (_, contexts) => {
  it.each(TEXTS.map((text) => [JSON.stringify(text).slice(0, 60), text]))('is filled in alike: %s', async (_, text) => {
    const expected = await outcome(() => resolveTemplate(text, contexts, {}))
    // The second time its references are known.
    expect(await outcome(() => resolveTemplate(text, contexts))).toEqual(expected)
    expect(await outcome(() => resolveTemplate(text, contexts))).toEqual(expected)
  })

  it('is filled in alike when it was compiled', async () => {
    for (const text of TEXTS) {
      const plan = compileTemplate(text)
      expect(await outcome(() => plan.resolve(contexts)), text).toEqual(await outcome(() => plan.resolve(contexts, {})))
    }
  })
})

it('one text keeps to the limit of its output, wherever that is passed', async () => {
  const most = 64 * 1024 * 1024
  const rest = 'x'.repeat(most - 2)
  for (const [text, value, isTooMuch] of [
    [`${TAG}${rest}`, 'vv', false],
    [`${TAG}${rest}`, 'vvv', true],
    [`${rest}${TAG}`, 'vv', false],
    [`${rest}${TAG}`, 'vvv', true],
    // More than the longest text that this platform can make.
    [`${TAG}${TAG}${TAG}`, 'v'.repeat(2 ** 28), true],
  ] as const) {
    const contexts = { SECRETS: { api: { TOKEN: value } } }
    const compiled = compileTemplate(text)
    for (const filled of [
      () => resolveTemplate(text, contexts, {}),
      () => resolveTemplate(text, contexts),
      () => compiled.resolve(contexts, {}),
      () => compiled.resolve(contexts),
    ]) {
      const expected = isTooMuch ? { issues: [{ code: 'OUTPUT_TOO_LARGE' }] } : { value: { length: most } }
      expect(await outcome(async () => ({ length: (await filled()).length }))).toMatchObject(expected)
    }
  }
})

it('one text keeps to the limit of its output in both ways', async () => {
  const contexts = { SECRETS: SECRETS as never }
  for (const outputLength of [5, 6, 7, 8]) {
    const plan = compileTemplate(`${TAG}-`, { limits: { outputLength } })
    expect(await outcome(() => plan.resolve(contexts))).toEqual(await outcome(() => plan.resolve(contexts, {})))
  }
})
