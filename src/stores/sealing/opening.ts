/** Opens the rows of an engine, also while the keyring changes. */
import { readContent } from '../document/content.ts'
import type { HeldSecret } from '../answer.ts'
import type { Place, RowOptions, SealedEngine, SealedRow, SealedVersion } from './engine.ts'
import type { RingSource } from './keychain.ts'
import { badRecord } from './ring.ts'
import type { Ring } from './ring.ts'

/** A row with what is in it. */
export interface OpenRow {
  readonly row: SealedRow
  /** The live version first; the older ones too, if they were asked for. */
  readonly held: readonly [HeldSecret, ...HeldSecret[]]
}

/** Reads rows and opens them. */
export interface Opener {
  /** Reads rows, `undefined` for what is not there. Throws CORRUPT if one does not open. */
  read(places: readonly Place[], options: RowOptions): Promise<(OpenRow | undefined)[]>
  /** Opens a row that was listed; reads it again if its key is not known. `undefined`: it is gone by now. */
  open(row: SealedRow, options: RowOptions): Promise<OpenRow | undefined>
}

/** How often a row is read again whose key the keyring, read before, does not list. */
const READINGS = 3

/** Gives the version as the user sees it. A counter begins at random, so that those of two secrets differ, too. */
export function versionToken(version: number): string {
  return String(version)
}

/** Makes the opener of an engine. */
export function opener(engine: SealedEngine, rings: RingSource): Opener {
  const openAll = (
    ring: Ring,
    rows: readonly (SealedRow | undefined)[],
    older: boolean,
  ): (OpenRow | undefined)[] | Place => {
    const opened: (OpenRow | undefined)[] = []
    for (const row of rows) {
      const one = row && openRow(engine.name, ring, row, older)
      if (row !== undefined && one === undefined) return row
      opened.push(one)
    }
    return opened
  }

  const read: Opener['read'] = async (places, options) => {
    const current = rings.current()
    let ring = current instanceof Promise ? await current : current
    for (let reading = 1; ; reading += 1) {
      const rows = await engine.read(places, options)
      const opened = openAll(ring, rows, options.older)
      if (Array.isArray(opened)) return opened
      // The rows are newer than the keyring, or the keyring is newer than the rows: each is read again after the other.
      ring = await rings.refresh()
      const again = openAll(ring, rows, options.older)
      if (Array.isArray(again)) return again
      if (reading === READINGS) throw ring.unknown(again)
    }
  }

  return {
    read,
    async open(row, options) {
      const current = rings.current()
      const ring = current instanceof Promise ? await current : current
      return openRow(engine.name, ring, row, options.older) ?? (await read([row], options))[0]
    },
  }
}

function openRow(store: string, ring: Ring, row: SealedRow, older: boolean): OpenRow | undefined {
  const [live, ...others] = row.versions
  const first = openVersion(store, ring, row, live)
  if (first === undefined) return undefined
  const rest: HeldSecret[] = []
  for (const sealed of older ? others : []) {
    const held = openVersion(store, ring, row, sealed)
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
