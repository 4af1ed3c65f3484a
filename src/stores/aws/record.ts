/** One version of a secret, as Secrets Manager keeps it, and what a latchkey secret is made of. */
import { StoreError } from '../../errors.ts'
import type { SecretAddress } from '../../secret.ts'
import { foreignDocument } from '../foreign.ts'
import type { RenamedKeys } from '../foreign.ts'
import { DESCRIPTION, secretOf } from '../pair-map.ts'
import type { PairMap, ReadSecret } from '../pair-map.ts'

/** The most that AWS takes as one SecretString: UTF-8 bytes. */
const LONGEST_TEXT = 65_536
/** The values of one secret together. The rest is for key names, and for what JSON writes in more bytes. */
export const MAX_BYTES = 64_000

/** A version that exists. */
export interface LiveVersion {
  /** Names this life of the secret: one that is created anew under the same name has another ARN. */
  readonly arn: string
  readonly version: string
  /** Milliseconds since 1970. */
  readonly createdAt: number | undefined
  /** What it holds; `undefined` if that is binary. */
  readonly text: string | undefined
}

/**
 * What stands under a name. `absent`: nothing, or a secret that has no value yet; `ended`: a secret whose delete began and
 * has to be finished, which is as absent.
 */
export type Found =
  | { readonly kind: 'absent' }
  | { readonly kind: 'ended'; readonly arn: string }
  | { readonly kind: 'live'; readonly live: LiveVersion }

export const ABSENT: Found = Object.freeze({ kind: 'absent' })

const ENDED = 'latchkey-deleted-'

/** Makes the id of the version that a delete begins with, from one that was never used. It can be told without reading values. */
export function endedVersion(id: string): string {
  return `${ENDED}${id}`
}

/** Tells whether a version is one that a delete began with. */
export function isEnded(version: string): boolean {
  return version.startsWith(ENDED)
}

/**
 * Reads the map that a version holds.
 *
 * @throws StoreError INVALID for binary, for what is not JSON, and for what is not an object.
 */
export function mapIn({ text }: LiveVersion, address: SecretAddress): PairMap {
  if (text !== undefined) return foreignDocument(text, address)
  throw new StoreError('INVALID', `Secret ${address.secret} (scope ${address.scope}) is binary.`, {
    ...address,
    hint: 'Store it as a SecretString that is a JSON object { "KEY": "value" }.',
  })
}

/**
 * Makes a secret of what a version holds.
 *
 * @throws StoreError INVALID or TOO_LARGE for what no secret can hold.
 */
export function secretIn(live: LiveVersion, rename: RenamedKeys, address: SecretAddress): ReadSecret {
  return secretOf(mapIn(live, address), live, rename, address)
}

/**
 * Makes the SecretString of a map.
 *
 * @throws StoreError TOO_LARGE.
 */
export function textOf(map: PairMap, address: SecretAddress): string {
  const text = JSON.stringify(map)
  let bytes = 0
  for (const [name, value] of Object.entries(map)) {
    if (name !== DESCRIPTION && typeof value === 'string') bytes += Buffer.byteLength(value)
  }
  if (bytes <= MAX_BYTES && Buffer.byteLength(text) <= LONGEST_TEXT) return text
  throw new StoreError(
    'TOO_LARGE',
    `Secret ${address.secret} (scope ${address.scope}) is larger than AWS takes: ${MAX_BYTES} bytes of values, and ${LONGEST_TEXT} as JSON.`,
    address,
  )
}
