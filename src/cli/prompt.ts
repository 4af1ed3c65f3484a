/** Asks on the terminal: for a value, without showing it, or for a line. */
import { openSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { ReadStream, WriteStream } from 'node:tty'
import { CliError, errnoOf, Interrupted } from './failure.ts'
import { stderr } from './output.ts'
import { withoutLineEnd } from './standard-input.ts'
import { hiddenLines } from './typed-lines.ts'

/** Terminals mark what is pasted, so that the line breaks in a pasted key do not end it, nor reach the shell. */
const MARK_PASTES = '\x1b[?2004h'
const MARK_NO_PASTES = '\x1b[?2004l'
/** What ends the process from outside: the terminal is put back before. Not SIGHUP, after which there is none. */
const ENDING = ['SIGINT', 'SIGTERM', 'SIGQUIT'] as const

/** Asks a question, and resolves with what was typed or pasted before Enter. */
export type Ask = (question: string) => Promise<string>

/** Asks one question; see {@link withHiddenTyping}. */
export function askHidden(question: string): Promise<string> {
  return withHiddenTyping((ask) => ask(question))
}

/**
 * Calls `use` with what asks on the terminal and shows nothing of what is typed, also between two questions. It is the terminal that
 * stdin is, else the one that the program was started on: a value may come on stdin, and a pass phrase from the person. The question
 * goes to stderr, so that stdout can be redirected; where that is no terminal, to the one that the program was started on. The
 * terminal is put back however it ends.
 *
 * @throws Interrupted for Ctrl-C, CliError NO_VALUE for Ctrl-D, or if there is no terminal.
 */
export async function withHiddenTyping<T>(use: (ask: Ask) => Promise<T>): Promise<T> {
  const keyboard = process.stdin.isTTY ? process.stdin : new ReadStream(startedOn('r'))
  const screen = stderr().isTTY ? stderr() : new WriteStream(startedOn('w'))
  const marks = process.env['TERM'] !== 'dumb'
  const lines = hiddenLines(keyboard)
  const putBack = (): void => {
    keyboard.setRawMode(false)
    if (marks) screen.write(MARK_NO_PASTES)
  }
  const onSignal = (signal: NodeJS.Signals): void => {
    putBack()
    for (const one of ENDING) process.off(one, onSignal)
    process.kill(process.pid, signal)
  }
  for (const signal of ENDING) process.on(signal, onSignal)
  keyboard.setRawMode(true)
  if (marks) screen.write(MARK_PASTES)
  try {
    return await use(async (question) => {
      screen.write(question)
      try {
        return withoutLineEnd(await lines.next())
      } finally {
        screen.write('\n')
      }
    })
  } finally {
    lines.end()
    putBack()
    for (const signal of ENDING) process.off(signal, onSignal)
    if (keyboard !== process.stdin) keyboard.destroy()
    if (screen !== stderr()) screen.destroy()
  }
}

/**
 * Asks on the terminal that stdin is for a line that may be seen; the terminal itself shows and edits it. The empty text: Ctrl-D.
 *
 * @throws Interrupted for Ctrl-C.
 */
export function askLine(question: string): Promise<string> {
  const screen = stderr().isTTY ? stderr() : new WriteStream(startedOn('w'))
  const lines = createInterface({ input: process.stdin, terminal: false })
  let interrupt: (() => void) | undefined
  return new Promise<string>((resolve, reject) => {
    interrupt = () => {
      screen.write('\n')
      reject(new Interrupted())
    }
    process.once('SIGINT', interrupt)
    screen.write(question)
    lines.once('line', (line) => {
      // A Ctrl-C before it counts: of two turns of the event loop the second is after Node has looked for signals.
      setImmediate(() => setImmediate(resolve, line))
    })
    lines.once('close', () => {
      // Ctrl-D, or a terminal that went away: the cursor still stands behind the question.
      screen.write('\n')
      resolve('')
    })
  }).finally(() => {
    if (interrupt !== undefined) process.off('SIGINT', interrupt)
    lines.removeAllListeners('close').close()
    if (screen !== stderr()) screen.destroy()
  })
}

/** Opens the terminal that the program was started on, wherever its streams come from and go to. */
function startedOn(how: 'r' | 'w'): number {
  try {
    return openSync('/dev/tty', how)
  } catch (error) {
    throw new CliError(
      'NO_VALUE',
      `There is no terminal to ask on (${errnoOf(error) ?? 'unknown'}).`,
      'Give it in a file: the options that end in -file name one.',
    )
  }
}
