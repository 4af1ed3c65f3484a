/**
 * What `latchkey` is inside a child (export condition `latchkey-child`): the same names as index.ts, without what costs a
 * child time and memory. Registering only defines, and stores cannot be read.
 */
import type { Registry } from './registry/types.ts'
import { storeInChild } from './stores/in-child.ts'
import type { WritableSecretStore } from './store.ts'
import { childRegistry } from './worker/child-registry.ts'
import { becomeChild, childState } from './worker/table.ts'

export { defineSecret } from './secret.ts'
export {
  CallError,
  InputError,
  isLatchkeyError,
  LatchkeyError,
  MissingSecretsError,
  RegistrationError,
  StoreError,
  TemplateError,
  WorkerError,
} from './errors.ts'

export function createRegistry(): Registry {
  return childRegistry(childState() ?? becomeChild()) as Registry
}
export function memoryStore(): WritableSecretStore {
  return storeInChild('memory')
}
export function envStore(): WritableSecretStore {
  return storeInChild('env')
}
