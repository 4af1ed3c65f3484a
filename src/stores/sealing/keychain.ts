/** The keyring of a store that seals, as this process knows it: read at first use and when a row's key is not known. */
import { randomBytes } from 'node:crypto'
import { wrapFor } from '../../crypto/credential.ts'
import { deriveDataKey, eraseDataKey, newDataKeyBytes, STORE_ID_BYTES } from '../../crypto/data-key.ts'
import type { DataKey } from '../../crypto/data-key.ts'
import { keyEntry, openKeyring } from '../../crypto/keyring.ts'
import type { Keyring, OpenKeys } from '../../crypto/keyring.ts'
import type { MaybePromise } from '../../store.ts'
import { damaged, readDocument, verifyDocument, writeDocument } from '../document/document.ts'
import type { Document } from '../document/document.ts'
import { assertFollows, markOf } from '../document/lineage.ts'
import type { AnchorMark } from '../document/lineage.ts'
import type { Subject } from '../document/subject.ts'
import { assertRoom } from '../keys/recipients.ts'
import { closedError } from '../request.ts'
import type { KeptKeyring, SealedEngine } from './engine.ts'
import { emptyRing, isPlain, keyedRing, keyringGone, notSealed, plainRing, sealedAlready } from './ring.ts'
import type { KeyedRing, Ring } from './ring.ts'
import type { SealingSettings } from './settings.ts'

/** Gives the ring to read and write with. */
export interface RingSource {
  /** Gives the ring as this process knows it; at once, but for the first time. */
  current(): MaybePromise<Ring>
  /** Gives a ring that can seal. Makes the keyring if there is none, and no secret either. */
  forWriting(): Promise<Ring>
  /** Reads the keyring again. */
  refresh(): Promise<Ring>
  /** Erases the keys. */
  close(): void
}

/** The ring source of a store that seals, which can also change its keyring. */
export interface Keychain extends RingSource {
  forWriting(): Promise<KeyedRing>
  /**
   * Writes the next generation of the keyring, with these keys.
   *
   * @returns false if it is not what `ring` is any more; nothing was written then.
   */
  replace(ring: KeyedRing, keys: Keyring, dataKeys: OpenKeys): Promise<boolean>
}

