/** Asks stores, and checks what they answer: a failure is never read as absence, and what a store throws is not passed on. */
import { types } from 'node:util'
import { StoreError } from '../errors.ts'
import { isKey, isValue, quoteName, type Secret, type SecretInfo } from '../secret.ts'
import type { SecretStore } from '../store.ts'
import { badAnswer, shownStoreName } from '../stores/bad-answer.ts'
import { withoutWords } from '../stores/foreign-error.ts'
import { isStore } from '../stores/inner.ts'

/** A registry's store, or what tells it for a scope. */
export type StoreSource = SecretStore | ((scope: string) => SecretStore)

/**
 * Gives the store of a scope.
 *
 * @throws StoreError STORE_FAILED if the function that tells it throws, BAD_ANSWER if it gives no store.
 */
export function storeOf(source: StoreSource, scope: string): SecretStore {
  if (typeof source !== 'function') return source
  let store: unknown
  try {
    store = source(scope)
  } catch (error) {
    throw withoutWords(`The store function of createRegistry failed for scope ${scope}`, error, { scope })
  }
  if (isStore(store)) return store
  throw new StoreError('BAD_ANSWER', `The store function of createRegistry gave no store for scope ${scope}.`, {
    scope,
    hint: types.isPromise(store)
      ? 'It gave a promise: make the stores before, and choose among them here.'
      : 'It must return a store for every scope that is asked for; throw a StoreError for one that is not served.',
  })
}

/** Asks a store; what it throws becomes a StoreError without its text, unless it is one. */
export async function askStore<T>(store: SecretStore, ask: () => T | Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    throw storeFailure(store, error)
  }
}

/** What to throw for what a store threw. */
export function storeFailure(store: SecretStore, error: unknown): Error {
  const name = shownStoreName(store)
  return withoutWords(`Store ${name} failed`, error, {
    store: name,
    hint: 'A store should throw StoreError with a code: see docs/errors.md.',
  })
}

/** Takes from an answer what is known of a secret: its keys. */
export function checkedInfo(
  store: SecretStore,
  scope: string,
  name: string,
  answer: SecretInfo | undefined,
): readonly string[] | undefined {
  if (answer === undefined) return undefined
  const where = { scope, secret: name }
  const info = answer as Partial<SecretInfo> | null
  const keys: unknown = info?.keys
  if (!Array.isArray(keys)) throw badAnswer(store, 'describe answered neither what a secret is nor undefined', where)
  if (isOther(info?.name, name)) throw badAnswer(store, 'describe answered another secret', where)
  const copy: unknown[] = [...(keys as unknown[])]
  const bad = copy.findIndex((key) => !isKey(key))
  if (bad !== -1) throw badAnswer(store, `${quoteName(copy[bad])} is not a key`, where)
  return copy as string[]
}

/** Takes from an answer what a secret is made of: own string pairs only. */
export function checkedSecret(store: SecretStore, scope: string, name: string, answer: unknown): Secret | undefined {
  if (answer === undefined) return undefined
  const where = { scope, secret: name }
  const secret = (answer ?? {}) as Partial<Secret>
  const pairs: unknown = secret.values
  if (typeof secret.version !== 'string' || typeof pairs !== 'object' || pairs === null) {
    throw badAnswer(store, 'its answer is neither a secret nor undefined', where)
  }
  // An answer in another order would give a function another secret's values.
  if (isOther(secret.name, name) || isOther(secret.scope, scope)) {
    throw badAnswer(store, 'its answer is another secret: answers must be in the order of the requests', where)
  }
  const values = checkedOnce.get(pairs) ?? checkedPairs(store, where, pairs as Readonly<Record<string, unknown>>)
  return { name, scope, version: secret.version, values }
}

function isOther(told: unknown, asked: string): boolean {
  return typeof told === 'string' && told !== asked
}

/** Copies of frozen answers that were checked before: they cannot have changed. */
const checkedOnce = new WeakMap<object, Readonly<Record<string, string>>>()

function checkedPairs(
  store: SecretStore,
  where: { scope: string; secret: string },
  pairs: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
  const values = Object.create(null) as Record<string, string>
  for (const key of Object.keys(pairs)) {
    const value = pairs[key]
    if (!isKey(key)) throw badAnswer(store, `${quoteName(key)} is not a key`, where)
    if (!isValue(value)) {
      throw badAnswer(store, `the value of ${key} is not a well-formed string without NUL`, { ...where, key })
    }
    values[key] = value
  }
  Object.freeze(values)
  if (Object.isFrozen(pairs)) checkedOnce.set(pairs, values)
  return values
}
