/** Keeps a file out of git by a line in the `.gitignore` beside it. */
import { closeSync, constants, fchmodSync, fstatSync, openSync, readFileSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { CliError, errnoOf } from './failure.ts'

const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW } = constants

/** What became of the line. */
export interface Ignored {
  readonly path: string
  readonly line: string
  /** False: it was there already. */
  readonly added: boolean
}

/**
 * Appends the file's name to the `.gitignore` of its folder, with that file's own line ends, unless it is a line there already
 * that no later line may take back: the last one that matches counts. Everything else in it stays as it is.
 *
 * @throws CliError UNAVAILABLE if it cannot be read or written, or is a symbolic link, which git does not follow.
 */
export function ignoreInGit(file: string): Ignored {
  const path = join(dirname(file), '.gitignore')
  const line = patternOf(basename(file))
  try {
    const fd = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, 0o644)
    try {
      // Under a umask of 0777 a new file could not even be read by who made it.
      const { mode } = fstatSync(fd)
      if ((mode & 0o600) !== 0o600) fchmodSync(fd, (mode & 0o777) | 0o600)
      // Bytes as Latin-1: whatever the file's encoding is, a name in it is compared byte by byte.
      const text = readFileSync(fd, 'latin1')
      const added = Buffer.from(line).toString('latin1')
      const lines = text.split(/\r?\n/)
      const taken = lines.findLastIndex((one) => one.startsWith('!'))
      if (lines.lastIndexOf(added) > taken) return { path, line, added: false }
      const end = /\r?\n/.exec(text)?.[0] ?? '\n'
      const before = text === '' || text.endsWith('\n') ? '' : end
      writeSync(fd, Buffer.from(before + added + end, 'latin1'))
      return { path, line, added: true }
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    const message = `Could not add the key file to ${path} (${errnoOf(error) ?? 'unknown'}). No key was made.`
    const isLink = errnoOf(error) === 'ELOOP'
    const what = isLink
      ? 'Git reads no .gitignore that is a symbolic link: make a file of it'
      : 'Make that file writable'
    throw new CliError('UNAVAILABLE', message, `${what}, or name another folder for the key.`)
  }
}

/** The pattern that matches this name and no other. */
function patternOf(name: string): string {
  return name.replace(/[\\*?[\]]|^[#!]| $/g, (char) => `\\${char}`)
}