/** Makes the keychain of a store. */
export function keychain(engine: SealedEngine, settings: SealingSettings): Keychain {
  const store = engine.name
  const subject: Subject = { store, noun: 'keyring', restore: 'Restore the keyring from a backup.' }
  const empty = emptyRing(store)
  let held: KeyedRing | undefined
  let seen: AnchorMark | undefined
  let sawNone = false
  let closed = false
  /** Every key that was opened: a ring that is in use somewhere may need one that the keyring no longer lists. */
  const opened = new Set<DataKey>()

  const assertOpen = (): void => {
    if (closed) throw closedError(store)
  }

  const load = async (): Promise<KeyedRing | undefined> => {
    const kept = await engine.readKeyring()
    assertOpen()
    if (kept !== undefined) return kept.revision === held?.revision ? held : open(kept)
    if (seen !== undefined) throw keyringGone(store)
    // No keyring yet, but a key must be there: it is what the first write makes the keyring with.
    settings.credentials()
    sawNone = true
    return undefined
  }

  const open = async ({ bytes, revision }: KeptKeyring): Promise<KeyedRing> => {
    const document = readDocument(bytes, subject)
    const { header } = document
    const known = held?.keys ?? new Map()
    const keys = await openKeyring(header.keys, settings.credentials, known, settings.credentialSetting(header.storeId))
    for (const key of keys.values()) opened.add(key)
    const primary = keys.get(header.keys[0].kid)
    if (primary === undefined || document.count !== 0) throw damaged(subject)
    verifyDocument(document, primary.macKey)
    assertFollows(document, seen, subject)
    if (closed) erase()
    assertOpen()
    seen = markOf(document)
    held = keyedRing(store, revision, document, keys, primary, assertOpen)
    return held
  }

  const erase = (): void => {
    for (const key of opened) eraseDataKey(key)
    opened.clear()
  }

  /** Reads the keyring, once for all who ask before the reading begins. */
  let reading: Promise<KeyedRing | undefined> | undefined
  let next: Promise<KeyedRing | undefined> | undefined
  const fresh = (): Promise<KeyedRing | undefined> => {
    if (reading === undefined) {
      reading = load().finally(() => {
        reading = undefined
      })
      return reading
    }
    // The one that is under way may have begun before what made the caller ask.
    const again = (): Promise<KeyedRing | undefined> => {
      next = undefined
      return fresh()
    }
    next ??= reading.then(again, again)
    return next
  }

  const make = async (): Promise<void> => {
    if (!(await isEmpty(engine))) {
      // Whoever wrote the first secret made the keyring before it.
      if ((await engine.readKeyring()) !== undefined) return
      throw (await holdsPlain(engine)) ? notSealed(store) : keyringGone(store)
    }
    const storeId = randomBytes(STORE_ID_BYTES)
    const key = deriveDataKey(newDataKeyBytes(), storeId)
    const credentials = settings.credentials()
    const types = credentials.map(({ type }) => type)
    assertRoom(types, store)
    const setting = settings.credentialSetting(storeId)
    const wraps = await Promise.all(credentials.map(async (credential) => wrapFor(credential, key, setting)))
    const keys: Keyring = [keyEntry(key, wraps)]
    const header = { store: storeId.toString('base64url'), storeId, gen: 1, ver: 0, prev: '', keys, fields: {} }
    // Whoever comes first wins; the others use what is there then, which is read in any case.
    await engine.writeKeyring(writeDocument(subject, header, [], 0, key.macKey).bytes, undefined)
    eraseDataKey(key)
  }

  return {
    current() {
      assertOpen()
      return held ?? (sawNone ? empty : fresh().then((ring) => ring ?? empty))
    },
    async forWriting() {
      assertOpen()
      const found = held ?? (await fresh())
      if (found !== undefined) return found
      await make()
      const made = await fresh()
      if (made === undefined) throw keyringGone(store)
      return made
    },
    refresh: async () => (await fresh()) ?? empty,
    async replace(ring, keys, dataKeys) {
      const { header, mac } = ring.document
      const primary = dataKeys.get(keys[0].kid)
      if (primary === undefined) throw damaged(subject)
      const following = { ...header, gen: header.gen + 1, prev: mac, keys }
      const document: Document = writeDocument(subject, following, [], 0, primary.macKey)
      assertOpen()
      return engine.writeKeyring(document.bytes, ring.revision)
    },
    close() {
      closed = true
      held = undefined
      erase()
    },
  }
}

async function isEmpty(engine: SealedEngine): Promise<boolean> {
  let empty = true
  for await (const scope of engine.scopes()) {
    empty = scope === ''
    break
  }
  return empty
}

/** Tells by the first secret whether those of a store without a keyring are not sealed. */
async function holdsPlain(engine: SealedEngine): Promise<boolean> {
  for await (const scope of engine.scopes()) {
    for await (const { versions } of engine.list(scope, '', { older: false })) return isPlain(versions[0])
  }
  return false
}

/** Makes the ring source of a store that was told not to seal. */
export function plainRings(engine: SealedEngine): RingSource {
  const ring = plainRing(engine.name)
  let looked = false
  const look = async (): Promise<Ring> => {
    // Plain rows beside sealed ones could be read by half of the hosts only.
    if ((await engine.readKeyring()) !== undefined) throw sealedAlready(engine.name)
    looked = true
    return ring
  }
  return {
    current: () => (looked ? ring : look()),
    forWriting: async () => (looked ? ring : look()),
    refresh: look,
    close: () => undefined,
  }
}
