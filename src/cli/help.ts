/** Help, written from what the commands say of themselves. */
import { COMMON_OPTIONS } from './command.ts'
import type { Command, Options } from './command.ts'
import { COMMANDS } from './commands.ts'

const EXIT_CODES = `Exit codes: 0 done, 1 it failed, 2 the command line is wrong, 130 Ctrl-C at a prompt.`

/** Help for the program: its commands, one line each. */
export async function programHelp(): Promise<string> {
  const rows = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, load]) => {
      const command = await load()
      return [[name, ...command.arguments].join(' '), command.summary] as const
    }),
  )
  return [
    'latchkey: keeps structured secrets in an encrypted file.',
    `Usage: latchkey COMMAND [options]`,
    `Commands:\n${aligned(rows)}`,
    `Options:\n${optionRows(COMMON_OPTIONS)}`,
    'latchkey COMMAND --help tells more of a command.',
    EXIT_CODES,
  ].join('\n\n')
}

/** Help for one command. */
export function commandHelp(name: string, command: Command): string {
  return [
    `Usage: latchkey ${[name, ...command.arguments].join(' ')} [options]`,
    `${command.summary}.`,
    ...command.details,
    `Options:\n${optionRows({ ...command.options, ...COMMON_OPTIONS })}`,
    EXIT_CODES,
  ].join('\n\n')
}

function optionRows(options: Options): string {
  return aligned(
    Object.entries(options).map(([name, { placeholder, short, description }]) => {
      const letter = short === undefined ? '' : `-${short}, `
      return [`${letter}--${name}${placeholder === undefined ? '' : ` ${placeholder}`}`, description] as const
    }),
  )
}

function aligned(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n')
}
