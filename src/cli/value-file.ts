/** Reads a value, or a text that holds values, from a file. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { CliError, errnoOf } from './failure.ts'
import { decoded, withoutLineEnd } from './standard-input.ts'

/**
 * Reads a file as UTF-8, and takes one line end off its end.
 *
 * @throws CliError NOT_FOUND, NO_VALUE, INVALID, TOO_LARGE, UNAVAILABLE; none quotes what it holds.
 */
export function readValueFile(path: string): string {
  return withoutLineEnd(readTextFile(path, 1024 * 1024 + 2))
}

/**
 * Reads a whole file as UTF-8, of at most so many bytes. A pipe is waited for until all its writers have gone, as stdin is.
 *
 * @throws CliError as `readValueFile`; NO_VALUE if not one byte came from what is no regular file.
 */
export function readTextFile(path: string, maxBytes: number): string {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    const errno = errnoOf(error) ?? 'unknown'
    if (errno === 'ENOENT') throw new CliError('NOT_FOUND', `There is no file ${path}.`, 'Check its path.')
    throw new CliError('UNAVAILABLE', `Could not open ${path} (${errno}).`, 'Check who may read it.')
  }
  try {
    const stats = fstatSync(fd)
    if (stats.isDirectory()) throw new CliError('INVALID', `${path} is a folder.`, 'Name a file.')
    if (stats.size > maxBytes) throw tooLarge(path, maxBytes)
    const bytes = readAtMost(fd, maxBytes + 1)
    if (bytes.length > maxBytes) throw tooLarge(path, maxBytes)
    // What should have written to a pipe has failed far more often than it meant the empty value.
    if (bytes.length === 0 && !stats.isFile()) {
      const hint = 'Did what writes to it fail? A single line break is the empty value.'
      throw new CliError('NO_VALUE', `Nothing came from ${path}.`, hint)
    }
    return decoded(bytes, path)
  } catch (error) {
    if (error instanceof CliError) throw error
    throw new CliError('UNAVAILABLE', `Could not read ${path} (${errnoOf(error) ?? 'unknown'}).`, 'Check the file.')
  } finally {
    closeSync(fd)
  }
}

/** Reads to the end, or so many bytes: a device such as /dev/zero has no end. */
function readAtMost(fd: number, maxBytes: number): Buffer {
  const chunks: Buffer[] = []
  let left = maxBytes
  while (left > 0) {
    const chunk = Buffer.alloc(Math.min(left, 65_536))
    const length = readSync(fd, chunk)
    if (length === 0) break
    chunks.push(chunk.subarray(0, length))
    left -= length
  }
  return Buffer.concat(chunks)
}

function tooLarge(path: string, maxBytes: number): CliError {
  return new CliError('TOO_LARGE', `${path} is larger than ${Math.floor(maxBytes / 1024 / 1024)} MiB.`)
}
