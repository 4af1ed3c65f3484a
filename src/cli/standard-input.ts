/** Reads what comes on stdin. */
import { MAX_SECRET_BYTES } from '../secret.ts'
import { CliError, errnoOf } from './failure.ts'

/**
 * Reads stdin to its end, as UTF-8, and takes one line end off its end.
 *
 * @param usage - how to send a value, for hints.
 * @throws CliError NO_VALUE if not one byte came, INVALID if it is not UTF-8, TOO_LARGE, UNAVAILABLE.
 */
export async function readValue(usage: string): Promise<string> {
  const hint = `Send a value: ${usage}. A single line break is the empty value.`
  return withoutLineEnd(await readText(MAX_SECRET_BYTES + 2, hint))
}

/**
 * Reads stdin to its end, as UTF-8.
 *
 * @param hint - what to send, for when nothing came.
 * @throws CliError as `readValue`.
 */
export async function readText(maxBytes: number, hint: string): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      length += chunk.length
      if (length > maxBytes) break
    }
  } catch (error) {
    throw new CliError('UNAVAILABLE', `Could not read stdin (${errnoOf(error) ?? 'unknown'}).`, hint)
  }
  // A stdin that the shell closed reads like an empty one. Both are mistakes far more often than an empty value.
  if (length === 0) throw new CliError('NO_VALUE', 'Stdin is closed or empty: no value came.', hint)
  if (length > maxBytes) {
    throw new CliError('TOO_LARGE', `What came on stdin is larger than ${Math.floor(maxBytes / 1024 / 1024)} MiB.`)
  }
  return decoded(Buffer.concat(chunks), 'What came on stdin')
}

/** Decodes UTF-8 text. Throws INVALID for anything else. */
export function decoded(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    // The only thing that decoding fails for.
    throw new CliError('INVALID', `${what} is not UTF-8 text.`, 'Encode it first, e.g. as base64.')
  }
}

/** Takes one line end, LF or CRLF, off the end. */
export function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '')
}
