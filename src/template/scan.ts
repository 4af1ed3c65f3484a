/** Finds the tags of one string. Linear in its length, whatever stands in it. */
import type { TemplateErrorCode } from '../errors.ts'
import { BLANK, DOLLAR, find, isLetter, isWord, leadingPath, NONE, skipBlanks, skipBlanksBack } from './characters.ts'
import { closeAfter, emit, mark, openAfter, place, type Scan, slotOf } from './cursor.ts'
import { isFull, report, type Site } from './issue.ts'
import { nearMiss } from './near-miss.ts'
import { cachedPath, type Path, readPath } from './path.ts'
import { COMMENT, joinPieces } from './pieces.ts'
import type { Notes, Plan, TagUse } from './plan.ts'

const LITERALS = ['${{', '{{', '{', '$']

/** What is said of a tag that does not end, where `{{` alone opens none. */
const UNCLOSED_DOLLAR = "The tag is not closed: add }}, or write ${{ '${{' }} for a literal ${{."

/** One opened tag. */
interface Opened {
  /** Where the tag starts: at its `$`, if that belongs to it. */
  readonly start: number
  /** Right behind the opening braces. */
  readonly inner: number
  /** Where the content starts: behind blanks and up to two of `{` and `&`. */
  readonly body: number
  readonly sigils: string
}

/**
 * Splits a string into texts and references; what is wrong goes to the plan's issues.
 *
 * @param at - where the first `{{` stands.
 * @returns `undefined` if nothing in the string is to be replaced.
 */
export function scanText(plan: Plan, site: Site, text: string, at: number): (string | TagUse)[] | undefined {
  const opener = plan.settings.syntax === 'dollar' ? '${{' : '{{'
  const scan: Scan = { plan, site, text, opener, pieces: null, copied: 0, next: at, close: -1, isMixed: false }
  if (opener !== '{{') scan.next = find(text, opener, 0)
  for (let from = scan.next; from !== NONE;) {
    from = openAfter(scan, readTag(scan, from))
    if (isFull(plan)) return undefined
  }
  const { pieces, copied } = scan
  if (pieces === null) return undefined
  if (copied < text.length) pieces.push(text.slice(copied))
  return scan.isMixed ? joinPieces(pieces) : (pieces as (string | TagUse)[])
}

/** Reads the tag that opens at `at`. Returns where to go on. */
function readTag(scan: Scan, at: number): number {
  const { text, plan } = scan
  const inner = at + scan.opener.length
  const start = plan.settings.syntax === 'both' && at > 0 && text.charCodeAt(at - 1) === DOLLAR ? at - 1 : at
  const known = readKnown(scan, start, inner)
  if (known !== -1) return known
  let body = skipBlanks(text, inner)
  let sigils = ''
  while (sigils.length < 2 && (text[body] === '{' || text[body] === '&')) {
    sigils += text[body] ?? ''
    body = skipBlanks(text, body + 1)
  }
  const opened: Opened = { start, inner, body, sigils }
  if (isClaimed(text, body, plan.namespaces)) return readClaimed(scan, opened)
  if (sigils === '') {
    if (text[body] === '!') return readComment(scan, opened)
    const literal = literalAt(scan, opened)
    if (literal !== -1) return literal
  }
  return readForeign(scan, opened)
}

/**
 * The short way for what stands in most templates: a reference that was read before, with at most one blank at either
 * side. Returns -1 for anything else.
 */
function readKnown(scan: Scan, start: number, inner: number): number {
  const { text } = scan
  const close = closeAfter(scan, inner)
  if (close === NONE) return -1
  const from = text.charCodeAt(inner) === BLANK ? inner + 1 : inner
  const to = text.charCodeAt(close - 1) === BLANK ? close - 1 : close
  const path = from < to ? cachedPath(text, from, to) : undefined
  if (path === undefined || !scan.plan.namespaces.includes(path.namespace)) return -1
  return readReference(scan, path, start, close + 2)
}

function readClaimed(scan: Scan, opened: Opened): number {
  const { text, plan, site } = scan
  const { settings } = plan
  const { start, body } = opened
  const next = openAfter(scan, body)
  const close = closeAfter(scan, body)
  const unclosed = close >= next
  const triple = opened.sigils === '{'
  if (unclosed || (triple && text[close + 2] !== '}')) {
    const end = unclosed ? Math.min(next, text.length) : close + 2
    const message = unclosed ? unclosedMessage(scan) : 'A tag that opens with {{{ is closed by }}}.'
    report(plan, 'UNCLOSED_TAG', site, start, end, { reference: leadingPath(text, body), message })
    return end
  }
  const end = triple ? close + 3 : close + 2
  const bodyEnd = skipBlanksBack(text, close)
  const path = opened.sigils.length > 1 || bodyEnd - body > settings.maxTag ? undefined : readPath(text, body, bodyEnd)
  if (path !== undefined) return readReference(scan, path, start, end)
  const tooLong = end - start > settings.maxTag
  const reference = tooLong ? leadingPath(text, body) : text.slice(body, bodyEnd)
  report(plan, tooLong ? 'TAG_TOO_LONG' : 'BAD_REFERENCE', site, start, end, { reference })
  return end
}

