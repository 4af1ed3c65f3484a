/** A store that fails when it is told to. */
import { argumentError, StoreError } from '../errors.ts'
import type { SecretStore } from '../store.ts'
import { assertOptions } from '../stores/request.ts'

/** Which call fails, and how. */
export interface Failure {
  /** The number of the call that fails, from 1. Calls of every verb count, but `close` does not. */
  readonly call: number
  /** What is thrown. Default: a `StoreError` UNAVAILABLE. */
  readonly error?: unknown
}

const PROMISES = new Set(['get', 'getMany', 'set', 'delete', 'history', 'rollback', 'watch'])
const ITERABLES = new Set(['list', 'scopes'])

/**
 * Wraps a store so that one call fails before the store learns of it; the calls before and after it go through.
 *
 * @param store - the store that answers all other calls. It is not changed.
 * @returns a store with the same verbs, which fails as the contract says: `describe` at once where the store describes at
 * once, `list` and `scopes` at their first step, the others by a rejection.
 * @throws TypeError INVALID_OPTION if `call` is no whole number from 1.
 * @example
 * ```ts
 * const store = failingStore(memoryStore({ a: { KEY: 'x' } }), { call: 2 })
 * await store.get('a') // answers
 * await store.get('a') // rejects with UNAVAILABLE
 * await store.get('a') // answers
 * ```
 */
export function failingStore<Store extends SecretStore>(store: Store, failure: Failure): Store {
  assertOptions('failingStore', failure, ['call', 'error'])
  const { call, error = new StoreError('UNAVAILABLE', `The ${store.name} store fails here.`, { store: store.name }) } =
    failure
  if (!Number.isSafeInteger(call) || call < 1) {
    throw argumentError('INVALID_OPTION', 'failingStore: call must be a whole number from 1.')
  }
  let calls = 0
  const fails = (): boolean => {
    calls += 1
    return calls === call
  }

  return new Proxy(store, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property, target)
      if (typeof member !== 'function') return member
      const verb = member.bind(target) as (...args: unknown[]) => unknown
      if (property === 'describe') {
        return (...args: unknown[]) => {
          if (!fails()) return verb(...args)
          if (store.capabilities.syncDescribe) throw error
          return rejection(error)
        }
      }
      if (PROMISES.has(String(property))) return (...args: unknown[]) => (fails() ? rejection(error) : verb(...args))
      if (ITERABLES.has(String(property)))
        return (...args: unknown[]) => (fails() ? failedIteration(error) : verb(...args))
      return verb
    },
  })
}

// eslint-disable-next-line @typescript-eslint/require-await -- what is thrown must come as a rejection
async function rejection(error: unknown): Promise<never> {
  throw error
}

// eslint-disable-next-line @typescript-eslint/require-await, require-yield -- it fails at its first step
async function* failedIteration(error: unknown): AsyncGenerator<never> {
  throw error
}
