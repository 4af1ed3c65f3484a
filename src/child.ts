/**
 * What `latchkey` is inside a child (export condition `latchkey-child`): the same names as index.ts, without what costs a
 * child time and memory. Registering only defines, and stores cannot be read.
 */
import { createRequire } from 'node:module'
import type { Registry } from './registry/types.ts'
import { StoreError } from './errors.ts'
import type * as templateModule from './template/index.ts'
import { storeInChild } from './stores/in-child.ts'
import type { WritableSecretStore } from './store.ts'
import { childRegistry } from './worker/child-registry.ts'
import { becomeChild, childState } from './worker/table.ts'

export { withFreshSecret } from './registry/fresh-secret.ts'
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
export function cachedStore(): WritableSecretStore {
  return storeInChild('cached')
}
export function chainStore(): WritableSecretStore {
  return storeInChild('chain')
}
export function scopedStore(): WritableSecretStore {
  return storeInChild('scoped')
}
export function typedStore(): WritableSecretStore {
  return storeInChild('typed')
}

type Template = typeof templateModule
/** Loaded when it is first used: few functions fill templates, and every child would pay for it. */
function template(): Template {
  return createRequire(import.meta.url)('latchkey/template') as Template
}
export const analyzeTemplate: Template['analyzeTemplate'] = (...args) => template().analyzeTemplate(...args)
export const checkTemplate: Template['checkTemplate'] = (...args) => template().checkTemplate(...args)
export const compileTemplate: Template['compileTemplate'] = (...args) => template().compileTemplate(...args)
export const literal: Template['literal'] = (...args) => template().literal(...args)
export const migrateTemplate: Template['migrateTemplate'] = (...args) => template().migrateTemplate(...args)
export const resolveTemplate: Template['resolveTemplate'] = (...args) => template().resolveTemplate(...args)
export function sealedStore(): WritableSecretStore {
  return storeInChild('sealed')
}
export function fileStore(): WritableSecretStore {
  return storeInChild('file')
}
export function customStore(engine: { readonly name: string }): WritableSecretStore {
  return storeInChild(engine.name)
}
/** Keys are made by the host: a child has no store to use one with. */
export function generateKey(): never {
  throw new StoreError('STORE_IN_CHILD', 'generateKey() belongs into the host.', { store: 'file' })
}
