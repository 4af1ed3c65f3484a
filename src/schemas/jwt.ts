/** A schema for JSON Web Tokens. */
import { countOption, flagOption, type KeySchema, keySchema, type Problem, schemaOptions } from './key-schema.ts'

/** Options of {@link jwt}. */
export interface JwtOptions {
  /** How far this clock may be off, in seconds. Default: 0. */
  readonly leewaySeconds?: number | undefined
  /** How long the token must still be valid when it is checked, in seconds. Default: 0. */
  readonly validForSeconds?: number | undefined
  /** True takes tokens that never expire, as they have no `exp`. Default: false. */
  readonly unlimited?: boolean | undefined
}

const NOT_JWT: Problem = {
  code: 'not_a_jwt',
  message: 'must be a signed JSON Web Token: header.payload.signature, each in base64url',
}

/**
 * Makes a schema for a signed JSON Web Token (RFC 7519, compact form) that has not expired when it is checked, which is also
 * before each call.
 *
 * The value is not changed. The signature is not verified: that takes the key of whoever issued the token. Codes: `not_a_jwt`,
 * `no_expiry`, `expired`, `not_yet_valid`.
 *
 * @throws TypeError UNKNOWN_OPTION or INVALID_OPTION.
 * @example
 * ```ts
 * const api = defineSecret('api', { API_TOKEN: jwt({ leewaySeconds: 30 }) })
 * ```
 */
export function jwt(options: JwtOptions = {}): KeySchema {
  const given = schemaOptions('jwt', options, ['leewaySeconds', 'validForSeconds', 'unlimited'])
  const leeway = countOption('jwt', 'leewaySeconds', given.leewaySeconds, 0) ?? 0
  const validFor = countOption('jwt', 'validForSeconds', given.validForSeconds, 0) ?? 0
  const unlimited = flagOption('jwt', 'unlimited', given.unlimited)
  return keySchema((text) => {
    const [header, payload, signature, ...others] = text.split('.')
    const head = objectIn(header)
    const claims = objectIn(payload)
    if (typeof head?.['alg'] !== 'string' || claims === undefined || others.length > 0) return NOT_JWT
    if (signature === undefined || !isBase64url(signature)) return NOT_JWT
    const { exp, nbf } = claims
    if (![exp, nbf].every((date) => date === undefined || (typeof date === 'number' && Number.isFinite(date)))) {
      return NOT_JWT
    }
    const now = Date.now() / 1000
    if (exp === undefined && !unlimited) {
      return {
        code: 'no_expiry',
        message: 'must have the claim exp; tokens without it are taken by jwt({ unlimited: true })',
      }
    }
    if (exp !== undefined && now + validFor >= Number(exp) + leeway) {
      return { code: 'expired', message: 'must be a token that has not expired: store a new one' }
    }
    if (nbf !== undefined && now + leeway < Number(nbf)) {
      return { code: 'not_yet_valid', message: 'must be a token that is valid already: its claim nbf lies ahead' }
    }
    return text
  })
}

function isBase64url(text: string): boolean {
  return text !== '' && Buffer.from(text, 'base64url').toString('base64url') === text
}

function objectIn(part: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (part === undefined || !isBase64url(part)) return undefined
  try {
    const parsed: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : undefined
  } catch {
    // The parser's own message quotes the token.
    return undefined
  }
}
