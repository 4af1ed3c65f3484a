/** `latchkey export [NAME...]`. */
import type { SecretInfo } from '../../secret.ts'
import type { SecretStore } from '../../store.ts'
import { SCOPE_OPTION, STORE_OPTIONS } from '../command.ts'
import type { Command, Input } from '../command.ts'
import { formatDocument } from '../documents.ts'
import type { DocumentSecret } from '../documents.ts'
import { formatDotenv } from '../dotenv.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError, oneLine, usageError } from '../failure.ts'
import { leftOutOf } from '../left-out.ts'
import { nameOf, noSecret, scopeOf } from '../names.ts'
import { note, output } from '../output.ts'
import { writePlainFile } from '../plain-file.ts'
import { progress } from '../progress.ts'
import { assertCan, withStore } from '../store.ts'

export const exportSecrets: Command = {
  summary: 'Writes secrets as a dotenv or JSON file, which must be asked for by --reveal',
  arguments: ['[NAME...]'],
  options: {
    ...STORE_OPTIONS,
    ...SCOPE_OPTION,
    'all-scopes': { description: 'the secrets of all scopes, as JSON' },
    format: {
      placeholder: 'FORMAT',
      choices: ['dotenv', 'json'],
      description: 'dotenv, for one secret, or json (default: dotenv for one NAME, else json)',
    },
    output: {
      placeholder: 'PATH',
      short: 'o',
      description: 'write to a file, which only you can read (default: stdout)',
    },
    force: { description: 'write over a file that is there' },
    reveal: { description: 'yes, write what is secret' },
  },
  details: [
    'Without NAME, all secrets of the scope. What it writes is not sealed: whoever reads it has the values. latchkey import reads it again, into any store.',
    'Where others keep a secret, it may hold names that are no keys, such as tls.crt. These are left out and told on stderr, each by its name, and the exit code is 1 though all else was written.',
    'The file is made with permissions 0600, never over one that is there unless --force says so. If it cannot be written to its end, nothing of it is left, and --force leaves the old file as it was.',
  ],
  examples: [
    'latchkey export my_service --reveal -o .env',
    'latchkey export --all-scopes --reveal -o backup.json',
    'latchkey export --reveal | age -p > backup.json.age',
  ],
  async run(input) {
    if (!input.flag('reveal')) {
      throw usageError('export writes what is secret, as it is.', 'Say that this is meant with --reveal.')
    }
    const names = [...new Set(input.arguments.map(nameOf))]
    const format = formatOf(input, names)
    const { secrets, leftOut } = await withStore(input, (store) => read(store, names, input))
    // An empty file would pass for what was asked for.
    if (secrets.length > 0 || leftOut.length === 0) await write(input, format, secrets)
    if (leftOut.length > 0) throw leftOutOf(leftOut, 'exported')
    return EXIT.ok
  },
}

async function write(input: Input, format: 'dotenv' | 'json', secrets: readonly DocumentSecret[]): Promise<void> {
  const text = format === 'dotenv' ? formatDotenv(secrets[0]?.values ?? {}) : formatDocument(secrets)
  const path = input.text('output')
  if (path === undefined || path === '-') {
    await output.write(text)
    return
  }
  writePlainFile(path, text, input.flag('force'))
  const count = `${secrets.length} ${secrets.length === 1 ? 'secret' : 'secrets'}`
  if (input.flag('json')) await output.write(`${JSON.stringify({ path, secrets: secrets.length })}\n`)
  else await note(`Wrote ${count} to ${oneLine(path)}, not sealed: remove it when it is no longer needed.`)
}

function formatOf(input: Input, names: readonly string[]): 'dotenv' | 'json' {
  const all = input.flag('all-scopes')
  if (all && (names.length > 0 || input.text('scope') !== undefined)) {
    throw usageError('--all-scopes takes all secrets: leave out NAME and --scope.')
  }
  if (input.flag('force') && input.text('output') === undefined) throw usageError('--force needs --output.')
  const format = input.text('format') ?? (names.length === 1 ? 'dotenv' : 'json')
  if (format !== 'dotenv' && format !== 'json') throw usageError('--format is dotenv or json.')
  if (format === 'json' || names.length === 1) return format
  throw usageError('A dotenv file holds one secret.', 'Give one NAME, or --format json.')
}

/** What is exported, and what cannot be: the secrets that hold names which are no keys. */
interface Found {
  readonly secrets: readonly DocumentSecret[]
  readonly leftOut: readonly SecretInfo[]
}

async function read(store: SecretStore, names: readonly string[], input: Input): Promise<Found> {
  const infos = await infosOf(store, names, input)
  const leftOut = infos.filter(({ skipped = [] }) => skipped.length > 0)
  // A secret without a key has no values to ask for.
  const requests = infos.flatMap(({ name, scope, keys }) => (keys.length === 0 ? [] : [{ name, scope }]))
  const secrets: DocumentSecret[] = []
  const shown = progress('Reading', requests.length)
  try {
    for (let at = 0; at < requests.length; at += 100) {
      const part = requests.slice(at, at + 100)
      const found = await store.getMany(part)
      part.forEach((request, index) => {
        const secret = found[index]
        // A secret of the list that is gone was removed meanwhile, and is not there; one that was named must be.
        if (secret !== undefined) {
          const { description, values } = secret
          secrets.push({ scope: secret.scope, name: secret.name, description, values: sorted(values) })
        } else if (names.length > 0) throw noSecret(request.name, request.scope)
      })
      shown.done(secrets.length)
    }
  } finally {
    shown.end()
  }
  return { secrets, leftOut }
}

async function infosOf(store: SecretStore, names: readonly string[], input: Input): Promise<SecretInfo[]> {
  const scope = scopeOf(input)
  const infos: SecretInfo[] = []
  for (const name of names) {
    const info = await store.describe(name, { scope })
    if (info === undefined) throw noSecret(name, scope)
    infos.push(info)
  }
  if (names.length > 0) return infos
  assertCan(store, 'list', 'cannot list its secrets')
  for await (const one of input.flag('all-scopes') ? scopesOf(store) : [scope]) {
    for await (const info of store.list({ scope: one })) infos.push(info)
  }
  return infos
}

function scopesOf(store: SecretStore): AsyncIterable<string> {
  if (store.scopes !== undefined) return store.scopes()
  throw new CliError('UNSUPPORTED', `The store ${store.name} cannot list its scopes.`, 'Export each with --scope.')
}

function sorted(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).sort(([one], [other]) => (one < other ? -1 : 1)))
}
