/** Where a token begins and ends: the rule for values too short to be masked inside a word. */

/** Escape sequences and terminal colours whose last letter does not belong to the word that follows them. */
const COLOUR_BEGINS = `(?:${String.fromCharCode(0x1b)}|\\\\u001[bB]|\\\\x1[bB]|\\\\e|\\\\033)\\[`
const ESCAPE_BEFORE = new RegExp(
  `(?:\\\\[nrtfbv]|\\\\u[0-9a-fA-F]{4}|\\\\x[0-9a-fA-F]{2}|%[0-9a-fA-F]{2}|${COLOUR_BEGINS}[0-9;:?]*[A-Za-z])$`,
)
/** How far back from a token an escape sequence can begin. */
export const TOKEN_CONTEXT = 32
const LETTER_OR_DIGIT = /[\p{L}\p{M}\p{N}]/u

/**
 * Tells whether `text` from `start` to `end` stands alone: no letter, digit, `_` or finished mask next to it. Beyond the ends of the
 * text `charCodeAt` gives NaN, and what is decoded there is empty: neither joins anything.
 *
 * @param bytes - true if each character of `text` is one byte of UTF-8.
 */
export function isWholeToken(text: string, start: number, end: number, bytes: boolean): boolean {
  return !isJoinedBefore(text, start, bytes) && !isJoinedAfter(text, end, bytes)
}

function isJoinedBefore(text: string, start: number, bytes: boolean): boolean {
  const code = text.charCodeAt(start - 1)
  // A mask counts as part of the word: otherwise masking one value would free its neighbour to be masked the next time.
  if (code === 0x2a) return text.startsWith('***', start - 3)
  if (code < 0x80) {
    if (!isWordCode(code)) return false
    return !ESCAPE_BEFORE.test(text.slice(Math.max(0, start - TOKEN_CONTEXT), start))
  }
  const before = decoded(text.slice(Math.max(0, start - 4), start), bytes)
  return LETTER_OR_DIGIT.test(Array.from(before).at(-1) ?? '')
}

function isJoinedAfter(text: string, end: number, bytes: boolean): boolean {
  const code = text.charCodeAt(end)
  if (code === 0x2a) return text.startsWith('***', end)
  if (code < 0x80) return isWordCode(code)
  const after = decoded(text.slice(end, end + 4), bytes)
  return LETTER_OR_DIGIT.test(Array.from(after)[0] ?? '')
}

function decoded(text: string, bytes: boolean): string {
  return bytes ? Buffer.from(text, 'latin1').toString() : text
}

function isWordCode(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || code === 0x5f || (code >= 0x61 && code <= 0x7a)
  )
}

/** Tells whether a character belongs to base64 or base64url, padding apart. */
export function isBase64(code: number): boolean {
  return (
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x2f && code <= 0x39) ||
    code === 0x2b ||
    code === 0x2d ||
    code === 0x5f
  )
}
