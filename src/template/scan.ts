/** Finds the tags of one string. Linear in its length, whatever stands in it. */
import { pointerOf } from './frame.ts'
import { isFull, report, type Site } from './issue.ts'
import { nearMiss } from './near-miss.ts'
import { type Path, readPath, SECRETS } from './path.ts'
import type { Mark, Plan } from './plan.ts'
import type { TagPlace } from './types.ts'

/** A comment's place; it gives no text. */
export const COMMENT = Symbol('comment')

/** A reference that was found. */
export interface FoundTag {
  readonly path: Path
  readonly start: number
  readonly end: number
}
/** Text of the template; text that a literal gives; a comment; a reference. */
export type Piece = string | { readonly literal: string } | typeof COMMENT | FoundTag

const LITERALS = ['${{', '{{', '{', '$']
const LEADING_PATH = /[\w.-]{0,80}/y

/** Where a scan stands. `next` and `close` only ever move forward: this is what keeps a scan linear. */
interface Scan {
  readonly plan: Plan
  readonly site: Site
  readonly text: string
  readonly opener: string
  readonly pieces: Piece[]
  /** Up to where the text is in `pieces`. */
  copied: number
  next: number
  close: number
}

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
 * Splits a string into pieces; what is wrong goes to the plan's findings.
 *
 * @param at - where the first `{{` stands.
 * @returns `undefined` if nothing in the string is to be replaced.
 */
export function scanText(plan: Plan, site: Site, text: string, at: number): Piece[] | undefined {
  const opener = plan.settings.syntax === 'dollar' ? '${{' : '{{'
  const scan: Scan = { plan, site, text, opener, pieces: [], copied: 0, next: -1, close: -1 }
  scan.next = opener === '{{' ? at : find(text, opener, 0)
  for (let from = scan.next; from !== Infinity;) {
    from = openAfter(scan, readTag(scan, from))
    if (isFull(plan.findings)) return undefined
  }
  if (scan.pieces.length === 0) return undefined
  if (scan.copied < text.length) scan.pieces.push(text.slice(scan.copied))
  return scan.pieces
}

/** Reads the tag that opens at `at`. Returns where to go on. */
function readTag(scan: Scan, at: number): number {
  const { text, plan } = scan
  const inner = at + scan.opener.length
  const dollar = plan.settings.syntax === 'both' && at > 0 && text.charCodeAt(at - 1) === 36
  let body = skipBlanks(text, inner)
  let sigils = ''
  while (sigils.length < 2 && (text[body] === '{' || text[body] === '&')) {
    sigils += text[body] ?? ''
    body = skipBlanks(text, body + 1)
  }
  const opened: Opened = { start: dollar ? at - 1 : at, inner, body, sigils }
  if (isClaimed(text, body, plan.namespaces)) return readClaimed(scan, opened)
  if (sigils === '') {
    if (text[body] === '!') return readComment(scan, opened)
    const literal = literalAt(scan, opened)
    if (literal !== -1) return literal
  }
  return readForeign(scan, opened)
}

function readClaimed(scan: Scan, opened: Opened): number {
  const { text, plan, site } = scan
  const { settings, findings } = plan
  const { start, body } = opened
  const next = openAfter(scan, body)
  const close = closeAfter(scan, body)
  const unclosed = close >= next
  const triple = opened.sigils === '{'
  if (unclosed || (triple && text[close + 2] !== '}')) {
    const end = unclosed ? Math.min(next, text.length) : close + 2
    const message = unclosed ? {} : { message: 'A tag that opens with {{{ is closed by }}}.' }
    report(findings, 'UNCLOSED_TAG', site, start, end, { reference: leadingPath(text, body), ...message })
    return end
  }
  const end = triple ? close + 3 : close + 2
  if (end - start > settings.maxTag) {
    report(findings, 'TAG_TOO_LONG', site, start, end, { reference: leadingPath(text, body) })
    return end
  }
  const reference = text.slice(body, close).trimEnd()
  if (settings.syntax === 'mustache' && start > 0 && text.charCodeAt(start - 1) === 36) {
    report(findings, 'AMBIGUOUS_DOLLAR', site, start - 1, end, { reference })
    return end
  }
  const path = opened.sigils.length > 1 ? undefined : readPath(reference)
  if (path === undefined) {
    report(findings, 'BAD_REFERENCE', site, start, end, { reference })
    return end
  }
  if (path.namespace === SECRETS && refusesSecret(scan, path, start, end)) return end
  emit(scan, { path, start, end }, start, end)
  if (plan.notes !== null) {
    mark(scan, 'reference', start, end, path.text)
    plan.notes.references.push({
      reference: path.text,
      namespace: path.namespace,
      segments: path.segments,
      ...place(scan, start, end),
      ...(path.namespace === SECRETS && path.segments.length === 1 ? { deprecated: true } : {}),
    })
  }
  return end
}

function refusesSecret(scan: Scan, path: Path, start: number, end: number): boolean {
  const { settings, findings } = scan.plan
  const [name] = path.segments
  const refuse = (code: Parameters<typeof report>[1]): true => {
    report(findings, code, scan.site, start, end, { reference: path.text })
    return true
  }
  if (name === undefined) return refuse('BARE_NAMESPACE')
  if (path.segments.length > 2) return refuse('TOO_MANY_SEGMENTS')
  if (path.segments.length === 1 && settings.flat === 'error') return refuse('FLAT_REFERENCE')
  if (scan.site.inKey) return refuse('SECRET_IN_KEY')
  if (settings.allow !== undefined && !settings.allow.has(name)) return refuse('NOT_ALLOWED')
  return false
}

