/** Finds many forms in a text in one pass. */
import type { Form } from './forms.ts'
import { matchAcrossSeams, mayBegin, SEAM_SLACK } from './seam.ts'
import { isWholeToken } from './token.ts'

/** Finds where a text holds any of the forms it was built from. */
export interface Matcher {
  /** The places to mask as `[start, end, …]`, in order, apart from each other. */
  readonly find: (text: string) => readonly number[]
  /** Where, from `from` on, a match may begin that more text would complete or change; the text's length if nowhere. */
  readonly openFrom: (text: string, from: number) => number
}

/** A form as short as this is not found across seams: two words on two lines would be taken for it. */
const SHORTEST_SEAMED = 12
/** How many characters around a match decide how it is masked. */
const MARGIN = 3
/** A rest after base64 that more of the same may follow. */
const OPEN_BASE64 = /^[\w+/-]?=?$/
/** A rest after a token that may become a mask or a letter: the first part of a character, in UTF-8 or UTF-16. */
const OPEN_TOKEN = /^(?:\*{0,2}|[\x80-\xff]{1,3}|[\ud800-\udbff])$/
const NOTHING: readonly number[] = Object.freeze([])

/**
 * Builds a matcher.
 *
 * Four characters of each form, chosen to be rare and spread out, are its anchor. The text is read once with a rolling
 * window of four; a table says whether the window can be an anchor, and only then forms are compared. So the cost grows
 * with the text, and hardly with the number of forms.
 *
 * @param bytes - true if each character of a text is one byte of UTF-8.
 */
export function buildMatcher(forms: readonly Form[], bytes: boolean): Matcher {
  const anchors = buildAnchors(forms)
  const { filter, shift, heads, next, windows, owners, offsets } = anchors
  const shortest = forms.reduce((least, form) => Math.min(least, form.text.length), Infinity)
  let beginnings: Beginnings | undefined

  function find(text: string): readonly number[] {
    if (text.length < shortest) return NOTHING
    const found: [number, number][] = []
    let window = 0
    for (let index = 0; index < text.length; index++) {
      window = (window >>> 8) | (text.charCodeAt(index) << 24)
      const slot = Math.imul(window, SPREAD) >>> shift
      if (filter[slot] === 1) compareAnchored(text, index - 3, window, slot, found)
    }
    return merged(found)
  }

  function compareAnchored(text: string, at: number, window: number, slot: number, found: [number, number][]): void {
    for (let entry = heads[slot] ?? 0; entry !== 0; entry = next[entry] ?? 0) {
      if (windows[entry] !== window) continue
      const form = forms[owners[entry] ?? 0]
      if (form !== undefined) compare(text, at, form, offsets[entry] ?? 0, found)
    }
  }

  function compare(text: string, at: number, form: Form, offset: number, found: [number, number][]): void {
    const start = at - offset
    if (at < 0) return
    if (start >= 0 && text.startsWith(form.text, start)) {
      const end = start + form.text.length
      if (!form.whole || isWholeToken(text, start, end, bytes)) found.push(widened(text, start, end, form))
    } else if (isSeamed(form)) {
      const parts = matchAcrossSeams(text, at, form.text, offset) ?? []
      for (let index = 0; index < parts.length; index += 2) {
        const [start = 0, end = 0] = parts.slice(index, index + 2)
        const ends = { before: form.before && index === 0, after: form.after && index === parts.length - 2 }
        if (start < end) found.push(widened(text, start, end, ends))
      }
    }
  }

  function openFrom(text: string, from: number): number {
    if (forms.length === 0) return text.length
    beginnings ??= buildBeginnings(forms)
    for (let index = Math.max(from, text.length - beginnings.reach); index < text.length; index++) {
      const open = openAt(text, index, beginnings)
      if (open !== undefined) return Math.max(from, open)
    }
    const last = text.length - 1
    return beginnings.before && last >= from && isBase64(text.charCodeAt(last)) ? last : text.length
  }

  return { find, openFrom }
}

