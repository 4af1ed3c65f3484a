/** The keyring: the data keys of a store as its header lists them, each wrapped for every recipient. */
import { StoreError } from '../errors.ts'
import type { MaybePromise } from '../store.ts'
import { fixedFromBase64Url, fromBase64Url, toBase64Url } from './bytes.ts'
import { MAX_EXT_BYTES, unwrapAtOnce, unwrapLater } from './credential.ts'
import type { Credential, CredentialSetting } from './credential.ts'
import { deriveDataKey, KEY_BYTES, KID_BYTES } from './data-key.ts'
import type { DataKey } from './data-key.ts'
import { LOG_N_RANGE, RECIPIENT_ID_BYTES, rawRecipientId, SALT_BYTES, SEALED_KEY_BYTES } from './recipient.ts'
import type { Wrap } from './recipient.ts'

/** One data key as the header lists it. */
export interface KeyEntry {
  /** The first 8 bytes of `commit`, in base64url. */
  readonly kid: string
  readonly commit: Buffer
  /** The `primary` key seals; `retired` ones still open. */
  readonly state: 'primary' | 'retired'
  readonly wraps: readonly Wrap[]
  /** The object as it was read, with fields that this version does not know. */
  readonly fields: Readonly<Record<string, unknown>>
}

/** The data keys of one store: one primary, first, and the retired ones. */
export type Keyring = readonly [KeyEntry, ...KeyEntry[]]

/** Data keys by kid, ready for use. */
export type OpenKeys = ReadonlyMap<string, DataKey>

/** A keyring holds at most this many data keys. */
export const MAX_DATA_KEYS = 16
/** A data key has at most this many recipients. */
export const MAX_WRAPS = 64
/** At most this many of them are pass phrases: trying one takes long. */
export const MAX_SCRYPT_WRAPS = 8
const EXT_ID = /^[\x21-\x7e]{1,128}$/

/** Tells whether something can be the id of a key wrapper. */
export function isExtId(id: unknown): id is string {
  return typeof id === 'string' && EXT_ID.test(id)
}

/**
 * Reads the `keys` of a header. Everything is checked, and every count is bounded, before any key is derived: a hostile
 * header must cost next to nothing.
 *
 * @returns `undefined` if this is no keyring.
 */
export function readKeyring(keys: unknown): Keyring | undefined {
  if (!Array.isArray(keys) || keys.length > MAX_DATA_KEYS) return undefined
  const entries = keys.map(readEntry)
  const primary = entries.find((entry) => entry?.state === 'primary')
  const retired = entries.filter((entry): entry is KeyEntry => entry?.state === 'retired')
  if (primary === undefined || retired.length !== keys.length - 1) return undefined
  if (new Set(entries.map((entry) => entry?.kid)).size !== keys.length) return undefined
  return [primary, ...retired]
}

function readEntry(fields: unknown): KeyEntry | undefined {
  if (!isObject(fields)) return undefined
  const { kid, state, wraps } = fields
  const commit = fixedFromBase64Url(fields['commit'], KEY_BYTES)
  if (commit === undefined || kid !== toBase64Url(commit.subarray(0, KID_BYTES))) return undefined
  if (state !== 'primary' && state !== 'retired') return undefined
  if (!Array.isArray(wraps) || wraps.length === 0 || wraps.length > MAX_WRAPS) return undefined
  if (!wraps.every(isWrap)) return undefined
  if (wraps.filter((wrap) => wrap.type === 'scrypt').length > MAX_SCRYPT_WRAPS) return undefined
  return { kid, commit, state, wraps, fields }
}

function isWrap(wrap: unknown): wrap is Wrap {
  if (!isObject(wrap)) return false
  switch (wrap['type']) {
    case 'raw':
      return isBytes(wrap['id'], RECIPIENT_ID_BYTES) && isBytes(wrap['sealed'], SEALED_KEY_BYTES)
    case 'scrypt': {
      const { salt, logN, r, p, sealed } = wrap
      const [least, most] = LOG_N_RANGE
      if (!Number.isSafeInteger(logN) || Number(logN) < least || Number(logN) > most || r !== 8 || p !== 1) return false
      return isBytes(salt, SALT_BYTES) && isBytes(sealed, SEALED_KEY_BYTES)
    }
    case 'ext': {
      const bytes = fromBase64Url(wrap['sealed'])
      return isExtId(wrap['id']) && bytes !== undefined && bytes.length > 0 && bytes.length <= MAX_EXT_BYTES
    }
    default:
      return false
  }
}

function isBytes(text: unknown, length: number): boolean {
  return fixedFromBase64Url(text, length) !== undefined
}

