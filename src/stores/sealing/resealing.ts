/** Seals one row again, under the newest data key. */
import { ATTEMPTS, tooBusy } from './attempts.ts'
import type { SealedEngine, SealedRow, SealedVersion } from './engine.ts'
import type { RingSource } from './keychain.ts'
import { packVersions } from './packing.ts'
import { versionPlace } from './ring.ts'
import type { Ring, VersionPlace } from './ring.ts'

/**
 * Seals a row again under the primary key, all of its versions, if it is not yet.
 *
 * @param row - with all of its versions.
 * @returns whether something was sealed again.
 * @throws StoreError CORRUPT if a version does not open.
 */
export async function resealRow(engine: SealedEngine, rings: RingSource, row: SealedRow): Promise<boolean> {
  let now = row
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const ring = await rings.forWriting()
    if (now.versions.every((sealed) => ring.isNewest(row, sealed))) return false
    const next = resealed(ring, now)
    if ('name' in next) {
      // The row is newer than the keyring, or the keyring is newer than the row: each is read again after the other.
      if ((await rings.refresh()) !== ring) continue
    } else {
      const outcome = await engine.replace(now, next, ring.revision)
      if (outcome === 'done') return true
      if (outcome === 'rekeyed') await rings.refresh()
    }
    const [found] = await engine.read([row], { older: true })
    if (found === undefined) return false
    if ('name' in next && isSame(found, now)) throw ring.unknown(next)
    now = found
  }
  throw tooBusy(engine.name, row)
}

/** Compares bytes: another rotation may have sealed the row again meanwhile, which makes no other version of it. */
function isSame(found: SealedRow, before: SealedRow): boolean {
  const bytes = ({ versions }: SealedRow): Buffer => packVersions(versions)
  return bytes(found).equals(bytes(before))
}

/** Seals the versions of a row again; gives the place of the first one whose key the ring does not list, if there is one. */
function resealed(ring: Ring, row: SealedRow): SealedRow['versions'] | VersionPlace {
  const [live, ...older] = row.versions
  const first = resealedVersion(ring, versionPlace(row, live, 0), live)
  if (first === undefined) return versionPlace(row, live, 0)
  const rest: SealedVersion[] = []
  for (const [index, sealed] of older.entries()) {
    const place = versionPlace(row, sealed, 1 + index)
    const again = resealedVersion(ring, place, sealed)
    if (again === undefined) return place
    rest.push(again)
  }
  return [first, ...rest]
}

function resealedVersion(ring: Ring, place: VersionPlace, sealed: SealedVersion): SealedVersion | undefined {
  const text = ring.open(place, sealed)
  return text === undefined ? undefined : { version: sealed.version, bytes: ring.seal(place, sealed.version, text) }
}
