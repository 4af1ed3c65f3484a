/** Runs a command line from its arguments to its exit code. */
import { findCommand, parseCommand, parseOptions } from './arguments.ts'
import { COMMON_OPTIONS } from './command.ts'
import { COMMANDS } from './commands.ts'
import { EXIT } from './exit-codes.ts'
import type { ExitCode } from './exit-codes.ts'
import { tell } from './failure.ts'
import { mayHaveMore, output, stderr, wrapped } from './output.ts'

/** Runs the program. Tells on stderr what went wrong; never throws. */
export async function run(args: readonly string[]): Promise<ExitCode> {
  try {
    return await dispatch(args)
  } catch (error) {
    const json = wantsJson(args)
    const { text, exitCode } = await tell(error, json)
    if (text !== '') stderr().write(json ? text : await wrapped(text, stderr()))
    return exitCode
  }
}

async function dispatch(args: readonly string[]): Promise<ExitCode> {
  const { words, without } = findCommand(args)
  const [first, second] = words
  if (first === undefined) return withoutCommand(args)
  const isGroup = Object.keys(COMMANDS).some((name) => name.startsWith(`${first} `))
  const name = isGroup ? `${first} ${second ?? ''}` : first
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (load === undefined) {
    const { unknownCommand, unknownSubcommand } = await import('./unknown.ts')
    if (!isGroup) throw unknownCommand(first)
    if (!asksForHelp(without(1))) throw unknownSubcommand(first, second)
    const { groupHelp } = await import('./help.ts')
    return print(await groupHelp(first, output.columns))
  }
  const command = await load()
  const input = parseCommand(name, command, without(isGroup ? 2 : 1))
  if (input.flag('help')) {
    const { commandHelp } = await import('./help.ts')
    return print(commandHelp(name, command, output.columns))
  }
  if (input.flag('version')) return printVersion()
  const code = await command.run(input)
  if (command.leavesNothing === true && !mayHaveMore()) process.exit(code)
  return code
}

async function withoutCommand(args: readonly string[]): Promise<ExitCode> {
  const input = parseOptions(args, COMMON_OPTIONS, 'latchkey help lists the commands.')
  if (input.flag('version')) return printVersion()
  const { programHelp } = await import('./help.ts')
  const help = await programHelp(output.columns)
  if (input.flag('help')) return print(help)
  stderr().write(`${help}\n`)
  return EXIT.usage
}

function asksForHelp(args: readonly string[]): boolean {
  return args.includes('--help') || args.includes('-h')
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
