/** The strings of a YAML text. Comments, blanks, anchors and all that is not filled in stay as they were written. */
import { parseAllDocuments, type Range, visit } from 'yaml'
import { CliError } from '../failure.ts'
import { mayHoldTag, shownPlace, type Slot } from './slot.ts'

/** `{{ SECRETS.name.KEY }}` without quotes: to YAML it is a map in a map, and meant is the tag. */
const BARE_TAG = /^\{\{[^{}]*\}\}$/
/** What a double-quoted scalar cannot hold as it is (YAML 1.2, 5.1 and 5.4), beyond what JSON escapes. */

const ESCAPED = /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g

/**
 * Finds the strings that may hold tags, in every document of the text. They are written back in double quotes, in which YAML
 * of any version reads them as strings, with no line break and no sign that could end them.
 *
 * @throws CliError INVALID if the text is not YAML.
 */
export function yamlSlots(source: string): Slot[] {
  const slots: Slot[] = []
  const add = (text: unknown, range: Range | null | undefined, isKey: boolean): boolean => {
    if (typeof text !== 'string' || !mayHoldTag(text) || range === null || range === undefined) return false
    const [start, end] = range
    const block = /^[|>]/.test(source.slice(start, end)) ? lineEndOf(source.slice(start, end)) : ''
    slots.push({ start, end, text, isKey, write: (value) => quoted(value) + block })
    return true
  }
  for (const document of parseAllDocuments(source, { prettyErrors: false, logLevel: 'silent' })) {
    const error = document.errors[0]
    if (error !== undefined) throw notYaml(source, error.pos[0])
    visit(document, {
      Scalar(key, { value, range }) {
        add(value, range, key === 'key')
      },
      Map(key, { flow, range }) {
        const written = flow === true && range ? source.slice(range[0], range[1]) : ''
        return BARE_TAG.test(written) && add(written, range, key === 'key') ? visit.SKIP : undefined
      },
    })
  }
  return slots.sort((a, b) => a.start - b.start)
}

function notYaml(source: string, offset: number): CliError {
  const hint = 'Put quotes around a text that begins with a tag. Or name another format with --format.'
  return new CliError('INVALID', `The input is not YAML at ${shownPlace(source, offset)}.`, hint)
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(ESCAPED, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** What follows a block scalar's text in its own range: the comment of its first line, and its line end. */
function lineEndOf(block: string): string {
  const comment = /^[^\n]*?(\s#[^\r\n]*)/.exec(block)?.[1] ?? ''
  return comment + (/\r?\n$/.exec(block)?.[0] ?? '')
}
