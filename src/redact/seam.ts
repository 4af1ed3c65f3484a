/** Seams: what stands inside a value that a terminal or an encoder broke over lines, or coloured. */
import type { Form } from './forms.ts'

/** Control characters in a regular expression are seldom meant; this one is. */
const ESCAPE = String.fromCharCode(0x1b)
/** Parameters of a colour code. */
const LONGEST_COLOUR = 24
const COLOUR = `${ESCAPE}\\[[0-9;:?]{0,${LONGEST_COLOUR}}[A-Za-z]`
const INDENTATION = new RegExp(`(?:${COLOUR}|[ \\t]){0,48}`, 'y')
const SEAM = `(?:${COLOUR}){0,4}(?:\\r?\\n(?:${COLOUR}|[ \\t]){0,48})?`
const SEAM_FROM = new RegExp(SEAM, 'y')
const SEAM_TO = new RegExp(`${SEAM}$`)
/** A seam that the end of a chunk may have cut off. */
const UNFINISHED = new RegExp(`^(?:\\r|${ESCAPE}(?:\\[[0-9;:?]{0,${LONGEST_COLOUR}})?)$`)

/** Longer seams are not crossed. */
const LONGEST_SEAM = 160
/** How much longer than itself a form with seams can be: with more, it is not found as a whole. */
export const SEAM_SLACK = 1280
/** What a seam counts at least, so that a form has 20 of them at most: the longest ones in lines of 26 characters. */
const LEAST_SEAM = 64
/** A line that ends in fewer characters of a form than this is a hint, and not held back: nearly every line ends in one. */
const TELLING = 4

/** A form as short as this is not found across seams: two words on two lines would be taken for it. */
const SHORTEST_SEAMED = 12

/** Tells whether a form is found across seams as well. */
export function isSeamed(form: Form): boolean {
  return !form.whole && form.text.length >= SHORTEST_SEAMED
}

/**
 * Compares `form` with `text`, stepping over seams, outwards from a place where they agree.
 *
 * @param at - where in `text` they agree.
 * @param offset - the same place in `form`.
 * @returns the parts of `text` between the seams as `[start, end, …]`, or undefined if they differ.
 */
export function matchAcrossSeams(text: string, at: number, form: string, offset: number): number[] | undefined {
  // Most candidates differ at once: that is found out before anything is allocated.
  if (differsAt(text, at, form, offset)) return undefined
  const before: number[] = []
  let spent = 0
  let position = at
  let end = at
  for (let index = offset; index > 0;) {
    // The letter that ends a colour may be the form's next one, too.
    const agrees = text.charCodeAt(position - 1) === form.charCodeAt(index - 1)
    if (agrees && !isColourEnd(text, position)) {
      position--
      index--
      continue
    }
    const from = seamStart(text, position)
    spent += chargeOf(position - from, position === end && before.length > 0)
    if (from === position || spent > SEAM_SLACK) return undefined
    before.unshift(position, end)
    while (isSpace(form.charCodeAt(index - 1)) && form.charCodeAt(index - 1) !== text.charCodeAt(from - 1)) index--
    position = from
    end = from
  }
  before.unshift(position, end)
  const after = followForward(text, at, form, offset, spent)
  if (after?.ends !== 'done') return undefined
  // The part in which the comparison began was cut in two at `at`.
  const [, firstEnd = at, ...others] = after.parts
  before[before.length - 1] = firstEnd
  return [...before, ...others]
}

/**
 * Where a form ends. `open`: the text ends before it does, so that a stream has to wait. `hinted`: so it does, but only
 * the first characters are there, at the end of a line. `undefined`: they differ.
 */
export type FormEnd = number | 'open' | 'hinted' | undefined

/** Follows `form` in `text` from `at` on. */
export function endOfForm(text: string, at: number, form: string, seamed: boolean): FormEnd {
  if (!seamed) {
    if (text.length - at < form.length) return form.startsWith(text.slice(at)) ? 'open' : undefined
    return text.startsWith(form, at) ? at + form.length : undefined
  }
  const followed = followForward(text, at, form, 0, 0)
  return followed?.ends === 'done' ? followed.parts.at(-1) : followed?.ends
}

