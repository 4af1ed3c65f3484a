/** Makes store files as only somebody with the key could, to see that a right MAC is not taken for a right file. */
import { deriveDataKey } from '../../src/crypto/data-key.ts'
import type { DataKey } from '../../src/crypto/data-key.ts'
import { rawKeyBytes } from '../../src/crypto/raw-key.ts'
import { createHmac } from 'node:crypto'
import { readReference, unwrapReference } from './reference-decoder.ts'
import type { ReferenceFile } from './reference-decoder.ts'

export interface FileParts {
  header: ReferenceFile['header']
  lines: string[]
  count: number
}

/** Takes a file apart, and gives the data key of its primary entry. */
export function partsOf(bytes: Buffer, key: string): FileParts & { dataKey: DataKey; secret: Buffer } {
  const raw = { raw: rawKeyBytes(key, 'the test', 'file') }
  const { header, records } = readReference(bytes, raw)
  const storeId = Buffer.from(header.store, 'base64url')
  const primary = header.keys.find((entry) => entry.state === 'primary')!
  const secret = unwrapReference(primary, storeId, raw)
  const lines = bytes.toString().split('\n').slice(2, -2)
  return { header, lines, count: records.length, secret, dataKey: deriveDataKey(secret, storeId) }
}

/** Puts a file together with a MAC that is right. */
export function forge({ header, lines, count }: FileParts, macKey: Buffer): Buffer {
  const body = ['latchkey/1', JSON.stringify(header), ...lines, `end\t${count}\t`].join('\n')
  return Buffer.from(`${body}${createHmac('sha256', macKey).update(body).digest('base64url')}\n`)
}
