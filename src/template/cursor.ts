/** Where the scan of one string stands, and what it has found so far. */
import { find } from './characters.ts'
import { pointerOf } from './frame.ts'
import type { Site } from './issue.ts'
import type { Path } from './path.ts'
import type { Piece } from './pieces.ts'
import type { Plan } from './plan.ts'
import type { TagPlace } from './types.ts'

/** More distinct references than this are looked up in a map. */
const FEW = 8

/** Where a scan stands. `next` and `close` only ever move forward: this is what keeps a scan linear. */
export interface Scan {
  readonly plan: Plan
  readonly site: Site
  readonly text: string
  readonly opener: string
  pieces: Piece[] | null
  /** Up to where the text is in `pieces`. */
  copied: number
  next: number
  close: number
  /** True if there are comments or literals among the pieces. */
  isMixed: boolean
}

/** Numbers the distinct references of a plan. */
export function slotOf(plan: Plan, path: Path): number {
  const { paths } = plan
  if (paths === null) {
    plan.paths = [path]
    return 0
  }
  const known = plan.slots === null ? paths.indexOf(path) : (plan.slots.get(path) ?? -1)
  if (known !== -1) return known
  const slot = paths.push(path) - 1
  if (plan.slots !== null) plan.slots.set(path, slot)
  else if (paths.length > FEW) plan.slots = new Map(paths.map((item, index) => [item, index]))
  return slot
}

/** Adds a piece, and the text before it. */
export function emit(scan: Scan, piece: Piece, start: number, end: number): void {
  const { pieces, copied } = scan
  const text = copied < start ? scan.text.slice(copied, start) : undefined
  // A literal array is as small as can be; the first push to an empty one makes room for sixteen more.
  if (pieces === null) scan.pieces = text === undefined ? [piece] : [text, piece]
  else if (text === undefined) pieces.push(piece)
  else pieces.push(text, piece)
  scan.copied = end
}

/** Notes a tag for those who rewrite templates. */
export function mark(scan: Scan, start: number, end: number, reference?: string): void {
  scan.plan.notes?.marks?.push({ site: scan.site, text: scan.text, start, end, reference })
}

/** Where something stands, as callers see it. */
export function place(scan: Scan, start: number, end: number): TagPlace {
  const { site } = scan
  return { pointer: pointerOf(site.frame, site.key), ...(site.inKey ? { inKey: true } : {}), start, end }
}

/** The first opening braces at or after `from`, or NONE. */
export function openAfter(scan: Scan, from: number): number {
  if (scan.next < from) scan.next = find(scan.text, scan.opener, from)
  return scan.next
}

/** The first `}}` at or after `from`, or NONE. */
export function closeAfter(scan: Scan, from: number): number {
  if (scan.close < from) scan.close = find(scan.text, '}}', from)
  return scan.close
}
