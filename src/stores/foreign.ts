/** What others put into an engine: key names that may not fit the grammar, and values that may not be strings. */
import { argumentError, StoreError } from '../errors.ts'
import { assertKey, checkedValues, isKey, quoteName } from '../secret.ts'
import type { SecretAddress } from '../secret.ts'
import { doubledMember } from './json-members.ts'

/** Which key names of the engine are read as which keys, e.g. `{ 'tls.crt': 'TLS_CRT' }`. */
export type Rename = Readonly<Record<string, string>>

/** A checked {@link Rename}: keys by the engine's name. */
export type RenamedKeys = ReadonlyMap<string, string>

/** The engine's key names, sorted out. */
export interface ForeignKeys {
  /** The engine's names, by the key that each is read as. */
  readonly names: ReadonlyMap<string, string>
  /** The engine's names that are no keys and are not renamed, sorted and frozen. */
  readonly skipped: readonly string[]
}

/** What a secret of others holds. */
export interface ForeignSecret {
  /** Checked, frozen and without a prototype; empty if every name was skipped. */
  readonly values: Readonly<Record<string, string>>
  readonly skipped: readonly string[]
}

/**
 * Checks and copies the option `rename` of a store.
 *
 * @param store - the function that takes the option, for the message.
 * @throws TypeError INVALID_OPTION if it is no object, INVALID_NAME if what a name is read as is no key.
 */
export function checkedRename(store: string, rename: unknown): RenamedKeys {
  if (rename === undefined) return new Map()
  if (typeof rename !== 'object' || rename === null || Array.isArray(rename) || rename instanceof Map) {
    throw argumentError('INVALID_OPTION', `${store}: rename must be { 'name.in.the.engine': 'KEY' }.`)
  }
  const entries = Object.entries(rename as Record<string, unknown>).map(([name, key]): [string, string] => {
    assertKey(key)
    return [name, key]
  })
  return new Map(entries)
}

/**
 * Sorts out the key names of one secret.
 *
 * @param names - each once.
 * @throws StoreError INVALID if two names are read as the same key.
 */
export function foreignKeys(names: Iterable<string>, rename: RenamedKeys, address: SecretAddress): ForeignKeys {
  const found = new Map<string, string>()
  const skipped: string[] = []
  for (const name of names) {
    const key = rename.get(name) ?? name
    if (!isKey(key)) {
      skipped.push(name)
      continue
    }
    const other = found.get(key)
    if (other !== undefined) {
      throw invalid(address, `${quoteName(other)} and ${quoteName(name)} are both read as key ${key}.`, {
        key,
        hint: 'Correct rename, or remove one of the two.',
      })
    }
    found.set(key, name)
  }
  return { names: found, skipped: Object.freeze(skipped.sort()) }
}

/**
 * Reads one secret from an object of others, such as a JSON document. Booleans and safe integers are read as JSON writes
 * them; what is skipped may be anything.
 *
 * @throws StoreError INVALID or TOO_LARGE, naming the key, never the value.
 */
export function foreignSecret(
  members: Readonly<Record<string, unknown>>,
  rename: RenamedKeys,
  address: SecretAddress,
): ForeignSecret {
  const { names, skipped } = foreignKeys(Object.keys(members), rename, address)
  const entries = [...names].map(([key, name]) => [key, valueText(members[name], key, address)] as const)
  // `checkedValues` refuses a secret without a key. This one may have some: they only cannot be named.
  if (entries.length === 0 && skipped.length > 0) {
    return { values: Object.freeze(Object.create(null) as Record<string, string>), skipped }
  }
  return { values: checkedValues(Object.fromEntries(entries), address), skipped }
}

/**
 * Throws INVALID for a secret whose every key name was skipped: whoever asks for its values would take it for empty.
 */
export function assertSomeKey({ values, skipped }: ForeignSecret, address: SecretAddress): void {
  if (skipped.length === 0 || Object.keys(values).length > 0) return
  throw invalid(address, 'none of its key names is a key.', { hint: 'Map them with rename; describe() lists them.' })
}

/**
 * Parses a JSON document of others that must be an object, `{ KEY: value }`.
 *
 * @throws StoreError INVALID for anything else, and if a member is given twice, of which `JSON.parse` would keep the last.
 */
export function foreignDocument(json: string, address: SecretAddress): Readonly<Record<string, unknown>> {
  let document: unknown
  try {
    document = JSON.parse(json)
  } catch {
    // The parser's own message quotes the text, which is secret: nothing of it is passed on.
    throw invalid(address, 'what is stored is not JSON.', { hint: OBJECT_HINT })
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw invalid(address, 'what is stored is not a JSON object { KEY: value }.', { hint: OBJECT_HINT })
  }
  const doubled = doubledMember(json)
  if (doubled === undefined) return document as Record<string, unknown>
  // A name that is no key is not shown: it may be a value in the wrong place.
  const path = doubled.map((member) => (isKey(member) ? member : '(unnamable)'))
  throw invalid(address, `its JSON document gives ${path.join(' > ')} twice.`)
}

const OBJECT_HINT = 'Store it as a JSON object { "KEY": "value" }.'

/** Gives the text that a member is read as; `undefined` for what no value can be. */
export function readAs(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'boolean' || Number.isSafeInteger(value) ? JSON.stringify(value) : undefined
}

function valueText(value: unknown, key: string, address: SecretAddress): string {
  const text = readAs(value)
  if (text !== undefined) return text
  throw invalid(address, `the value of ${key} is neither a string nor a boolean nor an integer below 2^53.`, { key })
}

function invalid(address: SecretAddress, message: string, details: { key?: string; hint?: string } = {}): StoreError {
  return new StoreError('INVALID', `Secret ${address.secret} (scope ${address.scope}): ${message}`, {
    ...address,
    ...details,
  })
}
