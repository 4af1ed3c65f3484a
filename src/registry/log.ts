/** Hands a function's output on. */
import type { LogLine } from './types.ts'

/** Gives a line to `onLog`; by default to this process's own stdout or stderr. */
export function writeLog(onLog: false | ((line: LogLine) => void) | undefined, line: LogLine): void {
  if (onLog === false) return
  if (onLog === undefined) process[line.stream].write(`${line.line}\n`)
  else onLog(line)
}
