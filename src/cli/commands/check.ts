/** `latchkey check MODULE`. */
import type { CheckReport } from '../../registry/check-types.ts'
import type { Command, Input } from '../command.ts'
import { collect } from '../collecting/collect.ts'
import { COLLECT_OPTIONS, jobOptions } from '../collecting/options.ts'
import { EXIT } from '../exit-codes.ts'
import { output } from '../output.ts'
import { printRows } from '../table.ts'

export const check: Command = {
  summary: 'Tells what the functions of a module need and stores lack',
  arguments: ['MODULE'],
  options: COLLECT_OPTIONS,
  details: [
    "It imports the module in a process of its own, which only notes what is registered: no function runs, and a secret that is missing does not end the import. Then the module's own stores are asked for names and keys, and for values only where a definition has a schema. No value is shown.",
    'MODULE is a file of JavaScript, or of TypeScript where tsx is installed beside it or Node itself reads it (22.18 and later). What it prints goes to stderr. A module that throws, never ends or ends the process is told as such.',
    'It ends with 1 if anything is missing, does not fit, collides or could not be found out. With --json it prints one object: ok, functions, missing, invalid, failures, conflicts.',
  ],
  examples: [
    'latchkey check dist/integrations.js',
    'latchkey check src/integrations.ts --scope acme/production --scope acme/staging',
  ],
  async run(input) {
    const { scopes, timeoutMs } = jobOptions(input)
    const registries = await collect(input.arguments[0] ?? '', { kind: 'check', scopes, expiry: false }, timeoutMs)
    const functions = registries.reduce((sum, registry) => sum + registry.functions, 0)
    const reports = registries.flatMap(({ report }) => report ?? [])
    const ok = reports.every((report) => report.ok)
    if (input.flag('json')) await output.write(`${JSON.stringify({ ok, functions, ...merged(reports) })}\n`)
    else await print(input, reports, functions)
    return ok ? EXIT.ok : EXIT.failure
  },
}

type Lists = Omit<CheckReport, 'ok'>

function merged(reports: readonly CheckReport[]): Lists {
  return {
    missing: reports.flatMap(({ missing }) => missing),
    invalid: reports.flatMap(({ invalid }) => invalid),
    failures: reports.flatMap(({ failures }) => failures),
    conflicts: reports.flatMap(({ conflicts }) => conflicts),
  }
}

async function print(input: Input, reports: readonly CheckReport[], functions: number): Promise<void> {
  const rows = reports.flatMap(rowsOf)
  if (rows.length === 0) {
    await output.write(
      `Nothing is missing: ${functions} ${functions === 1 ? 'function has what it needs' : 'functions have what they need'}.\n`,
    )
    return
  }
  const asTheyAre = { cells: (row: string[]) => row, json: (row: string[]) => row }
  await printRows(input, ['FUNCTION', 'SCOPE', 'SECRET', 'KEY', 'FOUND'], rows, asTheyAre, 'whole')
}

function rowsOf({ missing, invalid, failures, conflicts }: CheckReport): string[][] {
  return [
    ...missing.map(({ function: fn, scope, secret, key }) => [fn, scope, secret, key ?? '-', 'missing']),
    ...invalid.map(({ function: fn, scope, secret, key, code }) => {
      return [fn, scope, secret, key, `does not fit its schema${code === undefined ? '' : ` (${code})`}`]
    }),
    ...failures.map(({ function: fn, scope, secret, code, message }) => [
      fn,
      scope,
      secret,
      '-',
      `${code}: ${message}`,
    ]),
    ...conflicts.map(({ function: fn, scope = '-', code, message }) => [
      fn || '-',
      scope,
      '-',
      '-',
      `${code}: ${message}`,
    ]),
  ]
}
