/** A machine whose time stands still until a test moves it, and a store on it. */
import { openVaultStore } from '../../../src/stores/vault/open.ts'
import type { VaultStore } from '../../../src/stores/vault/open.ts'
import type { VaultStoreOptions } from '../../../src/stores/vault/options.ts'
import type { VaultHost } from '../../../src/stores/vault/host.ts'
import type { FakeVault } from './fake.ts'

/** A timer that is set and neither fired nor cancelled. */
interface Timer {
  readonly ms: number
  readonly fire: () => void
}

/** A machine for tests: pauses end at once, timers when they are told to. */
export interface ManualHost extends VaultHost {
  /** How long each pause would have been. */
  readonly pauses: number[]
  readonly timers: Set<Timer>
  time: number
}

/** Makes one. Files are given as texts by path. */
export function manualHost(files: Readonly<Record<string, string>> = {}): ManualHost {
  const host: ManualHost = {
    pauses: [],
    timers: new Set(),
    time: 1_000,
    delay: (ms) => {
      host.pauses.push(ms)
      return Promise.resolve()
    },
    random: () => 0.5,
    now: () => host.time,
    after(ms, call) {
      const timer = {
        ms,
        fire: () => {
          host.timers.delete(timer)
          call()
        },
      }
      host.timers.add(timer)
      return () => {
        host.timers.delete(timer)
      }
    },
    readFile: (path) => {
      const text = files[path]
      if (text !== undefined) return Promise.resolve(text)
      return Promise.reject(Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' }))
    },
  }
  return host
}

/** Opens a store on a fake, with its all-powerful token unless other credentials are given. */
export function storeOn(
  vault: FakeVault,
  options: Partial<VaultStoreOptions> = {},
  host: VaultHost = manualHost(),
): VaultStore {
  const credentials = options.auth === undefined ? { token: vault.token } : {}
  return openVaultStore({ address: vault.address, ...credentials, ...options }, host)
}
