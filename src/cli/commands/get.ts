/** `latchkey get NAME [KEY]`. */
import type { SecretInfo } from '../../secret.ts'
import { SCOPE_OPTION, STORE_OPTIONS } from '../command.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import { CliError, usageError } from '../failure.ts'
import { keyOf, nameOf, noSecret, scopeOf, scopeOption } from '../names.ts'
import { output } from '../output.ts'
import { withStore } from '../store.ts'

export const get: Command = {
  summary: 'Prints the values of a secret, which must be asked for by --reveal',
  arguments: ['NAME', '[KEY]'],
  leavesNothing: true,
  options: {
    ...STORE_OPTIONS,
    ...SCOPE_OPTION,
    reveal: { description: 'yes, print what is secret' },
    'no-newline': { short: 'n', description: 'with KEY: the value alone, without a line break after it' },
  },
  details: [
    'With KEY it prints that value and a line break. Without, it prints each key with its value as a line of a dotenv file; with --json, name, scope, version and values. Where others keep the secret, names in it that are no keys, such as tls.crt, are left out and told on stderr, and the exit code is 1.',
    'On a terminal a value stays in the scrollback. To give values to a program, latchkey run is better: they are then neither shown nor stored. To look at names alone, use latchkey show.',
  ],
  examples: ['latchkey get my_github_secret GH_ACCESS_TOKEN --reveal | pbcopy'],
  async run(input) {
    const name = nameOf(input.arguments[0])
    const key = input.arguments.length > 1 ? keyOf(input.arguments[1]) : undefined
    const scope = scopeOf(input)
    if (!input.flag('reveal')) {
      const hint = `Say that this is meant: latchkey get ${[name, key].filter(Boolean).join(' ')}${scopeOption(scope)} --reveal. latchkey show ${name}${scopeOption(scope)} shows its keys.`
      throw usageError('get prints what is secret.', hint)
    }
    if (input.flag('no-newline') && key === undefined) throw usageError('--no-newline needs a KEY.')
    const { secret, info } = await withStore(input, async (store) => {
      const secret = await store.get(name, { scope })
      // Only this tells of names that are no keys, which all of the secret might be taken to have.
      const info = key === undefined ? await store.describe(name, { scope }) : undefined
      return { secret, info }
    })
    if (secret === undefined) throw noSecret(name, scope)
    const { version, values } = secret
    const leftOut = info?.skipped === undefined ? [] : [info]
    if (key !== undefined && !Object.hasOwn(values, key)) {
      throw new CliError('NOT_FOUND', `${name} has no ${key}.`, `Its keys: ${Object.keys(values).sort().join(', ')}.`)
    }
    const shown = key === undefined ? values : { [key]: values[key] ?? '' }
    if (input.flag('json')) {
      await output.write(`${JSON.stringify({ name, scope, version, values: shown })}\n`)
      return ended(leftOut)
    }
    const end = input.flag('no-newline') ? '' : '\n'
    const text = key === undefined ? (await import('../dotenv.ts')).formatDotenv(values) : `${values[key] ?? ''}${end}`
    if (output.isTerminal && /[^\P{Cc}\n\r\t]/u.test(text)) {
      throw new CliError(
        'INVALID',
        'The value has control characters, which a terminal would obey.',
        'Send it to a file or a program, or look at it with --json.',
      )
    }
    await output.write(text)
    return ended(leftOut)
  },
}

/** Ends the command, with an error where something was left out. */
async function ended(leftOut: readonly SecretInfo[]): Promise<ExitCode> {
  if (leftOut.length === 0) return EXIT.ok
  throw (await import('../left-out.ts')).leftOutOf(leftOut, 'printed')
}
