/** One version of a secret, as Vault keeps it: the map of its pairs, and what a latchkey secret is made of. */
import type { SecretAddress } from '../../secret.ts'
import type { RenamedKeys } from '../foreign.ts'
import type { HttpAnswer } from '../http.ts'
import { isRecord } from '../http-body.ts'
import { secretOf } from '../pair-map.ts'
import type { PairMap, ReadSecret } from '../pair-map.ts'
import { answerError, isNothing, notVersioned } from './failure.ts'

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
  readonly map: PairMap
}

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

/**
 * Makes a secret of what a version holds.
 *
 * @throws StoreError INVALID or TOO_LARGE for what no secret can hold.
 */
export function secretIn({ stamp, map }: LiveVersion, rename: RenamedKeys, address: SecretAddress): ReadSecret {
  const createdAt = Date.parse(stamp.createdTime)
  const marks = { version: versionOf(stamp), createdAt: Number.isNaN(createdAt) ? undefined : createdAt }
  return secretOf(map, marks, rename, address)
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
