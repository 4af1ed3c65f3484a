/** Changes the data key of a store while others read and write. */
import { wrapFor } from '../../crypto/credential.ts'
import type { Credential } from '../../crypto/credential.ts'
import { deriveDataKey, newDataKeyBytes } from '../../crypto/data-key.ts'
import { keyEntry, MAX_DATA_KEYS } from '../../crypto/keyring.ts'
import type { KeyEntry, Keyring } from '../../crypto/keyring.ts'
import { argumentError } from '../../errors.ts'
import { assertRoom, keptCredentials } from '../keys/recipients.ts'
import type { KeySource } from '../keys/key-source.ts'
import { assertOptions } from '../request.ts'
import type { SealedEngine, SealedRow } from './engine.ts'
import type { Keychain } from './keychain.ts'
import { resealRow } from './resealing.ts'
import type { KeyedRing } from './ring.ts'
import type { SealingSettings } from './settings.ts'

/** How far a rotation is. */
export interface RotationProgress {
  /** How many secrets were looked at. */
  readonly checked: number
  /** How many of them were sealed again; others had been, by those who wrote them meanwhile. */
  readonly resealed: number
}

/** How to rotate the data key. */
export interface RotateKeyOptions {
  /** Who can open the store from now on. Default: the same as now, whose keys must all be given. */
  readonly keys?: readonly KeySource[] | undefined
  /**
   * Told after every 16 secrets, after fewer that are large, and at the end. What it throws stops the rotation, which leaves
   * everything readable.
   */
  readonly onProgress?: ((progress: RotationProgress) => void) | undefined
}

/** How many rows are sealed again at the same time, and how many bytes of them: another row is not added to so many. */
const AT_ONCE = 16
const BYTES_AT_ONCE = 16 * 1024 * 1024

/**
 * Makes a new data key, seals every row again, and drops the other keys from the keyring.
 *
 * The new key is added first, and whoever writes from then on uses it; rows under the old ones stay readable until none is
 * left. What stops it in the middle leaves two keys in the keyring; the next rotation, by anybody, drops them both.
 */
export async function rotate(
  engine: SealedEngine,
  keys: Keychain,
  settings: SealingSettings,
  options: RotateKeyOptions | undefined,
): Promise<void> {
  assertOptions('rotateKey', options, ['keys', 'onProgress'])
  const onProgress: unknown = options?.onProgress
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw argumentError('INVALID_OPTION', 'rotateKey: onProgress must be a function.')
  }
  const other = options?.keys === undefined ? undefined : settings.otherKeys(options.keys)
  await keys.forWriting()
  let ring = await newest(keys)
  // A keyring holds only so many keys: after as many rotations that were stopped, one is finished before the next begins.
  if (ring.keys.size >= MAX_DATA_KEYS) await finish(engine, keys, undefined)
  for (let added = false; !added;) {
    ring = await newest(keys)
    const { entries, key } = await withNewKey(ring, settings, other?.credentials)
    added = await keys.replace(ring, entries, new Map([...ring.keys, [key.id, key]]))
  }
  other?.use()
  await finish(engine, keys, options?.onProgress)
}

/** Gives the keyring as it is now, not as this process knows it. */
async function newest(keys: Keychain): Promise<KeyedRing> {
  await keys.refresh()
  return keys.forWriting()
}

async function withNewKey(
  ring: KeyedRing,
  settings: SealingSettings,
  given: readonly Credential[] | undefined,
): Promise<{ entries: Keyring; key: ReturnType<typeof deriveDataKey> }> {
  const { storeId, keys: before } = ring.document.header
  const setting = settings.credentialSetting(storeId)
  const credentials = given ?? (await keptCredentials(before[0], settings.credentials(), 'same', setting))
  const types = credentials.map(({ type }) => type)
  assertRoom(types, setting.store)
  const key = deriveDataKey(newDataKeyBytes(), storeId)
  const wraps = await Promise.all(credentials.map(async (credential) => wrapFor(credential, key, setting)))
  const retired = await Promise.all(
    before.map(async (entry): Promise<KeyEntry> => {
      const old = ring.keys.get(entry.kid)
      // Rows that are still under it must open for whoever comes with the new keys only.
      const again =
        given === undefined || old === undefined
          ? entry.wraps
          : await Promise.all(given.map(async (credential) => wrapFor(credential, old, setting)))
      return { ...entry, state: 'retired', wraps: again }
    }),
  )
  return { entries: [keyEntry(key, wraps), ...retired], key }
}

/** Seals what is not yet under the primary key, and drops the keys that were retired when this began. */
async function finish(
  engine: SealedEngine,
  keys: Keychain,
  onProgress: ((progress: RotationProgress) => void) | undefined,
): Promise<void> {
  const [, ...retired] = (await newest(keys)).document.header.keys
  const leaving = new Set(retired.map(({ kid }) => kid))
  let checked = 0
  let resealed = 0
  const seal = async (rows: readonly SealedRow[]): Promise<void> => {
    const done = await Promise.all(rows.map((row) => resealRow(engine, keys, row)))
    checked += done.length
    resealed += done.filter(Boolean).length
    onProgress?.(Object.freeze({ checked, resealed }))
  }
  let rows: SealedRow[] = []
  let bytes = 0
  for await (const scope of engine.scopes()) {
    for await (const row of engine.list(scope, '', { older: true })) {
      rows.push(row)
      bytes += row.versions.reduce((sum, sealed) => sum + sealed.bytes.length, 0)
      if (rows.length < AT_ONCE && bytes < BYTES_AT_ONCE) continue
      await seal(rows)
      rows = []
      bytes = 0
    }
  }
  await seal(rows)
  for (let dropped = false; !dropped;) {
    const ring = await newest(keys)
    const [first, ...others] = ring.document.header.keys
    // Another rotation may have begun meanwhile: the key that this one has sealed with is for that one to drop.
    const stay = others.filter(({ kid }) => !leaving.has(kid))
    if (stay.length === others.length) return
    dropped = await keys.replace(ring, [first, ...stay], ring.keys)
  }
}
