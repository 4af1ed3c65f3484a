/** Opens the rows of an engine, also while the keyring changes. */
import { readContent } from '../document/content.ts'
import type { HeldSecret } from '../answer.ts'
import type { Place, RowOptions, SealedEngine, SealedRow, SealedVersion } from './engine.ts'
import type { RingSource } from './keychain.ts'
import { badRecord, versionPlace } from './ring.ts'
import type { Ring, VersionPlace } from './ring.ts'

/** A row with what is in it. */
interface OpenRow {
  readonly row: SealedRow
  /** The live version first; the older ones too, if they were asked for. */
  readonly held: readonly HeldSecret[]
}

/** How to read rows and open them. */
interface OpenOptions extends RowOptions {
  /** The token of a version: if it is there, no other one is opened, nor need open. */
  readonly only?: string | undefined
}

/** Reads rows and opens them. */
export interface Opener {
  /** Reads rows, `undefined` for what is not there. Throws CORRUPT if one does not open. */
  read(places: readonly Place[], options: OpenOptions): Promise<(OpenRow | undefined)[]>
  /**
   * Opens a row that was listed in the scope of `place`; reads it again if its key is not known. `undefined`: it is gone by
   * now.
   */
  open(place: Place, row: SealedRow, options: RowOptions): Promise<OpenRow | undefined>
}

/** How often a row is read again whose key the keyring, read before, does not list. */
const READINGS = 3

/** Gives the version as the user sees it. A counter begins at random, so that those of two secrets differ, too. */
export function versionToken(version: number): string {
  return String(version)
}

/** Makes the opener of an engine. */
export function opener(engine: SealedEngine, rings: RingSource): Opener {
  /** Gives the place of the first version whose key the ring does not list, if there is one. */
  const openAll = (
    ring: Ring,
    places: readonly Place[],
    rows: readonly (SealedRow | undefined)[],
    options: OpenOptions,
  ): (OpenRow | undefined)[] | VersionPlace => {
    const opened: (OpenRow | undefined)[] = []
    for (const [index, place] of places.entries()) {
      const row = rows[index]
      // Opened for the place that was asked for, whatever the engine says that it is.
      const one = row && openRow(engine.name, ring, place, row, options)
      if (one !== undefined && !('held' in one)) return one
      opened.push(one)
    }
    return opened
  }

  const read: Opener['read'] = async (places, options) => {
    const current = rings.current()
    let ring = current instanceof Promise ? await current : current
    for (let reading = 1; ; reading += 1) {
      const rows = await engine.read(places, options)
      const opened = openAll(ring, places, rows, options)
      if (Array.isArray(opened)) return opened
      // The rows are newer than the keyring, or the keyring is newer than the rows: each is read again after the other.
      ring = await rings.refresh()
      const again = openAll(ring, places, rows, options)
      if (Array.isArray(again)) return again
      if (reading === READINGS) throw ring.unknown(again)
    }
  }

  return {
    read,
    async open(place, row, options) {
      const current = rings.current()
      const ring = current instanceof Promise ? await current : current
      const opened = openRow(engine.name, ring, place, row, options)
      return 'held' in opened ? opened : (await read([place], options))[0]
    },
  }
}

/** Opens a row; gives the place of the first version whose key the ring does not list, if there is one. */
function openRow(
  store: string,
  ring: Ring,
  place: Place,
  row: SealedRow,
  { older, only }: OpenOptions,
): OpenRow | VersionPlace {
  const { versions } = row
  const asked = versions.filter(({ version }) => versionToken(version) === only)
  const held: HeldSecret[] = []
  for (const [index, sealed] of versions.entries()) {
    if (asked.length > 0 ? !asked.includes(sealed) : index > 0 && !older) continue
    const at = versionPlace(place, sealed, index)
    const one = openVersion(store, ring, at, sealed)
    if (one === undefined) return at
    held.push(one)
  }
  return { row, held }
}

function openVersion(store: string, ring: Ring, place: VersionPlace, sealed: SealedVersion): HeldSecret | undefined {
  const text = ring.open(place, sealed)
  if (text === undefined) return undefined
  const content = readContent(text)
  if (content === undefined || !Number.isSafeInteger(sealed.version)) throw badRecord(store, place)
  const { scope, name } = place
  return { scope, name, version: versionToken(sealed.version), ...content }
}
