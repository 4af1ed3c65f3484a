/** Runs a command line from its arguments to its exit code. */
import { findCommand, parseCommand, parseOptions } from './arguments.ts'
import { COMMON_OPTIONS } from './command.ts'
import { COMMANDS } from './commands.ts'
import { EXIT } from './exit-codes.ts'
import type { ExitCode } from './exit-codes.ts'
import { tell, usageError } from './failure.ts'
import { output, stderr } from './output.ts'

/** Runs the program. Tells on stderr what went wrong; never throws. */
export async function run(args: readonly string[]): Promise<ExitCode> {
  try {
    return await dispatch(args)
  } catch (error) {
    const { text, exitCode } = await tell(error, wantsJson(args))
    if (text !== '') stderr().write(text)
    return exitCode
  }
}

async function dispatch(args: readonly string[]): Promise<ExitCode> {
  const { words, without } = findCommand(args)
  const [first, second] = words
  if (first === undefined) return withoutCommand(args)
  const inGroup = Object.keys(COMMANDS).filter((name) => name.startsWith(`${first} `))
  const name = inGroup.length > 0 ? `${first} ${second ?? ''}` : first
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (load === undefined) {
    if (inGroup.length === 0) throw unknownCommand(first)
    return withoutSubcommand(first, inGroup, without(1))
  }
  const command = await load()
  const input = parseCommand(name, command, without(inGroup.length > 0 ? 2 : 1))
  if (input.flag('help')) {
    const { commandHelp } = await import('./help.ts')
    return print(commandHelp(name, command, output.columns))
  }
  if (input.flag('version')) return printVersion()
  return command.run(input)
}

async function withoutCommand(args: readonly string[]): Promise<ExitCode> {
  const input = parseOptions(args, COMMON_OPTIONS, 'latchkey --help lists the commands.')
  if (input.flag('version')) return printVersion()
  const { programHelp } = await import('./help.ts')
  const help = await programHelp(output.columns)
  if (input.flag('help')) return print(help)
  stderr().write(`${help}\n`)
  return EXIT.usage
}

async function withoutSubcommand(group: string, names: readonly string[], args: readonly string[]): Promise<ExitCode> {
  if (args.includes('--help') || args.includes('-h')) {
    const { groupHelp } = await import('./help.ts')
    return print(await groupHelp(group, output.columns))
  }
  throw usageError(
    `latchkey ${group} needs to know what to do: ${names.join(', ')}.`,
    `latchkey ${group} --help tells what each does.`,
  )
}

function unknownCommand(name: string): Error {
  // A long word, or one with capitals or digits, may be a value.
  const shown = /^[a-z]{1,12}(?:-[a-z]{1,12})?$/.test(name) ? `no command ${name}` : 'no such command'
  const names = new Set(Object.keys(COMMANDS).map((known) => known.split(' ', 1)[0] ?? ''))
  return usageError(`There is ${shown}: the commands are ${[...names].join(', ')}.`, 'See latchkey --help.')
}

/** Whether an error is told as JSON, as far as that can be said of a command line that may be wrong. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return (end === -1 ? args : args.slice(0, end)).includes('--json')
}

async function printVersion(): Promise<ExitCode> {
  const { version } = await import('./version.ts')
  return print(version())
}

async function print(text: string): Promise<ExitCode> {
  await output.write(`${text}\n`)
  return EXIT.ok
}
