/** Text: one string from its beginning to its end, with nothing escaped. */
import type { Slot } from './slot.ts'

/** Gives the whole text as one slot. */
export function textSlots(source: string): Slot[] {
  return [{ start: 0, end: source.length, text: source, isKey: false, write: (text) => text }]
}
