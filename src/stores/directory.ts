/** A read-only store over a directory that others fill: Kubernetes, Docker, systemd. */
import { nodeDirectorySystem } from './directory/file-system.ts'
import { openDirectoryStore } from './directory/open.ts'
import type { DirectoryStore } from './directory/open.ts'
import type { DirectoryStoreOptions } from './directory/settings.ts'

export type { DirectoryStore } from './directory/open.ts'
export type { DirectoryStoreOptions } from './directory/settings.ts'
export type { Rename } from './foreign.ts'

/**
 * Makes a read-only store of the secrets that are mounted in a directory. Each read looks at the directory as it is, and
 * gives secrets of one generation, also while they are replaced.
 *
 * In scope `default`, the secret `name` is the directory `name`, or with `layout: 'files'` the file `name.json` or `name`; in
 * any other scope, the scope comes before it as a path: `acme/production/name`. A directory that does not exist is
 * UNAVAILABLE, never a store without secrets.
 *
 * @throws TypeError UNKNOWN_OPTION, INVALID_OPTION, or INVALID_NAME for a bad key in `rename`. What is wrong with a file is a
 * StoreError of the read: INVALID, TOO_LARGE, DENIED, UNAVAILABLE.
 * @example
 * ```ts
 * const store = directoryStore({ path: '/etc/secrets', rename: { 'tls.crt': 'TLS_CRT' } })
 * store.describe('web_tls')?.keys // ['TLS_CRT'], of the file /etc/secrets/web_tls/tls.crt
 * ```
 */
export function directoryStore(options: DirectoryStoreOptions): DirectoryStore {
  return openDirectoryStore(options, nodeDirectorySystem)
}
