import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createRedactor } from '../../src/redact/index.ts'
import { fc } from '../helpers/property.ts'
import { ENCODERS, numRuns, secretValue, someText } from './oracle.ts'

describe.each(Object.entries(ENCODERS))('a value %s', (_form, encode) => {
  test('is masked wherever it stands in a text', () => {
    fc.assert(
      fc.property(secretValue, someText, someText, (value, before, after) => {
        const form = encode(value)
        const masked = createRedactor([value]).redact(before + form + after)
        expect(masked.includes(form)).toBe(false)
        expect(masked).toContain('***')
      }),
      { numRuns },
    )
  })

  test('is masked alone: what stands around it stays as it is', () => {
    fc.assert(
      fc.property(secretValue, (value) => {
        // Characters that no form has, so that no neighbour can belong to a match.
        expect(createRedactor([value]).redact(`\u2e3b \u2e3b${encode(value)}\u2e3b`)).toBe('\u2e3b \u2e3b***\u2e3b')
      }),
      { numRuns },
    )
  })
})

test.each([
  ['a text', 'k7Qm-Zz9_wX4+vB/3tG8'],
  ['what encoders escape', `a b/c+d=e&f?g%h"i\\j'k<l>m!n(o)p~q#r\ts`],
  ['letters of Latin-1', 'pässwörd/é~ÿ'],
  ['letters of any script', 'pä/€漢字😀\u0394k'],
  ['every kind of quotes', `it's "a" \`b\` c\\d`],
  ['all letters of base64', '~~>>??ÿþ~k?>>>~'],
  ['lines', `one two\nthree/"four"\n\n five ${'and more '.repeat(15)}`.trim()],
])('%s is masked exactly, in every form', (_what, value) => {
  for (const [form, encode] of Object.entries(ENCODERS)) {
    const masked = createRedactor([value]).redact(`\u2e3b \u2e3b${encode(value)}\u2e3b`)
    expect([form, masked]).toEqual([form, '\u2e3b \u2e3b***\u2e3b'])
  }
})

test('a text without the value comes back unchanged', () => {
  fc.assert(
    fc.property(secretValue, someText, someText, (value, one, other) => {
      const text = one + other
      const lines = value.split(/\r\n|\r|\n/).map((line) => line.trim())
      const parts = [value, value.trim(), ...lines].filter((part) => part.length >= 4)
      fc.pre(!parts.some((part) => text.includes(part) || text.replace(/\s/g, '').includes(part)))
      fc.pre(!parts.some((part) => text.includes(JSON.stringify(part).slice(1, -1))))
      expect(createRedactor([value]).redact(text)).toBe(text)
    }),
    { numRuns },
  )
})

/** Puts a value between bytes in base64: only the characters that hold its bits are masked, and padding after them. */
function expectAligned(value: string, lead: number, tail: number): void {
  const bytes = Buffer.from(value)
  const encoded = Buffer.concat([Buffer.alloc(lead, 0xfe), bytes, Buffer.alloc(tail, 0xfe)]).toString('base64')
  const from = Math.floor((lead * 8) / 6)
  const to = Math.ceil(((lead + bytes.length) * 8) / 6)
  const rest = encoded.slice(to)
  const expected = `${encoded.slice(0, from)}***${/^=+$/.test(rest) ? '' : rest}`
  const redactor = createRedactor([value])
  expect(redactor.redact(encoded)).toBe(expected)
  const url = encoded.replaceAll('+', '-').replaceAll('/', '_')
  expect(redactor.redact(url)).toBe(expected.replaceAll('+', '-').replaceAll('/', '_'))
}

test('at each alignment in a longer base64 text, exactly the characters that hold its bits are masked', () => {
  fc.assert(fc.property(secretValue, fc.nat(7), fc.nat(7), expectAligned), { numRuns })
})

