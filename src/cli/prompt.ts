/** Asks for a value on the terminal, without showing it. */
import { openSync } from 'node:fs'
import { emitKeypressEvents } from 'node:readline'
import type { Key } from 'node:readline'
import { ReadStream } from 'node:tty'
import { CliError, errnoOf, Interrupted } from './failure.ts'
import { stderr } from './output.ts'
import { withoutLineEnd } from './standard-input.ts'

/** Terminals mark what is pasted, so that the line breaks in a pasted key do not end it, nor reach the shell. */
const MARK_PASTES = '\x1b[?2004h'
const MARK_NO_PASTES = '\x1b[?2004l'

/**
 * Asks on the terminal, and resolves with what was typed or pasted before Enter. It is the terminal that stdin is, else the one
 * that the program was started on: a value may come on stdin, and a pass phrase from the person. The question goes to stderr, so
 * that stdout can be redirected. The terminal is put back however it ends.
 *
 * @throws Interrupted for Ctrl-C, CliError NO_VALUE for Ctrl-D, or if there is no terminal.
 */
export async function askHidden(question: string): Promise<string> {
  const screen = stderr()
  const keyboard = process.stdin.isTTY ? process.stdin : startedOn()
  const marks = screen.isTTY && process.env['TERM'] !== 'dumb'
  emitKeypressEvents(keyboard)
  keyboard.setRawMode(true)
  screen.write(`${marks ? MARK_PASTES : ''}${question}`)
  try {
    return withoutLineEnd(await typedLine(keyboard))
  } finally {
    keyboard.setRawMode(false)
    keyboard.pause()
    if (keyboard !== process.stdin) keyboard.destroy()
    screen.write(`${marks ? MARK_NO_PASTES : ''}\n`)
  }
}

/** The terminal that the program was started on, wherever its stdin comes from. */
function startedOn(): ReadStream {
  try {
    return new ReadStream(openSync('/dev/tty', 'r'))
  } catch (error) {
    throw new CliError(
      'NO_VALUE',
      `There is no terminal to ask on (${errnoOf(error) ?? 'unknown'}).`,
      'Give it in a file: the options that end in -file name one.',
    )
  }
}

function typedLine(keyboard: ReadStream): Promise<string> {
  let typed: string[] = []
  let pasting = false

  return new Promise<string>((resolve, reject) => {
    const end = (settle: () => void): void => {
      keyboard.off('keypress', press).off('end', ended).off('error', ended)
      settle()
    }
    const ended = (): void => {
      end(() => {
        reject(
          new CliError('NO_VALUE', 'The terminal was closed: no value was given.', 'Nothing was changed. Try again.'),
        )
      })
    }
    const press = (text: string | undefined, key: Key): void => {
      if (key.name === 'paste-start') pasting = true
      else if (key.name === 'paste-end') pasting = false
      else if (pasting) typed.push(key.name === 'return' ? '\n' : (key.sequence ?? text ?? ''))
      else if (key.name === 'return' || key.name === 'enter') {
        end(() => {
          resolve(typed.join(''))
        })
      } else if (key.ctrl === true && key.name === 'c') {
        end(() => {
          reject(new Interrupted())
        })
      } else if (key.ctrl === true && key.name === 'd') {
        if (typed.length === 0) ended()
      } else if (key.ctrl === true && key.name === 'u') typed = []
      else if (key.name === 'backspace') typed.pop()
      else if (text !== undefined && !/^[\p{Cc}]/u.test(text)) typed.push(text)
    }
    keyboard.on('keypress', press).on('end', ended).on('error', ended)
    keyboard.resume()
  })
}
