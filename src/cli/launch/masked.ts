/** Passes a command's output on, masked, as fast as somebody reads it. */
import type { Readable, Writable } from 'node:stream'
import { maskingBuffer, type Redactor } from '../../redact/redactor.ts'

/** A value of so few bytes is never masked, so these may be shown before it is known what follows them. */
const HARMLESS = 3
/** After so many milliseconds without output, a question is shown that waits for its answer. */
const QUIET_MS = 50

/**
 * Copies `source` to what `target` gives when there is something to write, with every known value masked, byte for byte otherwise.
 *
 * What may be the beginning of a value waits for what follows; but for its first bytes, which are shown when nothing follows
 * for a while. When nobody reads the target any more, the source is closed, so that the command learns of it as it would without
 * a copy.
 *
 * @returns when the source has ended and the target has taken everything: what the target failed with, `undefined` for nothing.
 */
export function copyMasked(source: Readable, target: () => Writable, redactor: Redactor): Promise<Error | undefined> {
  const buffer = maskingBuffer(redactor, 'bytes')
  let failure: Error | undefined
  let quiet: NodeJS.Timeout | undefined

  return new Promise((resolve) => {
    let open: Writable | undefined
    const drained = (): void => {
      source.resume()
    }
    const failed = (error: Error): void => {
      failure ??= error
      source.destroy()
    }
    const write = (text: string, done?: () => void): void => {
      if (text === '' || failure !== undefined) {
        done?.()
        return
      }
      open ??= target().on('drain', drained).on('error', failed)
      if (open.write(Buffer.from(text, 'latin1'), done)) return
      source.pause()
    }
    source.on('data', (chunk: Buffer) => {
      clearTimeout(quiet)
      write(buffer.push(chunk.toString('latin1')))
      quiet = setTimeout(() => {
        write(buffer.release(HARMLESS))
      }, QUIET_MS)
    })
    const ended = (): void => {
      clearTimeout(quiet)
      write(buffer.end(), () => {
        open?.off('drain', drained).off('error', failed)
        resolve(failure)
      })
    }
    if (source.closed) ended()
    else source.once('close', ended).resume()
  })
}
