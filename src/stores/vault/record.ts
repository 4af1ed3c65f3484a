/** One version of a secret, as Vault keeps it: the map of its pairs, and what a latchkey secret is made of. */
import { StoreError } from '../../errors.ts'
import type { SecretAddress } from '../../secret.ts'
import type { HeldSecret } from '../answer.ts'
import { foreignKeys, foreignSecret } from '../foreign.ts'
import type { RenamedKeys } from '../foreign.ts'
import type { HttpAnswer } from '../http.ts'
import { isRecord } from '../http-body.ts'
import { answerError, isNothing, notVersioned } from './failure.ts'

/** The member that holds the description. It is no key, so no secret's pair is ever called so. */
export const DESCRIPTION = 'latchkey.description'

/** What stands in Vault under a name. */
export interface Found {
  /** The number of the version now, which a `cas` must name; 0 if none was ever written. */
  readonly number: number
  /** What the version holds; left out if the secret does not exist. */
  readonly live?: LiveVersion
  /** True: it holds an empty map, which is how a delete begins. */
  readonly emptied?: boolean
}

/** A version that exists. */
export interface LiveVersion {
  readonly stamp: Stamp
  readonly map: VersionMap
}

/** The map as Vault keeps it. Others may have put anything into it. */
export type VersionMap = Readonly<Record<string, unknown>>

/** Which version of a secret it is, and when it was written: RFC 3339, in nanoseconds. */
export interface Stamp {
  readonly number: number
  readonly createdTime: string
}

/** Never written. */
export const NOTHING: Found = Object.freeze({ number: 0 })

/**
 * Reads the answer of the data endpoint.
 *
 * @throws StoreError INVALID if the mount is no KV engine of version 2, else what the answer means.
 */
export function foundIn(answer: HttpAnswer, doing: string, address: SecretAddress): Found {
  if (isNothing(answer)) return NOTHING
  const data = isRecord(answer.body) ? answer.body['data'] : undefined
  const stamp = isRecord(data) ? stampOf(data['metadata']) : undefined
  // Deleted or destroyed: the version is told, and its map is not there.
  if (answer.status === 404 && stamp !== undefined && isRecord(data) && data['data'] === null) {
    return { number: stamp.number }
  }
  if (answer.status !== 200 || !isRecord(answer.body)) throw answerError(answer, doing, address)
  if (stamp === undefined || !isRecord(data) || !isRecord(data['data'])) throw notVersioned(doing, address)
  const map = data['data']
  return { number: stamp.number, ...(Object.keys(map).length === 0 ? { emptied: true } : { live: { stamp, map } }) }
}

/** A secret as it is answered, with the names that were left out. */
export type ReadSecret = HeldSecret & { readonly skipped: readonly string[] }

/**
 * Makes a secret of what a version holds.
 *
 * @throws StoreError INVALID or TOO_LARGE for what no secret can hold.
 */
export function secretIn({ stamp, map }: LiveVersion, rename: RenamedKeys, address: SecretAddress): ReadSecret {
  const { [DESCRIPTION]: described, ...pairs } = Object.hasOwn(map, DESCRIPTION) ? map : {}
  const isDescribed = typeof described === 'string'
  const { values, skipped } = foreignSecret(isDescribed ? pairs : map, rename, address)
  const createdAt = Date.parse(stamp.createdTime)
  return {
    scope: address.scope,
    name: address.secret,
    version: versionOf(stamp),
    values,
    skipped,
    createdAt: Number.isNaN(createdAt) ? undefined : createdAt,
    description: isDescribed ? described : undefined,
  }
}

/** Reads a version's number and time; `undefined` if they are not there. */
export function stampOf(metadata: unknown): Stamp | undefined {
  if (!isRecord(metadata)) return undefined
  const { version, created_time: createdTime } = metadata
  if (!Number.isSafeInteger(version) || Number(version) < 1 || typeof createdTime !== 'string') return undefined
  return { number: Number(version), createdTime }
}

/** Makes the version token. The number alone comes again after somebody has deleted a secret's metadata. */
export function versionOf({ number, createdTime }: Stamp): string {
  return `${number}@${createdTime}`
}

/**
 * Makes the map to write.
 *
 * @param values - checked.
 * @param before - the version whose members are kept, if they are not given.
 * @throws StoreError INVALID for a key that `rename` reads as another one, or for members that cannot be written back.
 */
export function mapOf(
  values: HeldSecret['values'],
  description: string | undefined,
  rename: RenamedKeys,
  address: SecretAddress,
  before?: LiveVersion,
): VersionMap {
  const map = Object.create(null) as Record<string, unknown>
  for (const [name, value] of Object.entries(before?.map ?? {})) {
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
