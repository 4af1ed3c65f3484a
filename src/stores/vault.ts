/** A store in HashiCorp Vault or OpenBao: the KV engine of version 2, over HTTP. */
import { nodeVaultHost } from './vault/host.ts'
import { openVaultStore } from './vault/open.ts'
import type { VaultStore } from './vault/open.ts'
import type { VaultStoreOptions } from './vault/options.ts'

export type { VaultStore } from './vault/open.ts'
export type { AppRoleLogin, KubernetesLogin, VaultStoreOptions } from './vault/options.ts'
export type { Rename } from './foreign.ts'

/**
 * Makes a store in HashiCorp Vault or OpenBao, in a KV engine of version 2. Connects to nothing before it is used.
 *
 * One path is one secret, and its `data` is the map of its pairs. Scope `default` adds nothing to the path, any other one
 * is a folder: `acme/production` has its secrets in `acme/production/`.
 *
 * @throws TypeError UNKNOWN_OPTION or INVALID_OPTION for options that cannot be. What is wrong with the server or the
 * credentials is a StoreError of the first use: UNAVAILABLE, DENIED, INVALID.
 * @example
 * ```ts
 * const store = vaultStore({ address: 'https://vault.example.org:8200', token: () => login() })
 * const secret = await store.get('my_github_secret', { scope: 'acme/production' })
 * ```
 */
export function vaultStore(options: VaultStoreOptions): VaultStore {
  return openVaultStore(options, nodeVaultHost)
}
