/** Writes a file that holds values as they are: for its owner alone, over nothing unless that is meant, and through no link. */
import { lstatSync } from 'node:fs'
import { CliError, errnoOf } from './failure.ts'
import { makeFile, replaceFile, undisturbed } from './output-file.ts'

/**
 * Writes a text to a new file, 0600 under any umask. If it cannot be written to its end, nothing is left of it, and a file that was
 * there is still there.
 *
 * @param force - put it in the place of a file that is there.
 * @throws CliError CONFLICT if there is a file and `force` is false, INVALID if what is there is no regular file, UNAVAILABLE.
 */
export function writePlainFile(path: string, text: string, force: boolean): void {
  undisturbed(path, () => {
    if (force) {
      refuseOthers(path)
      replaceFile(path, text)
    } else makeNew(path, text)
  })
}

function makeNew(path: string, text: string): void {
  try {
    makeFile(path, text)
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
    const hint = 'Name another file, or write over it with --force.'
    throw new CliError('CONFLICT', `There is a file ${path} already.`, hint)
  }
}

function refuseOthers(path: string): void {
  const there = lstatSync(path, { throwIfNoEntry: false })
  if (there === undefined || there.isFile()) return
  if (there.isSymbolicLink()) throw new CliError('INVALID', `${path} is a symbolic link.`, 'Name the file itself.')
  throw new CliError('INVALID', `${path} is not a regular file.`, 'Name another file.')
}
