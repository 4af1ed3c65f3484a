/** Reads a value, or a text that holds values, from a file. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { CliError, errnoOf } from './failure.ts'
import { decoded, withoutLineEnd } from './standard-input.ts'

/**
 * Reads a file as UTF-8, and takes one line end off its end.
 *
 * @throws CliError NOT_FOUND, INVALID, TOO_LARGE, UNAVAILABLE; none quotes what it holds.
 */
export function readValueFile(path: string): string {
  return withoutLineEnd(readTextFile(path, 1024 * 1024 + 2))
}

/** Reads a whole file as UTF-8, of at most so many bytes. Waits for nobody: a FIFO nobody writes to is empty. */
export function readTextFile(path: string, maxBytes: number): string {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const errno = errnoOf(error) ?? 'unknown'
    if (errno === 'ENOENT') throw new CliError('NOT_FOUND', `There is no file ${path}.`, 'Check its path.')
    throw new CliError('UNAVAILABLE', `Could not open ${path} (${errno}).`, 'Check who may read it.')
  }
  try {
    const stats = fstatSync(fd)
    if (stats.isDirectory()) throw new CliError('INVALID', `${path} is a folder.`, 'Name a file.')
    if (stats.size > maxBytes) throw tooLarge(path, maxBytes)
    const bytes = readFileSync(fd)
    if (bytes.length > maxBytes) throw tooLarge(path, maxBytes)
    return decoded(bytes, path)
  } catch (error) {
    if (error instanceof CliError) throw error
    throw new CliError('UNAVAILABLE', `Could not read ${path} (${errnoOf(error) ?? 'unknown'}).`, 'Check the file.')
  } finally {
    closeSync(fd)
  }
}

function tooLarge(path: string, maxBytes: number): CliError {
  return new CliError('TOO_LARGE', `${path} is larger than ${Math.floor(maxBytes / 1024 / 1024)} MiB.`)
}
