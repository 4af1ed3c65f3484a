/** Help, written from what the commands say of themselves, as wide as the terminal. */
import wrapAnsi from 'wrap-ansi'
import { usageOf } from './arguments.ts'
import { COMMON_OPTIONS } from './command.ts'
import type { Command, Options } from './command.ts'
import { COMMANDS } from './commands.ts'
import { subcommandsOf, unknownCommand, unknownSubcommand } from './unknown.ts'

/** Wider lines are hard to read. */
const WIDEST = 100
/** What a description beside a name needs; on a narrower terminal it goes under the name. */
const LEAST_BESIDE = 30

const EXIT_CODES = 'Exit codes: 0 done, 1 it failed, 2 the command line is wrong, 130 Ctrl-C at a prompt.'

/** Help for what these words name: the program, a group of commands, or a command. Throws a usage error if they name nothing. */
export async function helpFor(words: readonly string[], columns: number): Promise<string> {
  const [first] = words
  if (first === undefined) return programHelp(columns)
  const name = words.join(' ')
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (load !== undefined) return commandHelp(name, await load(), columns)
  const inGroup = subcommandsOf(first)
  if (words.length === 1 && inGroup.length > 0) return groupHelp(first, columns)
  throw inGroup.length > 0 ? unknownSubcommand(first, words[1]) : unknownCommand(first)
}

/** Help for the program: its commands, one line each. */
export async function programHelp(columns: number): Promise<string> {
  const width = Math.min(columns, WIDEST)
  return [
    ...paragraphs(['latchkey: keeps structured secrets, and gives them to what needs them.'], width),
    'Usage: latchkey COMMAND [options]',
    `Commands:\n${aligned(await summaries(Object.keys(COMMANDS)), width)}`,
    `Options of every command:\n${optionRows(COMMON_OPTIONS, width)}`,
    ...paragraphs(['latchkey help COMMAND tells more of a command.', EXIT_CODES], width),
  ].join('\n\n')
}

/** Help for a group of commands, such as `recipients`. */
export async function groupHelp(group: string, columns: number): Promise<string> {
  const width = Math.min(columns, WIDEST)
  return [
    ...paragraphs([`Usage: latchkey ${group} COMMAND [options]`], width),
    `Commands:\n${aligned(await summaries(subcommandsOf(group)), width)}`,
    ...paragraphs([`latchkey help ${group} COMMAND tells more of a command.`], width),
  ].join('\n\n')
}

/** Help for one command. */
export function commandHelp(name: string, command: Command, columns: number): string {
  const width = Math.min(columns, WIDEST)
  const { examples = [] } = command
  return [
    ...paragraphs([`Usage: latchkey ${usageOf(name, command)} [options]`, `${command.summary}.`], width),
    ...paragraphs(command.details, width),
    `Options:\n${optionRows({ ...command.options, ...COMMON_OPTIONS }, width)}`,
    // Not wrapped: they are there to be copied.
    ...(examples.length === 0 ? [] : [`Examples:\n${examples.map((line) => `  ${line}`).join('\n')}`]),
    ...paragraphs([EXIT_CODES], width),
  ].join('\n\n')
}

/** Lists options with their descriptions. */
function optionRows(options: Options, width: number): string {
  return aligned(
    Object.entries(options).map(([name, { placeholder, short, description, multiple }]) => {
      const letter = short === undefined ? '' : `-${short}, `
      const again = multiple === true ? '; may be given several times' : ''
      return [`${letter}--${name}${placeholder === undefined ? '' : ` ${placeholder}`}`, description + again] as const
    }),
    width,
  )
}

async function summaries(names: readonly string[]): Promise<(readonly [string, string])[]> {
  return Promise.all(
    names.map(async (name) => {
      const command = await COMMANDS[name]?.()
      return [command === undefined ? name : usageOf(name, command), command?.summary ?? ''] as const
    }),
  )
}

function paragraphs(texts: readonly string[], width: number): string[] {
  return texts.map((text) => wrapAnsi(text, width))
}

function aligned(rows: readonly (readonly [string, string])[], width: number): string {
  const left = Math.max(...rows.map(([name]) => name.length)) + 4
  const beside = width - left >= LEAST_BESIDE
  const indent = ' '.repeat(beside ? left : 6)
  return rows
    .map(([name, text]) => {
      const lines = wrapAnsi(text, width - indent.length)
        .split('\n')
        .join(`\n${indent}`)
      return beside ? `  ${name}`.padEnd(left) + lines : `  ${name}\n${indent}${lines}`
    })
    .join('\n')
}
