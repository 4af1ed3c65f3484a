/** Writes to stdout as fast as somebody reads it, and stops quietly when nobody does any more. */
import { fstatSync, writeSync } from 'node:fs'
import { styleText } from 'node:util'
import { CliError, errnoOf } from './failure.ts'

const STDOUT = 1
/** Columns where there is no terminal. */
const NO_TERMINAL = 80

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
let terminal: boolean | undefined
let failed: Error | undefined

/** The process's stdout. */
export const output: Output = {
  get isTerminal() {
    return (terminal ??= isTerminal(STDOUT))
  },
  get columns() {
    return output.isTerminal ? columnsOf(stdout()) : NO_TERMINAL
  },
  async write(text) {
    if (gone) return false
    try {
      await writeAll(text)
      return true
    } catch (error) {
      if (isReaderGone(error)) return !(gone = true)
      const hint = 'Make room, or write it somewhere else. What was asked for was done, only its result was not told.'
      throw new CliError('UNAVAILABLE', `Could not write to stdout (${errnoOf(error) ?? 'unknown'}).`, hint)
    }
  },
  bold: (text) => (output.isTerminal && hasColors(stdout()) ? styleText('bold', text) : text),
}

/** Tells whether what failed is that nobody reads any more; a socket says it in another way if something was not read. */
export function isReaderGone(error: unknown): boolean {
  return ['EPIPE', 'ECONNRESET'].includes(errnoOf(error) ?? '')
}

/** Writes to a file or a pipe itself: Node's stream is loaded only for what is more than that, and where the pipe is full. */
async function writeAll(text: string): Promise<void> {
  const bytes = Buffer.from(text)
  const written = isDirect() ? writeNow(bytes) : 0
  if (written === bytes.length) return
  await new Promise<void>((resolve, reject) => {
    stdout().write(bytes.subarray(written), (error) => {
      failed ??= error ?? undefined
      if (failed === undefined) resolve()
      else reject(failed)
    })
  })
}

let direct: boolean | undefined

function isDirect(): boolean {
  direct ??= process.platform !== 'win32' && !output.isTerminal
  return direct
}

/** Writes what is taken at once. Gives how many bytes. */
function writeNow(bytes: Uint8Array): number {
  let written = 0
  try {
    while (written < bytes.length) written += writeSync(STDOUT, bytes, written)
  } catch (error) {
    // Somebody who has the same pipe wants to wait for it in another way: so does Node's stream.
    if (errnoOf(error) !== 'EAGAIN') throw error
    direct = false
  }
  return written
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
  stderr().write(`${await wrapped(text, stderr())}\n`)
}

/** Whether a stream is a terminal with colours; `NO_COLOR`, `FORCE_COLOR` and `TERM=dumb` are heeded by Node. */
function hasColors(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && stream.hasColors()
}

/** The columns of a terminal; 80 where there is none. */
export function columnsOf(stream: NodeJS.WriteStream): number {
  return stream.isTTY && stream.columns > 0 ? stream.columns : NO_TERMINAL
}

/** Tells whether a descriptor is a terminal's. What a terminal needs is loaded only where it can be one. */
export function isTerminal(fd: number): boolean {
  return mayBeTerminal(fd) && process.getBuiltinModule('node:tty').isatty(fd)
}

function mayBeTerminal(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice()
  } catch (error) {
    // EBADF: it is closed. EPERM and others, on Windows: it is no file.
    if (errnoOf(error) === undefined) throw error
    return process.platform === 'win32'
  }
}

/** Node's stream of stdout. A reader that has gone does not end the process with a stack: what failed is told by `write`. */
export const stdout = heeded(
  () => process.stdout,
  (error) => {
    failed ??= error
  },
)

/** Node's stream of stderr. When its reader has gone, there is nobody left to tell. */
export const stderr = heeded(
  () => process.stderr,
  () => undefined,
)

let made = false

/** Tells whether something may still be on its way: only Node's streams have what they have not written. */
export function mayHaveMore(): boolean {
  return made
}

/** A stream that is made when it is first asked for, with a listener for its errors from then on. */
function heeded(make: () => NodeJS.WriteStream, failed: (error: Error) => void): () => NodeJS.WriteStream {
  let stream: NodeJS.WriteStream | undefined
  return () => {
    made = true
    return (stream ??= make().on('error', failed))
  }
}
