/** What the tests of the suite assert alike. Long values are compared without a diff: runners take minutes to draw it. */
import assert from 'node:assert/strict'
import { isLatchkeyError } from '../../errors.ts'
import type { ArgumentErrorCode, StoreErrorCode } from '../../errors.ts'
import type { Secret, SecretInfo } from '../../secret.ts'
import type { ReadOptions, SecretStore, WritableSecretStore } from '../../store.ts'

/** A set of pairs. */
export type Values = Readonly<Record<string, string>>

/** Gives the store as one that can be written, or `undefined` if it declares that it cannot. */
export function asWritable(store: SecretStore): WritableSecretStore | undefined {
  return store.capabilities.write ? (store as WritableSecretStore) : undefined
}

/** Gives the store if it keeps versions too. */
export function withHistory(
  store: SecretStore,
): (Required<Pick<WritableSecretStore, 'history' | 'rollback'>> & WritableSecretStore) | undefined {
  const writable = asWritable(store)
  if (!store.capabilities.history || writable?.history === undefined || writable.rollback === undefined)
    return undefined
  return writable as Required<Pick<WritableSecretStore, 'history' | 'rollback'>> & WritableSecretStore
}

/** Asks a store to describe, and checks that it answers at once if it says so. */
export async function describeSecret(
  store: SecretStore,
  name: string,
  options?: ReadOptions,
): Promise<SecretInfo | undefined> {
  const answer = store.describe(name, options)
  const info = await answer
  if (store.capabilities.syncDescribe) {
    assert.ok(!(answer instanceof Promise), 'describe answered with a promise, though syncDescribe is true')
  }
  return info
}

/** Checks a secret: where it is, what it holds, and that nobody can change the answer. */
export function assertSecret(
  secret: Secret | undefined,
  expected: { readonly name: string; readonly scope?: string; readonly values: Values },
): asserts secret is Secret {
  const { name, scope = 'default', values } = expected
  assert.ok(secret, `${name} (scope ${scope}) was not found`)
  assert.equal(secret.name, name)
  assert.equal(secret.scope, scope)
  assert.equal(typeof secret.version, 'string')
  assert.ok(Object.isFrozen(secret), 'the secret is not frozen')
  assertValues(secret.values, values)
}

/** Checks values: exactly these pairs, frozen and without a prototype. */
export function assertValues(actual: Values, expected: Values): void {
  assert.equal(Object.getPrototypeOf(actual), null, 'the values have a prototype')
  assert.ok(Object.isFrozen(actual), 'the values are not frozen')
  assert.deepEqual(Object.keys(actual).sort(), Object.keys(expected).sort())
  for (const [key, value] of Object.entries(expected)) {
    assert.ok(actual[key] === value, `the value of ${key} is not what was written`)
  }
}

/** Checks what is told without values. */
export function assertInfo(
  info: SecretInfo | undefined,
  expected: { readonly name: string; readonly scope?: string; readonly keys: readonly string[] },
): asserts info is SecretInfo {
  const { name, scope = 'default', keys } = expected
  assert.ok(info, `${name} (scope ${scope}) was not found`)
  assert.equal(info.name, name)
  assert.equal(info.scope, scope)
  assert.equal(typeof info.version, 'string')
  assert.deepEqual([...info.keys], [...keys].sort(), 'the keys are not all there, or not sorted')
  assert.ok(Object.isFrozen(info) && Object.isFrozen(info.keys), 'what describe or list answered is not frozen')
  assert.ok(!('values' in info), 'describe or list answered with values')
}

/** Collects what an iterable gives. */
export async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of iterable) items.push(item)
  return items
}

/**
 * Gives what `act` fails with, by a throw or a rejection.
 *
 * @param timing - `rejects`: a throw before there is a promise is a failure of the test; `throws`: a promise is one.
 */
export async function failureOf(
  act: () => unknown,
  timing: 'rejects' | 'throws' | 'any' = 'rejects',
): Promise<unknown> {
  let pending: unknown
  try {
    pending = act()
  } catch (error) {
    assert.notEqual(timing, 'rejects', 'it threw at once instead of rejecting')
    return error
  }
  try {
    await pending
  } catch (error) {
    assert.notEqual(timing, 'throws', 'it rejected instead of throwing at once')
    return error
  }
  throw new assert.AssertionError({ message: 'nothing was refused' })
}

/** When a store's `describe` throws. */
export function describeTiming(store: SecretStore): 'throws' | 'any' {
  return store.capabilities.syncDescribe ? 'throws' : 'any'
}

/** Checks that `act` fails with a `StoreError` of this code, and gives the error. */
export async function assertStoreFailure(
  code: StoreErrorCode,
  act: () => unknown,
  timing?: 'rejects' | 'throws' | 'any',
): Promise<unknown> {
  const error = await failureOf(act, timing)
  assert.ok(isLatchkeyError(error, code), `it failed with ${told(error)} instead of a StoreError ${code}`)
  assert.equal(error.name, 'StoreError')
  return error
}

/** Checks that `act` fails with a `TypeError` of this code. */
export async function assertArgumentFailure(
  code: ArgumentErrorCode,
  act: () => unknown,
  timing?: 'rejects' | 'throws' | 'any',
): Promise<unknown> {
  const error = await failureOf(act, timing)
  assert.ok(
    error instanceof TypeError && (error as { code?: unknown }).code === code,
    `it failed with ${told(error)} instead of a TypeError ${code}`,
  )
  return error
}

function told(error: unknown): string {
  return error instanceof Error ? `${error.name} ${String((error as { code?: unknown }).code)}` : typeof error
}

/** Makes a record whose own keys may be `__proto__` and the like. */
export function record<T>(pairs: readonly (readonly [string, T])[]): Readonly<Record<string, T>> {
  return Object.fromEntries(pairs)
}
