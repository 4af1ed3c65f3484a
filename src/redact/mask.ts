/** Replaces places in a text by the mask, for whole texts and for texts that come in pieces. */
import { type Matcher, mergedSpans } from './matcher.ts'
import type { Opening } from './opening.ts'
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
  /**
   * Returns what is held back, as though nothing followed for now: a question waits for its answer. But no more than `most`
   * characters of what may be a value, those of it that were let go of before among them. What follows is masked all the same
   * if it goes on with a value that began there.
   */
  readonly release: (most: number) => string
  /** Returns the rest. */
  readonly end: () => string
}

/** Makes a masking buffer. `currentMatcher` is asked at each piece, so that values added meanwhile count. */
export function createMaskingBuffer(currentMatcher: () => Matcher): MaskingBuffer {
  // What was passed on last, for the tokens after it and for values that begin in it, and then what is held back.
  let held = ''
  let passed = 0
  /** Places in `held` that belong to matches which began in what was passed on. */
  let carried: readonly number[] = []
  /** True if what was passed on last is a mask: what follows it without a gap belongs to it. */
  let masking = false

  function take(text: string, matcher: Matcher, { cut, keep }: Opening): string {
    let output = ''
    let position = passed
    const from = Math.max(0, Math.min(keep, cut - TOKEN_CONTEXT))
    const later: number[] = []
    for (const [start, end] of pairs(mergedSpans([...carried, ...matcher.find(text, cut)]))) {
      if (end > cut) later.push(Math.max(start, cut) - from, end - from)
      if (end <= position || start >= cut) continue
      const begin = Math.max(start, position)
      output += text.slice(position, begin)
      if (begin > position || !masking) output += MASK
      position = Math.min(end, cut)
      masking = true
    }
    if (position < cut) {
      output += text.slice(position, cut)
      masking = false
    }
    held = text.slice(from)
    passed = cut - from
    carried = later
    return output
  }

  return {
    push(piece) {
      const matcher = currentMatcher()
      const text = held + piece
      return take(text, matcher, matcher.opening(text, passed))
    },
    release(most) {
      const matcher = currentMatcher()
      const { cut, keep } = matcher.opening(held, passed)
      const begin = Math.min(cut, keep)
      return held.length - begin > most ? '' : take(held, matcher, { cut: held.length, keep: begin })
    },
    end: () => take(held, currentMatcher(), { cut: held.length, keep: held.length }),
  }
}

function* pairs(spans: readonly number[]): Generator<[number, number]> {
  for (let index = 0; index < spans.length; index += 2) yield [spans[index] ?? 0, spans[index + 1] ?? 0]
}
