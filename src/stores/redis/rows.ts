/** How a secret stands in Redis: `revision version.envelope`, and its older versions as `version.envelope`, newest first. */
import { randomBytes } from 'node:crypto'
import { fromBase64Url, toBase64Url } from '../../crypto/bytes.ts'
import type { Place, SealedRow, SealedVersion } from '../sealing/engine.ts'

const REVISION = /^([\w-]+) /
const ITEM = /^(\d{1,16})\.([\w-]+)$/
/** What no key opens, and what can be replaced like any other version. */
const DAMAGED: SealedVersion = { version: 0, bytes: Buffer.alloc(0) }

/** Makes a revision: never one that was there before. */
export function newRevision(): string {
  return randomBytes(12).toString('base64url')
}

/** Gives the field of a secret. Neither a scope nor a name holds a space. */
export function fieldOf({ scope, name }: Place): string {
  return `${scope} ${name}`
}

/** Gives the place of a field that stands in the set of names. */
export function placeOf(field: string): Place {
  const space = field.indexOf(' ')
  return { scope: field.slice(0, space), name: field.slice(space + 1) }
}

/** Gives the text of one version. */
export function itemOf({ version, bytes }: SealedVersion): string {
  return `${version}.${toBase64Url(bytes)}`
}

/** Gives the revision that a value begins with, and the rest; both are empty if it begins with none. */
export function splitValue(value: string): { readonly revision: string; readonly rest: string } {
  const found = REVISION.exec(value)
  return { revision: found?.[1] ?? '', rest: found === null ? '' : value.slice(found[0].length) }
}

/** Reads a secret. A version that was not written so does not open. */
export function readRow({ scope, name }: Place, live: string, older: string | undefined): SealedRow {
  const { revision, rest } = splitValue(live)
  const items = older === undefined ? [] : older.split(' ').map(readItem)
  return { scope, name, revision, versions: [readItem(rest), ...items] }
}

function readItem(item: string): SealedVersion {
  const [, digits = '', text] = ITEM.exec(item) ?? []
  const bytes = fromBase64Url(text)
  return bytes === undefined ? DAMAGED : { version: Number(digits), bytes }
}
