/** Finds many forms in a text in one pass. */
import { buildAnchors, nextAnchor, slotOf, windowAt } from './anchors.ts'
import type { Form } from './forms.ts'
import { type Opening, openingOf } from './opening.ts'
import { forEachSeam, isSeamed, matchAcrossSeams } from './seam.ts'
import { isBase64, isWholeToken } from './token.ts'

/** Finds where a text holds any of the forms it was built from. */
export interface Matcher {
  /** The places to mask as `[start, end, …]`, in order, apart; with `before`, of the matches that begin before it. */
  readonly find: (text: string, before?: number) => readonly number[]
  /** What more text may complete or change, in a text that was passed on up to `from`. */
  readonly opening: (text: string, from: number) => Opening
}

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
  const seamed = forms.some(isSeamed)

  function find(text: string, before = Infinity): readonly number[] {
    if (text.length < shortest) return NOTHING
    const found: number[] = []
    for (let at = nextAnchor(text, 0, filter, shift); at >= 0; at = nextAnchor(text, at + 1, filter, shift)) {
      compareAnchored(text, at, windowAt(text, at), before, found)
    }
    if (seamed) {
      // A form that is broken often may have no anchor left whole.
      forEachSeam(text, (from, to) => {
        let window = windowAt(text, from - 4)
        for (let at = from - 3; at < from; at++) {
          window = (window >>> 8) | (text.charCodeAt(to + 3 - (from - at)) << 24)
          if (filter[slotOf(window, shift)] === 1) compareAnchored(text, at, window, before, found)
        }
      })
    }
    return mergedSpans(found)
  }

  /** Compares the forms whose anchor a window is, which begins at `at`. */
  function compareAnchored(text: string, at: number, window: number, before: number, found: number[]): void {
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

  return { find, opening: openingOf(forms) }
}

/** Takes in the characters of base64 that hold bits of the value, and padding. */
function widened(text: string, spans: readonly number[], form: Form): readonly number[] {
  if (spans.length === 0 || !(form.before || form.after)) return spans
  let start = spans[0] ?? 0
  let end = spans.at(-1) ?? 0
  if (form.before && isBase64(text.charCodeAt(start - 1))) start--
  if (form.after) {
    if (isBase64(text.charCodeAt(end))) end++
    for (let padding = 0; padding < 2 && text.charCodeAt(end) === 0x3d; padding++) end++
  }
  return [start, ...spans.slice(1, -1), end]
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
