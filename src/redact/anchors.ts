/** Anchors: four rare characters of each form, by which it is found in one pass over a text. */
import type { Form } from './forms.ts'
import { isSeamed } from './seam.ts'

/** A hash table from windows of four characters to the forms that have them as anchor. Entry 0 is none. */
export interface Anchors {
  readonly filter: Uint8Array
  readonly shift: number
  readonly heads: Int32Array
  readonly next: Int32Array
  readonly windows: Int32Array
  readonly owners: Int32Array
  readonly offsets: Int32Array
}

/** 2^32 divided by the golden ratio: Knuth's multiplicative hashing. */
const SPREAD = 0x9e3779b1
/** How many places of a form are tried for its anchor. */
const TRIED = 24

/** Chooses an anchor for each form, two for a form that may have seams, and puts them in a table. */
export function buildAnchors(forms: readonly Form[]): Anchors {
  const room = 2 * forms.length + 1
  const bits = Math.min(18, Math.max(12, Math.ceil(Math.log2(64 * room))))
  const shift = 32 - bits
  const filter = new Uint8Array(1 << bits)
  const heads = new Int32Array(1 << bits)
  const load = new Int32Array(1 << bits)
  const next = new Int32Array(room)
  const windows = new Int32Array(room)
  const owners = new Int32Array(room)
  const offsets = new Int32Array(room)
  let entries = 0

  function anchor(owner: number, text: string, from: number, to: number): void {
    let best = from
    let least = Infinity
    for (let offset = from; offset <= Math.min(to, from + TRIED); offset++) {
      const window = windowAt(text, offset)
      const cost = 8 * (load[slotOf(window, shift)] ?? 0) + commonness(window)
      if (cost < least) [best, least] = [offset, cost]
    }
    const window = windowAt(text, best)
    const slot = slotOf(window, shift)
    const entry = ++entries
    next[entry] = heads[slot] ?? 0
    windows[entry] = window
    owners[entry] = owner
    offsets[entry] = best
    heads[slot] = entry
    load[slot] = (load[slot] ?? 0) + 1
    filter[slot] = 1
  }

  for (const [owner, form] of forms.entries()) {
    const last = form.text.length - 4
    if (isSeamed(form)) {
      // One at each end, so that a seam leaves one of them whole.
      const middle = form.text.length >> 1
      anchor(owner, form.text, 0, middle - 4)
      anchor(owner, form.text, middle, last)
    } else {
      anchor(owner, form.text, 0, last)
    }
  }
  return { filter, shift, heads, next, windows, owners, offsets }
}

/** Where, from `from` on, the next window stands that may be an anchor; -1 if there is none. Every character passes here. */
export function nextAnchor(text: string, from: number, filter: Uint8Array, shift: number): number {
  const length = text.length
  if (from + 4 > length) return -1
  let window = windowAt(text, from)
  for (let index = from + 4; filter[slotOf(window, shift)] !== 1; index++) {
    if (index === length) return -1
    window = (window >>> 8) | (text.charCodeAt(index) << 24)
    from++
  }
  return from
}

/** Where in the table a window belongs. */
export function slotOf(window: number, shift: number): number {
  return Math.imul(window, SPREAD) >>> shift
}

/** The low bytes of four characters as one number. */
export function windowAt(text: string, offset: number): number {
  let window = 0
  for (let index = offset; index < offset + 4; index++) window = (window >>> 8) | (text.charCodeAt(index) << 24)
  return window
}

/** How often the four characters of a window are seen in logs, roughly. */
function commonness(window: number): number {
  let sum = 0
  for (let shift = 0; shift < 32; shift += 8) {
    const code = (window >>> shift) & 0xff
    if (code === 0x20 || code === 0x2d || code === 0x22) sum += 4
    else if (code >= 0x61 && code <= 0x7a) sum += 2
    else if (code >= 0x30 && code <= 0x39) sum += 1
  }
  return sum
}