/** Tells whether the first difference from `at` on is none that a seam could explain. */
function differsAt(text: string, at: number, form: string, offset: number): boolean {
  let index = offset
  while (index < form.length && text.charCodeAt(at + index - offset) === form.charCodeAt(index)) index++
  const position = at + index - offset
  return index < form.length && seamEnd(text, position) === position
}

interface Followed {
  /** Up to the end of the form, if the text holds it. */
  readonly parts: number[]
  /** Other than `done` if the text ended before the form did. */
  readonly ends: 'done' | 'open' | 'hinted'
}

/** `spentBefore`: what the seams before `at` count. */
function followForward(
  text: string,
  at: number,
  form: string,
  offset: number,
  spentBefore: number,
): Followed | undefined {
  const parts: number[] = []
  let spent = spentBefore
  let start = at
  let position = at
  for (let index = offset; index < form.length;) {
    if (position === text.length) return { parts, ends: 'open' }
    if (text.charCodeAt(position) === form.charCodeAt(index)) {
      position++
      index++
      continue
    }
    const to = seamEnd(text, position)
    const unfinished = to === text.length || isUnfinished(text, to)
    spent += chargeOf(to - position, position === start)
    if ((to === position && !unfinished) || spent > SEAM_SLACK) return undefined
    if (unfinished) {
      const lineEnds = text.slice(position, to).includes('\n')
      return { parts, ends: index < TELLING && lineEnds ? 'hinted' : 'open' }
    }
    parts.push(start, position)
    // The seam may hold the form's own line end, or blanks of the form may be its indentation.
    while (isSpace(form.charCodeAt(index)) && form.charCodeAt(index) !== text.charCodeAt(to)) index++
    start = to
    position = to
  }
  return { parts: [...parts, start, position], ends: 'done' }
}

/** What a seam counts. Empty lines count more: texts of line ends alone would cost much. */
function chargeOf(length: number, empty: boolean): number {
  return Math.max(empty ? LONGEST_SEAM : LEAST_SEAM, length)
}

/** Calls `visit` with where each seam of a text begins and ends, but for empty lines; with some of them more than once. */
export function forEachSeam(text: string, visit: (from: number, to: number) => void): void {
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
    const next = text.charCodeAt(at + 1)
    if (next === 0x0a || next === 0x0d) continue
    const from = text.charCodeAt(at - 1) === 0x0d ? at - 1 : at
    // Nearly every line begins at once.
    visit(from, isBlank(next) || next === 0x1b ? seamEnd(text, from) : at + 1)
  }
  for (let at = text.indexOf(ESCAPE); at >= 0; at = text.indexOf(ESCAPE, at + 1)) visit(at, seamEnd(text, at))
}

function seamEnd(text: string, at: number): number {
  const code = text.charCodeAt(at)
  if (isBlank(code) && text.charCodeAt(at - 1) === 0x0a) {
    INDENTATION.lastIndex = at
    return INDENTATION.test(text) ? INDENTATION.lastIndex : at
  }
  if (code !== 0x0a && code !== 0x0d && code !== 0x1b) return at
  SEAM_FROM.lastIndex = at
  return SEAM_FROM.test(text) ? Math.min(SEAM_FROM.lastIndex, at + LONGEST_SEAM) : at
}

function seamStart(text: string, at: number): number {
  const code = text.charCodeAt(at - 1)
  if (code !== 0x0a && !isBlank(code) && !isColourEnd(text, at)) return at
  return at - (SEAM_TO.exec(text.slice(Math.max(0, at - LONGEST_SEAM), at))?.[0].length ?? 0)
}

function isColourEnd(text: string, at: number): boolean {
  if (!isLetter(text.charCodeAt(at - 1))) return false
  let index = at - 2
  while (at - index <= LONGEST_COLOUR + 1 && isColourParameter(text.charCodeAt(index))) index--
  return text.charCodeAt(index) === 0x5b && text.charCodeAt(index - 1) === 0x1b
}

function isLetter(code: number): boolean {
  return (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
}

/** A digit, `:`, `;` or `?`. */
function isColourParameter(code: number): boolean {
  return (code >= 0x30 && code <= 0x3b) || code === 0x3f
}

function isUnfinished(text: string, at: number): boolean {
  return text.length - at < 32 && UNFINISHED.test(text.slice(at))
}

function isSpace(code: number): boolean {
  return isBlank(code) || code === 0x0a || code === 0x0d
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}
