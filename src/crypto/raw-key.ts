/** Raw keys: 32 random bytes that a person or a platform keeps, written as `lk1_` and base64url. */
import { randomBytes } from 'node:crypto'
import { StoreError } from '../errors.ts'
import { fixedFromBase64Url, toBase64Url } from './bytes.ts'
import { KEY_BYTES } from './data-key.ts'

const PREFIX = 'lk1_'

/**
 * Makes a new key for a store: 32 random bytes, written as `lk1_` and 43 characters of base64url.
 *
 * Keep it where the store is not. Whoever has both can read everything.
 *
 * @example
 * ```ts
 * const store = fileStore({ path: 'secrets.latchkey', key: generateKey() })
 * ```
 */
export function generateKey(): string {
  return PREFIX + toBase64Url(randomBytes(KEY_BYTES))
}

/**
 * Gives the bytes of a raw key. A string is never hashed into a key.
 *
 * @param key - `lk1_…`, or the 32 bytes themselves.
 * @param origin - where the key came from, for the message.
 * @throws StoreError KEY_FORMAT if this is no key.
 */
export function rawKeyBytes(key: string | Uint8Array, origin: string, store: string): Buffer {
  const bytes =
    typeof key === 'string'
      ? key.startsWith(PREFIX)
        ? fixedFromBase64Url(key.slice(PREFIX.length), KEY_BYTES)
        : undefined
      : key.length === KEY_BYTES
        ? Buffer.from(key)
        : undefined
  if (bytes !== undefined) return bytes
  throw new StoreError('KEY_FORMAT', `${origin} holds no key: a key is lk1_ and 43 characters of base64url.`, {
    store,
    hint: 'Look whether it was cut or quoted. The path of a key file is given as LATCHKEY_KEY_FILE or keyFile, a pass phrase as passphrase. generateKey() makes a new key, for a new store.',
  })
}
