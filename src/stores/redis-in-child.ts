/** What `latchkey/stores/redis` is inside a child (export condition `latchkey-child`). */
import type { WritableSecretStore } from '../store.ts'
import { storeInChild } from './in-child.ts'

export function redisStore(): WritableSecretStore {
  return storeInChild('redis')
}
