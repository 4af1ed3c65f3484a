/** `latchkey get NAME [KEY]`. */
import { SCOPE_OPTION, STORE_OPTIONS } from '../command.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
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
    'With KEY it prints that value and a line break. Without, it prints each key with its value as a line of a dotenv file; with --json, name, scope, version and values.',
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
    const secret = await withStore(input, (store) => store.get(name, { scope }))
    if (secret === undefined) throw noSecret(name, scope)
    const { version, values } = secret
    if (key !== undefined && !Object.hasOwn(values, key)) {
      throw new CliError('NOT_FOUND', `${name} has no ${key}.`, `Its keys: ${Object.keys(values).sort().join(', ')}.`)
    }
    const shown = key === undefined ? values : { [key]: values[key] ?? '' }
    if (input.flag('json')) {
      await output.write(`${JSON.stringify({ name, scope, version, values: shown })}\n`)
      return EXIT.ok
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
    return EXIT.ok
  },
}
