/** Characters and places in a text. */

/** Larger than any place in a string. Not Infinity: that would be kept on the heap, one for each use. */
export const NONE = 2 ** 30 - 1
export const DOLLAR = 36
export const BLANK = 32
const LEADING_PATH = /[\w.-]{0,80}/y

/** The first place of something at or after `from`, or NONE. */
export function find(text: string, what: string, from: number): number {
  const found = text.indexOf(what, from)
  return found === -1 ? NONE : found
}

/** Letters, digits and `_` of ASCII, as `\w`. */
export function isWord(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95
}

/** What an identifier can begin with. */
export function isLetter(code: number): boolean {
  return isWord(code) && !(code >= 48 && code <= 57)
}

/** Skips what `\s` matches. */
export function skipBlanks(text: string, from: number): number {
  let at = from
  while (isBlankAt(text, at)) at++
  return at
}

/** The end of what stands before `to`, without blanks. */
export function skipBlanksBack(text: string, to: number): number {
  let at = to
  while (isBlankAt(text, at - 1)) at--
  return at
}

function isBlankAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code === BLANK || (code >= 9 && code <= 13) || (code > 127 && /\s/.test(text.charAt(at)))
}

/** What could be a reference at a place: for messages, so at most 80 characters. */
export function leadingPath(text: string, at: number): string {
  LEADING_PATH.lastIndex = at
  return LEADING_PATH.exec(text)?.[0] ?? ''
}
