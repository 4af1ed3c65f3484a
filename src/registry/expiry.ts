/** Finds the day on which a value expires, where the value says so itself. */
import { X509Certificate } from 'node:crypto'

/** When a value expires, and what says so. */
export interface Expiry {
  readonly kind: 'jwt' | 'certificate'
  readonly at: Date
}

const JWT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*$/
const CERTIFICATE = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g
/** Tokens travel in a header line, which no server takes if it is longer. */
const MOST_TOKEN = 64 * 1024

/** Looks into a value; `undefined` where it does not say when it expires. Only the date leaves this function. */
export function expiryOf(value: string): Expiry | undefined {
  return value.includes('-----BEGIN ') ? certificateExpiry(value) : tokenExpiry(value.trim())
}

/** The `exp` of a JWT (RFC 7519, section 4.1.4), whose signature is not looked at. */
function tokenExpiry(value: string): Expiry | undefined {
  const [, header, payload] = value.length > MOST_TOKEN ? [] : (JWT.exec(value) ?? [])
  if (typeof objectOf(header)?.['alg'] !== 'string') return undefined
  const at = new Date(Number(objectOf(payload)?.['exp']) * 1000)
  return isDate(at) ? { kind: 'jwt', at } : undefined
}

function objectOf(part: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    return Object(JSON.parse(Buffer.from(part ?? '', 'base64url').toString())) as Record<string, unknown>
  } catch (error) {
    // What the parser says of it quotes the value.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** The first of several certificates to end makes a chain useless. */
function certificateExpiry(value: string): Expiry | undefined {
  const ends = [...value.matchAll(CERTIFICATE)].flatMap(([pem]) => {
    try {
      return [new Date(new X509Certificate(pem).validTo)]
    } catch {
      // Whatever OpenSSL has against it, it is no certificate that could be asked.
      return []
    }
  })
  const [first] = ends.filter(isDate).sort((a, b) => a.getTime() - b.getTime())
  return first && { kind: 'certificate', at: first }
}

function isDate(at: Date): boolean {
  return !Number.isNaN(at.getTime())
}
