/** Starts a command and stays until it has ended. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Readable } from 'node:stream'
import type { Redactor } from '../../redact/redactor.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError, errnoOf } from '../failure.ts'
import { isReaderGone } from '../output.ts'
import type { Copy, Outputs } from './outputs.ts'
import { endBy, passSignals } from './signals.ts'

/** How a shell says that its last program was ended by SIGPIPE. */
const BY_SIGPIPE = 128 + 13
/** What masks is loaded for what prints, and after so many milliseconds for what may: an update can replace its files meanwhile. */
const LOAD_MS = 100

/** A command line, of a program and its arguments. No shell reads it. */
export interface Launch {
  readonly command: readonly [string, ...string[]]
  readonly environment: NodeJS.ProcessEnv
  readonly outputs: Outputs
  /** Gives what masks them. It is asked for when the program is running. */
  readonly redactor: () => Promise<Redactor>
}

/**
 * Runs a command with this process's stdin, and with its terminal wherever there is one.
 *
 * @returns its exit code; 128 and a signal's number if that ended it, and this process did not end by it, too.
 * @throws CliError COMMAND_NOT_FOUND, COMMAND_NOT_STARTED; UNAVAILABLE if its output could not be written.
 */
export async function launch({ command: [file, ...args], environment, outputs, redactor }: Launch): Promise<number> {
  let child: ChildProcess | undefined
  const stopPassing = passSignals(() => child)
  const masking = maskingOf(redactor)
  try {
    let ended: Promise<End>
    let copies: Promise<Error | undefined>[]
    try {
      child = spawn(file, args, { env: environment, stdio: ['inherit', ...outputs.stdio], windowsHide: true })
      ended = endOf(child)
      const printing = outputs.started([child.stdout, child.stderr])
      if (printing.length > 0) masking.loadSoon()
      copies = printing.map((copy) => copied(copy, masking))
    } catch (error) {
      throw notStarted(file, environment, error)
    }
    const { code, signal } = await ended.catch((error: unknown) => {
      throw notStarted(file, environment, error)
    })
    const failures = await Promise.all(copies)
    stopPassing()
    const failure = failures.find((error) => error !== undefined && !isReaderGone(error))
    // What cannot be written ends the program, or the one that a shell waits for, without a word.
    if (failure !== undefined && (code === 0 || code === BY_SIGPIPE || signal === 'SIGPIPE')) {
      throw new CliError('UNAVAILABLE', `Could not write what the command printed (${errnoOf(failure) ?? 'unknown'}).`)
    }
    return signal === null ? (code ?? 0) : await endBy(signal)
  } finally {
    masking.end()
    outputs.close()
    stopPassing()
  }
}

/** What masks, once it is loaded. */
interface Masking {
  load(): Promise<(copy: Copy) => Promise<Error | undefined>>
  /** Has it loaded while the program runs, whether that prints or not. */
  loadSoon(): void
  /** Nothing runs any more that may print. */
  end(): void
}

function maskingOf(redactor: Launch['redactor']): Masking {
  let loaded: ReturnType<Masking['load']> | undefined
  const load = async (): ReturnType<Masking['load']> => {
    const [{ copyMasked }, known] = await Promise.all([import('./masked.ts'), redactor()])
    return ({ source, target }) => copyMasked(source, target, known)
  }
  let timer: NodeJS.Timeout | undefined
  const masking: Masking = {
    load: () => (loaded ??= load()),
    loadSoon() {
      timer = setTimeout(() => {
        // Whether it failed is told by what needs it.
        masking.load().catch(() => undefined)
      }, LOAD_MS)
    },
    end: () => {
      clearTimeout(timer)
    },
  }
  return masking
}

/** Never rejects. What cannot be masked is not shown. */
async function copied(copy: Copy, masking: Masking): Promise<Error | undefined> {
  const { source } = copy
  // When a program has ended, Node throws away what nobody has read of its streams, unless somebody may still ask for it.
  const mayAsk = (): void => undefined
  source.on('readable', mayAsk)
  try {
    if (!(await prints(source))) return undefined
    const copyOf = await masking.load()
    const copying = copyOf(copy)
    source.off('readable', mayAsk)
    return await copying
  } catch (error) {
    source.destroy()
    return error instanceof Error ? error : new Error('not an error')
  }
}

/** Resolves when there is something to read, or when it is certain that nothing comes. */
function prints(source: Readable): Promise<boolean> {
  return new Promise((resolve) => {
    const readable = (): void => {
      // It is also told that nothing more comes.
      if (source.readableLength === 0) return
      source.off('readable', readable)
      resolve(true)
    }
    source.on('readable', readable)
    source.once('close', () => {
      resolve(false)
    })
  })
}

interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

function endOf(child: ChildProcess): Promise<End> {
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
