/** Joins the pieces of a string that holds comments or literal braces. */
import type { TagUse } from './plan.ts'

/** A comment's place; it gives no text. */
export const COMMENT = Symbol('comment')

/** Text of the template; a reference; text that a literal gives; a comment. */
export type Piece = string | TagUse | { readonly literal: string } | typeof COMMENT

/** Joins what is text; removes comments, and the lines that they stand alone on. */
export function joinPieces(pieces: readonly Piece[]): (string | TagUse)[] {
  const parts: (string | TagUse)[] = []
  let text = ''
  for (const piece of pieces.includes(COMMENT) ? withoutComments(pieces) : pieces) {
    if (typeof piece === 'string') text += piece
    else if (typeof piece === 'symbol') continue
    else if ('literal' in piece) text += piece.literal
    else {
      if (text !== '') parts.push(text)
      text = ''
      parts.push(piece)
    }
  }
  if (text !== '') parts.push(text)
  return parts
}

/**
 * Removes comments, and the lines that hold nothing but comments and blanks, with their line break, as mustache does.
 *
 * A line ends at `\n` of the text; a line break inside a tag does not count.
 */
function withoutComments(pieces: readonly Piece[]): Piece[] {
  const kept: Piece[] = []
  let blanks: number[] = []
  let hasComment = false
  let hasContent = false
  const endLine = (): void => {
    if (hasComment && !hasContent) for (const index of blanks) kept[index] = ''
    blanks = []
    hasComment = hasContent = false
  }
  for (const piece of pieces) {
    if (piece === COMMENT) {
      hasComment = true
    } else if (typeof piece !== 'string') {
      hasContent = true
      kept.push(piece)
    } else {
      // Only the first and the last line of a text can touch a tag.
      const first = piece.indexOf('\n') + 1
      const last = piece.lastIndexOf('\n') + 1
      for (const text of [piece.slice(0, first), piece.slice(first, last), piece.slice(last)]) {
        if (text === '') continue
        if (/\S/.test(text)) hasContent = true
        else blanks.push(kept.length)
        kept.push(text)
        if (text.endsWith('\n')) endLine()
      }
    }
  }
  endLine()
  return kept
}
