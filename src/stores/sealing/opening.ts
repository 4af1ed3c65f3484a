/** Opens the rows of an engine, also while the keyring changes. */
import { readContent } from '../document/content.ts'
import type { HeldSecret } from '../answer.ts'
import type { Place, RowOptions, SealedEngine, SealedRow, SealedVersion } from './engine.ts'
import type { RingSource } from './keychain.ts'
import { badRecord } from './ring.ts'
import type { Ring } from './ring.ts'

/** A row with what is in it. */
interface OpenRow {
  readonly row: SealedRow
  /** The live version first; the older ones too, if they were asked for. */
  readonly held: readonly [HeldSecret, ...HeldSecret[]]
}

/** Reads rows and opens them. */
export interface Opener {
  /** Reads rows, `undefined` for what is not there. Throws CORRUPT if one does not open. */
  read(places: readonly Place[], options: RowOptions): Promise<(OpenRow | undefined)[]>
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
  /** Gives the place of the first row whose key the ring does not list, if there is one. */
  const openAll = (
    ring: Ring,
    places: readonly Place[],
    rows: readonly (SealedRow | undefined)[],
    older: boolean,
  ): (OpenRow | undefined)[] | Place => {
    const opened: (OpenRow | undefined)[] = []
    for (const [index, place] of places.entries()) {
      const row = rows[index]
      // Opened for the place that was asked for, whatever the engine says that it is.
      const one = row && openRow(engine.name, ring, place, row, older)
      if (row !== undefined && one === undefined) return place
      opened.push(one)
    }
    return opened
  }

  const read: Opener['read'] = async (places, options) => {
    const current = rings.current()
    let ring = current instanceof Promise ? await current : current
    for (let reading = 1; ; reading += 1) {
      const rows = await engine.read(places, options)
      const opened = openAll(ring, places, rows, options.older)
      if (Array.isArray(opened)) return opened
      // The rows are newer than the keyring, or the keyring is newer than the rows: each is read again after the other.
      ring = await rings.refresh()
      const again = openAll(ring, places, rows, options.older)
      if (Array.isArray(again)) return again
      if (reading === READINGS) throw ring.unknown(again)
    }
  }

  return {
    read,
    async open(place, row, options) {
      const current = rings.current()
      const ring = current instanceof Promise ? await current : current
      return openRow(engine.name, ring, place, row, options.older) ?? (await read([place], options))[0]
    },
  }
}

function openRow(store: string, ring: Ring, place: Place, row: SealedRow, older: boolean): OpenRow | undefined {
  const [live, ...others] = row.versions
  const first = openVersion(store, ring, place, live)
  if (first === undefined) return undefined
  const rest: HeldSecret[] = []
  for (const sealed of older ? others : []) {
    const held = openVersion(store, ring, place, sealed)
    if (held === undefined) return undefined
    rest.push(held)
  }
  return { row, held: [first, ...rest] }
}

function openVersion(store: string, ring: Ring, { scope, name }: Place, sealed: SealedVersion): HeldSecret | undefined {
  const text = ring.open({ scope, name }, sealed)
  if (text === undefined) return undefined
  const content = readContent(text)
  if (content === undefined || !Number.isSafeInteger(sealed.version)) throw badRecord(store, { scope, name })
  return { scope, name, version: versionToken(sealed.version), ...content }
}
