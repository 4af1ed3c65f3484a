/** What `latchkey/stores/aws` is inside a child (export condition `latchkey-child`). */
import type { WritableSecretStore } from '../store.ts'
import { storeInChild } from './in-child.ts'

export function awsStore(): WritableSecretStore {
  return storeInChild('aws')
}
