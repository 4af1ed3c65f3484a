/** Signals between latchkey, the command and the terminal that both may have. */
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'

const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGTSTP'] as const
/** What a terminal sends to every process in its foreground, and so to the command itself. */
const FROM_TERMINAL: ReadonlySet<string> = new Set(['SIGINT', 'SIGQUIT', 'SIGWINCH', 'SIGTSTP'])
/** What ends a process with an image of its memory, which holds the values. */
const DUMPS_CORE: ReadonlySet<string> = new Set([
  'SIGQUIT',
  'SIGILL',
  'SIGTRAP',
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGSEGV',
  'SIGSYS',
  'SIGXCPU',
  'SIGXFSZ',
])

/** What ends a process that does not listen to it. */
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const

/**
 * Holds back signals that would end this process.
 *
 * @returns what lets them through again: one that came meanwhile then ends the process.
 */
export function holdSignals(): () => Promise<void> {
  let held: NodeJS.Signals | undefined
  const hold = (signal: NodeJS.Signals): void => {
    held ??= signal
  }
  for (const signal of ENDING) process.on(signal, hold)
  return async () => {
    // Of two turns of the event loop the second is after Node has looked for signals.
    await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))
    for (const signal of ENDING) process.off(signal, hold)
    if (held !== undefined) process.kill(process.pid, held)
  }
}

/**
 * Passes signals on to a command from now on, and stops when it has stopped, where a shell waits for both. Start it before the
 * command, so that no signal ends latchkey alone.
 *
 * @returns what ends it.
 */
export function passSignals(command: () => ChildProcess | undefined): () => void {
  // Where the system does not tell whether the command has stopped, Ctrl-Z stops latchkey at once.
  const passed = PASSED_ON.filter((signal) => signal !== 'SIGTSTP' || statOf('self') !== undefined)
  let stopAsked = false
  const pass = (signal: NodeJS.Signals): void => {
    const child = command()
    if (signal === 'SIGTSTP') {
      if (child === undefined || hasEnded(child)) {
        stop()
        return
      }
      stopAsked = true
      if (stopIfCommandHas()) return
    }
    if (!(FROM_TERMINAL.has(signal) && isInForeground())) child?.kill(signal)
  }
  // Not before the command has: the shell would take the terminal from a program that still puts it back, or that reads what is
  // meant for the shell. A program that stops only itself, as less does for Ctrl-Z, would leave the shell waiting for latchkey.
  const stopIfCommandHas = (): boolean => {
    if (!isStopped(command()?.pid) || !(stopAsked || isInForeground())) return false
    stopAsked = false
    stop()
    return true
  }
  /** Returns when a shell has this process go on. It is not reached where the system does not tell of stopped processes. */
  const stop = (): void => {
    process.off('SIGTSTP', pass)
    process.kill(process.pid, 'SIGTSTP')
    process.on('SIGTSTP', pass)
  }
  for (const signal of passed) process.on(signal, pass)
  process.on('SIGCHLD', stopIfCommandHas)
  return () => {
    process.off('SIGCHLD', stopIfCommandHas)
    for (const signal of passed) process.off(signal, pass)
  }
}

/**
 * Ends this process by the signal that ended the command, so that a shell sees what it would see without latchkey.
 *
 * @returns the exit code that says the same, where this process must not or cannot end by it.
 */
export async function endBy(signal: NodeJS.Signals): Promise<number> {
  if (signal === 'SIGPIPE') heedAgain(signal)
  if (!DUMPS_CORE.has(signal)) {
    process.kill(process.pid, signal)
    // A system may take a moment to deliver it.
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  return 128 + constants.signals[signal]
}

/** Lets a signal end this process that Node ignores: without its last listener, it does what it does by default. */
function heedAgain(signal: NodeJS.Signals): void {
  const listener = (): void => undefined
  process.on(signal, listener)
  process.off(signal, listener)
}

/** Tells whether a terminal's Ctrl-C reaches this process, and so the command as well. */
function isInForeground(): boolean {
  const fields = statOf('self')
  if (fields !== undefined) {
    const [, , group, , , foreground] = fields
    return group === foreground
  }
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch (error) {
    // ENXIO, ENODEV, ENOENT, ENOTTY: there is no terminal to send anything.
    if (error instanceof Error && 'code' in error) return false
    throw error
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

function isStopped(pid: number | undefined): boolean {
  return pid !== undefined && statOf(String(pid))?.[0] === 'T'
}

/** The fields of /proc/PID/stat from the state on: state, parent, group, session, terminal, the terminal's foreground group. */
function statOf(pid: string): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch (error) {
    // ENOENT, ESRCH: no such process, or no such system.
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
}
