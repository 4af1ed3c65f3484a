/** A schema for private keys in PEM. */
import { argumentError } from '../errors.ts'
import { type KeySchema, keySchema, listOption, type Problem, schemaOptions } from './key-schema.ts'
import { mendedPem, type PemBlock, pemBlocks } from './pem.ts'

/** The kinds of keys that {@link pemPrivateKey} tells apart. */
export type PrivateKeyType = 'rsa' | 'rsa-pss' | 'dsa' | 'ec' | 'ed25519' | 'ed448' | 'x25519' | 'x448' | 'dh'

/** Options of {@link pemPrivateKey}. */
export interface PrivateKeyOptions {
  /** The kinds of keys that are taken, e.g. `['ed25519', 'ec']`. Default: all. */
  readonly types?: readonly PrivateKeyType[] | undefined
}

const TYPES: readonly string[] = ['rsa', 'rsa-pss', 'dsa', 'ec', 'ed25519', 'ed448', 'x25519', 'x448', 'dh']
const PLAIN = /^(?:(?:RSA|EC|DSA) )?PRIVATE KEY$/
const NOT_PEM: Problem = {
  code: 'not_pem_private_key',
  message:
    'must be one private key in PEM: a line -----BEGIN PRIVATE KEY-----, lines of base64, and a line -----END PRIVATE KEY-----',
}
const ENCRYPTED: Problem = {
  code: 'encrypted',
  message: 'must be a key without a pass phrase: decrypt it first, e.g. by openssl pkey, since the store encrypts it',
}
/** That of every kind of private key. */
export const BROKEN_PRIVATE_KEY: Problem = {
  code: 'broken_private_key',
  message: 'must be a whole private key: this one cannot be read',
}

/**
 * Makes a schema for one private key in PEM: PKCS #8 (`PRIVATE KEY`), PKCS #1 (`RSA PRIVATE KEY`) or SEC 1 (`EC PRIVATE KEY`),
 * without a pass phrase.
 *
 * It mends line ends: CRLF and the two characters `\n` become LF, and the last line ends with one. Codes:
 * `not_pem_private_key`, `encrypted`, `openssh_key`, `broken_private_key`, `wrong_key_type`.
 *
 * @throws TypeError UNKNOWN_OPTION or INVALID_OPTION.
 */
export function pemPrivateKey(options: PrivateKeyOptions = {}): KeySchema {
  const types = listOption('pemPrivateKey', 'types', schemaOptions('pemPrivateKey', options, ['types']).types)
  if (types?.every((type) => TYPES.includes(type)) === false) {
    throw argumentError('INVALID_OPTION', `pemPrivateKey: types must be of ${TYPES.join(', ')}.`)
  }
  return keySchema((text) => {
    const mended = mendedPem(text)
    const block = onlyKey(mended)
    if (block === undefined) return NOT_PEM
    if (block.label === 'OPENSSH PRIVATE KEY') {
      return { code: 'openssh_key', message: 'must be PEM, and this is a key of OpenSSH: use sshPrivateKey() for it' }
    }
    const type = privateKeyType(block)
    if (typeof type !== 'string') return type
    if (types?.includes(type) === false) {
      return { code: 'wrong_key_type', message: `must be a private key of type ${types.join(' or ')}` }
    }
    return mended
  })
}

/** Gives the one block with a private key, beside which a certificate would be a mistake and parameters of a curve are none. */
function onlyKey(mended: string): PemBlock | undefined {
  const blocks = (pemBlocks(mended) ?? []).filter(({ label }) => label !== 'EC PARAMETERS')
  const [block, ...others] = blocks
  return others.length === 0 && block?.label.endsWith('PRIVATE KEY') === true ? block : undefined
}

/** Tells of what type a key in PEM is, or why it cannot be read. */
export function privateKeyType(block: PemBlock): string | Problem {
  if (block.label === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type: *4,ENCRYPTED$/m.test(block.text)) return ENCRYPTED
  if (!PLAIN.test(block.label)) return NOT_PEM
  try {
    return process.getBuiltinModule('node:crypto').createPrivateKey(block.text).asymmetricKeyType ?? 'unknown'
  } catch {
    // What OpenSSL says is of no use to whoever stored the value.
    return BROKEN_PRIVATE_KEY
  }
}
