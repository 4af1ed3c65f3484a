/** Gives a command's result: JSON where that was asked for, otherwise text. */
import type { Input } from './command.ts'
import { output, stdout, wrapped } from './output.ts'

/**
 * Writes one result to stdout: with `--json` an object on one line, otherwise the text, as wide as the terminal, and a line break.
 *
 * @returns false if nobody reads it any more.
 */
export async function answer(input: Input, json: Readonly<Record<string, unknown>>, text: string): Promise<boolean> {
  const shown = output.isTerminal ? await wrapped(text, stdout()) : text
  return output.write(`${input.flag('json') ? JSON.stringify(json) : shown}\n`)
}
