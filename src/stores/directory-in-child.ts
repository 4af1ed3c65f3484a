/** What `latchkey/stores/directory` is inside a child (export condition `latchkey-child`). */
import type { WritableSecretStore } from '../store.ts'
import { storeInChild } from './in-child.ts'

export function directoryStore(): WritableSecretStore {
  return storeInChild('directory')
}