/** Takes a well-formed reference, unless it may not stand here. */
function readReference(scan: Scan, path: Path, start: number, end: number): number {
  const { text, plan, site } = scan
  const { settings } = plan
  if (end - start > settings.maxTag) {
    report(plan, 'TAG_TOO_LONG', site, start, end, { reference: path.text })
    return end
  }
  if (start > 0 && text.charCodeAt(start - 1) === DOLLAR && settings.syntax === 'mustache') {
    report(plan, 'AMBIGUOUS_DOLLAR', site, start - 1, end, { reference: path.text })
    return end
  }
  if (path.isSecret && refusesSecret(scan, path, start, end)) return end
  emit(scan, { slot: slotOf(plan, path), start, end }, start, end)
  if (plan.notes !== null) noteReference(scan, plan.notes, path, start, end)
  return end
}

function noteReference(scan: Scan, notes: Notes, path: Path, start: number, end: number): void {
  mark(scan, start, end, path.text)
  notes.references.push({
    reference: path.text,
    namespace: path.namespace,
    segments: path.segments,
    ...place(scan, start, end),
    ...(path.isSecret && path.segments.length === 1 ? { deprecated: true } : {}),
  })
}

function refusesSecret(scan: Scan, path: Path, start: number, end: number): boolean {
  const code = secretFault(scan, path.segments)
  if (code === undefined) return false
  report(scan.plan, code, scan.site, start, end, { reference: path.text })
  return true
}

function secretFault({ plan, site }: Scan, segments: readonly string[]): TemplateErrorCode | undefined {
  const { flat, allow } = plan.settings
  const [name] = segments
  if (name === undefined) return 'BARE_NAMESPACE'
  if (segments.length > 2) return 'TOO_MANY_SEGMENTS'
  if (segments.length === 1 && flat === 'error') return 'FLAT_REFERENCE'
  if (site.inKey) return 'SECRET_IN_KEY'
  return allow === undefined || allow.has(name) ? undefined : 'NOT_ALLOWED'
}

/** A comment ends at the next `}}`, whatever stands in it. */
function readComment(scan: Scan, { start, body }: Opened): number {
  const close = closeAfter(scan, body)
  if (close === NONE) return readUnclosed(scan, start, body)
  const end = close + 2
  mark(scan, start, end)
  if (scan.plan.settings.keepForeign) return end
  emit(scan, COMMENT, start, end)
  scan.isMixed = true
  return end
}

/** `{{ '{{' }}` and its like. Returns where the tag ends, or -1 if it is no literal. */
function literalAt(scan: Scan, { start, body }: Opened): number {
  const { text } = scan
  const quote = text[body]
  if (quote !== "'" && quote !== '"') return -1
  const literal = LITERALS.find((item) => text.startsWith(item + quote, body + 1))
  if (literal === undefined) return -1
  const close = skipBlanks(text, body + 1 + literal.length + 1)
  if (!text.startsWith('}}', close)) return -1
  emit(scan, { literal }, start, close + 2)
  scan.isMixed = true
  mark(scan, start, close + 2)
  return close + 2
}

function readForeign(scan: Scan, opened: Opened): number {
  const { text, plan, site } = scan
  const { start, inner, body, sigils } = opened
  const next = openAfter(scan, inner)
  const close = closeAfter(scan, body)
  const unclosed = close >= next
  const triple = sigils.startsWith('{') && text[close + 2] === '}'
  const end = unclosed ? Math.min(next, text.length) : triple ? close + 3 : close + 2
  const reference = isLetter(text.charCodeAt(body)) ? leadingPath(text, body) : ''
  if (plan.settings.keepForeign) {
    const suggestion = nearMissOf(scan, reference)
    // A reference that was mistyped must not leave here as text.
    if (suggestion !== undefined && reference.includes('.')) {
      report(plan, 'UNKNOWN_NAMESPACE', site, start, end, { reference, suggestion })
    } else if (!unclosed) plan.notes?.foreign.push(place(scan, start, end))
    return end
  }
  if (unclosed) return readUnclosed(scan, start, inner)
  plan.notes?.foreign.push(place(scan, start, end))
  if (body === close) report(plan, 'EMPTY_TAG', site, start, end)
  else if (reference === '') report(plan, 'UNSUPPORTED_TAG', site, start, end)
  else report(plan, 'UNKNOWN_NAMESPACE', site, start, end, { reference, suggestion: nearMissOf(scan, reference) })
  return end
}

function nearMissOf(scan: Scan, reference: string): string | undefined {
  const [name = ''] = reference.split('.', 1)
  return nearMiss(name, scan.plan.namespaces)
}

/** A tag that is not ours and does not end: kept as text, or an issue. The scan goes on at the next `{{`. */
function readUnclosed(scan: Scan, start: number, from: number): number {
  const end = Math.min(openAfter(scan, from), scan.text.length)
  if (!scan.plan.settings.keepForeign) {
    report(scan.plan, 'UNCLOSED_TAG', scan.site, start, end, { message: unclosedMessage(scan) })
  }
  return end
}

function unclosedMessage({ plan }: Scan): string | undefined {
  return plan.settings.syntax === 'dollar' ? UNCLOSED_DOLLAR : undefined
}

function isClaimed(text: string, at: number, namespaces: readonly string[]): boolean {
  for (const namespace of namespaces) {
    if (text.startsWith(namespace, at) && !isWord(text.charCodeAt(at + namespace.length))) return true
  }
  return false
}
