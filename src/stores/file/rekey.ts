/** Changing who can open a store: recipients, pass phrases, and the data key itself. */
import { isFor, wrapFor } from '../../crypto/credential.ts'
import type { Credential, CredentialSetting } from '../../crypto/credential.ts'
import { deriveDataKey, newDataKeyBytes } from '../../crypto/data-key.ts'
import { entryFields, keyEntry } from '../../crypto/keyring.ts'
import type { KeyEntry, Keyring } from '../../crypto/keyring.ts'
import type { Wrap } from '../../crypto/recipient.ts'
import type { MaybePromise } from '../../store.ts'
import type { Committer } from './commit.ts'
import { nextView } from './draft.ts'
import { recordAt } from '../document/document.ts'
import { assertRoom, keptCredentials, openerOf, recipientOf } from '../keys/recipients.ts'
import type { Recipient } from '../keys/recipients.ts'
import { STORE, storeError } from './failure.ts'
import { readLine, sealedRecord, sealText, unsealRecord, writeLine } from './record.ts'
import { credentialSetting } from './settings.ts'
import type { FileStoreSettings } from './settings.ts'
import type { Source, View } from './source.ts'

/** What a change of keys makes of a file, or why it cannot. */
export type Rekey = (view: View, setting: CredentialSetting) => MaybePromise<(now: View) => MaybePromise<View>>

/**
 * Changes the keys of a store: prepares first, for asking a KMS or stretching a pass phrase takes long, and then takes the
 * lock. If somebody else changed the keys meanwhile, it begins again.
 */
export async function changeKeys(
  settings: FileStoreSettings,
  source: Source,
  committer: Committer,
  rekey: Rekey,
): Promise<void> {
  for (let done = false; !done;) {
    const view = await source.forWriting()
    if (view === undefined) throw storeError('INVALID', `There is no store file ${settings.path} yet.`)
    const { storeId } = view.document.header
    const build = await rekey(view, credentialSetting(settings, storeId))
    const before = keysText(view)
    done = await committer.rewrite((now, isNew) => (!isNew && keysText(now) === before ? build(now) : undefined))
  }
}

function keysText({ document }: View): string {
  return JSON.stringify([document.header.store, document.header.keys.map(entryFields)])
}

/** How far a rotation is: records, older versions of secrets included. */
export interface ResealProgress {
  readonly checked: number
  readonly total: number
}
type OnProgress = ((progress: ResealProgress) => void) | undefined

/** Lists who can open a store. */
export function recipientsOf({ document }: View): Recipient[] {
  return document.header.keys[0].wraps.map(recipientOf)
}

/** Makes a new data key for these credentials; without them, for the recipients that there are. */
export function newDataKey(
  credentials: readonly Credential[],
  recipients: 'given' | 'same' | { without: string },
  onProgress?: OnProgress,
): Rekey {
  return async (view, setting) => {
    const [entry] = view.document.header.keys
    const kept = recipients === 'given' ? credentials : await keptCredentials(entry, credentials, recipients, setting)
    assertRoom(
      kept.map(({ type }) => type),
      STORE,
    )
    const key = deriveDataKey(newDataKeyBytes(), setting.storeId)
    const wraps = await Promise.all(kept.map(async (credential) => wrapFor(credential, key, setting)))
    const keys: Keyring = [keyEntry(key, wraps)]
    return (now) => reseal(now, keys, key, onProgress)
  }
}

/** Adds a recipient: wraps every data key once more. */
export function oneMore(credential: Credential): Rekey {
  return async (view, setting) => {
    const { keys } = view.document.header
    const exists = credential.type !== 'scrypt' && keys[0].wraps.some((wrap) => isFor(wrap, credential))
    if (exists) throw storeError('CONFLICT', 'This key can open the store already.')
    assertRoom([...keys[0].wraps.map(({ type }) => type), credential.type], STORE)
    return withWraps(view, async (entry) => [...entry.wraps, await wrapEntry(view, entry, credential, setting)])
  }
}

/** Puts a new pass phrase in the place of the one there is; if there are several, of the one that is given. */
export function newPassphrase(passphrase: Credential, given: readonly Credential[]): Rekey {
  return (view, setting) =>
    withWraps(view, async (entry) => {
      const found = entry.wraps.filter((wrap) => wrap.type === 'scrypt')
      const old = found.length > 1 ? await openedBy(found, given, entry, setting) : found[0]
      if (old === undefined) {
        throw storeError(
          found.length === 0 ? 'INVALID' : 'KEY_MISSING',
          found.length === 0 ? 'No pass phrase opens this store.' : 'Several pass phrases open this store.',
          found.length === 0 ? 'Add one with addRecipient.' : 'Open it with the one that is to be changed.',
        )
      }
      const made = await wrapEntry(view, entry, passphrase, setting)
      return entry.wraps.map((wrap) => (wrap === old ? made : wrap))
    })
}

/** Rewrites the header with other wraps of the same data keys. No record is touched. */
async function withWraps(
  view: View,
  wrapsOf: (entry: KeyEntry) => Promise<readonly Wrap[]>,
): Promise<(now: View) => View> {
  const [primary, ...retired] = view.document.header.keys
  const rewrap = async (entry: KeyEntry): Promise<KeyEntry> => ({ ...entry, wraps: await wrapsOf(entry) })
  const keys: Keyring = [await rewrap(primary), ...(await Promise.all(retired.map(rewrap)))]
  return (now) => {
    const { bytes, body, footer, count } = now.document
    return nextView(now, { keys }, [bytes.subarray(body, footer)], count)
  }
}

function wrapEntry(
  view: View,
  entry: KeyEntry,
  credential: Credential,
  setting: CredentialSetting,
): MaybePromise<Wrap> {
  const key = view.keys.get(entry.kid)
  if (key === undefined) throw storeError('KEY_WRONG', 'A data key of the store could not be opened.')
  return wrapFor(credential, key, setting)
}

async function openedBy(
  wraps: readonly Wrap[],
  given: readonly Credential[],
  entry: KeyEntry,
  setting: CredentialSetting,
): Promise<Wrap | undefined> {
  for (const wrap of wraps) {
    if ((await openerOf(wrap, given, entry, setting)) !== undefined) return wrap
  }
  return undefined
}

/** How long re-sealing may keep the process from anything else, in milliseconds. */
const SLICE_MS = 8

/** Seals every record again, under another data key. One record that does not open stops it before anything is written. */
async function reseal(view: View, keys: Keyring, primary: View['primary'], onProgress: OnProgress): Promise<View> {
  const { document } = view
  const records: Uint8Array[] = []
  let until = performance.now() + SLICE_MS
  for (let at = document.body; at < document.footer;) {
    const text = recordAt(document, at)
    const line = readLine(text)
    records.push(
      writeLine(sealText(primary, document.header, line, unsealRecord(sealedRecord(line, document.header, view.keys)))),
    )
    at += text.length + 1
    if (performance.now() < until) continue
    onProgress?.({ checked: records.length, total: document.count })
    await new Promise((resolve) => setImmediate(resolve))
    until = performance.now() + SLICE_MS
  }
  onProgress?.({ checked: document.count, total: document.count })
  return nextView(view, { keys, primary, open: new Map([[primary.id, primary]]) }, records, document.count)
}
