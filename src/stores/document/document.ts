/**
 * A document of format `latchkey/1` as bytes: a title, a header, one sorted line for each version of each secret, a footer
 * with a MAC. A store file is one; a keyring is one without records.
 *
 * Lines are found by binary search in the bytes as they were read: opening a store does not take its records apart.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { fixedFromBase64Url } from '../../crypto/bytes.ts'
import { headerLine, MAC_BYTES, readHeader } from './header.ts'
import type { Header } from './header.ts'
import { corrupt } from './subject.ts'
import type { Subject } from './subject.ts'

/** A document, taken apart as far as is needed to find a line. */
export interface Document {
  /** What it is, for messages. */
  readonly subject: Subject
  readonly bytes: Buffer
  readonly header: Header
  /** Where the first record begins. */
  readonly body: number
  /** Where the footer begins. */
  readonly footer: number
  /** How many records the footer tells of. */
  readonly count: number
  readonly mac: string
}

const TITLE = 'latchkey/1\n'
const NEWLINE = 10
const FOOTER = /^end\t(0|[1-9]\d{0,9})\t([A-Za-z0-9_-]{43})\n$/
const MAX_HEADER_BYTES = 512 * 1024
const MAX_FOOTER_BYTES = 80

/**
 * Takes a document apart. Nothing in it can be trusted before {@link verifyDocument}.
 *
 * @throws StoreError CORRUPT if this is no document of this format, or not a whole one.
 */
export function readDocument(bytes: Buffer, subject: Subject): Document {
  if (bytes.toString('latin1', 0, TITLE.length) !== TITLE) throw badTitle(bytes, subject)
  const headerEnd = bytes.subarray(0, MAX_HEADER_BYTES).indexOf(NEWLINE, TITLE.length)
  if (headerEnd === -1) throw corrupt(subject, `The header of the ${subject.noun} has no end.`)
  const header = readHeader(bytes.toString('utf8', TITLE.length, headerEnd), subject)
  const body = headerEnd + 1
  const tail = Math.max(body, bytes.length - MAX_FOOTER_BYTES)
  const lastBreak = bytes.length < 2 ? -1 : bytes.subarray(0, bytes.length - 1).lastIndexOf(NEWLINE)
  const footer = Math.max(tail, lastBreak + 1)
  const [, count, mac] = FOOTER.exec(bytes.toString('latin1', footer)) ?? []
  if (count === undefined || mac === undefined || lastBreak + 1 !== footer) {
    throw corrupt(subject, `The ${subject.noun} is not whole: its last line is missing or damaged.`)
  }
  return { subject, bytes, header, body, footer, count: Number(count), mac }
}

/** Throws CORRUPT unless the document's MAC was made with this key, and it holds as many records as it says. */
export function verifyDocument(document: Document, macKey: Buffer): void {
  const given = fixedFromBase64Url(document.mac, MAC_BYTES)
  const end = document.bytes.length - document.mac.length - 1
  const mac = createHmac('sha256', macKey).update(document.bytes.subarray(0, end)).digest()
  if (given === undefined || !timingSafeEqual(given, mac)) {
    throw corrupt(document.subject, `The ${document.subject.noun} was changed by something else than latchkey.`)
  }
  if (countLines(document) !== document.count) throw damaged(document.subject)
}

function countLines({ bytes, body, footer }: Document): number {
  let lines = 0
  for (let at = body; at < footer; lines += 1) at = bytes.indexOf(NEWLINE, at) + 1
  return lines
}

/** Puts a document together, and says where its parts are. */
export function writeDocument(
  subject: Subject,
  header: Header,
  records: readonly Uint8Array[],
  count: number,
  macKey: Buffer,
): Document {
  const head = Buffer.from(`${TITLE}${headerLine(header)}\n`)
  const foot = Buffer.from(`end\t${count}\t`)
  const length = records.reduce((sum, record) => sum + record.length, 0)
  const bytes = Buffer.concat([head, ...records, foot, Buffer.alloc(MAC_BYTES + 12)])
  const footer = head.length + length
  const end = footer + foot.length
  const mac = createHmac('sha256', macKey).update(bytes.subarray(0, end)).digest('base64url')
  bytes.write(`${mac}\n`, end, 'latin1')
  return { subject, bytes, header, body: head.length, footer, count, mac }
}

/** Gives the offset of the first record that is not before `probe`, byte by byte; the footer's if there is none. */
export function firstFrom(document: Document, probe: Buffer): number {
  const { bytes, body, footer } = document
  let low = body
  let high = footer
  while (low < high) {
    const middle = Math.max(low, bytes.lastIndexOf(NEWLINE, Math.floor((low + high) / 2) - 1) + 1)
    const order = bytes.compare(probe, 0, probe.length, middle, Math.min(middle + probe.length, footer))
    if (order < 0) low = bytes.indexOf(NEWLINE, middle) + 1
    else high = middle
  }
  return low
}

/** Gives the record at an offset, without its line break. */
export function recordAt({ bytes }: Document, offset: number): string {
  return bytes.toString('latin1', offset, bytes.indexOf(NEWLINE, offset))
}

/** Tells whether the record at an offset begins with `start`. */
export function beginsWith({ bytes, footer }: Document, offset: number, start: Buffer): boolean {
  return offset + start.length <= footer && bytes.compare(start, 0, start.length, offset, offset + start.length) === 0
}

/** Gives the offset of the record before an offset that is not the first. */
export function recordBefore({ bytes, body }: Document, offset: number): number {
  return Math.max(body, bytes.lastIndexOf(NEWLINE, offset - 2) + 1)
}

function badTitle(bytes: Buffer, subject: Subject): Error {
  const start = bytes.toString('latin1', 0, 24)
  const { noun } = subject
  if (bytes.length === 0) return corrupt(subject, `The ${noun} is empty.`)
  if (start.startsWith('\xef\xbb\xbf')) {
    return corrupt(subject, `The ${noun} begins with a byte order mark: an editor saved it.`)
  }
  if (start.startsWith('latchkey/1\r')) {
    return corrupt(
      subject,
      `The line ends of the ${noun} were changed to CRLF.`,
      'Put "*.latchkey -text" into .gitattributes, and check the file out again.',
    )
  }
  if (/^latchkey\/\d/.test(start) && !TITLE.startsWith(start)) {
    return corrupt(subject, `The ${noun} is of a format that this version of latchkey does not know.`, UPGRADE)
  }
  return corrupt(subject, `The ${noun} is not one of latchkey, or not a whole one.`)
}

const UPGRADE = 'Upgrade latchkey; if nothing newer wrote this, restore it from a backup.'

/** Makes the error of a document whose MAC is right and whose contents are not. */
export function damaged(subject: Subject): Error {
  return corrupt(subject, `The ${subject.noun} holds something that latchkey does not write.`)
}
