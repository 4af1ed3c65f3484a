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
  // Nothing here waits, so a signal is heard when the file stands or is gone again: no part of it is left behind.
  const waiting: NodeJS.Signals[] = []
  const hear = (signal: NodeJS.Signals): void => {
    waiting.push(signal)
  }
  for (const signal of ENDING) process.on(signal, hear)
  try {
    const there = fs.statSync(path, { throwIfNoEntry: false })
    if (there === undefined || there.isFile()) replace(there === undefined ? path : fs.realpathSync(path), text)
    else fs.writeFileSync(path, text)
  } catch (error) {
    const message = `Could not write ${path} (${errnoOf(error) ?? 'unknown'}).`
    throw new CliError('UNAVAILABLE', message, 'Is the folder there and yours, and is there room on the disk?')
  } finally {
    setImmediate(() => {
      for (const signal of ENDING) process.off(signal, hear)
      if (waiting[0] !== undefined) process.kill(process.pid, waiting[0])
    })
  }
}

function replace(path: string, text: string): void {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`)
  const fd = fs.openSync(temporary, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o600)
  try {
    try {
      fs.fchmodSync(fd, 0o600)
      fs.writeFileSync(fd, text)
      fs.fsyncSync(fd)
    } finally {
      fs.closeSync(fd)
    }
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
