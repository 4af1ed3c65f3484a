/** The next generation of a store file, in the making. */
import type { DataKey } from '../../crypto/data-key.ts'
import { keyEntry } from '../../crypto/keyring.ts'
import type { Keyring, OpenKeys } from '../../crypto/keyring.ts'
import type { Wrap } from '../../crypto/recipient.ts'
import { writeDocument } from '../document/document.ts'
import type { Header } from '../document/header.ts'
import { STORE_FILE } from './failure.ts'
import { linesBetween, rangeOf } from './lines.ts'
import { linePrefix, writeLine } from './record.ts'
import type { Line } from './record.ts'
import type { View } from './source.ts'

/** Changes of records on top of a file. */
export interface Draft {
  readonly view: View
  /** Gives the versions of a secret, the oldest first, with the changes made so far. */
  lines(scope: string, name: string): readonly Line[]
  /** Makes these the versions of a secret; none: it is gone. */
  put(scope: string, name: string, lines: readonly Line[]): void
  /** Gives the next version. Every change of a record takes one, also a delete. */
  nextVersion(): number
  /** Gives the file with all changes, `undefined` if there were none. */
  finish(): View | undefined
}

interface Slot {
  readonly start: number
  readonly end: number
  readonly before: readonly Line[]
  now: readonly Line[]
}

/** Begins a draft on top of a file. */
export function draftOf(view: View): Draft {
  const { document } = view
  const slots = new Map<string, Slot>()
  let version = document.header.ver

  const slot = (scope: string, name: string): Slot => {
    const prefix = linePrefix(scope, name)
    const known = slots.get(prefix)
    if (known !== undefined) return known
    const [start, end] = rangeOf(document, prefix)
    const before = linesBetween(document, start, end)
    const made: Slot = { start, end, before, now: before }
    slots.set(prefix, made)
    return made
  }

  return {
    view,
    lines: (scope, name) => slot(scope, name).now,
    put(scope, name, lines) {
      slot(scope, name).now = lines
    },
    nextVersion: () => (version += 1),
    finish() {
      if (version === document.header.ver) return undefined
      const changed = [...slots].filter(([, { before, now }]) => now !== before)
      // Names and scopes are ASCII: the order of strings is the order of bytes.
      changed.sort(([a], [b]) => (a < b ? -1 : 1))
      const records: Uint8Array[] = []
      let at = document.body
      let count = document.count
      for (const [, { start, end, before, now }] of changed) {
        records.push(document.bytes.subarray(at, start), ...now.map(writeLine))
        count += now.length - before.length
        at = end
      }
      records.push(document.bytes.subarray(at, document.footer))
      return nextView(view, { ver: version }, records, count)
    },
  }
}

/** Puts the next generation of a file together. */
export function nextView(
  view: View,
  changes: Partial<Pick<Header, 'ver' | 'keys'>> & { readonly open?: OpenKeys; readonly primary?: DataKey },
  records: readonly Uint8Array[],
  count: number,
): View {
  const { header, mac } = view.document
  const { ver = header.ver, keys = header.keys, open = view.keys, primary = view.primary } = changes
  const next = { ...header, gen: header.gen + 1, prev: mac, ver, keys }
  return {
    document: writeDocument(STORE_FILE, next, records, count, primary.macKey),
    keys: open,
    primary,
    atHand: new Map(),
  }
}

/** Gives what stands before the first generation of a new store. */
export function emptyView(storeId: Buffer, key: DataKey, wraps: readonly Wrap[]): View {
  const keys: Keyring = [keyEntry(key, wraps)]
  const header = { store: storeId.toString('base64url'), storeId, gen: 0, ver: 0, prev: '', keys, fields: {} }
  const document = { subject: STORE_FILE, bytes: Buffer.alloc(0), header, body: 0, footer: 0, count: 0, mac: '' }
  return { document, keys: new Map([[key.id, key]]), primary: key, atHand: new Map() }
}
