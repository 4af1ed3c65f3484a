/** Seams: what stands inside a value that a terminal or an encoder broke over lines, or coloured. */
import type { Form } from './forms.ts'

/** Control characters in a regular expression are seldom meant; this one is. */
const ESCAPE = String.fromCharCode(0x1b)
const COLOUR = `${ESCAPE}\\[[0-9;:?]{0,24}[A-Za-z]`
const INDENTATION = new RegExp(`(?:${COLOUR}|[ \\t]){0,48}`, 'y')
const SEAM = `(?:${COLOUR}){0,4}(?:\\r?\\n(?:${COLOUR}|[ \\t]){0,48})?`
const SEAM_FROM = new RegExp(SEAM, 'y')
const SEAM_TO = new RegExp(`${SEAM}$`)
/** A seam that the end of a chunk may have cut off. */
const UNFINISHED = new RegExp(`^(?:\\r|${ESCAPE}(?:\\[[0-9;:?]{0,24})?)$`)

/** Longer seams are not crossed. */
const LONGEST_SEAM = 160
/** A form that is broken more often than this is not found as a whole. */
const MOST_SEAMS = 8
/** How much longer than itself a form with seams can be. */
export const SEAM_SLACK = LONGEST_SEAM * MOST_SEAMS
/** A line that ends in fewer characters of a form than this is not held back: nearly every line ends in one. */
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
  let seams = 0
  let position = at
  let end = at
  for (let index = offset; index > 0;) {
    if (position > 0 && text.charCodeAt(position - 1) === form.charCodeAt(index - 1)) {
      position--
      index--
      continue
    }
    const from = seamStart(text, position)
    if (from === position || ++seams > MOST_SEAMS) return undefined
    before.unshift(position, end)
    while (isSpace(form.charCodeAt(index - 1)) && form.charCodeAt(index - 1) !== text.charCodeAt(from - 1)) index--
    position = from
    end = from
  }
  before.unshift(position, end)
  const after = followForward(text, at, form, offset, seams)
  if (after?.done !== true) return undefined
  // The part in which the comparison began was cut in two at `at`.
  const [, firstEnd = at, ...others] = after.parts
  before[before.length - 1] = firstEnd
  return [...before, ...others]
}

/**
 * Follows `form` in `text` from `at` on.
 *
 * @returns where it ends; Infinity if the text ends before it does, so that a stream has to wait; undefined if they differ.
 */
export function endOfForm(text: string, at: number, form: string, seamed: boolean): number | undefined {
  if (!seamed) {
    if (text.length - at < form.length) return form.startsWith(text.slice(at)) ? Infinity : undefined
    return text.startsWith(form, at) ? at + form.length : undefined
  }
  const followed = followForward(text, at, form, 0, 0)
  return followed?.done === false ? Infinity : followed?.parts.at(-1)
}

/** Tells whether the first difference from `at` on is none that a seam could explain. */
function differsAt(text: string, at: number, form: string, offset: number): boolean {
  let index = offset
  while (index < form.length && text.charCodeAt(at + index - offset) === form.charCodeAt(index)) index++
  const position = at + index - offset
  return index < form.length && seamEnd(text, position) === position
}

interface Followed {
  readonly parts: number[]
  /** False if the text ended before the form did. */
  readonly done: boolean
}

function followForward(text: string, at: number, form: string, offset: number, before: number): Followed | undefined {
  const parts: number[] = []
  let seams = before
  let start = at
  let position = at
  for (let index = offset; index < form.length;) {
    if (position === text.length) return { parts: [...parts, start, position], done: false }
    if (text.charCodeAt(position) === form.charCodeAt(index)) {
      position++
      index++
      continue
    }
    const to = seamEnd(text, position)
    if (to === text.length || isUnfinished(text, to)) return index < TELLING ? undefined : { parts, done: false }
    if (to === position || ++seams > MOST_SEAMS) return undefined
    parts.push(start, position)
    // The seam may hold the form's own line end, or blanks of the form may be its indentation.
    while (isSpace(form.charCodeAt(index)) && form.charCodeAt(index) !== text.charCodeAt(to)) index++
    start = to
    position = to
  }
  return { parts: [...parts, start, position], done: true }
}

function seamEnd(text: string, at: number): number {
  const code = text.charCodeAt(at)
  if (isBlank(code) && at > 0 && text.charCodeAt(at - 1) === 0x0a) {
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
  let index = at - 2
  while (index > 0 && isColourParameter(text.charCodeAt(index))) index--
  return index > 0 && text.charCodeAt(index) === 0x5b && text.charCodeAt(index - 1) === 0x1b
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
