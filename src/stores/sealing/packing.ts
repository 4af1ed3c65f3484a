/** The versions of one secret as one value, for engines that keep one value per secret. */
import { envelopeVersion } from '../../crypto/envelope.ts'
import type { SealedRow, SealedVersion } from './engine.ts'

const LENGTH_BYTES = 4
/** What no ring opens, and what can be replaced like any other version. */
const DAMAGED: SealedVersion = { version: 0, bytes: Buffer.alloc(0) }

/** Joins the versions of a secret, the live one first: each envelope after its length in 4 bytes, big-endian. */
export function packVersions(versions: readonly SealedVersion[]): Buffer {
  return Buffer.concat(
    versions.flatMap(({ bytes }) => {
      const length = Buffer.alloc(LENGTH_BYTES)
      length.writeUInt32BE(bytes.length)
      return [length, bytes]
    }),
  )
}

/**
 * Takes apart what {@link packVersions} joined. The version of each is what its envelope says: nothing stands beside it.
 * What was not joined so becomes one version that does not open.
 */
export function unpackVersions(packed: Buffer): SealedRow['versions'] {
  const versions: SealedVersion[] = []
  for (let at = 0; at < packed.length;) {
    const start = at + LENGTH_BYTES
    if (start > packed.length) return [DAMAGED]
    at = start + packed.readUInt32BE(at)
    const bytes = packed.subarray(start, at)
    const version = at > packed.length ? undefined : envelopeVersion(bytes)
    if (version === undefined) return [DAMAGED]
    versions.push({ version, bytes })
  }
  const [live, ...older] = versions
  return live === undefined ? [DAMAGED] : [live, ...older]
}

/**
 * Gives the versions that are kept once `next` is the live one: as many of those before as `history` says, as far as they
 * are whole.
 */
export function withNext(next: SealedVersion, before: SealedRow | undefined, history: number): SealedRow['versions'] {
  return [next, ...(before?.versions.slice(0, history) ?? []).filter(({ bytes }) => bytes.length > 0)]
}
