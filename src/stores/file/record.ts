/** One record of a store file: one version of one secret, as a line and as an envelope. */
import { openEnvelope, readEnvelope, sealEnvelope } from '../../crypto/envelope.ts'
import type { SealedEnvelope } from '../../crypto/envelope.ts'
import type { OpenKeys } from '../../crypto/keyring.ts'
import type { DataKey } from '../../crypto/data-key.ts'
import { StoreError } from '../../errors.ts'
import { isScope, isSecretName } from '../../secret.ts'
import type { HeldSecret } from '../answer.ts'
import { contentText, isDateText, readContent } from '../document/content.ts'
import type { Content } from '../document/content.ts'
import { damaged } from '../document/document.ts'
import type { Header } from '../document/header.ts'
import { STORE_FILE } from './failure.ts'

/** A record before it is opened. */
export interface Line {
  readonly scope: string
  readonly name: string
  readonly version: number
  /** ISO 8601, in UTC. */
  readonly createdAt: string
  /** base64url. */
  readonly envelope: string
}

const COUNTER = /^(0|[1-9]\d{0,15})$/

/** What the records of one secret begin with; they are sorted by their bytes up to here. */
export function linePrefix(scope: string, name: string): string {
  return `"${scope}"\t"${name}"\t`
}

/** Reads a line, throws CORRUPT if it is none. */
export function readLine(text: string): Line {
  const [scope = '', name = '', version = '', createdAt = '', envelope = '', ...rest] = text.split('\t')
  const line = { scope: unquoted(scope), name: unquoted(name), version: Number(version), createdAt, envelope }
  const fits = isScope(line.scope) && isSecretName(line.name) && COUNTER.test(version) && isDateText(createdAt)
  if (!fits || rest.length > 0 || !Number.isSafeInteger(line.version)) throw damaged(STORE_FILE)
  return line
}

function unquoted(text: string): string {
  return text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : ''
}

/** Writes a line, with its line break. */
export function writeLine({ scope, name, version, createdAt, envelope }: Line): Buffer {
  return Buffer.from(`${linePrefix(scope, name)}${version}\t${createdAt}\t${envelope}\n`, 'latin1')
}

/** The version as the user sees it: tells the store, too, so that versions of two stores differ. */
export function versionToken(header: Header, version: number): string {
  return `${header.store.slice(0, 12)}-${version}`
}

/** What a record is sealed for. */
export type LineMark = Omit<Line, 'envelope'>

/** Seals one version of a secret. */
export function sealRecord(key: DataKey, header: Header, mark: LineMark, { values, description }: Content): Line {
  return sealText(key, header, mark, contentText({ values, description }))
}

/** Seals the text of a record. */
export function sealText(key: DataKey, header: Header, mark: LineMark, text: string): Line {
  const { scope, name, version, createdAt } = mark
  const envelope = sealEnvelope(key, { storeId: header.storeId, scope, name }, version, text)
  return { scope, name, version, createdAt, envelope: envelope.toString('base64url') }
}

/** A record as it is read, ready to be opened: still sealed. */
export interface SealedRecord {
  readonly line: Line
  readonly envelope: SealedEnvelope
  readonly key: DataKey
  /** The version as the user sees it. */
  readonly token: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

/** Makes a record ready to be opened. Throws CORRUPT if it is of another version than it says, or of a key that is not listed. */
export function sealedRecord(line: Line, header: Header, keys: OpenKeys): SealedRecord {
  const address = { storeId: header.storeId, scope: line.scope, name: line.name }
  const envelope = readEnvelope(Buffer.from(line.envelope, 'base64url'), address)
  const key = envelope && keys.get(envelope.kid)
  if (key === undefined || envelope?.version !== line.version) throw badRecord(line)
  return { line, envelope, key, token: versionToken(header, line.version), createdAt: Date.parse(line.createdAt) }
}

/** Opens a record, to the text that was sealed. Throws CORRUPT if it was moved, changed, or sealed by another key. */
export function unsealRecord({ line, envelope, key }: SealedRecord): string {
  const text = openEnvelope(key, envelope)
  if (text === undefined) throw badRecord(line)
  return text
}

/** Opens a record. */
export function openRecord(record: SealedRecord): HeldSecret {
  const content = readContent(unsealRecord(record))
  if (content === undefined) throw badRecord(record.line)
  const { line, token, createdAt } = record
  const { values, description } = content
  return { scope: line.scope, name: line.name, version: token, values, createdAt, description }
}

function badRecord({ scope, name }: Line): StoreError {
  return new StoreError('CORRUPT', `The record of secret ${name} (scope ${scope}) does not open.`, {
    store: STORE_FILE.store,
    scope,
    secret: name,
    hint: STORE_FILE.restore,
  })
}
