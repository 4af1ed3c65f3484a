/** The strings of a JSON text. Numbers, blanks and the order of keys stay as they were written. */
import { CliError } from '../failure.ts'
import { mayHoldTag, shownPlace, type Slot } from './slot.ts'

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
  for (const [start, end] of stringsOf(source)) {
    const text = JSON.parse(source.slice(start, end)) as string
    if (!mayHoldTag(text)) continue
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

/** Where the strings of JSON (RFC 8259) stand, with their quotes. A pattern would need a stack as high as a string is long. */
function* stringsOf(source: string): Generator<[start: number, end: number]> {
  for (let start = source.indexOf('"'); start !== -1;) {
    let last = start + 1
    while (source[last] !== '"') last += source[last] === '\\' ? 2 : 1
    yield [start, last + 1]
    start = source.indexOf('"', last + 1)
  }
}
