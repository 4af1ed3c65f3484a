/** The strings of a JSON text. Numbers, blanks and the order of keys stay as they were written. */
import { CliError } from '../failure.ts'
import { mayHoldTag, shownPlace, type Slot } from './slot.ts'

/** A string of JSON (RFC 8259), as it is written. */
const STRING = /"(?:[^"\\]|\\.)*"/gs

/**
 * Finds the strings that may hold tags.
 *
 * @throws CliError INVALID if the text is not JSON; the place is told where Node tells it, the text is not.
 */
export function jsonSlots(source: string): Slot[] {
  try {
    JSON.parse(source)
  } catch (error) {
    const at = /at position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1]
    const place = at === undefined ? '' : ` at ${shownPlace(source, Number(at))}`
    throw new CliError('INVALID', `The input is not JSON${place}.`, 'Name another format with --format, or correct it.')
  }
  const slots: Slot[] = []
  for (const { 0: written, index: start } of source.matchAll(STRING)) {
    const text = JSON.parse(written) as string
    if (!mayHoldTag(text)) continue
    const end = start + written.length
    slots.push({
      start,
      end,
      text,
      isKey: /^\s*:/.test(source.slice(end, end + 64)),
      write: (value) => JSON.stringify(value),
    })
  }
  return slots
}
