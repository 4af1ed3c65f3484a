/** Strings of a file that may hold tags: where they stand in its text, and how they are written back. */

/** One such string. */
export interface Slot {
  /** Where it stands in the file's text, with its quotes and whatever else belongs to it. */
  readonly start: number
  readonly end: number
  /** The string itself. */
  readonly text: string
  /** True for a key of an object. */
  readonly isKey: boolean
  /** Writes another string in its place, so that it is read as that string and nothing else. */
  readonly write: (text: string) => string
}

/** What a file is made of. */
export type Format = 'json' | 'yaml' | 'text'

/** The formats, for help and completion. */
export const FORMATS = ['json', 'yaml', 'text'] as const

/** Only these are looked at: whatever else is in a file stays as it is, byte for byte. */
export function mayHoldTag(text: string): boolean {
  return text.includes('{{')
}

/** Shows a place as people count: `line 3, column 14`. */
export function shownPlace(source: string, offset: number): string {
  const before = source.slice(0, offset)
  const line = before.split('\n').length
  return `line ${line}, column ${offset - before.lastIndexOf('\n')}`
}

/** Where in the file a tag begins that begins at `start` in the slot's string: its braces are counted, whatever is escaped. */
export function placeOfTag(source: string, slot: Slot, start: number): number {
  let count = 0
  for (let at = slot.text.indexOf('{{'); at !== -1 && at <= start; at = slot.text.indexOf('{{', at + 2)) count++
  let place = slot.start - 2
  for (; count > 0; count--) {
    const next = source.indexOf('{{', place + 2)
    if (next === -1 || next >= slot.end) return slot.start
    place = next
  }
  return Math.max(place, slot.start)
}
