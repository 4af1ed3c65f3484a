/** A private key of SSH as ssh-keygen writes it (OpenSSH's PROTOCOL.key), made where it is needed: none lies about in the repository. */
import { generateKeyPairSync } from 'node:crypto'

/** Makes an Ed25519 key without a pass phrase; `cipher` says of it that it has one. */
export function opensshKey({ cipher = 'none', second = 7 } = {}): string {
  const { d, x } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  const [seed, point] = [Buffer.from(d ?? '', 'base64url'), Buffer.from(x ?? '', 'base64url')]
  const type = Buffer.from('ssh-ed25519')
  const inner = Buffer.concat([
    number(7),
    number(second),
    ...[type, point, Buffer.concat([seed, point]), Buffer.from('made up')].map(text),
  ])
  const padding = Buffer.from(Array.from({ length: (8 - (inner.length % 8)) % 8 }, (_, index) => index + 1))
  const bytes = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    ...[Buffer.from(cipher), Buffer.from('none'), Buffer.alloc(0)].map(text),
    number(1),
    text(Buffer.concat([text(type), text(point)])),
    text(Buffer.concat([inner, padding])),
  ])
  const lines = bytes.toString('base64').replace(/.{70}(?!$)/g, '$&\n')
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function text(bytes: Buffer): Buffer {
  return Buffer.concat([number(bytes.length), bytes])
}
