/** Writes a file that holds values as they are: for its owner alone, over nothing, and by way of no other file. */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { CliError, errnoOf } from './failure.ts'

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants

/**
 * Writes a text to a new file, 0600 under any umask. If it cannot be written to its end, nothing is left of it.
 *
 * @param force - write over a file that is there; its permissions become 0600, too.
 * @throws CliError CONFLICT if there is a file and `force` is false, UNAVAILABLE.
 */
export function writePlainFile(path: string, text: string, force: boolean): void {
  const fd = opened(path, force)
  try {
    if (!fstatSync(fd).isFile()) throw new CliError('INVALID', `${path} is not a regular file.`, 'Name another file.')
    fchmodSync(fd, 0o600)
    ftruncateSync(fd, 0)
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
    fsyncSync(fd)
  } catch (error) {
    if (error instanceof CliError) throw error
    unlinkSync(path)
    throw new CliError('UNAVAILABLE', `Could not write ${path} (${errnoOf(error) ?? 'unknown'}): it was removed again.`)
  } finally {
    closeSync(fd)
  }
}

function opened(path: string, force: boolean): number {
  try {
    // Without O_NONBLOCK, opening a FIFO would wait for somebody to read it.
    return openSync(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | (force ? 0 : O_EXCL), 0o600)
  } catch (error) {
    const errno = errnoOf(error) ?? 'unknown'
    if (errno === 'EEXIST') {
      throw new CliError(
        'CONFLICT',
        `There is a file ${path} already.`,
        'Name another file, or write over it with --force.',
      )
    }
    if (errno === 'ELOOP') throw new CliError('INVALID', `${path} is a symbolic link.`, 'Name the file itself.')
    throw new CliError('UNAVAILABLE', `Could not make ${path} (${errno}).`, 'Name a place that you may write to.')
  }
}
