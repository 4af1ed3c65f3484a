/** The map that an engine without sealing keeps for one version of a secret, where others read and write it too. */
import { StoreError } from '../errors.ts'
import type { SecretAddress } from '../secret.ts'
import type { HeldSecret } from './answer.ts'
import { foreignKeys, foreignSecret, readAs } from './foreign.ts'
import type { RenamedKeys } from './foreign.ts'

/** The member that holds the description. It is no key, so no secret's pair is ever called so. */
export const DESCRIPTION = 'latchkey.description'

/** The map as the engine keeps it. Others may have put anything into it. */
export type PairMap = Readonly<Record<string, unknown>>

/** A secret as it is answered, with the names that were left out. */
export type ReadSecret = HeldSecret & { readonly skipped: readonly string[] }

/** What the engine tells of a version beside its map. */
export interface VersionMarks {
  readonly version: string
  /** Milliseconds since 1970. */
  readonly createdAt: number | undefined
}

/**
 * Makes a secret of what a version holds.
 *
 * @throws StoreError INVALID or TOO_LARGE for what no secret can hold.
 */
export function secretOf(map: PairMap, marks: VersionMarks, rename: RenamedKeys, address: SecretAddress): ReadSecret {
  const { [DESCRIPTION]: described, ...pairs } = Object.hasOwn(map, DESCRIPTION) ? map : {}
  const isDescribed = typeof described === 'string'
  const { values, skipped } = foreignSecret(isDescribed ? pairs : map, rename, address)
  return {
    scope: address.scope,
    name: address.secret,
    version: marks.version,
    values,
    skipped,
    createdAt: marks.createdAt,
    description: isDescribed ? described : undefined,
  }
}

/**
 * Makes the map to write.
 *
 * @param values - checked.
 * @param before - a map whose members are kept, if they are not given.
 * @throws StoreError INVALID for a key that `rename` reads as another one, or for members that cannot be written back.
 */
export function mapOf(
  values: HeldSecret['values'],
  description: string | undefined,
  rename: RenamedKeys,
  address: SecretAddress,
  before: PairMap = {},
): PairMap {
  const map = Object.create(null) as Record<string, unknown>
  for (const [name, value] of Object.entries(before)) {
    if (!isExact(value)) throw inexact(address)
    map[name] = value
  }
  const { names } = foreignKeys(Object.keys(map), rename, address)
  for (const [key, value] of Object.entries(values)) {
    map[names.get(key) ?? engineName(key, rename, address)] = value
  }
  if (description !== undefined) map[DESCRIPTION] = description
  return map
}

/**
 * Gives the map to write in place of one that its writer has read: what is given as it was read there stays as others wrote
 * it, such as a number.
 */
export function replacing(map: PairMap, before: PairMap = {}): PairMap {
  const kept = Object.create(null) as Record<string, unknown>
  for (const [name, value] of Object.entries(map)) {
    const old = Object.hasOwn(before, name) ? before[name] : undefined
    kept[name] = name !== DESCRIPTION && readAs(old) === value ? old : value
  }
  return kept
}

/** Gives the name under which a key is written, so that it is read as that key. */
function engineName(key: string, rename: RenamedKeys, address: SecretAddress): string {
  for (const [name, readAs] of rename) if (readAs === key) return name
  if (!rename.has(key)) return key
  throw new StoreError(
    'INVALID',
    `Secret ${address.secret} (scope ${address.scope}): ${key} would be read as another key, as rename says.`,
    { ...address, key },
  )
}

/** What others wrote is kept as it is, or not at all: such a number may have lost digits when it was read. */
function inexact(address: SecretAddress): StoreError {
  return new StoreError(
    'INVALID',
    `Secret ${address.secret} (scope ${address.scope}) holds a number that cannot be written back exactly.`,
    { ...address, hint: 'Write it as a string, or replace the whole secret.' },
  )
}

function isExact(value: unknown): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value)
  return typeof value !== 'object' || value === null || Object.values(value).every(isExact)
}
