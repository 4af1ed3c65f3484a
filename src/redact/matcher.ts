/** Finds many forms in a text in one pass. */
import { buildAnchors, nextAnchor, slotOf, windowAt } from './anchors.ts'
import type { Form } from './forms.ts'
import { endOfForm, isSeamed, matchAcrossSeams, SEAM_SLACK } from './seam.ts'
import { isWholeToken } from './token.ts'

/** Finds where a text holds any of the forms it was built from. */
export interface Matcher {
  /** The places to mask as `[start, end, …]`, in order, apart; with `before`, of the matches that begin before it. */
  readonly find: (text: string, before?: number) => readonly number[]
  /** Where, from `from` on, a match may begin that more text would complete or change; the text's length if nowhere. */
  readonly openFrom: (text: string, from: number) => number
}

/** How many characters around a match decide how it is masked. */
const MARGIN = 4
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

  function find(text: string, before = Infinity): readonly number[] {
    if (text.length < shortest) return NOTHING
    const found: number[] = []
    for (let at = nextAnchor(text, 0, filter, shift); at >= 0; at = nextAnchor(text, at + 1, filter, shift)) {
      compareAnchored(text, at, before, found)
    }
    return mergedSpans(found)
  }

  function compareAnchored(text: string, at: number, before: number, found: number[]): void {
    const window = windowAt(text, at)
    for (let entry = heads[slotOf(window, shift)] ?? 0; entry !== 0; entry = next[entry] ?? 0) {
      if (windows[entry] !== window) continue
      const form = forms[owners[entry] ?? 0]
      const spans = form === undefined ? NOTHING : compared(text, at, form, offsets[entry] ?? 0)
      if ((spans[0] ?? Infinity) < before) append(found, spans)
    }
  }

  /** What to mask of a match of `form` whose place `offset` is at `at`: in parts, if there are seams in it. */
  function compared(text: string, at: number, form: Form, offset: number): readonly number[] {
    const start = at - offset
    if (start >= 0 && text.startsWith(form.text, start)) {
      const end = start + form.text.length
      if (form.whole && !isWholeToken(text, start, end, bytes)) return NOTHING
      return widened(text, [start, end], form)
    }
    if (!isSeamed(form)) return NOTHING
    return widened(text, matchAcrossSeams(text, at, form.text, offset) ?? NOTHING, form)
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
    const end = endOfForm(text, index, form.text, isSeamed(form))
    if (end === undefined || (end !== Infinity && !isUnsettled(text, end, form))) continue
    if (form.before && index > 0 && isBase64(text.charCodeAt(index - 1))) return index - 1
    open = index
  }
  return open
}

/** Tells whether what follows a complete match at the end of the text leaves open how it is masked. */
function isUnsettled(text: string, end: number, form: Form): boolean {
  if (!(form.after || form.whole) || text.length - end >= MARGIN) return false
  const rest = text.slice(end)
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

/** Takes in the characters of base64 that hold bits of the value, and padding. */
function widened(text: string, spans: readonly number[], form: Form): readonly number[] {
  if (spans.length === 0 || !(form.before || form.after)) return spans
  let start = spans[0] ?? 0
  let end = spans.at(-1) ?? 0
  if (form.before && start > 0 && isBase64(text.charCodeAt(start - 1))) start--
  if (form.after) {
    if (isBase64(text.charCodeAt(end))) end++
    for (let padding = 0; padding < 2 && text.charCodeAt(end) === 0x3d; padding++) end++
  }
  return [start, ...spans.slice(1, -1), end]
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

/** Adds spans; one that overlaps the last one found widens it, so that a long run of matches stays one. */
function append(found: number[], spans: readonly number[]): void {
  const [start = 0, end = 0] = spans
  const last = found.length - 1
  if (spans.length > 2 || last < 0 || start < (found[last - 1] ?? 0) || start > (found[last] ?? 0)) found.push(...spans)
  else if (end > (found[last] ?? 0)) found[last] = end
}

function areApart(spans: readonly number[]): boolean {
  for (let index = 2; index < spans.length; index += 2) {
    const [before = 0, start = 0, end = 0] = [spans[index - 1], spans[index], spans[index + 1]]
    if (start <= before || start === end) return false
  }
  return true
}

/** Puts spans in order, and makes one of those that overlap or touch. */
export function mergedSpans(spans: readonly number[]): readonly number[] {
  if (areApart(spans)) return spans
  const order = Array.from({ length: spans.length / 2 }, (_, index) => 2 * index)
  order.sort((a, b) => (spans[a] ?? 0) - (spans[b] ?? 0))
  const merged: number[] = []
  for (const index of order) {
    const [start = 0, end = 0] = [spans[index], spans[index + 1]]
    if (start === end) continue
    const last = merged.length - 1
    const lastEnd = merged[last]
    if (lastEnd === undefined || start > lastEnd) merged.push(start, end)
    else if (end > lastEnd) merged[last] = end
  }
  return merged
}
