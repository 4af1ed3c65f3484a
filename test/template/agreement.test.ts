import { describe, expect, it } from 'vitest'
import { TemplateError } from '../../src/errors.ts'
import { cases, fc } from '../helpers/property.ts'
import {
  analyzeTemplate,
  checkTemplate,
  compileTemplate,
  resolveTemplate,
  type ResolveOptions,
  type TemplateContexts,
} from '../../src/template/index.ts'
import { recordingStore } from './recording-store.ts'

const RUNS = cases(2_000, 20_000)
const RECORDS = { api: { TOKEN: 't', USER: 'u' }, only: { KEY: 'k' }, '2fa': { X: 'x' } }
const CYCLE: Record<string, unknown> = {}
CYCLE['self'] = CYCLE
const INPUTS = {
  name: 'acme',
  n: 1,
  none: null,
  nan: NaN,
  list: ['p', { q: 1 }],
  fn: () => 1,
  cycle: CYCLE,
  date: new Date(0),
  key: 'only',
}

const path = fc.constantFrom(
  ...[
    'SECRETS.api.TOKEN',
    'SECRETS.api.USER',
    'SECRETS.only',
    'SECRETS.api',
    'SECRETS.nope.X',
    'SECRETS.api.NOPE',
    'SECRETS',
  ],
  ...[
    'SECRETS.2fa.X',
    'SECRETS.api.TO-KEN',
    'SECRETS.api.TOKEN.x',
    'INPUTS',
    'INPUTS.name',
    'INPUTS.n',
    'INPUTS.none',
    'INPUTS.nan',
  ],
  ...[
    'INPUTS.list',
    'INPUTS.list.0',
    'INPUTS.list.2',
    'INPUTS.fn',
    'INPUTS.cycle',
    'INPUTS.date',
    'INPUTS.q',
    'INPUTS.key',
    'secrets.x',
    'user.x',
  ],
)
const opening = fc.constantFrom('{{', '{{ ', '{{{', '{{&', '${{ ', '{{{{')
const closing = fc.constantFrom('}}', ' }}', '}}}', '', '}')
const piece = fc.oneof(
  { weight: 5, arbitrary: path.map((item) => `{{ ${item} }}`) },
  { weight: 2, arbitrary: fc.tuple(opening, path, closing).map((parts) => parts.join('')) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('text', ' ', '$', '\n', '}}', '{{', '{{! c }}', "{{ '{{' }}", '{{#x}}', '{{}}'),
  },
)
const string = fc.array(piece, { maxLength: 4 }).map((parts) => parts.join(''))
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    string,
    fc.constantFrom(1, null, true, undefined, new Date(0), 1n),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(
      fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom('a', 'b/~', 'only', '__proto__') },
        { weight: 1, arbitrary: string },
      ),
      tie('tree'),
      { maxKeys: 3 },
    ),
  ),
}))
const options: fc.Arbitrary<ResolveOptions> = fc.record(
  {
    flat: fc.constantFrom('single-key', 'error'),
    foreign: fc.constantFrom('error', 'keep'),
    syntax: fc.constantFrom('mustache', 'mustache-only', 'dollar', 'both'),
    opaque: fc.constantFrom('error', 'keep'),
    share: fc.boolean(),
    allow: fc.constant(['api', 'only']),
    exclude: fc.constantFrom(['/a'], [], ['/0', '/a/b~1~0']),
    limits: fc.constantFrom({ depth: 2 }, { issues: 3 }, { tagLength: 24 }, {}),
  },
  { requiredKeys: [] },
)

async function outcome(run: () => Promise<unknown>): Promise<{ value: unknown } | { issues: unknown }> {
  try {
    return { value: await run() }
  } catch (error) {
    if (error instanceof TemplateError) return { issues: error.issues }
    throw error
  }
}

describe('checking and resolving', () => {
  for (const kind of ['a store', 'plain records']) {
    it(`agree on ${RUNS} random templates with ${kind}`, async () => {
      await fc.assert(
        fc.asyncProperty(tree, options, async (json, chosen) => {
          const contexts: TemplateContexts = { SECRETS: kind === 'a store' ? recordingStore(RECORDS) : RECORDS, INPUTS }
          const issues = await checkTemplate(json, contexts, chosen)
          const resolved = await outcome(() => resolveTemplate(json, contexts, chosen))
          if (issues.length > 0) expect(resolved).toEqual({ issues })
          else expect(resolved).toHaveProperty('value')
          const namespaces = ['SECRETS', 'INPUTS']
          const analysis = analyzeTemplate(json, { ...chosen, namespaces })
          if (analysis.issues.length > 0) expect(issues).toEqual(analysis.issues)
          const plan = compileTemplate(json, { ...chosen, namespaces })
          expect(plan).toMatchObject({ references: analysis.references, issues: analysis.issues })
          for (let time = 0; time < 2; time++) expect(await outcome(() => plan.resolve(contexts))).toEqual(resolved)
        }),
        { numRuns: RUNS },
      )
    })
  }
})
