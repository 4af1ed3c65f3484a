/** Reads etcd's answers: int64 are strings, bytes are base64, and what is empty, zero or false is left out. */
import { isRecord } from '../http-body.ts'

/** A key as it stands in etcd. */
export interface Kept {
  readonly key: string
  /** Another one with every write of the key, greater than all before. */
  readonly revision: string
  readonly value: Buffer
}

const DIGITS = /^[1-9]\d{0,18}$/

/** Writes a key, or any other text, as the gateway takes it. */
export function encoded(text: string | Buffer): string {
  return Buffer.from(text as string).toString('base64')
}

/** Reads an int64 that is not zero; `undefined` if it is none. */
export function readInt64(value: unknown): string | undefined {
  // etcd writes strings. A number would have lost its digits by now, if it is large.
  return typeof value === 'string' && DIGITS.test(value) ? value : undefined
}

/** Reads the revision at which etcd answered. */
export function revisionOf(answer: Record<string, unknown>): string | undefined {
  return isRecord(answer['header']) ? readInt64(answer['header']['revision']) : undefined
}

/** Reads the keys of a range; `undefined` if it is none. */
export function readRange(range: unknown): Kept[] | undefined {
  if (!isRecord(range)) return undefined
  const kvs: unknown = range['kvs'] ?? []
  if (!Array.isArray(kvs)) return undefined
  const read = kvs.map(readKept)
  const whole = read.filter((kept) => kept !== undefined)
  return whole.length === read.length ? whole : undefined
}

/** Reads the ranges that one branch of a transaction answers with; `undefined` if they are not `count`. */
export function readRanges(answer: Record<string, unknown>, count: number): Kept[][] | undefined {
  const responses: unknown = answer['responses']
  if (!Array.isArray(responses) || responses.length !== count) return undefined
  const read = responses.map((one: unknown) => (isRecord(one) ? readRange(one['response_range']) : undefined))
  const whole = read.filter((range) => range !== undefined)
  return whole.length === count ? whole : undefined
}

/** Reads a key; `undefined` if it is none. */
export function readKept(kv: unknown): Kept | undefined {
  if (!isRecord(kv)) return undefined
  const { key, mod_revision: revision, value = '' } = kv
  const digits = readInt64(revision)
  if (typeof key !== 'string' || digits === undefined || typeof value !== 'string') return undefined
  return { key: Buffer.from(key, 'base64').toString(), revision: digits, value: Buffer.from(value, 'base64') }
}
