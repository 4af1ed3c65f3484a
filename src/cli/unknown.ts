/** What is told of a command that there is not. */
import { COMMANDS } from './commands.ts'
import { usageError } from './failure.ts'
import type { CliError } from './failure.ts'
import { nearest, nearestCommand } from './nearest.ts'

/** The whole names of a group's commands; none if there is no such group. */
export function subcommandsOf(group: string): string[] {
  return Object.keys(COMMANDS).filter((name) => name.startsWith(`${group} `))
}

/** Makes the error for a first word that names no command. */
export function unknownCommand(word: string): CliError {
  // A long word, or one with capitals or digits, may be a value.
  const isPlain = /^[a-z]{1,12}(?:-[a-z]{1,12})?$/.test(word)
  const shown = isPlain ? `no command ${word}` : 'no such command'
  const names = [...new Set(Object.keys(COMMANDS).map((known) => known.split(' ', 1)[0] ?? ''))]
  const meant = nearestCommand(word.toLowerCase(), names)
  if (meant === undefined)
    return usageError(`There is ${shown}: the commands are ${names.join(', ')}.`, 'See latchkey help.')
  return usageError(`There is ${shown}.`, `Did you mean latchkey ${meant}? latchkey help lists the commands.`)
}

/** Makes the error for a group without the word that says what to do, or with one that it does not know. */
export function unknownSubcommand(group: string, word: string | undefined): CliError {
  const names = subcommandsOf(group)
  const last = names.map((name) => name.slice(group.length + 1))
  const meant = word === undefined ? undefined : (synonym(word, last) ?? nearest(word, last))
  const did = meant === undefined ? '' : `Did you mean latchkey ${group} ${meant}? `
  return usageError(
    `latchkey ${group} needs to know what to do: ${names.join(', ')}.`,
    `${did}latchkey help ${group} tells what each does.`,
  )
}

/** What the word is called as a command, if a group's command is called that, too: `remove`, `ls`. */
function synonym(word: string, last: readonly string[]): string | undefined {
  const meant = nearestCommand(word, [])
  return meant !== undefined && last.includes(meant) ? meant : undefined
}
