/** Hands a function's output on, line by line, masked. */
import { maskingBuffer, type Redactor } from '../redact/redactor.ts'
import type { LogLine } from './types.ts'

/** Where a call's output goes. */
export interface CallLog {
  /** Takes a line of output. What may be the beginning of a secret waits for the next line, or for the call's end. */
  line(stream: 'stdout' | 'stderr', line: string): void
  /** Says that the call has ended: nothing waits any longer than for what has been written already. */
  end(): void
}

type Streams = Partial<Record<'stdout' | 'stderr', { push(line: string): void; flush(): void }>>

/**
 * Makes the log of one call.
 *
 * @param onLog - gets each line; left out, this process's own stdout and stderr do; `false`: nobody.
 * @param redactor - asked for at the first line: most calls print nothing.
 */
export function createCallLog(
  onLog: false | ((line: LogLine) => void) | undefined,
  of: Pick<LogLine, 'function' | 'scope'>,
  redactor: () => Redactor,
): CallLog {
  const streams: Streams = {}
  let ended = false
  let flushing: NodeJS.Immediate | undefined

  function flush(): void {
    flushing = undefined
    for (const stream of Object.values(streams)) stream.flush()
  }

  return {
    line(name, line) {
      if (onLog === false) return
      const stream = (streams[name] ??= maskedLines(redactor(), (masked) => {
        write(onLog, { ...of, stream: name, line: masked })
      }))
      stream.push(line)
      // What was written together is read together, so the lines of one secret are.
      if (ended) flushing ??= setImmediate(flush)
    },
    end() {
      ended = true
      if (Object.keys(streams).length > 0) flushing ??= setImmediate(flush)
    },
  }
}

/** Masks lines one after another, so that a secret is found that goes over several; these become one line. */
function maskedLines(redactor: Redactor, onLine: (line: string) => void): { push(line: string): void; flush(): void } {
  let buffer = maskingBuffer(redactor)
  let open = ''
  const take = (masked: string): void => {
    const lines = (open + masked).split('\n')
    open = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  }
  return {
    push(line) {
      take(buffer.push(`${line}\n`))
    },
    flush() {
      take(buffer.end())
      // The line end was a part of what was masked.
      if (open !== '') take('\n')
      buffer = maskingBuffer(redactor)
    },
  }
}

function write(onLog: ((line: LogLine) => void) | undefined, line: LogLine): void {
  if (onLog === undefined) process[line.stream].write(`${line.line}\n`)
  else onLog(line)
}