/** Where a match that begins at `index`, or at the base64 character before it, is not settled yet. */
function openAt(text: string, index: number, beginnings: Beginnings): number | undefined {
  let open: number | undefined
  const key = index + 1 < text.length ? pairKey(text, index) : text.charCodeAt(index)
  for (const form of (index + 1 < text.length ? beginnings.pairs : beginnings.singles).get(key) ?? []) {
    const rest = text.length - index - form.text.length
    const unsettled = rest >= 0 && rest < MARGIN && isUnsettled(text, index, form)
    if (!unsettled && !mayBegin(text, index, form.text, isSeamed(form))) continue
    if (form.before && index > 0 && isBase64(text.charCodeAt(index - 1))) return index - 1
    open = index
  }
  return open
}

/** Tells whether what follows a complete match at the end of the text leaves open how it is masked. */
function isUnsettled(text: string, at: number, form: Form): boolean {
  if (!(form.after || form.whole) || !text.startsWith(form.text, at)) return false
  const rest = text.slice(at + form.text.length)
  return (form.after && OPEN_BASE64.test(rest)) || (form.whole && OPEN_TOKEN.test(rest))
}

/** The forms by how they begin, for the end of a chunk. */
interface Beginnings {
  readonly singles: ReadonlyMap<number, readonly Form[]>
  readonly pairs: ReadonlyMap<number, readonly Form[]>
  /** How far before the end of the text a match can begin that is not complete. */
  readonly reach: number
  readonly before: boolean
}

function buildBeginnings(forms: readonly Form[]): Beginnings {
  const singles = new Map<number, Form[]>()
  const pairs = new Map<number, Form[]>()
  let reach = 0
  for (const form of forms) {
    const seamed = isSeamed(form)
    reach = Math.max(reach, form.text.length + MARGIN + (seamed ? SEAM_SLACK : 0))
    push(singles, form.text.charCodeAt(0), form)
    push(pairs, pairKey(form.text, 0), form)
    if (!seamed) continue
    // A seam may stand between the first two characters.
    for (const code of [0x0a, 0x0d, 0x1b]) push(pairs, (form.text.charCodeAt(0) << 16) | code, form)
  }
  return { singles, pairs, reach, before: forms.some((form) => form.before) }
}

function push(map: Map<number, Form[]>, key: number, form: Form): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [form])
  else list.push(form)
}

function pairKey(text: string, index: number): number {
  return (text.charCodeAt(index) << 16) | text.charCodeAt(index + 1)
}

/** A hash table from windows of four characters to the forms that have them as anchor. Entry 0 is none. */
interface Anchors {
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

function buildAnchors(forms: readonly Form[]): Anchors {
  const room = 2 * forms.length + 1
  const bits = Math.min(18, Math.max(10, Math.ceil(Math.log2(16 * room))))
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
      const cost = 8 * (load[Math.imul(window, SPREAD) >>> shift] ?? 0) + commonness(window)
      if (cost < least) [best, least] = [offset, cost]
    }
    const window = windowAt(text, best)
    const slot = Math.imul(window, SPREAD) >>> shift
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

function windowAt(text: string, offset: number): number {
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

function isSeamed(form: Form): boolean {
  return !form.whole && form.text.length >= SHORTEST_SEAMED
}

function widened(text: string, start: number, end: number, form: Pick<Form, 'before' | 'after'>): [number, number] {
  const from = form.before && start > 0 && isBase64(text.charCodeAt(start - 1)) ? start - 1 : start
  if (!form.after) return [from, end]
  let to = isBase64(text.charCodeAt(end)) ? end + 1 : end
  for (let padding = 0; padding < 2 && text.charCodeAt(to) === 0x3d; padding++) to++
  return [from, to]
}

function isBase64(code: number): boolean {
  return (
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x2f && code <= 0x39) ||
    code === 0x2b ||
    code === 0x2d ||
    code === 0x5f
  )
}

function merged(found: [number, number][]): readonly number[] {
  if (found.length === 0) return NOTHING
  found.sort((a, b) => a[0] - b[0])
  const spans: number[] = []
  for (const [start, end] of found) {
    const last = spans.length - 1
    const lastEnd = spans[last]
    if (lastEnd === undefined || start > lastEnd) spans.push(start, end)
    else if (end > lastEnd) spans[last] = end
  }
  return spans
}
