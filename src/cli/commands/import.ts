/** `latchkey import FILE [NAME]`. */
import { answer } from '../answer.ts'
import { SCOPE_OPTION, STORE_OPTIONS } from '../command.ts'
import type { Command, Input } from '../command.ts'
import { parseDocument, parseDotenvSecret } from '../documents.ts'
import type { DocumentSecret } from '../documents.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError, usageError } from '../failure.ts'
import { nameOf, scopeOf, shownSecret } from '../names.ts'
import { note, output } from '../output.ts'
import { readText } from '../standard-input.ts'
import { withWritableStore } from '../store.ts'
import { carryOut, CONFLICTS, plan } from '../transfer.ts'
import type { OnConflict, Step } from '../transfer.ts'
import { readTextFile } from '../value-file.ts'

const MAX_BYTES = 256 * 1024 * 1024

export const importSecrets: Command = {
  summary: 'Stores the secrets of a dotenv or JSON file',
  arguments: ['FILE', '[NAME]'],
  options: {
    ...STORE_OPTIONS,
    ...SCOPE_OPTION,
    format: {
      placeholder: 'FORMAT',
      choices: ['dotenv', 'json'],
      description: 'dotenv or json (default: json if FILE ends in .json, else dotenv)',
    },
    'on-conflict': {
      placeholder: 'WHAT',
      choices: CONFLICTS,
      description: 'what to do if a secret is there with other values: fail, skip, merge or replace (default: fail)',
    },
    'dry-run': { description: 'tell what would be done, and change nothing' },
  },
  details: [
    'FILE is a path, or - for stdin. A dotenv file becomes the one secret NAME, with a key for each of its names. A JSON file is what latchkey export writes, or an object of secrets { "NAME": { "KEY": "value" } }, or with NAME one secret { "KEY": "value" }. All values are strings.',
    'Everything is read and looked at before anything is written. With fail, one secret that is there with other values is enough for nothing to be written; one with the same values is left as it is. With merge, keys that the file does not have stay. Each secret is written whole or not at all, and only if nobody else changed it meanwhile.',
    'A line of a dotenv file that cannot be understood, and a name that is given twice, are errors. Remove the file afterwards: its values are in it as they are.',
  ],
  examples: [
    'latchkey import .env my_service',
    'latchkey import secrets.json --on-conflict merge --dry-run',
    'other-tool export | latchkey import - my_service --format dotenv',
  ],
  async run(input) {
    const scope = scopeOf(input)
    const name = input.arguments.length > 1 ? nameOf(input.arguments[1]) : undefined
    const onConflict = conflictOf(input)
    const secrets = await read(input, name)
    assertDistinct(secrets, scope)
    const steps = await withWritableStore(
      input,
      async (store) => {
        const planned = await plan(store, secrets, scope, onConflict)
        if (input.flag('dry-run')) return planned
        const conflicts = planned.filter(({ action }) => action === 'conflict')
        if (conflicts.length > 0) throw alreadyThere(conflicts)
        await carryOut(store, planned)
        return planned
      },
      { mayMake: !input.flag('dry-run') },
    )
    await tell(input, steps)
    return EXIT.ok
  },
}

async function read(input: Input, name: string | undefined): Promise<DocumentSecret[]> {
  const [file = ''] = input.arguments
  const format = input.text('format') ?? (file.endsWith('.json') ? 'json' : 'dotenv')
  if (format !== 'dotenv' && format !== 'json') throw usageError('--format is dotenv or json.')
  if (format === 'dotenv' && name === undefined) {
    throw usageError('A dotenv file needs the NAME of the secret that it becomes.', 'Write latchkey import FILE NAME.')
  }
  if (file === '-' && process.stdin.isTTY) {
    throw usageError('What is typed on a terminal would be shown.', 'Send a file: latchkey import - NAME < FILE')
  }
  const text =
    file === '-'
      ? await readText(MAX_BYTES, 'Send a file: latchkey import - NAME < FILE')
      : readTextFile(file, MAX_BYTES)
  return format === 'dotenv' && name !== undefined ? parseDotenvSecret(text, name) : parseDocument(text, name)
}

function conflictOf(input: Input): OnConflict {
  const given = input.text('on-conflict') ?? 'fail'
  const found = CONFLICTS.find((one) => one === given)
  if (found !== undefined) return found
  throw usageError(`--on-conflict is one of ${CONFLICTS.join(', ')}.`)
}

function assertDistinct(secrets: readonly DocumentSecret[], scope: string): void {
  const seen = new Set<string>()
  for (const secret of secrets) {
    const address = `${secret.scope ?? scope} ${secret.name}`
    if (seen.has(address)) throw new CliError('INVALID', `The file has ${secret.name} twice.`, 'Remove one of them.')
    seen.add(address)
  }
}

function alreadyThere(conflicts: readonly Step[]): CliError {
  const names = conflicts.slice(0, 10).map(({ secret, scope }) => shownSecret(secret.name, scope))
  const more = conflicts.length > names.length ? ` and ${conflicts.length - names.length} more` : ''
  return new CliError(
    'CONFLICT',
    `There with other values: ${names.join(', ')}${more}. Nothing was changed.`,
    'Say what is to be done with --on-conflict skip, merge or replace; --dry-run tells what that would do.',
  )
}

/** What was done, in words. */
const DONE: Readonly<Record<string, string>> = {
  create: 'created',
  merge: 'merged',
  replace: 'replaced',
  skip: 'skipped',
}

async function tell(input: Input, steps: readonly Step[]): Promise<void> {
  const dryRun = input.flag('dry-run')
  const counts: Record<string, number> = {}
  for (const { action } of steps) counts[action] = (counts[action] ?? 0) + 1
  const secrets = steps.map(({ action, scope, secret: { name, values } }) => {
    return { action, scope, name, keys: Object.keys(values).sort() }
  })
  const word = (action: string): string => (dryRun ? action : (DONE[action] ?? action))
  if (!input.flag('json')) {
    for (const { action, scope, name, keys } of secrets) {
      if (steps.length > 100 && !dryRun) break
      if (!(await output.write(`${word(action).padEnd(9)} ${shownSecret(name, scope)}: ${keys.join(', ')}\n`))) return
    }
  }
  const sums = Object.entries(counts).map(([action, count]) => `${count} ${word(action)}`)
  const text = `${steps.length} ${steps.length === 1 ? 'secret' : 'secrets'}: ${sums.join(', ') || 'nothing to do'}.`
  await answer(input, { dryRun, ...counts, secrets }, text)
  if (dryRun) await note('Nothing was changed (--dry-run).')
}
