/** What it is to break a store, and the small changes that most breakages are made of. */
import type { Secret, SecretInfo } from '../../../src/secret.ts'
import type { WritableSecretStore } from '../../../src/store.ts'
import type { MemoryStore } from '../../../src/stores/memory.ts'

/** A way to break a store, and the tests of the suite that must see it: these and no others. */
export interface Breakage {
  /** Goes on from "a store that". */
  readonly what: string
  readonly broken: (store: MemoryStore) => WritableSecretStore
  /** Titles: first the test that is about it, then those that fail in its wake. */
  readonly fails: readonly [string, ...string[]]
}

/** Copies an answer with something changed, frozen as an answer should be. */
export function changed<T extends Secret | SecretInfo>(answer: T | undefined, change: Partial<T>): T | undefined {
  return answer && Object.freeze(Object.assign({}, answer, change))
}

/** Copies values into a frozen record without a prototype. */
export function withoutPrototype(values: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.freeze(Object.assign(Object.create(null) as Record<string, string>, values))
}

/** Changes each value that is a string. */
export function mapValues(
  values: Readonly<Record<string, string>>,
  map: (value: string) => string,
): Record<string, string> {
  if (typeof values !== 'object') return values
  const pairs = Object.entries(values)
  return Object.fromEntries(pairs.map(([key, value]) => [key, typeof value === 'string' ? map(value) : value]))
}
