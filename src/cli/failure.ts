/** What goes wrong, and how it is told: one line, a hint on the next, an exit code. Never a stack, never a value. */
import { isLatchkeyError } from '../errors.ts'
import { EXIT } from './exit-codes.ts'
import type { ExitCode } from './exit-codes.ts'

/** A failure of the command line's own. Its message and hint hold nothing that was typed, unless it is known to be a name. */
export class CliError extends Error {
  readonly code: string
  readonly hint: string | undefined
  readonly exitCode: ExitCode

  constructor(code: string, message: string, hint?: string, exitCode: ExitCode = EXIT.failure) {
    super(message)
    this.code = code
    this.hint = hint
    this.exitCode = exitCode
  }
}

/** Makes the error for a command line that cannot be understood. */
export function usageError(message: string, hint?: string): CliError {
  return new CliError('USAGE', message, hint, EXIT.usage)
}

/** Somebody pressed Ctrl-C at a prompt. */
export class Interrupted extends Error {}

/** Gives the errno of a failed call of the system, e.g. `ENOSPC`. */
export function errnoOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined
}

/** How a failure is told. */
export interface Told {
  /** What goes to stderr, with its line breaks. */
  readonly text: string
  readonly exitCode: ExitCode
}

/**
 * Says what to tell of a failure.
 *
 * @param json - as `{"error":{"code","message","hint"}}`, not as text.
 */
export async function tell(error: unknown, json: boolean): Promise<Told> {
  if (error instanceof Interrupted) return { text: '', exitCode: EXIT.interrupted }
  const { code, message, hint: own } = partsOf(error)
  const { hintFor } = await import('./hints.ts')
  const hint = hintFor(code, own)
  const exitCode = error instanceof CliError ? error.exitCode : EXIT.failure
  if (json) return { text: `${JSON.stringify({ error: { code, message, hint } })}\n`, exitCode }
  const next = hint === undefined ? '' : `hint: ${oneLine(hint)}\n`
  return { text: `latchkey: ${message.split('\n').map(oneLine).join('\n')} [${code}]\n${next}`, exitCode }
}

interface Parts {
  readonly code: string
  readonly message: string
  readonly hint?: string | undefined
}

/** Gives a failure another exit code, and keeps all else that is told of it. */
export function withExitCode(error: unknown, exitCode: ExitCode): CliError {
  const { code, message, hint } = partsOf(error)
  return new CliError(code, message, hint, exitCode)
}

/** Gives what is told of an error. */
export function partsOf(error: unknown): Parts {
  if (error instanceof CliError) return error
  if (isLatchkeyError(error)) return { code: String(error.code), message: error.message, hint: error.hint }
  const errno = errnoOf(error)
  if (errno !== undefined) return { code: 'UNAVAILABLE', message: `A call of the system failed (${errno}).` }
  // Any other message may quote what was read.
  const name = error instanceof Error && /^[A-Za-z]{1,40}$/.test(error.name) ? error.name : 'not an error'
  return { code: 'UNEXPECTED', message: `This should not have happened (${name}).` }
}

/** Shows text that may hold a path or a name of somebody else's: what would move the cursor is escaped. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`)
}
