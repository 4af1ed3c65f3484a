/** A schema for URLs. */
import { argumentError } from '../errors.ts'
import { type KeySchema, keySchema, listOption, schemaOptions } from './key-schema.ts'

/** Options of {@link url}. */
export interface UrlOptions {
  /** The protocols that are taken, without the colon, e.g. `['https', 'postgres']`. Default: all. */
  readonly protocols?: readonly string[] | undefined
}

/**
 * Makes a schema for an absolute URL, such as that of a webhook or a database, with or without a user and password in it.
 *
 * The value is not changed. Blanks and control characters are refused, which the parser would drop or escape without a word.
 * Codes: `not_a_url`, `wrong_protocol`.
 *
 * @throws TypeError UNKNOWN_OPTION or INVALID_OPTION.
 */
export function url(options: UrlOptions = {}): KeySchema {
  const protocols = listOption('url', 'protocols', schemaOptions('url', options, ['protocols']).protocols)
  if (protocols?.every((protocol) => /^[a-z][a-z0-9+.-]*$/.test(protocol)) === false) {
    throw argumentError('INVALID_OPTION', "url: protocols must be in small letters, without the colon: ['https'].")
  }
  return keySchema((text) => {
    // eslint-disable-next-line no-control-regex -- these are what is refused
    if (/[\u0000-\u0020\u007f]/.test(text) || !URL.canParse(text)) {
      return { code: 'not_a_url', message: 'must be an absolute URL without blanks: protocol://host/path' }
    }
    if (protocols?.includes(new URL(text).protocol.slice(0, -1)) === false) {
      return {
        code: 'wrong_protocol',
        message: `must be a URL that begins with ${protocols.map((name) => `${name}:`).join(' or ')}`,
      }
    }
    return text
  })
}
