/** Slow, obvious counterparts of what the redactor does, and what its property tests are made of. */
import { inspect } from 'node:util'
import type { Redactor } from '../../src/redact/index.ts'
import { cases, fc } from '../helpers/property.ts'

/** How many cases a property test runs. */
export const numRuns = cases(1_000, 10_000)

/** Characters that mean something to an expression, an encoder, a terminal or a parser. */
const AWKWARD = Array.from('.*+?^${}()|[]\\/%&=<>"\'`#;:,!~@- \n\t$&abcXYZ019_äßéñ漢字😀€')

/** Any character of Unicode. What fast-check has for it under the name `binary` takes 0.8 s to prepare, in each file of tests. */
const anyCharacter = fc
  .integer({ min: 0, max: 0x10_ffff - 0x800 })
  .map((code) => String.fromCodePoint(code < 0xd800 ? code : code + 0x800))

/** Values of 6 to 200 characters, with everything that encoders treat in a way of their own. */
export const secretValue = fc
  .oneof(
    fc.string({ unit: fc.constantFrom(...AWKWARD), minLength: 6, maxLength: 200 }),
    fc.string({ unit: anyCharacter, minLength: 6, maxLength: 200 }),
    fc.string({ unit: 'grapheme-ascii', minLength: 6, maxLength: 200 }),
    fc.base64String({ minLength: 8, maxLength: 200 }),
  )
  // A value of asterisks is its own mask; one of white space alone is in every text.
  .filter((value) => value.length <= 200 && value.trim().length >= 6 && !value.includes('*'))

export const someText = fc.oneof(
  fc.string({ unit: fc.constantFrom(...AWKWARD), maxLength: 60 }),
  fc.string({ unit: anyCharacter, maxLength: 60 }),
)

/** The forms of the specification, written down one by one. */
export const ENCODERS: Readonly<Record<string, (value: string) => string>> = {
  'as it is': (value) => value,
  'JSON-escaped': (value) => JSON.stringify(value).slice(1, -1),
  'JSON in JSON': (value) => JSON.stringify(JSON.stringify(value)).slice(3, -3),
  encodeURIComponent: (value) => encodeURIComponent(value),
  'form encoding': (value) => new URLSearchParams({ v: value }).toString().slice(2),
  'base64 with padding': (value) => Buffer.from(value).toString('base64'),
  'base64 without padding': (value) => Buffer.from(value).toString('base64').replace(/=+$/, ''),
  base64url: (value) => Buffer.from(value).toString('base64url'),
  'base64url with padding': (value) => Buffer.from(value).toString('base64').replaceAll('+', '-').replaceAll('/', '_'),
  hex: (value) => Buffer.from(value).toString('hex'),
  HEX: (value) => Buffer.from(value).toString('hex').toUpperCase(),
  'with CRLF': (value) => value.replace(/\r?\n/g, '\r\n'),
  'percent-encoded in lower case': (value) => lowerCase(encodeURIComponent(value)),
  'percent-encoded by RFC 3986': (value) => encodeURIComponent(value).replace(/[!'()*]/g, percent),
  'percent-encoded twice': (value) => encodeURIComponent(encodeURIComponent(value)),
  encodeURI: (value) => encodeURI(value),
  'form encoding in lower case': (value) => lowerCase(new URLSearchParams({ v: value }).toString().slice(2)),
  'JSON for HTML': (value) => JSON.stringify(value).slice(1, -1).replace(/[<>&]/g, unicode),
  'ASCII in JSON': (value) =>
    JSON.stringify(value)
      .slice(1, -1)
      .replace(/[^\0-\x7f]/g, unicode),
  'ASCII in JSON with slashes escaped': (value) =>
    JSON.stringify(value)
      .slice(1, -1)
      .replaceAll('/', '\\/')
      .replace(/[^\0-\x7f]/g, unicode),
  'as inspect shows it': (value) => inspect(value, { breakLength: Infinity }).slice(1, -1),
  'the numbers of its bytes': (value) => Buffer.from(value).join(','),
}

function lowerCase(encoded: string): string {
  return encoded.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase())
}

function percent(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase()}`
}

function unicode(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Runs `text` through a stream of bytes, cut where `cuts` says (offsets in bytes). */
export async function throughStream(redactor: Redactor, text: string, cuts: readonly number[]): Promise<string> {
  const bytes = Buffer.from(text)
  const stream = redactor.stream()
  const output: Buffer[] = []
  stream.on('data', (chunk: Buffer) => output.push(chunk))
  const ended = new Promise<void>((resolve, reject) => {
    stream.on('end', resolve)
    stream.on('error', reject)
  })
  let from = 0
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    stream.write(bytes.subarray(from, cut))
    from = cut
  }
  stream.end(bytes.subarray(from))
  await ended
  return Buffer.concat(output).toString()
}
