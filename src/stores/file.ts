/** A store in an encrypted file: on one machine, with no server, safe with several processes and when the power fails. */
import { nodeFileSystem } from './file/file-system.ts'
import { openFileStore } from './file/open.ts'
import type { FileStore } from './file/open.ts'
import type { FileStoreOptions } from './file/settings.ts'

export { generateKey } from '../crypto/raw-key.ts'
export type { KeyWrapper, WrapContext } from '../crypto/credential.ts'
export type { KeyFileSource, KeySource, PassphraseSource, RawKeySource } from './keys/key-source.ts'
export type { Anchor, AnchorMark } from './document/lineage.ts'
export type { FileRotateKeyOptions, FileStore } from './file/open.ts'
export type { ResealProgress } from './file/rekey.ts'
export type { Recipient } from './keys/recipients.ts'
export type { FileStoreOptions } from './file/settings.ts'

/**
 * Makes a store in an encrypted file. Reads nothing and needs no key before it is used.
 *
 * Without options it is `./secrets.latchkey`, with the key from `LATCHKEY_KEY`, else from the file that `LATCHKEY_KEY_FILE`
 * names, else from `secrets.latchkey.key` beside it. The first `set` makes the file.
 *
 * @throws TypeError UNKNOWN_OPTION or INVALID_OPTION for options that cannot be. What is wrong with a key or a file is a
 * StoreError of the first use: KEY_MISSING, KEY_FORMAT, KEY_WRONG, DENIED, CORRUPT, ROLLED_BACK, FORKED, UNAVAILABLE.
 * @example
 * ```ts
 * const store = fileStore({ path: 'secrets.latchkey', key: generateKey() })
 * await store.set('my_github_secret', { GH_ACCESS_TOKEN: 'from the settings page', GH_USERNAME: 'octocat' })
 * const secret = await store.get('my_github_secret')
 * ```
 */
export function fileStore(options: FileStoreOptions = {}): FileStore {
  return openFileStore(options, nodeFileSystem)
}
