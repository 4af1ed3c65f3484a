/** Writes to stdout as fast as somebody reads it, and stops quietly when nobody does any more. */
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
}

let gone = false
let failed: unknown

/** The process's stdout. */
export const output: Output = {
  get isTerminal() {
    return process.stdout.isTTY
  },
  get columns() {
    return process.stdout.isTTY && process.stdout.columns > 0 ? process.stdout.columns : 80
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
        else reject(new CliError('UNAVAILABLE', `Could not write to stdout (${errnoOf(failed) ?? 'unknown'}).`))
      })
    })
  },
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
