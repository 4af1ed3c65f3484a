/** Help, written from what the commands say of themselves, as wide as the terminal. */
import wrapAnsi from 'wrap-ansi'
import { usageOf } from './arguments.ts'
import { COMMON_OPTIONS } from './command.ts'
import type { Command, Options } from './command.ts'
import { COMMANDS } from './commands.ts'

/** Wider lines are hard to read. */
const WIDEST = 100
/** What a description beside a name needs; on a narrower terminal it goes under the name. */
const LEAST_BESIDE = 30

const EXIT_CODES = 'Exit codes: 0 done, 1 it failed, 2 the command line is wrong, 130 Ctrl-C at a prompt.'

/** Help for the program: its commands, one line each. */
export async function programHelp(columns: number): Promise<string> {
  const width = Math.min(columns, WIDEST)
  return [
    ...paragraphs(['latchkey: keeps structured secrets, and gives them to what needs them.'], width),
    'Usage: latchkey COMMAND [options]',
    `Commands:\n${aligned(await summaries(Object.keys(COMMANDS)), width)}`,
    `Options of every command:\n${optionRows(COMMON_OPTIONS, width)}`,
    ...paragraphs(['latchkey COMMAND --help tells more of a command.', EXIT_CODES], width),
  ].join('\n\n')
}

/** Help for a group of commands, such as `recipients`. */
export async function groupHelp(group: string, columns: number): Promise<string> {
  const width = Math.min(columns, WIDEST)
  const names = Object.keys(COMMANDS).filter((name) => name.startsWith(`${group} `))
  return [
    `Usage: latchkey ${group} COMMAND [options]`,
    `Commands:\n${aligned(await summaries(names), width)}`,
    ...paragraphs([`latchkey ${group} COMMAND --help tells more of a command.`], width),
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