test('at each alignment a value of any length is masked in base64', () => {
  for (const value of ['hunter', '~?>~?>~', 'hunter23']) {
    for (const lead of [0, 1, 2, 3]) for (const tail of [0, 1, 2, 3]) expectAligned(value, lead, tail)
  }
  // Found in pieces that are all alike: still the first and the last one hold bits of what stands next to them.
  for (const lead of [0, 1, 2]) for (const tail of [0, 1, 2]) expectAligned('k'.repeat(1200), lead, tail)
  // In base64 this one is of one character, so that its pieces are alike at each alignment.
  const same = 'U'.repeat(1201)
  for (const tail of ['~', '~~', '~~~']) {
    const encoded = Buffer.from(same + tail).toString('base64')
    const [, rest = encoded] = createRedactor([same]).redact(encoded).split('***')
    expect(encoded.slice(Math.ceil((1201 * 8) / 6)).endsWith(rest)).toBe(true)
  }
})

test('base64 is masked to its last character where it is encoded once more', () => {
  const encoded = Buffer.from('>>?hunter>>?').toString('base64')
  expect(encoded).toMatch(/^Pj4.*Pj4\/$/)
  const redactor = createRedactor(['>>?hunter>>?'])
  for (const shown of [encodeURIComponent(encoded), encoded.replaceAll('/', '\\/'), JSON.stringify({ encoded })]) {
    expect(redactor.redact(`"${shown}"`)).not.toMatch(/Pj4|%2F|\//)
  }
})

test('characters of base64 next to a value belong to it, and others do not', () => {
  const value = 'hunter2-hunter2'
  // The characters that are the value's alone, where a byte is before it: those next to them hold bits of it as well.
  const own = Buffer.from(`:${value}`).toString('base64').slice(2, -3)
  const redactor = createRedactor([value])
  for (const char of 'ABYZabyz0189+/-_') expect(redactor.redact(`.${char}${own}${char}.`)).toBe('.***.')
  for (const char of '@[`{.:,*"') expect(redactor.redact(`${char}${own}${char}`)).toBe(`${char}***${char}`)
})

test('Basic auth is masked down to the user name', () => {
  for (const user of ['u', 'me', 'joe', 'user', 'admin']) {
    const token = Buffer.from(`${user}:hunter2hunter2`).toString('base64')
    const masked = createRedactor(['hunter2hunter2']).redact(`authorization: Basic ${token}\n`)
    const kept = /^authorization: Basic ([A-Za-z0-9]*)\*\*\*\n$/.exec(masked)?.[1]
    expect(Buffer.from(kept ?? '', 'base64').toString()).toBe(
      `${user}:`.slice(0, Math.floor(((kept?.length ?? 0) * 3) / 4)),
    )
    expect(kept?.length).toBeGreaterThan(0)
  }
})

describe('a multi-line value', () => {
  const lines = ['-----BEGIN KEY-----', 'MIIEowIBAAKCAQEA', 'x7Qm/zz+9', '"quoted" \\ line', '-----END KEY-----']
  const value = `${lines.join('\n')}\n`
  const masked = (text: string): string => createRedactor([value]).redact(text)
  const leaked = (text: string): string[] =>
    lines.filter((line) => text.includes(line) || text.includes(JSON.stringify(line).slice(1, -1)))

  test.each([
    ['with CRLF', lines.join('\r\n')],
    ['indented', lines.map((line) => `    ${line}`).join('\n')],
    ['indented by tabs, each deeper', lines.map((line, index) => '\t'.repeat(index) + line).join('\n')],
    ['with \\n escaped', lines.join('\\n')],
    ['with \\r\\n escaped', lines.join('\\r\\n')],
    ['in JSON', JSON.stringify({ key: value })],
    ['in JSON in JSON', JSON.stringify(JSON.stringify({ key: value }))],
    ['in inspect', inspect({ key: value })],
    ['in inspect on one line', inspect({ key: value }, { breakLength: Infinity })],
    ['as a YAML block', `key: |\n${lines.map((line) => `  ${line}`).join('\n')}\n`],
    ['with a log prefix', lines.map((line) => `12:00:01 [worker] ${line}`).join('\n')],
    ['with colours between lines', lines.map((line) => `\x1b[32m${line}\x1b[0m`).join('\n')],
    ['with colours before line ends and CRLF', lines.map((line) => `${line}\x1b[0m\x1b[K`).join('\r\n')],
    ['in reverse order', [...lines].reverse().join('\n')],
  ])('is masked %s', (_how, text) => {
    expect(leaked(masked(text))).toEqual([])
  })

  test.each([
    ['base64', Buffer.from(value).toString('base64')],
    ['base64 of it with CRLF', Buffer.from(lines.join('\r\n')).toString('base64')],
    ['base64 of it without the last line end', Buffer.from(value.trim()).toString('base64')],
    [
      'base64 in lines of 76',
      (
        Buffer.from(value)
          .toString('base64')
          .match(/.{1,76}/g) ?? []
      ).join('\n'),
    ],
    [
      'base64 in lines of 64 with CRLF',
      (
        Buffer.from(value)
          .toString('base64')
          .match(/.{1,64}/g) ?? []
      ).join('\r\n'),
    ],
    ['hex', Buffer.from(value).toString('hex')],
    ['encodeURIComponent', encodeURIComponent(value)],
  ])('is masked in %s', (_how, text) => {
    expect(masked(text).replace(/[*\s]/g, '')).toBe('')
  })
})

test('a value of several lines is masked with other line ends and without white space around it, in each encoding', () => {
  const unix = 'line one\nl\nline three'
  const windows = unix.replaceAll('\n', '\r\n')
  for (const value of [unix, windows, `${unix}\n`, ` \t${windows}\r\n`, `\n${unix} `]) {
    const redactor = createRedactor([value])
    for (const shown of [unix, windows, value]) {
      for (const encoding of ['base64', 'base64url', 'hex'] as const) {
        expect(redactor.redact(Buffer.from(shown).toString(encoding))).toBe('***')
      }
      expect(redactor.redact(encodeURIComponent(shown))).toBe('***')
    }
  }
})

test('each line of a value is masked alone, without the white space around it, whatever ends it', () => {
  for (const end of ['\n', '\r\n', '\r']) {
    const lines = ['first-line', ' \t"second" line ', 'l-3', 'l"3', 'l--4', 'li--5', 'lin--6', '']
    const redactor = createRedactor([lines.join(end)])
    expect(redactor.redact('first-line, "second" line, \\"second\\" line')).toBe('***, ***, ***')
    expect(redactor.redact('l-3, l\\"3, l--4, li--5, lin--6')).toBe('l-3, l\\"3, ***, ***, ***')
    expect(redactor.redact('xl-3, xl--4, xli--5, xlin--6x')).toBe('xl-3, xl--4, xli--5, x***x')
  }
})

test('a value of one line is masked when it is broken in two at any place, with colours or an indentation', () => {
  const value = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a'
  const redactor = createRedactor([value])
  for (const seam of ['\n', '\r\n', '\n    ', '\x1b[0m\n\x1b[36m', '\x1b[1;32m', '\x1b[0m\r\n\t\x1b[36m']) {
    for (let cut = 1; cut < value.length; cut++) {
      expect(redactor.redact(`a ${value.slice(0, cut)}${seam}${value.slice(cut)} z`)).toBe(`a ***${seam}*** z`)
    }
  }
})

test('a long value is masked when it is broken into lines of any length, at any alignment, in text, base64 and hex', () => {
  const value = Array.from({ length: 90 }, (_, index) =>
    ((index * index * 7919 + index * 31) % 1296).toString(36),
  ).join('/')
  const redactor = createRedactor([value])
  for (const lead of [0, 1, 2, 3]) {
    const bytes = Buffer.from('\xfe'.repeat(lead) + value, 'latin1')
    for (const encoded of [bytes.toString('latin1'), bytes.toString('base64'), bytes.toString('hex')]) {
      for (const width of [26, 32, 60, 64, 76]) {
        for (const seam of ['\n', '\r\n', '\n    ', '\x1b[0m\n\x1b[36m']) {
          const lines = encoded.match(new RegExp(`.{1,${width}}`, 'g')) ?? []
          const left = redactor.redact(lines.join(seam)).replaceAll(seam, '').replaceAll('***', '')
          expect({ lead, width, seam, left: left.length > 2 * lead + 3 ? left : '' }).toMatchObject({ left: '' })
        }
      }
    }
  }
})

test('of a value that is broken into any pieces of six characters or more nothing is left', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...Array.from('abcXYZ0189+/_-')), minLength: 16, maxLength: 120 }),
      fc.array(fc.tuple(fc.integer({ min: 6, max: 20 }), fc.constantFrom('\n', '\r\n', '\n\t', '\x1b[32m')), {
        minLength: 1,
      }),
      (value, breaks) => {
        const pieces: string[] = []
        let broken = ''
        for (let at = 0, index = 0; at < value.length; index++) {
          const [size = 6, seam = ''] = breaks[index % breaks.length] ?? []
          pieces.push(value.slice(at, at + size))
          broken += (at === 0 ? '' : seam) + value.slice(at, at + size)
          at += size
        }
        const left = createRedactor([value]).redact(`<${broken}>`)
        expect(left.replaceAll('\x1b[32m', '').replace(/[*\s]/g, '')).toBe('<>')
      },
    ),
    { numRuns },
  )
})

