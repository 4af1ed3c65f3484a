/** The Vault store, put together from its parts. */
import type { SecretInfo } from '../../secret.ts'
import type { Capabilities, ReadOptions, WritableSecretStore } from '../../store.ts'
import { closedError } from '../request.ts'
import { vaultClient } from './client.ts'
import type { VaultClient } from './client.ts'
import { STORE } from './failure.ts'
import type { VaultStoreOptions } from './options.ts'
import { readingVerbs } from './reading.ts'
import { vaultSettings } from './settings.ts'
import type { VaultHost } from './host.ts'
import { watching } from './watching.ts'
import { writingVerbs } from './writing.ts'

/** A writable store that has every optional verb. */
export interface VaultStore extends Required<WritableSecretStore> {
  describe(name: string, options?: ReadOptions): Promise<SecretInfo | undefined>
}

const CAPABILITIES: Capabilities = Object.freeze({
  write: true,
  cas: true,
  history: true,
  watch: true,
  list: true,
  syncDescribe: false,
})

/** Opens a Vault store on a given machine. */
export function openVaultStore(options: VaultStoreOptions, host: VaultHost): VaultStore {
  const settings = vaultSettings(options, host)
  const closed = new AbortController()
  const client = vaultClient(settings, closed.signal)

  const open = (): VaultClient => {
    if (closed.signal.aborted) throw closedError(STORE)
    return client
  }
  const watches = watching(open, settings.pollMs, host)

  const store: VaultStore = {
    name: STORE,
    capabilities: CAPABILITIES,
    ...readingVerbs(open, settings.rename),
    ...writingVerbs(open, settings.rename, host),
    watch: watches.watch,

    close() {
      closed.abort()
      watches.stop()
      return client.close()
    },

    [Symbol.asyncDispose]: () => store.close(),
  }
  return store
}
