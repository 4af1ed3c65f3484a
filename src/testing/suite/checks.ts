/** What the tests of the suite assert alike. Long values are compared without a diff: runners take minutes to draw it. */
import assert from 'node:assert/strict'
import { isLatchkeyError } from '../../errors.ts'
import type { ArgumentErrorCode, StoreErrorCode } from '../../errors.ts'
import type { Secret, SecretInfo } from '../../secret.ts'
import type { SecretStore, WritableSecretStore } from '../../store.ts'

/** A set of pairs. */
export type Values = Readonly<Record<string, string>>

/** Gives the store as one that can be written, or `undefined` if it declares that it cannot. */
export function asWritable(store: SecretStore): WritableSecretStore | undefined {
  return store.capabilities.write ? (store as WritableSecretStore) : undefined
}

/** A store that keeps versions. */
export type VersionedStore = Required<Pick<WritableSecretStore, 'history' | 'rollback'>> & WritableSecretStore

/** Gives the store as one that keeps versions, or `undefined` if it declares that it does not. */
export function withHistory(store: SecretStore): VersionedStore | undefined {
  return store.capabilities.history ? (store as VersionedStore) : undefined
}

/** Gives the store as one that can be watched, or `undefined` if it declares that it cannot. */
export function withWatch(store: SecretStore): Required<Pick<SecretStore, 'watch'>> | undefined {
  return store.capabilities.watch ? (store as Required<Pick<SecretStore, 'watch'>>) : undefined
}

/** Checks a secret: where it is, and what it holds. */
export function assertSecret(
  secret: Secret | undefined,
  expected: { readonly name: string; readonly scope?: string; readonly values: Values },
): asserts secret is Secret {
  const { name, scope = 'default', values } = expected
  assert.ok(secret, `${name} (scope ${scope}) was not found`)
  assert.equal(secret.name, name)
  assert.equal(secret.scope, scope)
  assertMarks(secret)
  assert.deepEqual(Object.keys(secret.values).sort(), Object.keys(values).sort())
  for (const [key, value] of Object.entries(values)) {
    assert.ok(secret.values[key] === value, `the value of ${key} is not what was written`)
  }
}

/**
 * Checks that nobody can change a secret, nor find in its values what every object has. Each verb has one test of this, so
 * that a store which is wrong there fails by the titles of those alone.
 */
export function assertSecretForm(secret: Secret | undefined): void {
  assert.ok(secret)
  assert.ok(Object.isFrozen(secret), 'the secret is not frozen')
  assert.equal(Object.getPrototypeOf(secret.values), null, 'the values have a prototype')
  assert.ok(Object.isFrozen(secret.values), 'the values are not frozen')
}

/** The same for what is told without values: that there are none, that nobody can change it, and that the keys are sorted. */
export function assertInfoForm(info: SecretInfo | undefined): void {
  assert.ok(info)
  assert.ok(!('values' in info), 'it has values')
  assert.deepEqual([...info.keys], [...info.keys].sort(), 'the keys are not sorted')
  const { skipped = Object.freeze([]) } = info
  assert.ok(Object.isFrozen(info) && Object.isFrozen(info.keys) && Object.isFrozen(skipped), 'it is not frozen')
}

/** Checks what is told without values: where it is, and its keys. */
export function assertInfo(
  info: SecretInfo | undefined,
  expected: { readonly name: string; readonly scope?: string; readonly keys: readonly string[] },
): asserts info is SecretInfo {
  const { name, scope = 'default', keys } = expected
  assert.ok(info, `${name} (scope ${scope}) was not found`)
  assert.equal(info.name, name)
  assert.equal(info.scope, scope)
  assertMarks(info)
  assert.deepEqual([...info.keys].sort(), [...keys].sort(), 'the keys are not all there, or there are others')
}

function assertMarks({ version, createdAt, description }: Secret | SecretInfo): void {
  assert.ok(typeof version === 'string' && version.length > 0, 'the version is not a string of one character or more')
  if (createdAt !== undefined) {
    assert.ok(createdAt instanceof Date && !Number.isNaN(createdAt.getTime()), 'createdAt is not a date')
  }
  if (description !== undefined) assert.equal(typeof description, 'string')
}

/** Checks that a call which is aborted while it runs ends, with the reason or with its answer. */
export async function assertEndsWhenAborted(call: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const controller = new AbortController()
  const reason = new Error('enough')
  const pending = call(controller.signal)
  controller.abort(reason)
  try {
    await pending
  } catch (error) {
    assert.equal(error, reason, 'it failed with something else than the reason of the signal')
  }
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

/** Checks that `act` is refused, by an error of the library of any code. */
export async function assertRefused(act: () => unknown): Promise<void> {
  const error = await failureOf(act)
  const refusal = error instanceof TypeError && typeof (error as { code?: unknown }).code === 'string'
  assert.ok(isLatchkeyError(error) || refusal, `it failed with ${told(error)} instead of an error with a code`)
}

function told(error: unknown): string {
  return error instanceof Error ? `${error.name} ${String((error as { code?: unknown }).code)}` : typeof error
}

/** Makes a record whose own keys may be `__proto__` and the like. */
export function record<T>(pairs: readonly (readonly [string, T])[]): Readonly<Record<string, T>> {
  return Object.fromEntries(pairs)
}
