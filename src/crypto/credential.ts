/** Credentials: what the user gives to open a store, and how each wraps and unwraps its data key. */
import { StoreError } from '../errors.ts'
import type { MaybePromise } from '../store.ts'
import { fromBase64Url, toBase64Url } from './bytes.ts'
import { KEY_BYTES } from './data-key.ts'
import type { DataKey } from './data-key.ts'
import { rawRecipientId, unwrapRaw, unwrapScrypt, wrapRaw, wrapScrypt } from './recipient.ts'
import type { Wrap } from './recipient.ts'

/** What the functions of a {@link KeyWrapper} are told, e.g. for a KMS's encryption context. Not secret. */
export interface WrapContext {
  /** The store's id. */
  readonly store: string
  /** The data key's id. */
  readonly kid: string
}

/** Two functions that wrap a store's data key elsewhere: a KMS, Vault transit, a keychain. */
export interface KeyWrapper {
  /** Names the wrapper in the file: 1 to 128 printable ASCII characters. Not secret. */
  readonly id: string
  /** Wraps 32 bytes; gives up to 8 KiB. */
  wrap(key: Uint8Array, context: WrapContext): MaybePromise<Uint8Array>
  /** Gives back the 32 bytes that `wrap` was given. Throws if it cannot. */
  unwrap(wrapped: Uint8Array, context: WrapContext): MaybePromise<Uint8Array>
}

/** One thing that opens a store. */
export type Credential =
  | { readonly type: 'raw'; readonly key: Buffer }
  | { readonly type: 'scrypt'; readonly passphrase: () => MaybePromise<string> }
  | { readonly type: 'ext'; readonly wrapper: KeyWrapper }

/** The largest data key that a {@link KeyWrapper} may give, in bytes. */
export const MAX_EXT_BYTES = 8 * 1024

/** What wrapping and unwrapping needs to know beside the key. */
export interface CredentialSetting {
  /** The store's name, for messages. */
  readonly store: string
  readonly storeId: Buffer
  /** How long a {@link KeyWrapper} may take, in milliseconds. */
  readonly timeoutMs: number
  /** N of new `scrypt` wraps is two to this power. */
  readonly logN: number
}

/** Tells whether a wrap is meant for a credential. A pass phrase cannot tell: it may be for any `scrypt` wrap. */
export function isFor(wrap: Wrap, credential: Credential): boolean {
  if (credential.type === 'raw') return wrap.type === 'raw' && wrap.id === rawRecipientId(credential.key)
  if (credential.type === 'ext') return wrap.type === 'ext' && wrap.id === credential.wrapper.id
  return wrap.type === 'scrypt'
}

/** Wraps a data key for the owner of a credential. */
export function wrapFor(credential: Credential, key: DataKey, setting: CredentialSetting): MaybePromise<Wrap> {
  if (credential.type === 'raw') return wrapRaw(key, setting.storeId, credential.key)
  if (credential.type === 'ext') return wrapExt(credential.wrapper, key, setting)
  return wrapPassphrase(credential.passphrase, key, setting)
}

async function wrapPassphrase(
  passphrase: () => MaybePromise<string>,
  key: DataKey,
  setting: CredentialSetting,
): Promise<Wrap> {
  return wrapScrypt(key, setting.storeId, await askPassphrase(passphrase, setting.store), setting.logN)
}

async function wrapExt(wrapper: KeyWrapper, key: DataKey, setting: CredentialSetting): Promise<Wrap> {
  const context = { store: toBase64Url(setting.storeId), kid: key.id }
  const wrapped = await answerOf(wrapper, 'wrap', () => wrapper.wrap(Buffer.from(key.secret), context), setting)
  if (wrapped.length === 0 || wrapped.length > MAX_EXT_BYTES) {
    throw new StoreError('BAD_ANSWER', `The key wrapper ${wrapper.id} gave no bytes, or more than 8 KiB.`, {
      store: setting.store,
    })
  }
  const bytes = Buffer.from(wrapped)
  // Asked back at once: a wrap that cannot be opened would be found out only when nothing else opens the store.
  const back = await answerOf(wrapper, 'unwrap', () => wrapper.unwrap(Buffer.from(bytes), context), setting)
  if (!key.secret.equals(back)) {
    throw new StoreError('BAD_ANSWER', `The key wrapper ${wrapper.id} does not give back the key that it wrapped.`, {
      store: setting.store,
    })
  }
  return { type: 'ext', id: wrapper.id, sealed: toBase64Url(bytes) }
}

