/**
 * Runs the examples from the packed package, as who has installed it does: `npm run examples` all of them, after their types and
 * the linter; `npm run examples -- NAME...` some. It fails if one fails.
 */
import { choose, EXAMPLES, readExamples, type Example } from './example.ts'
import { isRequired, startEngines } from './engines.ts'
import { install } from './installation.ts'
import { npm } from './npm.ts'

/** One that does not end by itself is ended. */
const CAP_MS = 120_000

type Outcome = 'passed' | 'FAILED' | `skipped: ${string}`

const all = readExamples()
const chosen = choose(all, process.argv.slice(2))
const isAll = chosen.length === all.length

await install(chosen, isAll)
const told: string[] = []
let failed = 0

if (isAll) await step('types', () => npmRun(['types']))
if (isAll) await step('lint', () => npmRun(['lint']))
for (const example of chosen) await step(example.name, () => run(example))

if (told.length > 1) console.log(`\n${told.join('\n')}`)
process.exitCode = failed === 0 ? 0 : 1

async function step(title: string, body: () => Promise<Outcome>): Promise<void> {
  console.log(`\n== ${title} ==`)
  const started = performance.now()
  const outcome = await body()
  if (outcome === 'FAILED') failed += 1
  told.push(`${title}: ${outcome}, ${((performance.now() - started) / 1000).toFixed(1)} s`)
}

async function run({ name, engines }: Example): Promise<Outcome> {
  const running = await startEngines(engines)
  if ('missing' in running) {
    const reason = `${name} needs ${running.missing}: ${running.wanted}`
    const required = isRequired(running.missing, process.env['REQUIRE_ENGINES'])
    console.log(required ? `${reason}, as REQUIRE_ENGINES demands` : reason)
    return required ? 'FAILED' : `skipped: ${reason}`
  }
  try {
    return await npmRun(['start', `--workspace=${name}`], running.env)
  } finally {
    await running.remove()
  }
}

async function npmRun(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const code = await npm(['run', '--silent', ...args], EXAMPLES, { env, signal: AbortSignal.timeout(CAP_MS) })
  return code === 0 ? 'passed' : 'FAILED'
}
