/** Reads lines from a terminal in raw mode, key by key. */
import { emitKeypressEvents } from 'node:readline'
import type { Key } from 'node:readline'
import type { ReadStream } from 'node:tty'
import { CliError, Interrupted } from './failure.ts'

/** Lines that are being typed. */
export interface TypedLines {
  /**
   * Resolves with the next line.
   *
   * @throws Interrupted for Ctrl-C, CliError NO_VALUE for Ctrl-D at the begin of a line, or if the terminal went away.
   */
  next(): Promise<string>
  /** Reads no more. */
  end(): void
}

/** Begins to read. What is typed before it is asked for is kept for when it is. */
export function hiddenLines(keyboard: ReadStream): TypedLines {
  const typed = typing()
  const ready: (string | Error)[] = []
  let wake: (() => void) | undefined
  const add = (line: string | Error): void => {
    ready.push(line)
    wake?.()
  }
  const press = (text: string | undefined, key: Key): void => {
    const line = typed(text, key)
    if (line !== undefined) add(line)
  }
  const gone = (): void => {
    add(noValue())
  }
  emitKeypressEvents(keyboard)
  keyboard.on('keypress', press).on('end', gone).on('error', gone)
  keyboard.resume()

  return {
    async next() {
      while (ready.length === 0) await new Promise<void>((resolve) => (wake = resolve))
      const line = ready.shift()
      if (typeof line === 'string') return line
      throw line ?? noValue()
    },
    end() {
      // 'error' stays heard: a terminal that went away cannot be put back, and there is nobody to tell.
      keyboard.off('keypress', press).off('end', gone)
      keyboard.pause()
    },
  }
}

/** Gives a function that takes keys, and gives the line that a key completes, or why there is none. */
function typing(): (text: string | undefined, key: Key) => string | Error | undefined {
  let typed: string[] = []
  let pasting = false
  let isAfterReturn = false
  const taken = (): string => {
    const line = typed.join('')
    typed = []
    return line
  }
  return (text, key) => {
    // The second half of a CRLF.
    const isHalf = isAfterReturn && key.name === 'enter'
    isAfterReturn = key.name === 'return'
    if (isHalf) return undefined
    if (key.name === 'paste-start') pasting = true
    else if (key.name === 'paste-end') pasting = false
    else if (pasting) typed.push(key.name === 'return' ? '\n' : (key.sequence ?? text ?? ''))
    else if (key.name === 'return' || key.name === 'enter') return taken()
    else if (key.ctrl === true && key.name === 'c') return new Interrupted()
    else if (key.ctrl === true && key.name === 'd') return typed.length === 0 ? noValue() : undefined
    else if (key.ctrl === true && key.name === 'u') typed = []
    else if (key.name === 'backspace') typed.pop()
    else if (text !== undefined && !/^[\p{Cc}]/u.test(text)) typed.push(text)
    return undefined
  }
}

function noValue(): CliError {
  return new CliError('NO_VALUE', 'The terminal was closed: no value was given.', 'Nothing was changed. Try again.')
}
