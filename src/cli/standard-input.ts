/** Reads a value from stdin. */
import { MAX_SECRET_BYTES } from '../secret.ts'
import { CliError, errnoOf } from './failure.ts'

/**
 * Reads stdin to its end, as UTF-8, and takes one line end off its end.
 *
 * @param usage - how to send a value, for hints.
 * @throws CliError NO_VALUE if not one byte came, INVALID if it is not UTF-8, TOO_LARGE, UNAVAILABLE.
 */
export async function readValue(usage: string): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      length += chunk.length
      if (length > MAX_SECRET_BYTES + 2) break
    }
  } catch (error) {
    throw new CliError(
      'UNAVAILABLE',
      `Could not read stdin (${errnoOf(error) ?? 'unknown'}).`,
      `Send a value: ${usage}`,
    )
  }
  // A stdin that the shell closed reads like an empty one. Both are mistakes far more often than an empty value.
  if (length === 0) {
    throw new CliError(
      'NO_VALUE',
      'Stdin is closed or empty: no value came.',
      `Send a value: ${usage}. A single line break is the empty value.`,
    )
  }
  if (length > MAX_SECRET_BYTES + 2) throw new CliError('TOO_LARGE', 'What came on stdin is larger than 1 MiB.')
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks))
    return withoutLineEnd(text)
  } catch {
    // The only thing that decoding fails for.
    throw new CliError('INVALID', 'What came on stdin is not UTF-8 text.', 'Encode it first, e.g. as base64.')
  }
}

/** Takes one line end, LF or CRLF, off the end. */
export function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '')
}
