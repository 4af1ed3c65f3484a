/** Which generation of a file may follow which: finds that an older file was put back, or that two histories exist. */
import type { MaybePromise } from '../../store.ts'
import type { Document } from './document.ts'
import { storeError } from './failure.ts'

/** A generation of a store: enough to recognise it, nothing secret. */
export interface AnchorMark {
  /** The store's id. */
  readonly store: string
  /** Counts rewrites of the file. */
  readonly generation: number
  /** The MAC of the file. */
  readonly mac: string
}

/**
 * Keeps the newest generation of a store where whoever can replace the file cannot reach: in a database, a KMS, a TPM.
 * With it, a rollback across a restart is found, too.
 */
export interface Anchor {
  /** Gives what was written last, `undefined` if nothing was yet. */
  read(): MaybePromise<AnchorMark | undefined>
  /** Keeps a mark. A write is acknowledged only when this is done. */
  write(mark: AnchorMark): MaybePromise<void>
}

/** Gives the mark of a document. */
export function markOf({ header, mac }: Document): AnchorMark {
  return { store: header.store, generation: header.gen, mac }
}

const HINT =
  'If this was done on purpose, restart the process, and reset the anchor if there is one. Otherwise find out who did it.'

/**
 * Throws unless `next` is what was seen before, or can have followed it.
 *
 * @throws StoreError ROLLED_BACK for a lower generation; FORKED for another file of the same generation, for a next one that
 * did not replace what was seen, and for the file of another store. A jump of more than one generation cannot be checked.
 */
export function assertFollows(next: Document | undefined, seen: AnchorMark | undefined): void {
  if (seen === undefined) return
  if (next === undefined) throw storeError('ROLLED_BACK', 'The store file was there and is gone.', HINT)
  const { store, gen, prev } = next.header
  if (store !== seen.store) throw storeError('FORKED', 'The file of another store was put in place.', HINT)
  if (gen < seen.generation) throw storeError('ROLLED_BACK', 'An older store file was put back.', HINT)
  const same = gen === seen.generation && next.mac === seen.mac
  const successor = gen === seen.generation + 1 && prev === seen.mac
  if (!same && !successor && gen <= seen.generation + 1) {
    throw storeError('FORKED', 'The store file has another history than the one seen before.', HINT)
  }
}
