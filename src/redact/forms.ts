/** The forms in which a value turns up in text: as it is, escaped, percent-encoded, in base64 and in hex. */
import { inspect } from 'node:util'

/** A text to find, and how far around it to mask. */
export interface Form {
  readonly text: string
  /** Found only where no letter, digit or `_` stands next to it. */
  readonly whole: boolean
  /** In base64 the character before holds bits of the value too. */
  readonly before: boolean
  /** In base64 the character after holds bits of the value too; padding goes with it. */
  readonly after: boolean
}

/** Values shorter than this are never masked: UTF-16 units, as `length` counts. */
const SHORTEST = 4
/** Values shorter than this are masked as a whole token only. */
const SHORTEST_ANYWHERE = 6
/** Longer forms are found in pieces of at most this length, so that no value makes a stream hold back more. */
const LONGEST_FORM = 512

/** Lists every form of a value, each text once. Empty for a value too short to be masked. */
export function formsOf(value: string): Form[] {
  const forms = new Map<string, Form>()
  for (const variant of variantsOf(value)) addForms(forms, variant)
  for (const line of value.split(/\r\n|\r|\n/)) addLine(forms, line.trim())
  return [...forms.values()]
}

/** The value with other line ends, and without the white space around it that files and shells add or drop. */
function variantsOf(value: string): Set<string> {
  const unix = value.replaceAll('\r\n', '\n')
  const variants = new Set([value, unix, unix.replaceAll('\n', '\r\n')])
  for (const variant of [...variants]) variants.add(variant.trim())
  return variants
}

function addForms(forms: Map<string, Form>, value: string): void {
  if (value.length < SHORTEST) return
  const whole = value.length < SHORTEST_ANYWHERE
  for (const text of [...textForms(value), ...percentForms(value)]) addForm(forms, text, whole)
  for (const bytes of bytesOf(value)) {
    for (const text of byteForms(bytes)) addForm(forms, text, whole)
    if (whole) addWholeBase64(forms, bytes)
    else addAlignedBase64(forms, bytes)
  }
}

/** One line of a value: only as text and escaped, since an encoding encodes all lines together. */
function addLine(forms: Map<string, Form>, line: string): void {
  if (line.length < SHORTEST) return
  for (const text of textForms(line)) addForm(forms, text, line.length < SHORTEST_ANYWHERE)
}

function textForms(value: string): string[] {
  const json = JSON.stringify(value).slice(1, -1)
  return [
    value,
    json,
    json.replaceAll('/', '\\/'),
    json.replace(/[<>&]/g, unicodeEscape),
    json.replace(/[^\0-\x7f]/g, unicodeEscape),
    json.replaceAll('/', '\\/').replace(/[^\0-\x7f]/g, unicodeEscape),
    json.replace(/[^\0-\x7f]/g, (char) => unicodeEscape(char).replace(/[a-f]/g, upperCase)),
    JSON.stringify(json).slice(1, -1),
    inspect(value, { breakLength: Infinity, maxStringLength: Infinity }).slice(1, -1),
  ]
}

function percentForms(value: string): string[] {
  const wellFormed = value.toWellFormed()
  const component = encodeURIComponent(wellFormed)
  const strict = component.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
  const form = new URLSearchParams([['', wellFormed]]).toString().slice(1)
  const forms = [component, component.replaceAll('%20', '+'), strict, form, encodeURI(wellFormed)]
  return [
    ...forms,
    ...forms.map((text) => text.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase())),
    encodeURIComponent(component),
  ]
}

/** The value's bytes in UTF-8, and in Latin-1 where it differs and exists, as `btoa` encodes. */
function bytesOf(value: string): Buffer[] {
  const utf8 = Buffer.from(value)
  return /[\x80-\xff]/.test(value) && !/[^\0-\xff]/.test(value) ? [utf8, Buffer.from(value, 'latin1')] : [utf8]
}

/** What `inspect` shows of a Buffer. */
const INSPECTED_BYTES = 50
/** Longer values are not looked for as numbers or spaced hex: nobody prints them so, and it takes long to prepare. */
const LONGEST_LISTED = 4096

/** Hex in both cases, hex with blanks as `inspect` shows a Buffer, and the numbers of a Buffer in JSON. */
function byteForms(bytes: Buffer): string[] {
  const hex = bytes.toString('hex')
  const forms = [hex, hex.toUpperCase(), spaced(bytes.subarray(0, INSPECTED_BYTES))]
  return bytes.length > LONGEST_LISTED ? forms : [...forms, spaced(bytes), bytes.join(',')]
}

function spaced(bytes: Buffer): string {
  return bytes.toString('hex').replace(/..(?!$)/g, '$& ')
}

function addWholeBase64(forms: Map<string, Form>, bytes: Buffer): void {
  const padded = bytes.toString('base64')
  for (const text of [padded, padded.replace(/=+$/, ''), encodeURIComponent(padded), bytes.toString('base64url')]) {
    addForm(forms, text, true)
  }
}

/**
 * The characters of base64 that depend on the value alone, wherever in a longer text it stands: RFC 4648 encodes three
 * bytes as four characters, so there are three alignments, and a character at either end may share bits with a neighbour.
 */
function addAlignedBase64(forms: Map<string, Form>, bytes: Buffer): void {
  for (const lead of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(lead), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const after = (lead + bytes.length) % 3 !== 0
    const own = encoded.slice(lead === 0 ? 0 : lead + 1, after ? -1 : undefined)
    const url = own.replaceAll('+', '-').replaceAll('/', '_')
    for (const text of [own, url, encodeURIComponent(own), own.replaceAll('/', '\\/')]) {
      addForm(forms, text, false, lead > 0, after)
    }
  }
}

/** Adds a text, in pieces if it is long: all of one length, so that a run of equal characters is one piece many times. */
function addForm(forms: Map<string, Form>, text: string, whole: boolean, before = false, after = false): void {
  const last = Math.max(0, text.length - LONGEST_FORM)
  for (let start = 0; ; start = Math.min(start + LONGEST_FORM, last)) {
    const piece = text.slice(start, start + LONGEST_FORM)
    const known = forms.get(piece)
    forms.set(piece, {
      text: piece,
      whole: whole && known?.whole !== false,
      before: (before && start === 0) || known?.before === true,
      after: (after && start === last) || known?.after === true,
    })
    if (start === last) break
  }
}

function unicodeEscape(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function upperCase(text: string): string {
  return text.toUpperCase()
}
