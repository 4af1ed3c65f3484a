/**
 * The store file as bytes: a title, a header, one sorted line for each version of each secret, a footer with a MAC.
 *
 * Lines are found by binary search in the bytes as they were read: opening a store does not take its records apart.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { fixedFromBase64Url } from '../../crypto/bytes.ts'
import { storeError } from './failure.ts'
import { headerLine, MAC_BYTES, readHeader, RESTORE } from './header.ts'
import type { Header } from './header.ts'

/** A store file, taken apart as far as is needed to find a line. */
export interface Document {
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
 * Takes a store file apart. Nothing in it can be trusted before {@link verifyDocument}.
 *
 * @throws StoreError CORRUPT if this is no store file, or not a whole one.
 */
export function readDocument(bytes: Buffer): Document {
  if (bytes.toString('latin1', 0, TITLE.length) !== TITLE) throw badTitle(bytes)
  const headerEnd = bytes.subarray(0, MAX_HEADER_BYTES).indexOf(NEWLINE, TITLE.length)
  if (headerEnd === -1) throw storeError('CORRUPT', 'The header of the store file has no end.', RESTORE)
  const header = readHeader(bytes.toString('utf8', TITLE.length, headerEnd))
  const body = headerEnd + 1
  const tail = Math.max(body, bytes.length - MAX_FOOTER_BYTES)
  const lastBreak = bytes.length < 2 ? -1 : bytes.subarray(0, bytes.length - 1).lastIndexOf(NEWLINE)
  const footer = Math.max(tail, lastBreak + 1)
  const [, count, mac] = FOOTER.exec(bytes.toString('latin1', footer)) ?? []
  if (count === undefined || mac === undefined || lastBreak + 1 !== footer) {
    throw storeError('CORRUPT', 'The store file is not whole: its last line is missing or damaged.', RESTORE)
  }
  return { bytes, header, body, footer, count: Number(count), mac }
}

/** Throws CORRUPT unless the file's MAC was made with this key, and it holds as many records as it says. */
export function verifyDocument(document: Document, macKey: Buffer): void {
  const given = fixedFromBase64Url(document.mac, MAC_BYTES)
  const end = document.bytes.length - document.mac.length - 1
  const mac = createHmac('sha256', macKey).update(document.bytes.subarray(0, end)).digest()
  if (given === undefined || !timingSafeEqual(given, mac)) {
    throw storeError('CORRUPT', 'The store file was changed by something else than latchkey.', RESTORE)
  }
  if (countLines(document) !== document.count) throw damaged()
}

function countLines({ bytes, body, footer }: Document): number {
  let lines = 0
  for (let at = body; at < footer; lines += 1) at = bytes.indexOf(NEWLINE, at) + 1
  return lines
}

/** Puts a store file together, and says where its parts are. */
export function writeDocument(header: Header, records: readonly Uint8Array[], count: number, macKey: Buffer): Document {
  const head = Buffer.from(`${TITLE}${headerLine(header)}\n`)
  const foot = Buffer.from(`end\t${count}\t`)
  const length = records.reduce((sum, record) => sum + record.length, 0)
  const bytes = Buffer.concat([head, ...records, foot, Buffer.alloc(MAC_BYTES + 12)])
  const footer = head.length + length
  const end = footer + foot.length
  const mac = createHmac('sha256', macKey).update(bytes.subarray(0, end)).digest('base64url')
  bytes.write(`${mac}\n`, end, 'latin1')
  return { bytes, header, body: head.length, footer, count, mac }
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

function badTitle(bytes: Buffer): Error {
  const start = bytes.toString('latin1', 0, 24)
  if (bytes.length === 0) return storeError('CORRUPT', 'The store file is empty.', RESTORE)
  if (start.startsWith('\xef\xbb\xbf')) {
    return storeError('CORRUPT', 'The store file begins with a byte order mark: an editor saved it.', RESTORE)
  }
  if (start.startsWith('latchkey/1\r')) {
    return storeError(
      'CORRUPT',
      'The line ends of the store file were changed to CRLF.',
      'Put "*.latchkey -text" into .gitattributes, and check the file out again.',
    )
  }
  if (/^latchkey\/\d/.test(start) && !TITLE.startsWith(start)) {
    return storeError('CORRUPT', 'The store file is of a format that this version of latchkey does not know.', UPGRADE)
  }
  return storeError('CORRUPT', 'The file is not a latchkey store, or not a whole one.', RESTORE)
}

const UPGRADE = 'Upgrade latchkey; if nothing newer wrote this file, restore it from a backup.'

/** Makes the error of a file whose MAC is right and whose contents are not. */
export function damaged(): Error {
  return storeError('CORRUPT', 'The store file holds something that latchkey does not write.', RESTORE)
}
