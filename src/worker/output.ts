/** A child's output: read always, cut into lines, redacted, and handed on. */
import { StringDecoder } from 'node:string_decoder'
import type { Readable } from 'node:stream'

/** Longer lines are not held in memory, and cannot be redacted piece by piece: they are withheld. UTF-16 units. */
const MAX_LINE = 1024 * 1024

/** Reads a stream by lines until it ends; the last line may lack its line break. */
export function readLines(stream: Readable, onLine: (line: string) => void): void {
  const decoder = new StringDecoder('utf8')
  let held = ''
  let dropping = false
  const take = (text: string): void => {
    let start = 0
    for (;;) {
      const end = text.indexOf('\n', start)
      if (end === -1) break
      if (dropping) dropping = false
      else onLine((held + text.slice(start, end)).replace(/\r$/, ''))
      held = ''
      start = end + 1
    }
    if (dropping) return
    held += text.slice(start)
    if (held.length <= MAX_LINE) return
    held = ''
    dropping = true
    onLine('[a line of more than 1 Mi characters was withheld]')
  }
  stream.on('data', (chunk: Buffer) => {
    take(decoder.write(chunk))
  })
  // A stream that was unpiped stays paused until it is told otherwise.
  stream.resume()
  // A pipe that breaks has ended, as far as its reader is concerned.
  stream.on('error', () => stream.destroy())
  stream.once('close', () => {
    take(decoder.end())
    if (held !== '') onLine(held)
    held = ''
  })
}
