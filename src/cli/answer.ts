/** Gives a command's result: JSON where that was asked for, otherwise text. */
import type { Input } from './command.ts'
import { output } from './output.ts'

/**
 * Writes one result to stdout: with `--json` an object on one line, otherwise the text and a line break.
 *
 * @returns false if nobody reads it any more.
 */
export function answer(input: Input, json: Readonly<Record<string, unknown>>, text: string): Promise<boolean> {
  return output.write(`${input.flag('json') ? JSON.stringify(json) : text}\n`)
}
