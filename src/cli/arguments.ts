/** Reads the command line. What it says of a mistake never repeats what could be a value. */
import { parseArgs } from 'node:util'
import type { Command, Input, Options } from './command.ts'
import { COMMON_OPTIONS, SCOPE_OPTION, STORE_OPTIONS } from './command.ts'
import { usageError } from './failure.ts'

/** Finds the command: the first argument that is neither an option nor the text of one. */
export function findCommand(args: readonly string[]): { readonly name: string | undefined; readonly rest: string[] } {
  const anywhere = { ...COMMON_OPTIONS, ...STORE_OPTIONS, ...SCOPE_OPTION }
  const first = tokensOf(args, anywhere).find((token) => token.kind === 'positional')
  if (first === undefined) return { name: undefined, rest: [...args] }
  return { name: first.value, rest: args.filter((_, index) => index !== first.index) }
}

/** The options alone, for a command line without a command. */
export function parseOptions(args: readonly string[], options: Options, help: string): Input {
  const given = new Map<string, string | true>()
  const positionals: string[] = []
  for (const token of tokensOf(args, options)) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const shown = shownOption(token.rawName)
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined
    if (option === undefined) throw usageError(`There is no option ${shown} here.`, help)
    if (given.has(token.name)) throw usageError(`The option ${shown} is given twice.`, help)
    given.set(
      token.name,
      option.placeholder === undefined ? flagOf(token, help) : textOf(token, option.placeholder, help),
    )
  }
  return {
    arguments: positionals,
    text(name) {
      const text = given.get(name)
      return typeof text === 'string' ? text : undefined
    },
    flag: (name) => given.get(name) === true,
  }
}

/** Reads what a command was given. Throws a usage error that says which of it is wrong. */
export function parseCommand(name: string, command: Command, args: readonly string[]): Input {
  const help = `latchkey ${name} --help tells what it takes.`
  const input = parseOptions(args, { ...command.options, ...COMMON_OPTIONS }, help)
  if (input.flag('help') || input.flag('version')) return input
  const missing = command.arguments[input.arguments.length]
  if (missing !== undefined) {
    throw usageError(`${missing} is missing: latchkey ${[name, ...command.arguments].join(' ')}`, help)
  }
  if (input.arguments.length > command.arguments.length) {
    throw command.surplus?.() ?? usageError(`latchkey ${name} takes fewer arguments than these.`, help)
  }
  return input
}

interface OptionToken {
  readonly rawName: string
  readonly value?: string | undefined
  readonly inlineValue?: boolean | undefined
}

function tokensOf(args: readonly string[], options: Options) {
  const config = Object.entries(options).map(([name, { placeholder, short }]) => {
    const type = placeholder === undefined ? ('boolean' as const) : ('string' as const)
    return [name, short === undefined ? { type } : { type, short }] as const
  })
  return parseArgs({
    args: [...args],
    options: Object.fromEntries(config),
    strict: false,
    allowPositionals: true,
    tokens: true,
  }).tokens
}

function flagOf(token: OptionToken, help: string): true {
  if (token.value === undefined) return true
  throw usageError(`The option ${shownOption(token.rawName)} takes no text.`, help)
}

function textOf({ rawName, value, inlineValue }: OptionToken, placeholder: string, help: string): string {
  const shown = shownOption(rawName)
  // What begins with a dash is most likely the next option, and this one's text was forgotten.
  if (value === undefined || value === '' || (inlineValue !== true && value.startsWith('-'))) {
    throw usageError(`The option ${shown} needs a text after it: ${shown} ${placeholder}`, help)
  }
  return value
}

/** An option's name, unless it may be something else that begins with a dash. */
function shownOption(rawName: string): string {
  return /^(?:-[a-z]|--[a-z][a-z-]{0,30})$/.test(rawName) ? rawName : 'of this name'
}