/** Tells whether something is an object, not an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Tells whether a store can have recipients of these types: as many as {@link readKeyring} takes. */
export function hasRoom(types: readonly string[]): boolean {
  return types.length <= MAX_WRAPS && types.filter((type) => type === 'scrypt').length <= MAX_SCRYPT_WRAPS
}

/** Gives an entry as the header writes it. */
export function entryFields(entry: Omit<KeyEntry, 'fields'> & Partial<KeyEntry>): Record<string, unknown> {
  const { kid, commit, state, wraps } = entry
  return { ...entry.fields, kid, commit: toBase64Url(commit), state, wraps }
}

/** Makes the entry of a data key. */
export function keyEntry(key: DataKey, wraps: readonly Wrap[]): KeyEntry {
  return { kid: key.id, commit: key.commit, state: 'primary', wraps, fields: {} }
}

/**
 * Opens every data key of a keyring: at once where raw keys do, else as a promise.
 *
 * @param credentials - read only if a key is not known yet.
 * @throws StoreError KEY_WRONG if no credential opens a wrap, CORRUPT if one should but does not, UNAVAILABLE if a key
 * wrapper could not be asked and nothing else opens it.
 */
export function openKeyring(
  keyring: Keyring,
  credentials: () => readonly Credential[],
  known: OpenKeys,
  setting: CredentialSetting,
): MaybePromise<OpenKeys> {
  const had = keyring.map(({ kid, commit }) => [known.get(kid)].find((key) => key?.commit.equals(commit)))
  const read = had.includes(undefined) ? credentials() : []
  const opened = keyring.map((entry, index) => had[index] ?? openEntry(entry, read, setting))
  if (!opened.some((key) => key instanceof Promise)) return byKid(opened as DataKey[])
  return Promise.all(opened.map(async (key) => key)).then(byKid)
}

function byKid(keys: readonly DataKey[]): OpenKeys {
  return new Map(keys.map((key) => [key.id, key]))
}

function openEntry(
  entry: KeyEntry,
  credentials: readonly Credential[],
  setting: CredentialSetting,
): MaybePromise<DataKey> {
  const atOnce = openAtOnce(entry, credentials, setting)
  if (atOnce !== undefined) return atOnce
  const others = credentials.filter((credential) => credential.type !== 'raw')
  if (others.length === 0) throw wrongKey(setting.store)
  return openLater(entry, others, setting)
}

function openAtOnce(
  entry: KeyEntry,
  credentials: readonly Credential[],
  { store, storeId }: CredentialSetting,
): DataKey | undefined {
  for (const credential of credentials) {
    if (credential.type !== 'raw') continue
    const id = rawRecipientId(credential.key)
    for (const wrap of entry.wraps) {
      // Wraps with another id are tried too, to tell a changed id (CORRUPT) from a wrong key.
      const bytes = unwrapAtOnce(wrap, credential.key, entry.commit, storeId)
      if (bytes === undefined) {
        if (wrap.type === 'raw' && wrap.id === id) throw changedWrap(store)
        continue
      }
      const key = committedKey(bytes, entry, storeId)
      if (key === undefined || wrap.type !== 'raw' || wrap.id !== id) throw changedWrap(store)
      return key
    }
  }
  return undefined
}

async function openLater(
  entry: KeyEntry,
  credentials: readonly Exclude<Credential, { type: 'raw' }>[],
  setting: CredentialSetting,
): Promise<DataKey> {
  let failure: Error | undefined
  // Key wrappers first: a pass phrase costs most, and may want somebody to type it.
  for (const credential of credentials.toSorted((a, b) => Number(a.type === 'scrypt') - Number(b.type === 'scrypt'))) {
    try {
      const bytes = await unwrapLater(credential, entry, setting)
      const key = bytes && committedKey(bytes, entry, setting.storeId)
      if (key !== undefined) return key
    } catch (error) {
      // Another recipient may still open it; if none does, this is why.
      failure ??= error as Error
    }
  }
  throw failure ?? wrongKey(setting.store)
}

/** Without this check one wrapped key could be made to open as two different ones. */
function committedKey(bytes: Buffer, entry: KeyEntry, storeId: Buffer): DataKey | undefined {
  const key = deriveDataKey(bytes, storeId)
  return key.commit.equals(entry.commit) ? key : undefined
}

function wrongKey(store: string): StoreError {
  return new StoreError('KEY_WRONG', 'The key that was given opens none of the wraps of this store.', {
    store,
    hint: 'Give the key that this store was made with or last rotated to, or restore the store that belongs to this key.',
  })
}

function changedWrap(store: string): StoreError {
  return new StoreError('CORRUPT', 'The wrapped data key was changed since it was written.', {
    store,
    hint: 'Restore the store from a backup.',
  })
}