/** A comment ends at the next `}}`, whatever stands in it. */
function readComment(scan: Scan, { start, body }: Opened): number {
  const close = closeAfter(scan, body + 1)
  if (close === Infinity) return readUnclosed(scan, start, body)
  const end = close + 2
  mark(scan, 'comment', start, end, scan.text.slice(body, close))
  if (!scan.plan.settings.keepForeign) emit(scan, COMMENT, start, end)
  return end
}

/** `{{ '{{' }}` and its like. Returns where the tag ends, or -1 if it is no literal. */
function literalAt(scan: Scan, { start, body }: Opened): number {
  const { text } = scan
  const quote = text[body]
  if (quote !== "'" && quote !== '"') return -1
  const literal = LITERALS.find((item) => text.startsWith(item + quote, body + 1))
  if (literal === undefined) return -1
  const quoted = body + 1 + literal.length + 1
  const close = skipBlanks(text, quoted)
  if (!text.startsWith('}}', close)) return -1
  emit(scan, { literal }, start, close + 2)
  mark(scan, 'literal', start, close + 2, text.slice(body, quoted))
  return close + 2
}

function readForeign(scan: Scan, opened: Opened): number {
  const { text, plan, site } = scan
  const { start, inner, body, sigils } = opened
  const reference = leadingPath(text, body)
  const [name = ''] = reference.split('.')
  const suggestion = isIdentifier(name) ? nearMiss(name, plan.namespaces) : undefined
  const next = openAfter(scan, inner)
  const close = closeAfter(scan, body)
  const unclosed = close >= next
  const triple = sigils.startsWith('{') && text[close + 2] === '}'
  const end = unclosed ? Math.min(next, text.length) : triple ? close + 3 : close + 2
  if (plan.settings.keepForeign) {
    // A reference that was mistyped must not leave here as text.
    if (suggestion !== undefined && text[body + name.length] === '.') {
      report(plan.findings, 'UNKNOWN_NAMESPACE', site, start, end, { reference, suggestion })
    } else if (!unclosed) plan.notes?.foreign.push(place(scan, start, end))
    return end
  }
  if (unclosed) return readUnclosed(scan, start, inner)
  plan.notes?.foreign.push(place(scan, start, end))
  if (body === close) report(plan.findings, 'EMPTY_TAG', site, start, end)
  else if (isIdentifier(name)) report(plan.findings, 'UNKNOWN_NAMESPACE', site, start, end, { reference, suggestion })
  else report(plan.findings, 'UNSUPPORTED_TAG', site, start, end)
  return end
}

/** A tag that is not ours and does not end: kept as text, or an issue. The scan goes on at the next `{{`. */
function readUnclosed(scan: Scan, start: number, from: number): number {
  const end = Math.min(openAfter(scan, from), scan.text.length)
  if (!scan.plan.settings.keepForeign) report(scan.plan.findings, 'UNCLOSED_TAG', scan.site, start, end)
  return end
}

function emit(scan: Scan, piece: Piece, start: number, end: number): void {
  if (scan.copied < start) scan.pieces.push(scan.text.slice(scan.copied, start))
  scan.pieces.push(piece)
  scan.copied = end
}

function mark(scan: Scan, kind: Mark['kind'], start: number, end: number, body: string): void {
  scan.plan.notes?.marks.push({ site: scan.site, text: scan.text, kind, start, end, body })
}

function place(scan: Scan, start: number, end: number): TagPlace {
  const { site } = scan
  return { pointer: pointerOf(site.frame, site.key), ...(site.inKey ? { inKey: true } : {}), start, end }
}

/** The first opening braces at or after `from`, or Infinity. */
function openAfter(scan: Scan, from: number): number {
  if (scan.next < from) scan.next = find(scan.text, scan.opener, from)
  return scan.next
}

/** The first `}}` at or after `from`, or Infinity. */
function closeAfter(scan: Scan, from: number): number {
  if (scan.close < from) scan.close = find(scan.text, '}}', from)
  return scan.close
}

function find(text: string, what: string, from: number): number {
  const found = text.indexOf(what, from)
  return found === -1 ? Infinity : found
}

function isClaimed(text: string, at: number, namespaces: readonly string[]): boolean {
  for (const namespace of namespaces) {
    if (text.startsWith(namespace, at) && !isWord(text.charCodeAt(at + namespace.length))) return true
  }
  return false
}

/** Letters, digits and `_` of ASCII, as `\w`. */
function isWord(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95
}

function isIdentifier(name: string): boolean {
  return /^[A-Za-z_]\w*$/.test(name)
}

/** Skips what `\s` matches. */
function skipBlanks(text: string, from: number): number {
  let at = from
  for (;;) {
    const code = text.charCodeAt(at)
    if (code === 32 || (code >= 9 && code <= 13)) at++
    else if (code > 127 && /\s/.test(text.charAt(at))) at++
    else return at
  }
}

/** What could be a reference at a place: for messages, so at most 80 characters. */
function leadingPath(text: string, at: number): string {
  LEADING_PATH.lastIndex = at
  return LEADING_PATH.exec(text)?.[0] ?? ''
}
