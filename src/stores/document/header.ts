/** The header of a document: which store, which generation, which keys. */
import { fixedFromBase64Url } from '../../crypto/bytes.ts'
import { STORE_ID_BYTES } from '../../crypto/data-key.ts'
import { entryFields, isObject, readKeyring } from '../../crypto/keyring.ts'
import type { Keyring } from '../../crypto/keyring.ts'
import { corrupt } from './subject.ts'
import type { Subject } from './subject.ts'

/** The MAC of a document, in bytes. */
export const MAC_BYTES = 32

/** What the header of a document says. */
export interface Header {
  /** The store's id: 16 bytes, given once. */
  readonly store: string
  readonly storeId: Buffer
  /** Counts rewrites, from 1. */
  readonly gen: number
  /** The last version given out. */
  readonly ver: number
  /** The MAC of the document that this one replaced; empty in the first. */
  readonly prev: string
  readonly keys: Keyring
  /** The object as it was read, with fields that this version does not know. */
  readonly fields: Readonly<Record<string, unknown>>
}

/**
 * Reads a header line.
 *
 * @throws StoreError CORRUPT; its message never quotes the line, as that of JSON.parse does.
 */
export function readHeader(line: string, subject: Subject): Header {
  let fields: unknown
  try {
    fields = JSON.parse(line)
  } catch {
    // SyntaxError quotes the text, RangeError means it is nested too deep: neither is passed on.
    throw corrupt(subject, `The header of the ${subject.noun} is not JSON.`)
  }
  if (!isObject(fields)) throw badHeader(subject)
  const { store, gen, ver, prev, crit } = fields
  if (!Array.isArray(crit)) throw badHeader(subject)
  if (crit.length > 0) {
    throw corrupt(
      subject,
      `The ${subject.noun} uses something that this version of latchkey does not know.`,
      'Upgrade latchkey.',
    )
  }
  const storeId = fixedFromBase64Url(store, STORE_ID_BYTES)
  const keys = readKeyring(fields['keys'])
  if (storeId === undefined || typeof store !== 'string' || keys === undefined) throw badHeader(subject)
  if (!isCounter(gen) || gen === 0 || !isCounter(ver) || !isMacOrEmpty(prev)) throw badHeader(subject)
  return { store, storeId, gen, ver, prev, keys, fields }
}

/** Writes a header line: known fields first, then the others as they were. */
export function headerLine(header: Header): string {
  const { store, gen, ver, prev } = header
  const known = { store, gen, ver, prev, crit: [], keys: header.keys.map(entryFields) }
  return JSON.stringify({ ...known, ...header.fields, ...known })
}

function badHeader(subject: Subject): Error {
  return corrupt(subject, `The header of the ${subject.noun} is not valid.`)
}

function isCounter(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function isMacOrEmpty(value: unknown): value is string {
  return value === '' || (typeof value === 'string' && fixedFromBase64Url(value, MAC_BYTES) !== undefined)
}
