/** What can be completed, taken from what the commands declare of themselves. */
import { COMMON_OPTIONS } from '../command.ts'
import type { Command, Options } from '../command.ts'

/** What a text is: a file's path, a secret's name, one of some words, or anything else. */
export type Kind = 'file' | 'secret' | 'any' | readonly string[]

/** An option that can be completed. */
interface Word {
  readonly name: string
  readonly short: string | undefined
  /** What follows it; `undefined` for a flag. */
  readonly takes: Kind | undefined
  readonly description: string
}

/** A command that can be completed. */
export interface Words {
  /** `set`, or `recipients add`. */
  readonly name: string
  readonly summary: string
  readonly options: readonly Word[]
  /** What its first argument is. */
  readonly first: Kind
  /** Whether `--` and a program follow. */
  readonly takesProgram: boolean
}

/** The shells that there is a script for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const

/** Takes the words from commands. */
export function wordsOf(commands: readonly (readonly [string, Command])[]): Words[] {
  const names = [...new Set(commands.map(([name]) => name.split(' ', 1)[0] ?? ''))]
  return commands.map(([name, command]) => {
    const options: Options = { ...command.options, ...COMMON_OPTIONS }
    return {
      name,
      summary: command.summary,
      options: Object.entries(options).map(([option, { placeholder, short, choices, description }]) => ({
        name: option,
        short,
        takes: placeholder === undefined ? undefined : (choices ?? kindOf(placeholder, names)),
        description,
      })),
      first: kindOf(command.arguments[0] ?? '', names),
      takesProgram: command.takesProgram === true,
    }
  })
}

/** Tells by its name what a text is. */
function kindOf(placeholder: string, commands: readonly string[]): Kind {
  const [word = ''] = /[A-Z]+/.exec(placeholder) ?? []
  if (['FILE', 'PATH', 'MODULE', 'DIR', 'FOLDER'].includes(word)) return 'file'
  if (word === 'NAME') return 'secret'
  if (word === 'COMMAND') return commands
  return word === 'SHELL' ? SHELLS : 'any'
}
