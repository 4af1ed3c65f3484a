/** Recipients of a store: who its data key is wrapped for, and whose keys are at hand to wrap another one. */
import { isFor, unwrapAtOnce, unwrapLater } from '../../crypto/credential.ts'
import type { Credential, CredentialSetting } from '../../crypto/credential.ts'
import { deriveDataKey } from '../../crypto/data-key.ts'
import { hasRoom, MAX_SCRYPT_WRAPS, MAX_WRAPS } from '../../crypto/keyring.ts'
import type { KeyEntry } from '../../crypto/keyring.ts'
import type { Wrap } from '../../crypto/recipient.ts'
import { StoreError } from '../../errors.ts'

/** Who can open a store, as its keyring tells: nothing secret. */
export interface Recipient {
  readonly type: 'raw' | 'scrypt' | 'ext'
  /** Names it in `removeRecipient`. That of a pass phrase changes with it. */
  readonly id: string
}

/** Gives who a wrap is for. */
export function recipientOf(wrap: Wrap): Recipient {
  return Object.freeze({ type: wrap.type, id: wrap.type === 'scrypt' ? wrap.salt.slice(0, 11) : wrap.id })
}

/** Finds the credential of every recipient that stays: a new data key can be wrapped only for those who are here. */
export async function keptCredentials(
  entry: KeyEntry,
  credentials: readonly Credential[],
  recipients: 'same' | { without: string },
  setting: CredentialSetting,
): Promise<Credential[]> {
  const { store } = setting
  const gone = recipients === 'same' ? undefined : recipients.without
  const stay = entry.wraps.filter((wrap) => recipientOf(wrap).id !== gone)
  if (gone !== undefined && stay.length === entry.wraps.length)
    throw new StoreError('INVALID', 'There is no such recipient.', {
      store,
      hint: 'recipients() lists who can open the store.',
    })
  if (stay.length === 0)
    throw new StoreError('INVALID', 'The last recipient cannot be removed: nobody could open the store.', { store })
  const kept: Credential[] = []
  for (const wrap of stay) {
    const opener = await openerOf(wrap, credentials, entry, setting)
    if (opener === undefined) {
      const { type, id } = recipientOf(wrap)
      throw new StoreError(
        'KEY_MISSING',
        `The key of the ${type} recipient ${id} is needed to wrap a new data key for it.`,
        {
          store,
          hint: 'Give it in keys, or remove the recipient.',
        },
      )
    }
    kept.push(opener)
  }
  return kept
}

/** Finds the credential that opens a wrap: a pass phrase that was given may be a wrong one, and would go unnoticed. */
export async function openerOf(
  wrap: Wrap,
  credentials: readonly Credential[],
  entry: KeyEntry,
  setting: CredentialSetting,
): Promise<Credential | undefined> {
  for (const credential of credentials) {
    if (!isFor(wrap, credential)) continue
    const bytes =
      credential.type === 'raw'
        ? unwrapAtOnce(wrap, credential.key, entry.commit, setting.storeId)
        : await unwrapLater(credential, { ...entry, wraps: [wrap] }, setting)
    if (bytes !== undefined && deriveDataKey(bytes, setting.storeId).commit.equals(entry.commit)) return credential
  }
  return undefined
}

/** Throws INVALID if a store cannot have so many recipients. */
export function assertRoom(types: readonly string[], store: string): void {
  if (hasRoom(types)) return
  const message = `A store has at most ${MAX_WRAPS} recipients, ${MAX_SCRYPT_WRAPS} of them pass phrases.`
  throw new StoreError('INVALID', message, { store })
}
