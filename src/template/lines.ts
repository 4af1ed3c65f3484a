/** Comments that stand alone on their line take the line with them, as in mustache. */
import { COMMENT, type Piece } from './scan.ts'

/**
 * Removes comments, and the lines that hold nothing but comments and blanks, with their line break.
 *
 * A line ends at `\n` of the text; a line break inside a tag does not count.
 */
export function withoutComments(pieces: readonly Piece[]): Piece[] {
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
