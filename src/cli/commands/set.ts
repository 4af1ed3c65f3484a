/** `latchkey set NAME KEY`. */
import { lstatSync } from 'node:fs'
import { isKey, isSecretName } from '../../secret.ts'
import { SCOPE_OPTION, STORE_OPTIONS } from '../command.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError, oneLine, usageError } from '../failure.ts'
import { output } from '../output.ts'
import { scopeOf, withStore } from '../store.ts'

const HOW = 'Leave it out to be asked for it, or send it on stdin: latchkey set NAME KEY < FILE'

export const set: Command = {
  summary: 'Stores the value of one key of a secret',
  arguments: ['NAME', 'KEY'],
  options: {
    ...STORE_OPTIONS,
    ...SCOPE_OPTION,
    replace: { description: 'make KEY the only key of the secret (default: its other keys stay)' },
  },
  details: [
    'On a terminal it asks for the value and does not show it. Otherwise the value is what comes on stdin, as UTF-8; exactly one\nline break (LF or CRLF) is taken off its end, if there is one. Nothing at all on stdin is a mistake, not the empty value.',
    'A value is never an argument: other users can see the arguments of a process, and the shell keeps them in its history.',
    'Examples:\n  latchkey set my_github_secret GH_ACCESS_TOKEN\n  latchkey set my_github_secret GH_USERNAME < username.txt\n  pass show github | latchkey set my_github_secret GH_ACCESS_TOKEN --scope acme/production',
  ],
  surplus: valueInArguments,
  async run(input) {
    const [name, key] = input.arguments
    const scope = scopeOf(input)
    if (name?.includes('=') === true || key?.includes('=') === true) throw valueInArguments()
    // Neither is repeated: it may be a value that stands in the wrong place.
    if (!isSecretName(name)) {
      throw usageError('NAME is not a name.', 'A name is a letter or _, then up to 127 letters, digits, _ or -.')
    }
    if (!isKey(key)) {
      throw usageError(
        'KEY is not a key.',
        'A key is the name of an environment variable: a letter or _, then letters, digits or _.',
      )
    }
    const text = await withStore(input, async (store) => {
      // A key that is missing is told before anything is asked.
      await store.describe(name, { scope })
      const isNew = lstatSync(store.path, { throwIfNoEntry: false }) === undefined
      const value = await valueOf(name, key)
      const info = await store.set(name, { [key]: value }, { scope, mode: input.flag('replace') ? 'replace' : 'merge' })
      const made = isNew ? `Made the store ${oneLine(store.path)}.\n` : ''
      return `${made}Stored ${key} of ${name} (scope ${info.scope}, version ${info.version}; its keys: ${info.keys.join(', ')}).`
    })
    await output.write(`${text}\n`)
    return EXIT.ok
  },
}

async function valueOf(name: string, key: string): Promise<string> {
  if (process.stdin.isTTY) {
    const { askHidden } = await import('../prompt.ts')
    return askHidden(`Value of ${key} of ${name} (not shown): `)
  }
  const { readValue } = await import('../standard-input.ts')
  return readValue(`latchkey set ${name} ${key} < FILE`)
}

function valueInArguments(): CliError {
  return new CliError(
    'VALUE_IN_ARGV',
    'A value is not taken from the command line: other users can see it there, and the shell keeps it in its history.',
    `${HOW}. If what you typed is secret, remove it from the history, and change it.`,
    EXIT.usage,
  )
}
