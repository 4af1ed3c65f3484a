/** `latchkey manifest MODULE`. */
import type { Manifest } from '../../registry/manifest-types.ts'
import type { Command, Input } from '../command.ts'
import { collect } from '../collecting/collect.ts'
import { COLLECT_OPTIONS, jobOptions } from '../collecting/options.ts'
import { EXIT } from '../exit-codes.ts'
import { usageError } from '../failure.ts'
import { note, output } from '../output.ts'
import { printRows } from '../table.ts'
import type { Rows } from '../table.ts'

export const manifest: Command = {
  summary: 'Tells which functions a module registers, and which secrets they use',
  arguments: ['MODULE'],
  options: {
    ...COLLECT_OPTIONS,
    scope: {
      ...COLLECT_OPTIONS.scope,
      description: 'tell what is stored there, too, and what nobody uses (default: no store is asked)',
    },
    expiry: { description: 'look into the secrets of the scopes for dates when they expire' },
  },
  details: [
    'It imports the module as latchkey check does, in a process that only notes what is registered. Without --scope no store is asked: the result depends on the code alone, is sorted and holds no value, so that it can be committed and compared.',
    'On a terminal it prints a table of functions. With --json it prints what registry.manifest() gives, over several lines; for a module with several registries, an array of these.',
  ],
  examples: [
    'latchkey manifest dist/integrations.js --json > latchkey.manifest.json',
    'latchkey manifest src/integrations.ts --scope default',
  ],
  async run(input) {
    const { scopes, timeoutMs } = jobOptions(input)
    const expiry = input.flag('expiry')
    if (expiry && scopes === undefined) throw usageError('--expiry needs a scope to look at.', 'Add --scope SCOPE.')
    const registries = await collect(input.arguments[0] ?? '', { kind: 'manifest', scopes, expiry }, timeoutMs)
    const manifests = registries.map((registry) => registry.manifest as Manifest)
    if (input.flag('json')) {
      await output.write(`${JSON.stringify(manifests.length === 1 ? manifests[0] : manifests, undefined, 2)}\n`)
    } else await print(input, manifests)
    return EXIT.ok
  },
}

async function print(input: Input, manifests: readonly Manifest[]): Promise<void> {
  const functions = manifests.flatMap((one) => one.functions)
  const columns: Rows<Manifest['functions'][number]> = {
    cells: ({ name, module = '-', requirements }) => [
      name,
      module,
      [...new Set(requirements.map(shownRequirement))].join(', ') || '-',
    ],
    json: (row) => row,
  }
  await printRows(input, ['FUNCTION', 'MODULE', 'SECRETS'], functions, columns, 'whole')
  if (functions.length === 0) await note('The module registers no function.')
  const found = manifests.flatMap(foundIn)
  if (found.length === 0) return
  if (functions.length > 0) await output.write('\n')
  const asTheyAre = { cells: (row: string[]) => row, json: (row: string[]) => row }
  await printRows(input, ['SCOPE', 'SECRET', 'FOUND'], found, asTheyAre, 'whole')
}

function shownRequirement({ name, scope }: Manifest['functions'][number]['requirements'][number]): string {
  return scope === undefined ? name : `${scope}:${name}`
}

/** What is worth a look, beside the functions. */
function foundIn({ refused, stored }: Manifest): string[][] {
  return [
    ...refused.map(({ function: fn, code, message }) => ['-', '-', `${fn === '' ? '' : `${fn}: `}${code}: ${message}`]),
    ...(stored?.missing ?? []).map(({ function: fn, scope, secret, key }) => {
      return [scope, secret, `${key === undefined ? 'is missing' : `key ${key} is missing`}, for ${fn}`]
    }),
    ...(stored?.failures ?? []).map(({ scope, secret, code, message }) => [scope, secret, `${code}: ${message}`]),
    ...(stored?.unused ?? []).map(({ scope, name }) => [scope, name, 'is used by no function']),
    ...(stored?.unlisted ?? []).map(({ scope, code, message }) => [
      scope,
      '-',
      `cannot be listed: ${code}: ${message}`,
    ]),
    ...(stored?.expires ?? []).map(({ scope, name, key, kind, at }) => [
      scope,
      name,
      `key ${key} (${kind}) expires ${at}`,
    ]),
  ]
}
