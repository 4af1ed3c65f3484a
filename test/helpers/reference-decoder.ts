/**
 * A second, slow and obvious reader of the format, after docs/format-v1.md, on node:crypto only. It shares no code with the
 * library: what both read alike was not written wrongly by one of them.
 */
import { createDecipheriv, createHmac, hkdfSync, scryptSync } from 'node:crypto'

/** What opens a file. */
export type ReferenceKey = { raw: Buffer } | { passphrase: string } | { unwrap: (sealed: Buffer) => Buffer }

interface ReferenceRecord {
  scope: string
  name: string
  version: number
  createdAt: string
  values: Record<string, string>
  description?: string
}

export interface ReferenceFile {
  header: { store: string; gen: number; ver: number; prev: string; crit: string[]; keys: ReferenceEntry[] }
  mac: string
  records: ReferenceRecord[]
}

interface ReferenceEntry {
  kid: string
  commit: string
  state: string
  wraps: { type: string; id?: string; salt?: string; logN?: number; r?: number; p?: number; sealed: string }[]
}

/** HChaCha20 (draft-irtf-cfrg-xchacha-03, 2.2): twenty rounds of ChaCha over key and 16 bytes of nonce, no final addition. */
export function hchacha20(key: Buffer, nonce16: Buffer): Buffer {
  const x = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574]
  for (let i = 0; i < 8; i += 1) x.push(key.readUInt32LE(4 * i))
  for (let i = 0; i < 4; i += 1) x.push(nonce16.readUInt32LE(4 * i))
  const rotate = (value: number, bits: number) => ((value << bits) | (value >>> (32 - bits))) >>> 0
  const quarter = (a: number, b: number, c: number, d: number) => {
    x[a] = (x[a]! + x[b]!) >>> 0
    x[d] = rotate(x[d]! ^ x[a], 16)
    x[c] = (x[c]! + x[d]) >>> 0
    x[b] = rotate(x[b]! ^ x[c], 12)
    x[a] = (x[a] + x[b]) >>> 0
    x[d] = rotate(x[d] ^ x[a], 8)
    x[c] = (x[c] + x[d]) >>> 0
    x[b] = rotate(x[b] ^ x[c], 7)
  }
  for (let round = 0; round < 10; round += 1) {
    quarter(0, 4, 8, 12)
    quarter(1, 5, 9, 13)
    quarter(2, 6, 10, 14)
    quarter(3, 7, 11, 15)
    quarter(0, 5, 10, 15)
    quarter(1, 6, 11, 12)
    quarter(2, 7, 8, 13)
    quarter(3, 4, 9, 14)
  }
  const out = Buffer.alloc(32)
  for (const [to, from] of [0, 1, 2, 3, 12, 13, 14, 15].entries()) out.writeUInt32LE(x[from]!, 4 * to)
  return out
}

/** XChaCha20-Poly1305 (the same draft, 2.3) on Node's ChaCha20-Poly1305. Throws if the tag does not fit. */
export function xchachaOpen(key: Buffer, nonce: Buffer, data: Buffer, sealed: Buffer): Buffer {
  const subkey = hchacha20(key, nonce.subarray(0, 16))
  const nonce12 = Buffer.concat([Buffer.alloc(4), nonce.subarray(16)])
  const decipher = createDecipheriv('chacha20-poly1305', subkey, nonce12, { authTagLength: 16 })
  const text = sealed.subarray(0, sealed.length - 16)
  decipher.setAAD(data, { plaintextLength: text.length })
  decipher.setAuthTag(sealed.subarray(sealed.length - 16))
  return Buffer.concat([decipher.update(text), decipher.final()])
}

/** HKDF-SHA256 with the store id as salt. */
function subkey(secret: Buffer, store: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, store, `latchkey/1 ${purpose}`, 32))
}

function prefixed(...fields: (string | Buffer)[]): Buffer {
  return Buffer.concat(
    fields.flatMap((field) => {
      const bytes = Buffer.from(field as string)
      const length = Buffer.alloc(2)
      length.writeUInt16BE(bytes.length)
      return [length, bytes]
    }),
  )
}

/** Opens an envelope with the data key of its store. */
export function openReferenceEnvelope(
  dataKey: Buffer,
  store: Buffer,
  scope: string,
  name: string,
  envelope: Buffer,
): { version: number; text: string } {
  if (envelope[0] !== 1 || envelope[1] !== 1) throw new Error('another format or algorithm')
  const kid = subkey(dataKey, store, 'commit').subarray(0, 8)
  if (!envelope.subarray(2, 10).equals(kid)) throw new Error('another key')
  const data = Buffer.concat([Buffer.from('latchkey/1 record'), envelope.subarray(0, 18), prefixed(store, scope, name)])
  const padded = xchachaOpen(subkey(dataKey, store, 'seal'), envelope.subarray(18, 42), data, envelope.subarray(42))
  const length = padded.readUInt32BE(0)
  if (padded.length < 128 || padded.length !== padme(Math.max(128, length + 4)))
    throw new Error('padded to another length')
  if (!padded.subarray(4 + length).equals(Buffer.alloc(padded.length - 4 - length)))
    throw new Error('padded with something')
  return { version: Number(envelope.readBigUInt64BE(10)), text: padded.toString('utf8', 4, 4 + length) }
}