test.each([
  ['percent-encoded in lower case', encodeURIComponent('a/b+c d=e%f').toLowerCase()],
  ['percent-encoded twice', encodeURIComponent(encodeURIComponent('a/b+c d=e%f'))],
  ['in JSON with \\/', JSON.stringify('a/b+c d=e%f').replaceAll('/', '\\/')],
  ['as a Buffer that is inspected', inspect(Buffer.from('a/b+c d=e%f'))],
  ['as a Buffer in JSON', JSON.stringify(Buffer.from('a/b+c d=e%f'))],
  ['with its blanks as in a form', encodeURIComponent("it's a (test)!").replaceAll('%20', '+'), "it's a (test)!"],
  ['percent-encoded with an asterisk', 'a%2Ab%20c%2Fd', 'a*b c/d'],
  ['in the query of a URL', new URL(`http://h/?q=${encodeURIComponent('a/b+c d=e%f')}`).href],
])('a value is masked %s', (_how, text, value = 'a/b+c d=e%f') => {
  const masked = createRedactor([value]).redact(text)
  expect(masked).toContain('***')
  expect(masked.length).toBeLessThan(text.length)
})

test('the first bytes of a long Buffer that is inspected are masked', () => {
  const value = 'k'.repeat(30) + 'v'.repeat(80)
  expect(createRedactor([value]).redact(inspect(Buffer.from(value)))).toBe('<Buffer *** ... 60 more bytes>')
})

