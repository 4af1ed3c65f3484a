/** A schema for certificates. */
import { countOption, flagOption, type KeySchema, keySchema, type Problem, schemaOptions } from './key-schema.ts'
import { mendedPem, pemBlocks } from './pem.ts'

/** Options of {@link pemCertificate}. */
export interface CertificateOptions {
  /** True: today lies within the period of each certificate, when it is checked. Default: false. */
  readonly notExpired?: boolean | undefined
  /** How far this clock may be off, with `notExpired`, in seconds. Default: 0. */
  readonly leewaySeconds?: number | undefined
}

const NOT_PEM: Problem = {
  code: 'not_pem_certificate',
  message: 'must be PEM: a line -----BEGIN CERTIFICATE-----, lines of base64, and a line -----END CERTIFICATE-----',
}

/**
 * Makes a schema for an X.509 certificate in PEM, or a chain of them, such as `fullchain.pem`.
 *
 * It mends line ends: CRLF and the two characters `\n` become LF, and the last line ends with one. Whether anybody trusts the
 * certificate is not checked. Codes: `not_pem_certificate`, `broken_certificate`, `expired`, `not_yet_valid`.
 *
 * @throws TypeError UNKNOWN_OPTION or INVALID_OPTION.
 * @example
 * ```ts
 * const tls = defineSecret('tls', { TLS_CERT: pemCertificate({ notExpired: true }), TLS_KEY: pemPrivateKey() })
 * ```
 */
export function pemCertificate(options: CertificateOptions = {}): KeySchema {
  const given = schemaOptions('pemCertificate', options, ['notExpired', 'leewaySeconds'])
  const notExpired = flagOption('pemCertificate', 'notExpired', given.notExpired)
  const leewayMs = (countOption('pemCertificate', 'leewaySeconds', given.leewaySeconds, 0) ?? 0) * 1000
  return keySchema((text) => {
    const mended = mendedPem(text)
    const blocks = pemBlocks(mended)
    if (blocks === undefined || blocks.length === 0) return NOT_PEM
    const { X509Certificate } = process.getBuiltinModule('node:crypto')
    for (const [index, block] of blocks.entries()) {
      if (block.label !== 'CERTIFICATE') return NOT_PEM
      let period: readonly [from: number, to: number]
      try {
        const { validFrom, validTo } = new X509Certificate(block.text)
        period = [Date.parse(validFrom), Date.parse(validTo)]
      } catch {
        // What OpenSSL says is of no use to whoever stored the value.
        return {
          code: 'broken_certificate',
          message: `must hold whole certificates: number ${index + 1} cannot be read`,
        }
      }
      if (!notExpired) continue
      const now = Date.now()
      if (now > period[1] + leewayMs) {
        return {
          code: 'expired',
          message: `must hold certificates that are valid now: number ${index + 1} has expired`,
        }
      }
      if (now < period[0] - leewayMs) {
        return {
          code: 'not_yet_valid',
          message: `must hold certificates that are valid now: number ${index + 1} is not yet`,
        }
      }
    }
    return mended
  })
}