/** Padmé, as the paper's figure has it: clear the low bits that a floating point number of this size would not have. */
export function padme(length: number): number {
  let exponent = 0
  while (2 ** (exponent + 1) <= length) exponent += 1
  let bits = 0
  while (2 ** (bits + 1) <= exponent) bits += 1
  const low = 2 ** (exponent - (bits + 1))
  return length % low === 0 ? length : length + low - (length % low)
}

/** Unwraps a data key. Throws if nothing opens it. */
export function unwrapReference(entry: ReferenceEntry, store: Buffer, key: ReferenceKey): Buffer {
  const commit = Buffer.from(entry.commit, 'base64url')
  for (const wrap of entry.wraps) {
    const sealed = Buffer.from(wrap.sealed, 'base64url')
    const data = Buffer.concat([Buffer.from('latchkey/1 wrap'), prefixed(wrap.type, store, commit)])
    let wrapKey: Buffer | undefined
    if (wrap.type === 'ext' && 'unwrap' in key) {
      const bytes = key.unwrap(sealed)
      if (subkey(bytes, store, 'commit').equals(commit)) return bytes
    } else if (wrap.type === 'raw' && 'raw' in key) {
      if (subkey(key.raw, Buffer.alloc(0), 'recipient').toString('base64url', 0, 8) !== wrap.id) continue
      wrapKey = subkey(key.raw, store, 'wrap')
    } else if (wrap.type === 'scrypt' && 'passphrase' in key) {
      const salt = Buffer.concat([Buffer.from('latchkey/1 scrypt'), Buffer.from(wrap.salt!, 'base64url')])
      wrapKey = scryptSync(key.passphrase.normalize('NFC'), salt, 32, {
        N: 2 ** wrap.logN!,
        r: 8,
        p: 1,
        maxmem: 2 ** 31,
      })
    }
    if (wrapKey === undefined) continue
    const bytes = xchachaOpen(wrapKey, sealed.subarray(0, 24), data, sealed.subarray(24))
    if (!subkey(bytes, store, 'commit').equals(commit)) throw new Error('not the key that was committed to')
    return bytes
  }
  throw new Error('no wrap for this key')
}

/** Reads a whole file, and every record in it. Throws at the first thing that is not as the format says. */
export function readReference(bytes: Buffer, key: ReferenceKey): ReferenceFile {
  const lines = bytes.toString('utf8').split('\n')
  if (lines.at(-1) !== '') throw new Error('no line break at the end')
  if (lines[0] !== 'latchkey/1') throw new Error('another title')
  const header = JSON.parse(lines[1]!) as ReferenceFile['header']
  if (header.crit.length > 0) throw new Error('something critical')
  const store = Buffer.from(header.store, 'base64url')
  const dataKeys = new Map(header.keys.map((entry) => [entry.kid, unwrapReference(entry, store, key)]))
  const primary = header.keys.filter((entry) => entry.state === 'primary')
  if (primary.length !== 1) throw new Error('not one primary key')

  const [word, count, mac] = lines.at(-2)!.split('\t')
  const covered = bytes.subarray(0, bytes.length - mac!.length - 1)
  const macKey = subkey(dataKeys.get(primary[0]!.kid)!, store, 'document')
  if (createHmac('sha256', macKey).update(covered).digest('base64url') !== mac) throw new Error('another MAC')
  const recordLines = lines.slice(2, -2)
  if (word !== 'end' || Number(count) !== recordLines.length) throw new Error('another count')

  const records = recordLines.map((line): ReferenceRecord => {
    const [scope, name, version, createdAt, sealed] = line.split('\t')
    const envelope = Buffer.from(sealed!, 'base64url')
    const address = { scope: JSON.parse(scope!) as string, name: JSON.parse(name!) as string }
    const dataKey = dataKeys.get(envelope.toString('base64url', 2, 10))
    const opened = openReferenceEnvelope(dataKey!, store, address.scope, address.name, envelope)
    if (String(opened.version) !== version) throw new Error('another version')
    const content = JSON.parse(opened.text) as Pick<ReferenceRecord, 'values' | 'description'>
    return { ...address, version: opened.version, createdAt: createdAt!, ...content }
  })
  for (const [index, record] of records.entries()) {
    const before = records[index - 1]
    if (record.version > header.ver) throw new Error('a version that was not given out')
    if (before !== undefined && !isBefore(before, record)) throw new Error('not sorted')
  }
  return { header, mac: mac, records }
}

function isBefore(a: ReferenceRecord, b: ReferenceRecord): boolean {
  if (a.scope !== b.scope) return a.scope < b.scope
  if (a.name !== b.name) return a.name < b.name
  return a.version < b.version
}
