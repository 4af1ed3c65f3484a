/** Replaces places in a text by the mask, for whole texts and for texts that come in pieces. */
import type { Matcher } from './matcher.ts'
import { TOKEN_CONTEXT } from './token.ts'

/** What stands in place of a value. */
export const MASK = '***'
/** What stands in place of a text that could not be redacted. */
export const WITHHELD = '[withheld: redaction failed]'

/** Replaces everything that `matcher` finds by the mask. The same string if it finds nothing. */
export function maskText(text: string, matcher: Matcher): string {
  const spans = matcher.find(text)
  if (spans.length === 0) return text
  let masked = ''
  let position = 0
  for (let index = 0; index < spans.length; index += 2) {
    masked += text.slice(position, spans[index]) + MASK
    position = spans[index + 1] ?? text.length
  }
  return masked + text.slice(position)
}

/** Masks a text that comes in pieces: what may be the beginning of a value is held back until more of it is known. */
export interface MaskingBuffer {
  /** Takes a piece; returns what can be passed on. */
  readonly push: (piece: string) => string
  /** Returns the rest. */
  readonly end: () => string
}

/** @param currentMatcher - gives the matcher for the next piece, so that values added meanwhile count. */
export function createMaskingBuffer(currentMatcher: () => Matcher): MaskingBuffer {
  // What was passed on last, for the tokens after it, and then what is held back.
  let held = ''
  let passed = 0
  /** How far `held` is masked already. -1 if what was passed on last was no mask. */
  let maskedTo = -1

  function take(text: string, matcher: Matcher, cut: number): string {
    const spans = matcher.find(text)
    let output = ''
    let position = Math.max(passed, maskedTo)
    for (let index = 0; index < spans.length; index += 2) {
      const start = spans[index] ?? 0
      const end = spans[index + 1] ?? 0
      if (end <= position) continue
      if (start >= cut) break
      output += text.slice(position, start)
      if (start > maskedTo) output += MASK
      position = end
      maskedTo = end
    }
    if (position < cut) output += text.slice(position, cut)
    const from = Math.max(0, cut - TOKEN_CONTEXT)
    held = text.slice(from)
    passed = cut - from
    maskedTo = maskedTo >= cut ? maskedTo - from : -1
    return output
  }

  return {
    push(piece) {
      const matcher = currentMatcher()
      const text = held + piece
      return take(text, matcher, matcher.openFrom(text, passed))
    },
    end: () => take(held, currentMatcher(), held.length),
  }
}
