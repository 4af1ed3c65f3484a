/** What `latchkey/stores/postgres` is inside a child (export condition `latchkey-child`). */
import type { WritableSecretStore } from '../store.ts'
import { storeInChild } from './in-child.ts'

export function postgresStore(): WritableSecretStore & { migrate(): Promise<void> } {
  const store = storeInChild('postgres')
  return {
    ...store,
    async migrate() {
      await store.get('a')
    },
  }
}
