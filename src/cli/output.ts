/** Writes to stdout as fast as somebody reads it, and stops quietly when nobody does any more. */
import { styleText } from 'node:util'
import { CliError, errnoOf } from './failure.ts'

/** Where a command's result goes. */
export interface Output {
  readonly isTerminal: boolean
  /** Columns of the terminal; 80 where there is none. */
  readonly columns: number
  /**
   * Writes text, and waits until more can be taken. False: whoever read it has gone, and need not be written for.
   *
   * @throws CliError UNAVAILABLE if it cannot be written, e.g. because the disk is full.
   */
  write(text: string): Promise<boolean>
  /** Makes text bold where stdout is a terminal with colours; elsewhere gives it as it is. */
  bold(text: string): string
}

let gone = false
let failed: unknown

/** The process's stdout. */
export const output: Output = {
  get isTerminal() {
    return process.stdout.isTTY
  },
  get columns() {
    return columnsOf(process.stdout)
  },
  write(text) {
    return new Promise((resolve, reject) => {
      if (gone) {
        resolve(false)
        return
      }
      process.stdout.write(text, (error) => {
        failed ??= error ?? undefined
        if (failed === undefined) resolve(true)
        else if (errnoOf(failed) === 'EPIPE') resolve(!(gone = true))
        else {
          const hint =
            'Make room, or write it somewhere else. What was asked for was done, only its result was not told.'
          reject(new CliError('UNAVAILABLE', `Could not write to stdout (${errnoOf(failed) ?? 'unknown'}).`, hint))
        }
      })
    })
  },
  bold: (text) => (hasColors(process.stdout) ? styleText('bold', text) : text),
}

/** Breaks the lines of a text that are longer than the terminal is wide between their words; elsewhere gives it as it is. */
export async function wrapped(text: string, stream: NodeJS.WriteStream): Promise<string> {
  const columns = columnsOf(stream)
  if (!stream.isTTY || text.split('\n').every((line) => line.length <= columns && !WIDE.test(line))) return text
  const { default: wrap } = await import('wrap-ansi')
  return wrap(text, columns)
}

/** What may take two columns. */
const WIDE = /[^\x20-\x7e]/

/** Says something beside the result, on stderr: a pipe gets nothing of it. */
export async function note(text: string): Promise<void> {
  process.stderr.write(`${await wrapped(text, process.stderr)}\n`)
}

/** Whether a stream is a terminal with colours; `NO_COLOR`, `FORCE_COLOR` and `TERM=dumb` are heeded by Node. */
function hasColors(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && stream.hasColors()
}

/** The columns of a terminal; 80 where there is none. */
export function columnsOf(stream: NodeJS.WriteStream): number {
  return stream.isTTY && stream.columns > 0 ? stream.columns : 80
}

/** Keeps a reader that has gone from ending the process with a stack. What failed is told by `write`. */
export function heedClosedStreams(): void {
  process.stdout.on('error', (error) => {
    failed ??= error
  })
  process.stderr.on('error', () => {
    // There is nobody left to tell.
  })
}