test('a text in other than ASCII is masked in ASCII-only JSON, of either case', () => {
  const value = 'pässwörd€漢'
  const escaped = value.replace(/[^\0-\x7f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
  const redactor = createRedactor([value])
  expect(redactor.redact(`"${escaped}"`)).toBe('"***"')
  expect(redactor.redact(`"${escaped.replace(/u....(?=.|$)/g, (code) => `u${code.slice(1).toUpperCase()}`)}"`)).toBe(
    '"***"',
  )
})

test.each(['pässwörd/é', 'äöüßéè'])('a text of Latin-1 is masked as btoa encodes it, too: %s', (value) => {
  const hex = Buffer.from(value, 'latin1').toString('hex')
  expect(createRedactor([value]).redact(`${btoa(value)} ${hex}`)).toBe('*** ***')
})

test('a value of up to 4,096 bytes is masked as numbers, and in hex with blanks', () => {
  for (const [length, isMasked] of [
    [4096, true],
    [4097, false],
  ] as const) {
    const bytes = Buffer.from(Array.from({ length }, (_, index) => 33 + ((index * index) % 89)))
    const redactor = createRedactor([bytes.toString()])
    for (const shown of [bytes.join(','), bytes.toString('hex').replace(/..(?!$)/g, '$& ')]) {
      expect(redactor.redact(shown) === '***').toBe(isMasked)
    }
  }
})

test('a text with slashes in other than ASCII is masked as PHP writes it in JSON', () => {
  const redactor = createRedactor(['pä/wö/rd'])
  expect(redactor.redact('{"token":"p\\u00e4\\/w\\u00f6\\/rd"}')).toBe('{"token":"***"}')
  expect(redactor.redact('{"token":"pä\\/wö\\/rd"}')).toBe('{"token":"***"}')
})

test('a long value is masked as one, and a piece of it as well', () => {
  const value = Array.from({ length: 1500 }, (_, index) => (index + 7777).toString(36).padStart(4, 'x')).join('')
  const redactor = createRedactor([value])
  expect(redactor.redact(`<${value}>`)).toBe('<***>')
  expect(redactor.redact(`<${Buffer.from(value).toString('base64')}>`)).toBe('<***>')
  expect(redactor.redact(`<${value.slice(0, 2000)}>`).length).toBeLessThan(600)
})