/** Unwraps a data key with a raw key, `undefined` if it does not open this wrap. */
export function unwrapAtOnce(wrap: Wrap, key: Buffer, commit: Buffer, storeId: Buffer): Buffer | undefined {
  return wrap.type === 'raw' ? unwrapRaw(wrap, commit, storeId, key) : undefined
}

/**
 * Unwraps a data key with a pass phrase or a key wrapper, `undefined` if it opens none of the wraps.
 *
 * @throws StoreError UNAVAILABLE if the key wrapper rejects or takes too long.
 */
export async function unwrapLater(
  credential: Exclude<Credential, { type: 'raw' }>,
  entry: { readonly kid: string; readonly commit: Buffer; readonly wraps: readonly Wrap[] },
  setting: CredentialSetting,
): Promise<Buffer | undefined> {
  const { storeId, store } = setting
  const wraps = entry.wraps.filter((wrap) => isFor(wrap, credential))
  if (wraps.length === 0) return undefined
  if (credential.type === 'scrypt') {
    const passphrase = await askPassphrase(credential.passphrase, store)
    for (const wrap of wraps) {
      const bytes = wrap.type === 'scrypt' ? await unwrapScrypt(wrap, entry.commit, storeId, passphrase) : undefined
      if (bytes !== undefined) return bytes
    }
    return undefined
  }
  const { wrapper } = credential
  const context = { store: toBase64Url(storeId), kid: entry.kid }
  const wrapped = fromBase64Url(wraps[0]?.sealed) ?? Buffer.alloc(0)
  const bytes = await answerOf(wrapper, 'unwrap', () => wrapper.unwrap(wrapped, context), setting)
  return bytes.length === KEY_BYTES ? Buffer.from(bytes) : undefined
}

async function askPassphrase(passphrase: () => MaybePromise<string>, store: string): Promise<string> {
  let answer: unknown
  try {
    answer = await passphrase()
  } catch {
    // The error is the user's own and may quote what was typed.
    throw new StoreError('UNAVAILABLE', 'The passphrase function failed.', { store })
  }
  if (typeof answer === 'string' && answer.length > 0 && answer.isWellFormed()) return answer
  throw new StoreError('KEY_FORMAT', 'The pass phrase must be a well-formed string that is not empty.', { store })
}

/** Waits for a key wrapper, but not for ever; its own error is not passed on, for it may hold anything. */
async function answerOf(
  wrapper: KeyWrapper,
  verb: 'wrap' | 'unwrap',
  ask: () => MaybePromise<Uint8Array>,
  { store, timeoutMs }: CredentialSetting,
): Promise<Uint8Array> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new StoreError('UNAVAILABLE', `The key wrapper ${wrapper.id} did not ${verb} in ${timeoutMs} ms.`, { store }),
      )
    }, timeoutMs)
  })
  const asked = (async () => {
    let answer: unknown
    try {
      answer = await ask()
    } catch (error) {
      throw new StoreError('UNAVAILABLE', `The key wrapper ${wrapper.id} failed to ${verb}${errorName(error)}.`, {
        store,
      })
    }
    if (answer instanceof Uint8Array) return answer
    throw new StoreError('BAD_ANSWER', `The key wrapper ${wrapper.id} must ${verb} to a Uint8Array.`, { store })
  })()
  try {
    return await Promise.race([asked, late])
  } finally {
    clearTimeout(timer)
  }
}

function errorName(error: unknown): string {
  const name = error instanceof Error ? error.name : ''
  return /^[A-Za-z]{1,60}$/.test(name) ? ` (${name})` : ''
}
