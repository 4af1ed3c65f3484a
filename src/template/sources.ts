/** What a template is filled in from: the caller's contexts, read once. */
import { argumentError } from '../errors.ts'
import { MISSING } from './lookup.ts'
import { SECRETS } from './path.ts'
import { assertNamespace } from './settings.ts'
import type { TemplateContexts } from './types.ts'
import type { SecretStore } from '../store.ts'

/** A store, as far as a resolve needs it. */
export type SecretReader = Pick<SecretStore, 'getMany'>

/**
 * Lists the namespaces of some contexts. One that is `undefined` does not exist.
 *
 * @throws TypeError INVALID_NAME for a name that can be no namespace, INVALID_OPTION for something that is no object.
 */
export function namespacesOf(contexts: TemplateContexts): string[] {
  assertContexts(contexts)
  const names = Object.keys(contexts)
  let absent = false
  for (const name of names) {
    if (name !== SECRETS) assertNamespace(name)
    if (contextOf(contexts, name) === MISSING) absent = true
  }
  return absent ? names.filter((name) => contextOf(contexts, name) !== MISSING) : names
}

/** Reads one namespace. */
export function contextOf(contexts: TemplateContexts, namespace: string): unknown {
  const value = Object.hasOwn(contexts, namespace) ? contexts[namespace] : undefined
  return value === undefined ? MISSING : value
}

/** Throws INVALID_OPTION unless contexts were given. */
export function assertContexts(contexts: unknown): asserts contexts is TemplateContexts {
  if (typeof contexts === 'object' && contexts !== null) {
    if (typeof (contexts as { getMany?: unknown }).getMany !== 'function') return
    throw argumentError(
      'INVALID_OPTION',
      'contexts is a store: give it by the name of its namespace, { SECRETS: store }.',
    )
  }
  throw argumentError('INVALID_OPTION', 'contexts must be an object of namespaces, e.g. { SECRETS: store }.')
}

/**
 * Tells a store from plain records: something with a method `getMany`, which plain data cannot inherit.
 *
 * @throws TypeError INVALID_OPTION for something that is neither.
 */
export function isStore(source: unknown): source is SecretReader {
  if (typeof source !== 'object' || source === null) {
    throw argumentError('INVALID_OPTION', 'contexts.SECRETS must be a store or an object { name: { KEY: value } }.')
  }
  const prototype: unknown = Object.getPrototypeOf(source)
  const isPlain = prototype === Object.prototype || prototype === null
  if (isPlain && !Object.hasOwn(source, 'getMany')) return false
  return typeof (source as { getMany?: unknown }).getMany === 'function'
}
