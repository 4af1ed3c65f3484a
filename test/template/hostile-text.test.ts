import { describe, expect, it } from 'vitest'
import { analyzeTemplate, compileTemplate, resolveTemplate, type ParseOptions } from '../../src/template/index.ts'

const KB = 1024
/** Texts that cost a careless scanner time that grows with the square of their length. */
const PATTERNS: Record<string, (length: number) => string> = {
  'runs of {{': (n) => '{{'.repeat(n / 2),
  'runs of }}': (n) => '}}'.repeat(n / 2),
  'runs of {': (n) => `${'{'.repeat(n - 1)}x`,
  blanks: (n) => ' '.repeat(n),
  'one opening, then blanks': (n) => `{{${' '.repeat(n)}`,
  'openings and blanks in turn': (n) => '{{   '.repeat(n / 5),
  'openings and braces in turn': (n) => '{{ { & '.repeat(n / 7),
  'unclosed references': (n) => '{{ SECRETS.a.B '.repeat(n / 15),
  'a reference that never ends': (n) => `{{ SECRETS.${'a'.repeat(n)}`,
  'blanks inside a closed tag': (n) => `{{ SECRETS.a${' '.repeat(n)}b }}`,
  'comments that end at once': (n) => '{{!}}\n'.repeat(n / 6),
  'one comment among line breaks': (n) => `${'\n'.repeat(n / 2)}{{!x}}${' \n'.repeat(n / 4)}`,
  'quotes that look like literal braces': (n) => "{{ '{{' ".repeat(n / 8),
  'dollars and braces': (n) => '${{'.repeat(n / 3),
  references: (n) => '{{SECRETS.a.B}}'.repeat(n / 15),
}
const MODES: ParseOptions[] = (['mustache', 'mustache-only', 'dollar', 'both'] as const).flatMap((syntax) =>
  (['error', 'keep'] as const).map((foreign) => ({ syntax, foreign, limits: { issues: 10_000 } })),
)
const SECRETS = { a: { B: 'v' } }

/** What a run takes, in milliseconds of this process alone: others may keep it waiting. */
function timeOf(run: () => unknown): number {
  const before = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

/** The best of a few runs, of no more than it takes to be below the limit: what disturbs a machine only ever adds. */
function fastest(run: () => unknown, limit = 0): number {
  let best = Infinity
  for (let i = 0; i < 5 && best >= limit; i++) best = Math.min(best, timeOf(run))
  return best
}

describe('hostile texts', () => {
  for (const [name, make] of Object.entries(PATTERNS)) {
    it(`${name}: 1 MB takes no more than in proportion to 64 KB, in every mode`, () => {
      const small = make(64 * KB)
      const large = make(1024 * KB)
      for (const mode of MODES) {
        // Sixteen times the text: 16 x if linear, 256 x if quadratic. Some milliseconds either way are noise.
        const limit = 100 * fastest(() => analyzeTemplate(small, mode)) + 400
        expect(
          fastest(() => compileTemplate(large, mode), limit),
          JSON.stringify(mode),
        ).toBeLessThan(limit)
      }
    })
  }

  it('come out as they went in where they hold nothing to fill in', async () => {
    for (const name of ['runs of }}', 'blanks']) {
      const text = PATTERNS[name]?.(64 * KB) ?? ''
      expect(await resolveTemplate(text, { SECRETS })).toBe(text)
    }
    for (const name of [
      'runs of {{',
      'runs of {',
      'openings and blanks in turn',
      'openings and braces in turn',
      'dollars and braces',
    ]) {
      const text = PATTERNS[name]?.(64 * KB) ?? ''
      expect(await resolveTemplate(text, { SECRETS }, { foreign: 'keep' }), name).toBe(text)
    }
  })

  it('are linear in keys, too', () => {
    const object = (count: number): object =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`{{INPUTS.k${i}}}`, i]))
    const small = object(1_000)
    const large = object(16_000)
    const options = { namespaces: ['INPUTS'] }
    const limit = 100 * fastest(() => analyzeTemplate(small, options)) + 400
    expect(fastest(() => analyzeTemplate(large, options), limit)).toBeLessThan(limit)
  })

  it('are read the same way the first time and when their references are known', async () => {
    const text = 'a {{ SECRETS.a.B }} {{SECRETS.a.B}} {{{ SECRETS.a.B }}} {{&SECRETS.a.B}}'
    const once = await resolveTemplate(text, { SECRETS })
    for (let i = 0; i < 5_000; i++) analyzeTemplate(`{{ SECRETS.name_${i}.KEY }}`)
    expect(await resolveTemplate(text, { SECRETS })).toBe(once)
    expect(await resolveTemplate(text, { SECRETS })).toBe('a v v v v')
  })
})
