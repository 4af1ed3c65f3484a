/** What a rejection of `fetch` means. Nothing of it is passed on but its code: its text may quote the request. */

/** How a request failed on the way. */
export interface NetworkFailure {
  /** `refused`: nothing was sent; `hopeless`: nor would it be the next time; `broken`: the engine may have acted. */
  readonly kind: 'refused' | 'hopeless' | 'broken'
  readonly reason: string
  readonly hint?: string
}

/** Codes of failures to connect: nothing was sent. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])
/** Codes of certificates that are not trusted, and of failed handshakes. */
const NOT_TRUSTED = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_|ERR_SSL_|HOSTNAME_MISMATCH|EPROTO$)/

/** Tells what a rejection of `fetch` means. */
export function networkFailure(error: unknown): NetworkFailure {
  const code = codeOf(error)
  if (code === undefined) return { kind: 'broken', reason: 'the connection failed' }
  if (NOT_TRUSTED.test(code)) {
    const hint = 'If a private authority signed its certificate, name that in NODE_EXTRA_CA_CERTS.'
    return { kind: 'hopeless', reason: `its certificate is not trusted, or it speaks no TLS (${code})`, hint }
  }
  return { kind: NOT_CONNECTED.has(code) ? 'refused' : 'broken', reason: `the connection failed (${code})` }
}

/** Gives the code of a network error, of it or of what led to it. A code is a word, and quotes nothing. */
function codeOf(error: unknown): string | undefined {
  for (let current = error, depth = 0; current instanceof Error && depth < 4; current = current.cause, depth += 1) {
    const code: unknown = (current as { code?: unknown }).code
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(code)) return code
  }
  return undefined
}
