/** A schema for bytes in base64. */
import { argumentError } from '../errors.ts'
import { countOption, type KeySchema, keySchema, schemaOptions } from './key-schema.ts'

/** Options of {@link base64}. */
export interface Base64Options {
  /** How many bytes it must hold: exactly, or from `min` to `max`. Default: any number. */
  readonly bytes?: number | { readonly min?: number | undefined; readonly max?: number | undefined } | undefined
  /** `base64` (default) is padded and has `+` and `/`; `base64url` is not padded and has `-` and `_` (RFC 4648). */
  readonly alphabet?: 'base64' | 'base64url' | undefined
}

/**
 * Makes a schema for bytes in base64, such as a key of 32 bytes.
 *
 * The value is not changed, and must be the one way to write its bytes: no blanks, no line breaks, no other alphabet. Codes:
 * `wrong_encoding`, `wrong_length`.
 *
 * @throws TypeError UNKNOWN_OPTION or INVALID_OPTION.
 */
export function base64(options: Base64Options = {}): KeySchema {
  const given = schemaOptions('base64', options, ['bytes', 'alphabet'])
  const alphabet = given.alphabet ?? 'base64'
  if (!['base64', 'base64url'].includes(alphabet)) {
    throw argumentError('INVALID_OPTION', "base64: alphabet must be 'base64' or 'base64url'.")
  }
  const { min, max } = limitsOf(given.bytes)
  const padding = alphabet === 'base64' ? 'with its padding' : 'without padding'
  return keySchema((text) => {
    const bytes = Buffer.from(text, alphabet)
    if (bytes.toString(alphabet) !== text) {
      return { code: 'wrong_encoding', message: `must be ${alphabet}, ${padding} and without blanks or line breaks` }
    }
    if (bytes.length >= min && bytes.length <= max) return text
    return { code: 'wrong_length', message: `must be ${alphabet} of ${shownLimits(min, max)} bytes` }
  })
}

function limitsOf(bytes: Base64Options['bytes']): { readonly min: number; readonly max: number } {
  if (typeof bytes !== 'object') {
    const exactly = countOption('base64', 'bytes', bytes, 0)
    return { min: exactly ?? 0, max: exactly ?? Infinity }
  }
  const given = schemaOptions('base64: bytes', bytes, ['min', 'max'])
  const min = countOption('base64', 'bytes.min', given.min, 0) ?? 0
  const max = countOption('base64', 'bytes.max', given.max, 0) ?? Infinity
  if (min <= max) return { min, max }
  throw argumentError('INVALID_OPTION', 'base64: bytes.min must not be more than bytes.max.')
}

function shownLimits(min: number, max: number): string {
  if (min === max) return String(min)
  if (max === Infinity) return `at least ${min}`
  return min === 0 ? `at most ${max}` : `${min} to ${max}`
}
