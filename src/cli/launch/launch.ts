/** Starts a command and stays until it has ended. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { isatty } from 'node:tty'
import type { Redactor } from '../../redact/redactor.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError, errnoOf } from '../failure.ts'
import { copyMasked } from './masked.ts'
import { endBy, passSignals } from './signals.ts'

/** A command line, of a program and its arguments. No shell reads it. */
export interface Launch {
  readonly command: readonly [string, ...string[]]
  readonly environment: NodeJS.ProcessEnv
  /** Masks output that does not go to a terminal; `undefined`: nothing does. */
  readonly redactor: Redactor | undefined
}

/**
 * Runs a command with this process's stdin, and with its terminal wherever there is one.
 *
 * @returns its exit code; 128 and a signal's number if that ended it, and this process did not end by it, too.
 * @throws CliError COMMAND_NOT_FOUND, COMMAND_NOT_STARTED; UNAVAILABLE if its output could not be written.
 */
export async function launch({ command: [file, ...args], environment, redactor }: Launch): Promise<number> {
  let child: ChildProcess | undefined
  const stopPassing = passSignals(() => child)
  try {
    const copies: Promise<Error | undefined>[] = []
    const masks = (fd: number): boolean => redactor !== undefined && !isatty(fd)
    try {
      child = spawn(file, args, {
        env: environment,
        stdio: ['inherit', masks(1) ? 'pipe' : 'inherit', masks(2) ? 'pipe' : 'inherit'],
        windowsHide: true,
      })
    } catch (error) {
      throw notStarted(file, environment, error)
    }
    const { stdout, stderr } = child
    if (redactor !== undefined && stdout !== null) copies.push(copyMasked(stdout, process.stdout, redactor))
    if (redactor !== undefined && stderr !== null) copies.push(copyMasked(stderr, process.stderr, redactor))
    const { code, signal } = await endOf(child).catch((error: unknown) => {
      throw notStarted(file, environment, error)
    })
    const failures = await Promise.all(copies)
    stopPassing()
    if (signal !== null) return endBy(signal)
    const failure = failures.find((error) => error !== undefined && errnoOf(error) !== 'EPIPE')
    if (failure === undefined || code !== 0) return code ?? 0
    throw new CliError('UNAVAILABLE', `Could not write what the command printed (${errnoOf(failure) ?? 'unknown'}).`)
  } finally {
    stopPassing()
  }
}

function endOf(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      resolve({ code, signal })
    })
  })
}

function notStarted(file: string, environment: NodeJS.ProcessEnv, error: unknown): CliError {
  const errno = errnoOf(error) === 'EACCES' && !isThere(file, environment) ? 'ENOENT' : errnoOf(error)
  // What else stands in its place may be a value.
  const name = /^(?:[\w.-]*\/)*[a-z]{1,12}(?:[-_.][a-z]{1,12})?$/.test(file) ? ` ${file}` : ''
  if (errno === 'ENOENT') {
    const hint = 'After -- stands a program of your PATH, or its path, and then its arguments: no shell reads them.'
    return new CliError('COMMAND_NOT_FOUND', `The command${name} was not found.`, hint, EXIT.noProgram)
  }
  const hint =
    errno === 'E2BIG'
      ? 'A command takes some 2 MB of variables and arguments, and on Linux 128 KiB in each. Name fewer keys, or use latchkey inject.'
      : errno === 'EACCES'
        ? 'Is it a file that you may execute (chmod +x)?'
        : errno === 'ENOTDIR'
          ? 'A part of its path, or of the working directory, is no folder.'
          : undefined
  return new CliError(
    'COMMAND_NOT_STARTED',
    `The command${name} could not be started (${errno ?? 'unknown'}).`,
    hint,
    EXIT.notExecutable,
  )
}

/** Tells whether there is such a file: the system says EACCES, too, if a folder of the PATH may not be read. */
function isThere(file: string, { PATH = '' }: NodeJS.ProcessEnv): boolean {
  return file.includes('/') || PATH.split(delimiter).some((folder) => existsSync(join(folder, file)))
}
