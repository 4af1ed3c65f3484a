/** Reads the command line. What it says of a mistake never repeats what could be a value. */
import type { Command, Input, Options } from './command.ts'
import { COMMON_OPTIONS, SCOPE_OPTION, STORE_OPTIONS } from './command.ts'
import { usageError } from './failure.ts'
import type { CliError } from './failure.ts'
import { nearest } from './nearest.ts'
import { tokensOf } from './tokens.ts'
import type { OptionToken } from './tokens.ts'

/** Which command is meant. */
export interface Found {
  /** The words that may name it, as they were typed: none, one, or the first two. */
  readonly words: readonly string[]
  /** The arguments without the first `count` of those words. */
  without(count: number): string[]
}

/** Finds the words that name the command: the first arguments that are neither options nor the text of one. */
export function findCommand(args: readonly string[]): Found {
  const anywhere = { ...COMMON_OPTIONS, ...STORE_OPTIONS, ...SCOPE_OPTION }
  const tokens = tokensOf(args, anywhere)
  const end = tokens.find((token) => token.kind === 'option-terminator')?.index ?? args.length
  const words = tokens.flatMap((token) => (token.kind === 'positional' && token.index < end ? [token] : [])).slice(0, 2)
  return {
    words: words.map(({ value }) => value),
    without(count) {
      const taken = words.slice(0, count).map(({ index }) => index)
      return args.filter((_, index) => !taken.includes(index))
    },
  }
}

/**
 * Reads options and arguments, whatever these are, for a command line of these options.
 *
 * @param without - makes the error for an option that is none of these. Default: that there is no such option.
 */
export function parseOptions(
  args: readonly string[],
  options: Options,
  help: string,
  without?: (name: string) => CliError | undefined,
): Input {
  const given = new Map<string, string[]>()
  const positionals: string[] = []
  const program: string[] = []
  let ended = false
  for (const token of tokensOf(args, options)) {
    if (token.kind === 'option-terminator') ended = true
    else if (token.kind === 'positional') (ended ? program : positionals).push(token.value)
    else {
      const shown = shownOption(token.rawName)
      const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined
      if (option === undefined) throw without?.(token.name) ?? unknownOption(token.name, shown, options, help)
      const texts = given.get(token.name) ?? []
      if (texts.length > 0 && option.multiple !== true) throw usageError(`The option ${shown} is given twice.`, help)
      texts.push(option.placeholder === undefined ? flagOf(token, help) : textOf(token, option.placeholder, help))
      given.set(token.name, texts)
    }
  }
  return {
    arguments: positionals,
    program,
    text: (name) => given.get(name)?.[0],
    texts: (name) => given.get(name) ?? [],
    flag: (name) => given.has(name),
  }
}

/** Reads what a command was given. Throws a usage error that says which of it is wrong. */
export function parseCommand(name: string, command: Command, args: readonly string[]): Input {
  const help = `latchkey ${name} --help tells what it takes.`
  const options = { ...command.options, ...COMMON_OPTIONS }
  const typed = takesToken(command) ? tokensLast(args, Object.keys(options)) : args
  const input = parseOptions(typed, options, help, command.withoutOption)
  if (input.flag('help') || input.flag('version')) return input
  // Without a program to pass it to, what follows -- is arguments, which may then begin with a dash.
  const words = command.takesProgram === true ? input.arguments : [...input.arguments, ...input.program]
  const missing = command.arguments.filter((argument) => !argument.startsWith('['))[words.length]
  if (missing !== undefined) {
    throw usageError(`${missing.replace('...', '')} is missing: latchkey ${usageOf(name, command)}`, help)
  }
  if (words.length > command.arguments.length && command.arguments.at(-1)?.includes('...') !== true) {
    throw command.surplus?.() ?? usageError(`latchkey ${name} takes fewer arguments than these.`, help)
  }
  return command.takesProgram === true ? input : { ...input, arguments: words, program: [] }
}

/** Whether its last argument is of random characters, the first of which may be a dash. */
function takesToken({ arguments: taken }: Command): boolean {
  return ['ID', 'VERSION'].includes(taken.at(-1) ?? '')
}

/** Puts what must be such an argument after `--`: it begins with a dash, and is not like any option. */
function tokensLast(args: readonly string[], options: readonly string[]): readonly string[] {
  const end = args.indexOf('--')
  const before = end === -1 ? args : args.slice(0, end)
  const isToken = (arg: string): boolean => {
    return /^-[\w-]{7,}$/.test(arg) && nearest(arg.replace(/^-+/, ''), options) === undefined
  }
  const tokens = before.filter(isToken)
  if (tokens.length === 0) return args
  return [...before.filter((arg) => !isToken(arg)), '--', ...tokens, ...(end === -1 ? [] : args.slice(end + 1))]
}

/** How a command is called, without the program's name and its options. */
export function usageOf(name: string, command: Command): string {
  return [name, ...command.arguments, ...(command.takesProgram === true ? ['-- PROGRAM [ARGUMENT...]'] : [])].join(' ')
}

function unknownOption(name: string, shown: string, options: Options, help: string): CliError {
  const meant = name.length > 1 ? nearest(name, Object.keys(options)) : undefined
  return usageError(
    `There is no option ${shown} here.`,
    meant === undefined ? help : `Did you mean --${meant}? ${help}`,
  )
}

function flagOf(token: OptionToken, help: string): string {
  if (token.value === undefined) return ''
  throw usageError(`The option ${shownOption(token.rawName)} takes no text.`, help)
}

function textOf({ rawName, value, inlineValue }: OptionToken, placeholder: string, help: string): string {
  const shown = shownOption(rawName)
  // What begins with a dash is most likely the next option, and this one's text was forgotten. A dash alone is stdin or stdout.
  if (value === undefined || value === '' || (inlineValue !== true && /^-./.test(value))) {
    throw usageError(`The option ${shown} needs a text after it: ${shown} ${placeholder}`, help)
  }
  return value
}

/** An option's name, unless it may be something else that begins with a dash. */
function shownOption(rawName: string): string {
  return /^(?:-[a-z]|--[a-z][a-z-]{0,30})$/.test(rawName) ? rawName : 'of this name'
}
