/** Writes a file that holds secrets: for its owner alone, whole or not at all. */
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { CliError, errnoOf } from './failure.ts'

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY, O_RDONLY, O_DIRECTORY } = fs.constants
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const

/**
 * Writes `text` to `path`, which only its owner may read and write from then on. At every moment the file that was there or the
 * new one is there, whole; what is no regular file, such as a pipe, is written to as it is. A symbolic link is followed.
 *
 * @throws CliError UNAVAILABLE if it cannot be written; then nothing of it is left.
 */
export function writeSecretFile(path: string, text: string): void {
  undisturbed(path, () => {
    const there = fs.statSync(path, { throwIfNoEntry: false })
    if (there === undefined || there.isFile()) replaceFile(there === undefined ? path : fs.realpathSync(path), text)
    else fs.writeFileSync(path, text)
  })
}

/**
 * Calls `write`, and lets no signal end the process before it is done.
 *
 * @throws CliError UNAVAILABLE for what the system refuses; a CliError of `write` as it is.
 */
export function undisturbed(path: string, write: () => void): void {
  // Nothing here waits, so a signal is heard when the file stands or is gone again: no part of it is left behind.
  const waiting: NodeJS.Signals[] = []
  const hear = (signal: NodeJS.Signals): void => {
    waiting.push(signal)
  }
  for (const signal of ENDING) process.on(signal, hear)
  try {
    write()
  } catch (error) {
    if (error instanceof CliError) throw error
    const message = `Could not write ${path} (${errnoOf(error) ?? 'unknown'}).`
    throw new CliError('UNAVAILABLE', message, 'Is the folder there and yours, and is there room on the disk?')
  } finally {
    const stopHearing = (): void => {
      for (const signal of ENDING) process.off(signal, hear)
      if (waiting[0] !== undefined) process.kill(process.pid, waiting[0])
    }
    // Of two turns of the event loop the second is after Node has looked for signals.
    setImmediate(() => setImmediate(stopHearing))
  }
}

/** Makes a file, 0600 under any umask, where there is none. If it cannot be written to its end, nothing is left of it. */
export function makeFile(path: string, text: string): void {
  const fd = fs.openSync(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o600)
  try {
    fs.fchmodSync(fd, 0o600)
    fs.writeFileSync(fd, text)
    fs.fsyncSync(fd)
  } catch (error) {
    fs.rmSync(path, { force: true })
    throw error
  } finally {
    fs.closeSync(fd)
  }
}

/** Puts a file in the place of another, or where none is, whole or not at all. A symbolic link is replaced, not followed. */
export function replaceFile(path: string, text: string): void {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`)
  makeFile(temporary, text)
  try {
    fs.renameSync(temporary, path)
  } catch (error) {
    fs.rmSync(temporary, { force: true })
    throw error
  }
  const folder = fs.openSync(dirname(path), O_RDONLY | O_DIRECTORY)
  try {
    fs.fsyncSync(folder)
  } finally {
    fs.closeSync(folder)
  }
}
