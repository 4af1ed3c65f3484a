/** What a command is: one file in commands/ exports one of these. */
import type { ExitCode } from './exit-codes.ts'
import type { CliError } from './failure.ts'

/** An option: a flag, or one that takes a text if it has a placeholder. */
export interface Option {
  /** How help names the text that follows, e.g. `PATH`. Without one, the option is a flag. */
  readonly placeholder?: string
  /** One letter, without the dash. */
  readonly short?: string
  /** One sentence or less, for help. */
  readonly description: string
}
export type Options = Readonly<Record<string, Option>>

/** What a command was given, checked against what it takes. */
export interface Input {
  readonly arguments: readonly string[]
  /** The text of an option; `undefined` if it was not given. */
  text(option: string): string | undefined
  /** Whether a flag was given. */
  flag(option: string): boolean
}

/** A command. */
export interface Command {
  /** One line, for the list of commands. */
  readonly summary: string
  /** The names of its arguments, all of which must be given. */
  readonly arguments: readonly string[]
  readonly options: Options
  /** Paragraphs of help: what it does, what it reads, examples. */
  readonly details: readonly string[]
  /** Says what is wrong when there are more arguments than it takes. Default: that there are too many. */
  readonly surplus?: () => CliError
  run(input: Input): Promise<ExitCode>
}

/** The options that name a store. */
export const STORE_OPTIONS = {
  file: { placeholder: 'PATH', description: 'the store file (default: ./secrets.latchkey)' },
  'key-file': {
    placeholder: 'PATH',
    description: 'the key file (default: LATCHKEY_KEY, else LATCHKEY_KEY_FILE, else the store file with .key after it)',
  },
} as const satisfies Options

/** The option that names a scope. */
export const SCOPE_OPTION = {
  scope: { placeholder: 'SCOPE', description: 'whose secrets, e.g. acme/production (default: default)' },
} as const satisfies Options

/** The options that every command has. */
export const COMMON_OPTIONS = {
  help: { short: 'h', description: 'show help' },
  version: { description: 'show the version of latchkey' },
} as const satisfies Options
