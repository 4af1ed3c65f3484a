/** What a command is: one file in commands/ exports one of these. */
import type { ExitCode } from './exit-codes.ts'
import type { CliError } from './failure.ts'

/** An option: a flag, or one that takes a text if it has a placeholder. */
interface Option {
  /** How help names the text that follows, e.g. `PATH`. Without one, the option is a flag. */
  readonly placeholder?: string
  /** One letter, without the dash. */
  readonly short?: string
  /** True: it may be given several times. */
  readonly multiple?: boolean
  /** The texts that it takes, where these are known: for completion. */
  readonly choices?: readonly string[]
  /** One sentence or less, for help. */
  readonly description: string
}
export type Options = Readonly<Record<string, Option>>

/** What a command was given, checked against what it takes. */
export interface Input {
  /** In their order; an optional one that was not given is absent. */
  readonly arguments: readonly string[]
  /** What stands after `--`, for a command that starts another program; otherwise empty. */
  readonly program: readonly string[]
  /** The text of an option; `undefined` if it was not given. */
  text(option: string): string | undefined
  /** The texts of an option that may be given several times, in their order. */
  texts(option: string): readonly string[]
  /** Whether a flag was given. */
  flag(option: string): boolean
}

/** A command. */
export interface Command {
  /** One line, for the list of commands, without a full stop. */
  readonly summary: string
  /** The names of its arguments: `NAME` must be given, `[NAME]` may be, `NAME...` and `[NAME...]` take all that follow. */
  readonly arguments: readonly string[]
  /** True: it takes `-- PROGRAM [ARGUMENT...]`, all of which it passes on. */
  readonly takesProgram?: boolean
  /** True: when it is done, nothing that it began goes on. The process then ends at once, sooner than by itself. */
  readonly leavesNothing?: boolean
  /** Its own options, beside {@link COMMON_OPTIONS}. */
  readonly options: Options
  /** Paragraphs of help, each without line breaks: what it does, what it reads. Where it ends, the terminal's width says. */
  readonly details: readonly string[]
  /** Whole command lines, for help. */
  readonly examples?: readonly string[]
  /** Says what is wrong when there are more arguments than it takes. Default: that there are too many. */
  readonly surplus?: () => CliError
  /** Says more of an option that it does not take, if it can. */
  readonly withoutOption?: (name: string) => CliError | undefined
  /** Does it. What goes wrong is thrown; what is asked for goes to stdout, everything else to stderr. */
  run(input: Input): Promise<ExitCode>
}

/** The options that every command has. */
export const COMMON_OPTIONS = {
  json: { description: 'results as JSON on stdout, an error as JSON on stderr' },
  help: { short: 'h', description: 'show help' },
  version: { description: 'show the version of latchkey' },
} as const satisfies Options

/** The option that names a scope. */
export const SCOPE_OPTION = {
  scope: { placeholder: 'SCOPE', description: 'whose secrets, e.g. acme/production (default: default)' },
} as const satisfies Options

/** The options that name a store file. */
export const FILE_OPTIONS = {
  file: { placeholder: 'PATH', description: 'the store file (default: ./secrets.latchkey)' },
  'key-file': {
    placeholder: 'PATH',
    multiple: true,
    description: 'the key file (default: LATCHKEY_KEY, else LATCHKEY_KEY_FILE, else the store file with .key after it)',
  },
  passphrase: { description: 'ask for the pass phrase that opens the store' },
  'passphrase-file': { placeholder: 'PATH', description: 'read that pass phrase from a file' },
  keep: {
    placeholder: 'N',
    description: 'how many older versions of a secret a store file keeps when it is written (default: 1)',
  },
} as const satisfies Options

/** The options that name a store of any kind. */
export const STORE_OPTIONS = {
  store: {
    placeholder: 'URL',
    description:
      'another store: postgres: redis: vault: etcd: aws: dir: env: (default: LATCHKEY_STORE, else the store file)',
  },
  ...FILE_OPTIONS,
} as const satisfies Options
