/** A schema for private keys as ssh-keygen makes them. */
import { type KeySchema, keySchema, type Problem } from './key-schema.ts'
import { mendedPem, type PemBlock, pemBlocks } from './pem.ts'
import { BROKEN_PRIVATE_KEY, privateKeyType } from './private-key.ts'

const NOT_SSH: Problem = {
  code: 'not_ssh_private_key',
  message:
    'must be one private key of SSH: a line -----BEGIN OPENSSH PRIVATE KEY-----, lines of base64, and a line -----END OPENSSH PRIVATE KEY-----',
}
const ENCRYPTED: Problem = {
  code: 'encrypted',
  message: 'must be a key without a pass phrase: take it off by ssh-keygen -p, since the store encrypts it',
}
const MAGIC = 'openssh-key-v1\0'

/**
 * Makes a schema for one private key of SSH without a pass phrase: the format of OpenSSH, or one of the PEM formats that ssh
 * reads as well.
 *
 * It mends line ends: CRLF and the two characters `\n` become LF, and the last line ends with one, without which ssh refuses a
 * key. Codes: `not_ssh_private_key`, `encrypted`, `broken_private_key`.
 */
export function sshPrivateKey(): KeySchema {
  return keySchema((text) => {
    const mended = mendedPem(text)
    const [block, ...others] = pemBlocks(mended) ?? []
    if (block?.label.endsWith('PRIVATE KEY') !== true || others.length > 0) return NOT_SSH
    const problem = block.label === 'OPENSSH PRIVATE KEY' ? opensshProblem(block) : pemProblem(block)
    return problem ?? mended
  })
}

function pemProblem(block: PemBlock): Problem | undefined {
  const type = privateKeyType(block)
  if (typeof type === 'string') return undefined
  if (type === BROKEN_PRIVATE_KEY) return type
  return type.code === 'encrypted' ? ENCRYPTED : NOT_SSH
}

/** Reads a key by OpenSSH's PROTOCOL.key, as far as it says that the key is whole and what its pass phrase is. */
function opensshProblem(block: PemBlock): Problem | undefined {
  const base64 = block.text.split('\n').slice(1, -2).join('')
  const bytes = Buffer.from(base64, 'base64')
  if (!bytes.subarray(0, MAGIC.length).equals(Buffer.from(MAGIC)) || bytes.toString('base64') !== base64)
    return BROKEN_PRIVATE_KEY
  const fields = readerOf(bytes.subarray(MAGIC.length))
  const [cipher, , , count] = [fields.string(), fields.string(), fields.string(), fields.number()]
  if (cipher !== undefined && cipher.toString('latin1') !== 'none') return ENCRYPTED
  const [publicKey, secret] = [fields.string(), fields.string()]
  if (count !== 1 || publicKey === undefined || secret === undefined || !fields.atEnd()) return BROKEN_PRIVATE_KEY
  const inner = readerOf(secret)
  // Two equal numbers stand before the key; the name of its type is that of the public key.
  const [first, second, type] = [inner.number(), inner.number(), inner.string()]
  const publicType = readerOf(publicKey).string()
  const whole = first !== undefined && first === second && type !== undefined && publicType?.equals(type) === true
  return whole && isPadded(secret) ? undefined : BROKEN_PRIVATE_KEY
}

/** The private part is filled up to blocks of 8 bytes. */
function isPadded(secret: Buffer): boolean {
  return secret.length % 8 === 0
}

interface Fields {
  number(): number | undefined
  string(): Buffer | undefined
  atEnd(): boolean
}

/** Reads numbers and strings one after the other (RFC 4251, section 5); from the first that is not there on, nothing. */
function readerOf(bytes: Buffer): Fields {
  let at = 0
  const fields: Fields = {
    number() {
      if (at + 4 > bytes.length) at = Infinity
      if (at === Infinity) return undefined
      at += 4
      return bytes.readUInt32BE(at - 4)
    },
    string() {
      const length = fields.number()
      if (length === undefined || at + length > bytes.length) {
        at = Infinity
        return undefined
      }
      at += length
      return bytes.subarray(at - length, at)
    },
    atEnd: () => at === bytes.length,
  }
  return fields
}
