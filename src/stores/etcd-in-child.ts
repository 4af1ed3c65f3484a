/** What `latchkey/stores/etcd` is inside a child (export condition `latchkey-child`). */
import type { WritableSecretStore } from '../store.ts'
import { storeInChild } from './in-child.ts'

export function etcdStore(): WritableSecretStore {
  return storeInChild('etcd')
}
