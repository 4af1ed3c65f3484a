/** Finds what the end of a text leaves open, for texts that come in pieces. */
import type { Form } from './forms.ts'
import { endOfForm, isSeamed, SEAM_SLACK } from './seam.ts'
import { isBase64 } from './token.ts'

/** How the end of a text is dealt with that more text follows. */
export interface Opening {
  /** From where on the text is held back; its length, if nothing is open. */
  readonly cut: number
  /** Where the first match begins that more text would complete, be its beginning held back or passed on. */
  readonly keep: number
}

/** How many characters around a match decide how it is masked. */
const MARGIN = 4
/** A rest after base64 that more of the same may follow. */
const OPEN_BASE64 = /^[\w+/-]?=?$/
/** A rest after a token that may become a mask or a letter: the first part of a character, in UTF-8 or UTF-16. */
const OPEN_TOKEN = /^(?:\*{0,2}|[\x80-\xff]{1,3}|[\ud800-\udbff])$/

/** Makes the function that tells what more text may complete or change, in a text that was passed on up to `from`. */
export function openingOf(forms: readonly Form[]): (text: string, from: number) => Opening {
  let beginnings: Beginnings | undefined
  return (text, from) => {
    const { length } = text
    if (forms.length === 0) return { cut: length, keep: length }
    beginnings ??= buildBeginnings(forms)
    let keep = length
    // What was passed on as a hint of a value may turn out to be its beginning.
    for (let index = Math.max(0, length - beginnings.reach); index < length; index++) {
      const open = openAt(text, index, beginnings)
      if (open === undefined) continue
      keep = Math.min(keep, index)
      if (open !== 'hinted') return { cut: Math.max(from, open), keep }
    }
    const last = length - 1
    return { cut: beginnings.before && last >= from && isBase64(text.charCodeAt(last)) ? last : length, keep }
  }
}

/** Where a match that begins at `index`, or at the base64 character before it, is not settled yet; or that it is hinted. */
function openAt(text: string, index: number, beginnings: Beginnings): number | 'hinted' | undefined {
  let open: number | 'hinted' | undefined
  const key = index + 1 < text.length ? pairKey(text, index) : text.charCodeAt(index)
  for (const form of (index + 1 < text.length ? beginnings.pairs : beginnings.singles).get(key) ?? []) {
    const end = endOfForm(text, index, form.text, isSeamed(form))
    if (end === undefined || (typeof end === 'number' && !isUnsettled(text, end, form))) continue
    if (end === 'hinted') {
      open ??= end
      continue
    }
    if (form.before && isBase64(text.charCodeAt(index - 1))) return index - 1
    open = index
  }
  return open
}

/** Tells whether what follows a complete match at the end of the text leaves open how it is masked. */
function isUnsettled(text: string, end: number, form: Form): boolean {
  if (!(form.after || form.whole) || text.length - end >= MARGIN) return false
  const rest = text.slice(end)
  return (form.after && OPEN_BASE64.test(rest)) || (form.whole && OPEN_TOKEN.test(rest))
}

/** The forms by how they begin, for the end of a chunk. */
interface Beginnings {
  readonly singles: ReadonlyMap<number, readonly Form[]>
  readonly pairs: ReadonlyMap<number, readonly Form[]>
  /** How far before the end of the text a match can begin that is not complete. */
  readonly reach: number
  readonly before: boolean
}

function buildBeginnings(forms: readonly Form[]): Beginnings {
  const singles = new Map<number, Form[]>()
  const pairs = new Map<number, Form[]>()
  let reach = 0
  for (const form of forms) {
    const seamed = isSeamed(form)
    reach = Math.max(reach, form.text.length + MARGIN + (seamed ? SEAM_SLACK : 0))
    push(singles, form.text.charCodeAt(0), form)
    push(pairs, pairKey(form.text, 0), form)
    if (!seamed) continue
    // A seam may stand between the first two characters.
    for (const code of [0x0a, 0x0d, 0x1b]) push(pairs, (form.text.charCodeAt(0) << 16) | code, form)
  }
  return { singles, pairs, reach, before: forms.some((form) => form.before) }
}

function push(map: Map<number, Form[]>, key: number, form: Form): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [form])
  else list.push(form)
}

function pairKey(text: string, index: number): number {
  return (text.charCodeAt(index) << 16) | text.charCodeAt(index + 1)
}
