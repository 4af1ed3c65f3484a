/** Asks whether something that cannot be undone is meant. */
import type { Input } from './command.ts'
import { CliError, usageError } from './failure.ts'
import { askLine } from './prompt.ts'

/**
 * Returns if the person at the terminal says yes, or said it before with `--yes`.
 *
 * @throws CliError DECLINED for any other answer, USAGE if there is no terminal to ask on; Interrupted for Ctrl-C.
 */
export async function confirm(input: Input, question: string): Promise<void> {
  if (input.flag('yes')) return
  if (!process.stdin.isTTY)
    throw usageError('This cannot be undone, and there is no terminal to ask on.', 'Say that it is meant with --yes.')
  if (/^y(es)?$/i.test((await askLine(`${question} [y/N] `)).trim())) return
  throw new CliError('DECLINED', 'Nothing was changed.', 'Answer y to do it.')
}
