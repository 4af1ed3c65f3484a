/** Which generation of a document may follow which: finds that an older one was put back, or that two histories exist. */
import { StoreError } from '../../errors.ts'
import type { MaybePromise } from '../../store.ts'
import type { Document } from './document.ts'
import type { Subject } from './subject.ts'

/** A generation of a document: enough to recognise it, nothing secret. */
export interface AnchorMark {
  /** The store's id. */
  readonly store: string
  /** Counts rewrites. */
  readonly generation: number
  /** The MAC of the whole. */
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
 * @throws StoreError ROLLED_BACK for a lower generation, or none; FORKED for another document of the same generation, for a
 * next one that did not replace what was seen, and for that of another store. A jump of more than one generation cannot be
 * checked.
 */
export function assertFollows(next: Document | undefined, seen: AnchorMark | undefined, subject: Subject): void {
  if (seen === undefined) return
  const { noun } = subject
  const wrong = (code: 'ROLLED_BACK' | 'FORKED', message: string): StoreError =>
    new StoreError(code, message, { store: subject.store, hint: HINT })
  if (next === undefined) throw wrong('ROLLED_BACK', `The ${noun} was there and is gone.`)
  const { store, gen, prev } = next.header
  if (store !== seen.store) throw wrong('FORKED', `The ${noun} of another store was put in place.`)
  if (gen < seen.generation) throw wrong('ROLLED_BACK', `An older ${noun} was put back.`)
  const same = gen === seen.generation && next.mac === seen.mac
  const successor = gen === seen.generation + 1 && prev === seen.mac
  if (!same && !successor && gen <= seen.generation + 1) {
    throw wrong('FORKED', `The ${noun} has another history than the one seen before.`)
  }
}
