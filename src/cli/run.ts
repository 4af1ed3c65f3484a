/** Runs a command line from its arguments to its exit code. */
import { readFileSync } from 'node:fs'
import { findCommand, parseCommand, parseOptions } from './arguments.ts'
import { COMMON_OPTIONS } from './command.ts'
import { COMMANDS } from './commands.ts'
import { EXIT } from './exit-codes.ts'
import type { ExitCode } from './exit-codes.ts'
import { tell, usageError } from './failure.ts'
import { heedClosedStreams, output } from './output.ts'

/** Runs the program. Tells on stderr what went wrong; never throws. */
export async function run(args: readonly string[]): Promise<ExitCode> {
  heedClosedStreams()
  try {
    return await dispatch(args)
  } catch (error) {
    const { text, exitCode } = tell(error)
    if (text !== '') process.stderr.write(text)
    return exitCode
  }
}

async function dispatch(args: readonly string[]): Promise<ExitCode> {
  const { name, rest } = findCommand(args)
  if (name === undefined) return withoutCommand(rest)
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (load === undefined) throw unknownCommand(name)
  const command = await load()
  const input = parseCommand(name, command, rest)
  if (input.flag('help')) {
    const { commandHelp } = await import('./help.ts')
    return print(commandHelp(name, command))
  }
  if (input.flag('version')) return print(version())
  return command.run(input)
}

async function withoutCommand(args: readonly string[]): Promise<ExitCode> {
  const input = parseOptions(args, COMMON_OPTIONS, 'latchkey --help lists the commands.')
  if (input.flag('version')) return print(version())
  const { programHelp } = await import('./help.ts')
  const help = await programHelp()
  if (input.flag('help')) return print(help)
  process.stderr.write(`${help}\n`)
  return EXIT.usage
}

function unknownCommand(name: string): Error {
  // A long word, or one with capitals or digits, may be a value.
  const shown = /^[a-z]{1,12}(?:-[a-z]{1,12})?$/.test(name) ? `no command ${name}` : 'no such command'
  return usageError(`There is ${shown}: the commands are ${Object.keys(COMMANDS).join(', ')}.`, 'See latchkey --help.')
}

async function print(text: string): Promise<ExitCode> {
  await output.write(`${text}\n`)
  return EXIT.ok
}

/** The built program stands in a folder of the package, beside package.json. */
function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
