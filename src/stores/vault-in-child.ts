/** What `latchkey/stores/vault` is inside a child (export condition `latchkey-child`). */
import type { WritableSecretStore } from '../store.ts'
import { storeInChild } from './in-child.ts'

export function vaultStore(): WritableSecretStore {
  return storeInChild('vault')
}
