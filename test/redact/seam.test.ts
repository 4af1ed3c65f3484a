import { beforeEach, describe, expect, test } from 'vitest'
import { createRedactor } from '../../src/redact/index.ts'
import { formsOf } from '../../src/redact/forms.ts'
import { createMaskingBuffer } from '../../src/redact/mask.ts'
import { buildMatcher, type Matcher } from '../../src/redact/matcher.ts'
import { endOfForm, matchAcrossSeams } from '../../src/redact/seam.ts'
import { fc } from '../helpers/property.ts'
import { numRuns } from './oracle.ts'

const SEAMS = ['\n', '\r\n', '\n  ', '\x1b[0m\n\x1b[36m', '\x1b[1;32m', '\n\x1b[31m\t', '\x1b[0m\r\n']
const letters = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...Array.from('abcdAB01 ')), minLength, maxLength })

test('a form broken at any number of places gives its parts', () => {
  const form = 'abcdefghijklmnop'
  expect(matchAcrossSeams('xabcd\nefgh\x1b[0m\r\n  ijklmnopx', 6, form, 4)).toEqual([1, 5, 6, 10, 18, 26])
  expect(matchAcrossSeams('xabcd\nefgh\x1b[0m\r\n  ijklmnopx', 18, form, 8)).toEqual([1, 5, 6, 10, 18, 26])
  expect(matchAcrossSeams('abcd-efghijklmnop', 5, form, 4)).toBe(undefined)
  // An empty line is two seams with nothing between them.
  expect(matchAcrossSeams('abcd\n\nefghijklmnop', 6, form, 4)).toEqual([0, 4, 5, 5, 6, 18])
  for (const text of ['abcd\n\nefghijklmnop', 'ab\n\ncdefghijklmnop']) {
    expect(createRedactor([form]).redact(text)).toBe(text.replace(/\w+/g, '***'))
  }
})

test('a value that is broken every few characters is masked, wherever in a text and beside a value without seams', () => {
  const value = 'k7Qm-Zz9_wX4+vB/3tG8'
  for (const values of [[value], [value, 'abcd'], ['abcd', value]]) {
    const redactor = createRedactor(values)
    for (const width of [3, 4, 5]) {
      const parts = value.match(new RegExp(`.{1,${width}}`, 'g')) ?? []
      const masks = parts.map(() => '***')
      for (const seam of ['\n', '\r\n', '\n    ', '\n\x1b[31m', '\x1b[0m\n\x1b[36m', '\x1b[1m']) {
        for (const before of ['', 'a ', '\n', '\x1b[1m', '- '.repeat(200)]) {
          for (const after of ['', ' z'.repeat(200)]) {
            const masked = redactor.redact(before + parts.join(seam) + after)
            expect(masked).toBe(before + masks.join(seam) + after)
          }
        }
      }
    }
  }
})

describe('the seams of a form', () => {
  const form = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
  const long = `\n${'\x1b[38;5;196m'.repeat(11)}${' '.repeat(6)}`

  test.each([
    ['\n', 20],
    ['\r\n', 20],
    ['\x1b[1m', 20],
    [`\n${' '.repeat(48)}`, 20],
    // Of 128 characters.
    [long, 10],
    // One that ends a line, and two for empty lines.
    ['\n\n\n', 3],
  ])('are limited: %j is crossed %i times', (seam, most) => {
    const broken = (count: number): string => {
      const pieces = Array.from({ length: count }, (_, index) => form.slice(2 * index, 2 * index + 2))
      return [...pieces, form.slice(2 * count)].join(seam)
    }
    const middle = 2 * (most >> 1)
    for (const [count, isFound] of [
      [most, true],
      [most + 1, false],
    ] as const) {
      const text = broken(count)
      expect([seam, endOfForm(text.slice(0, -1), 0, form, true)]).toEqual([seam, isFound ? 'open' : undefined])
      expect(endOfForm(text, 0, form, true)).toBe(isFound ? text.length : undefined)
      for (const [at, offset] of [
        [0, 0],
        [text.indexOf(form.slice(middle, middle + 2)), middle],
        [text.length, form.length],
      ] as const) {
        const parts = matchAcrossSeams(text, at, form, offset)
        expect([seam, offset, parts !== undefined]).toEqual([seam, offset, isFound])
        const found = (parts ?? []).map((place, index) =>
          index % 2 === 0 ? text.slice(place, parts?.[index + 1]) : '',
        )
        expect(found.join('')).toBe(isFound ? form : '')
      }
    }
  })

  test.each([
    ['its line end', 'abcd efgh\nijkl mnop', 'abcd efgh\r\n    ijkl mnop', [0, 9, 15, 24], [0, 9, 15, 24]],
    [
      'its line end of two characters',
      'abcd efgh\r\nijkl mnop',
      'abcd efgh\n  ijkl mnop',
      [0, 9, 12, 21],
      [0, 9, 12, 21],
    ],
    [
      'its line end, before blanks',
      'abcd efgh\nijkl mnop',
      'abcd efgh\n    ijkl mnop',
      [0, 10, 14, 23],
      [0, 9, 14, 23],
    ],
    ['blanks as its indentation', 'abcd    efgh ijkl', 'abcd\n    efgh ijkl', [0, 4, 9, 18], [0, 4, 5, 18]],
    ['more of both', 'abcd \n\t efgh ijkl', 'abcd\n  efgh ijkl', [0, 4, 7, 16], [0, 4, 6, 16]],
    ['none of its blanks', 'abcd  efgh ijkl', 'abcd \x1b[1m efgh ijkl', [0, 5, 9, 19], [0, 5, 9, 19]],
    ['one of its line ends', 'abcd\n\nefgh ijkl', 'abcd\n\x1b[1m\nefgh ijkl', [0, 5, 10, 19], [0, 4, 9, 19]],
  ])('may hold %s', (_what, form, text, forward, backward) => {
    expect(matchAcrossSeams(text, 0, form, 0)).toEqual(forward)
    expect(matchAcrossSeams(text, text.length, form, form.length)).toEqual(backward)
    expect(endOfForm(text, 0, form, true)).toBe(text.length)
  })

  test.each(Array.from('AZazmK'))(
    'may be a colour that ends in %s, also where the form goes on with that letter',
    (letter) => {
      for (const parameters of ['', '0', '9', '0;1', '38:5', '?25', '1'.repeat(24)]) {
        const colour = `\x1b[${parameters}${letter}`
        const parts = [0, 7, 7 + colour.length, 16 + colour.length]
        const text = `abcdef${letter}${colour}${letter}hijklmno`
        const value = `abcdef${letter}${letter}hijklmno`
        expect(matchAcrossSeams(text, 0, value, 0)).toEqual(parts)
        expect(matchAcrossSeams(text, text.length, value, value.length)).toEqual(parts)
      }
    },
  )

  test.each([
    '[1m',
    '1m',
    '\x1b(B',
    '\x1b[1@',
    '\x1b[1[',
    '\x1b[1`',
    '\x1b[1{',
    '\x1b[/m',
    '\x1b[<m',
    `\x1b[${'1'.repeat(25)}m`,
  ])('are not what only looks like a colour: %j belongs to the form', (like) => {
    const value = `abcdef${like}ghijklmn`
    const text = `abcdef${like}ghi\njklmn`
    const parts = [0, 9 + like.length, 10 + like.length, text.length]
    expect(matchAcrossSeams(text, 0, value, 0)).toEqual(parts)
    expect(matchAcrossSeams(text, text.length, value, value.length)).toEqual(parts)
    expect(matchAcrossSeams(text, 0, 'abcdefghijklmn', 0)).toBe(undefined)
    expect(matchAcrossSeams(text, text.length, 'abcdefghijklmn', 14)).toBe(undefined)
  })

  test('are crossed from twelve characters on', () => {
    expect(createRedactor(['abcdefghijkl']).redact('abcdef\nghijkl')).toBe('***\n***')
    expect(createRedactor(['abcdefghijk']).redact('abcdef\nghijk')).toBe('abcdef\nghijk')
  })

  test('do not make a text be taken for it that lacks one of its blanks', () => {
    const value = 'correct horse battery staple'
    const redactor = createRedactor([value])
    for (const text of ['correcthorse battery staple', 'correct horsebattery staple', 'correct horse batterystaple']) {
      expect(redactor.redact(text)).toBe(text)
      expect(redactor.redact(text.replace('battery', 'bat\ntery'))).not.toContain('***')
    }
  })

  test('do not make a text be taken for it that differs in a character', () => {
    const value = 'k7Qm-Zz9_wX4vB'
    const redactor = createRedactor([value])
    for (let at = 0; at < value.length; at++) {
      for (const seam of ['', '\n', '\x1b[1m']) {
        const text = `${value.slice(0, at)}!${value.slice(at + 1, 7)}${seam}${value.slice(Math.max(at + 1, 7))}`
        expect(redactor.redact(text)).toBe(text)
        expect(redactor.redact(`${value.slice(0, at)}${seam}${value.slice(at + 1)}`)).not.toContain('***')
      }
      // A blank is a seam at the beginning of a line only.
      if (at > 0) {
        const apart = `${value.slice(0, at)} ${value.slice(at)}`
        expect(redactor.redact(apart)).toBe(apart)
      }
    }
  })
})

test('base64 that is broken keeps its line end, and what follows its padding', () => {
  // The value's own characters are with others' bits at both ends.
  const encoded = Buffer.from('u:k7Qm-Zz9_wX4+vB').toString('base64')
  const redactor = createRedactor(['k7Qm-Zz9_wX4+vB'])
  expect(redactor.redact(`"${encoded.slice(0, 12)}\n${encoded.slice(12)}=="`)).toBe('"dT***\n***="')
})

test('a colour ends where it ends, even if the form goes on with the letter that it ends in', () => {
  expect(createRedactor(['0123456789mmm012345']).redact('0123456789mmm\x1b[0m\n\x1b[36m012345')).toBe(
    '***\x1b[0m\n\x1b[36m***',
  )
})

test('a form that the text ends in may go on, also after a part of a colour', () => {
  const form = 'abcdefghijklmnop'
  for (const text of ['ab', 'abcd\n', 'abcdef\n  ', 'abcdef\x1b', 'ab\x1b[3', 'ab\x1b[32m', 'abc\r', 'ab\ncd']) {
    expect(endOfForm(text, 0, form, true)).toBe('open')
  }
  // Nearly every line ends in the first letters of some form: it is not worth holding the line back.
  for (const text of ['abc\n', 'a\r\n', 'abc\x1b[0m\n\x1b[3', 'a\nb\n']) {
    expect(endOfForm(text, 0, form, true)).toBe('hinted')
  }
  expect(endOfForm('abx', 0, form, true)).toBe(undefined)
  expect(endOfForm('abcd\nefghijklmnop!', 0, form, true)).toBe(17)
})

test('values broken over lines are masked alike in one piece and in many', () => {
  const part = fc.tuple(fc.nat(2), fc.nat(3), fc.nat(), fc.option(fc.constantFrom(...SEAMS)), letters(0, 3))
  fc.assert(
    fc.property(
      fc.tuple(letters(12, 22), letters(4, 13), fc.tuple(letters(8, 8), letters(3, 3), letters(7, 7))),
      fc.array(part, { minLength: 1, maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      ([long, short, lines], parts, sizes) => {
        const values = [long, short, lines.join('\n')]
        const text = parts
          .map(([which, form, place, seam, rest]) => {
            const value = values[which] ?? ''
            const shown = form === 0 ? Buffer.from(value).toString('base64') : value
            // A line that ends in the first three characters of a form is not held back at the end of a chunk.
            const cut = 4 + (place % Math.max(1, shown.length - 4))
            return (seam === null ? shown : shown.slice(0, cut) + seam + shown.slice(cut)) + rest
          })
          .join('')
        const matcher = buildMatcher(values.flatMap(formsOf), false)
        const whole = createMaskingBuffer(() => matcher)
        const pieces = createMaskingBuffer(() => matcher)
        let output = ''
        for (let at = 0, index = 0; at < text.length; index++) {
          const size = sizes[index % sizes.length] ?? 1
          output += pieces.push(text.slice(at, at + size))
          at += size
        }
        expect(output + pieces.end()).toBe(whole.push(text) + whole.end())
      },
    ),
    { numRuns },
  )
})

describe('a value that is broken in two', () => {
  const value = 'k7Qm-Zz9_wX4+vB'
  let matcher: Matcher
  beforeEach(() => {
    matcher = buildMatcher(formsOf(value), false)
  })
  const masked = (pieces: readonly string[]): string => {
    const buffer = createMaskingBuffer(() => matcher)
    return pieces.map((piece) => buffer.push(piece)).join('') + buffer.end()
  }

  test.each(SEAMS.map((seam) => [JSON.stringify(seam), seam]))(
    'by %s is masked wherever two chunks end; only the end of a line that was complete may have shown three characters',
    (_, seam) => {
      for (let place = 1; place < value.length; place++) {
        const text = `a ${value.slice(0, place)}${seam}${value.slice(place)} z`
        const whole = `a ***${seam}*** z`
        const hinted = `a ${value.slice(0, place)}${seam}*** z`
        const lineEnd = text.indexOf('\n') + 1
        const seamEnd = 2 + place + seam.length
        for (let one = 0; one <= text.length; one++) {
          for (let two = one; two <= text.length; two++) {
            const shown = place < 4 && lineEnd > 0 && [one, two].some((cut) => cut >= lineEnd && cut <= seamEnd)
            const output = masked([text.slice(0, one), text.slice(one, two), text.slice(two)])
            if (output !== (shown ? hinted : whole)) expect({ place, one, two, output }).toBe(shown ? hinted : whole)
          }
        }
      }
    },
  )

  test('after one, two and three characters, byte by byte, shows no more than these', () => {
    const text = `a ${value[0] ?? ''}\n${value[1] ?? ''}\x1b[0m\r\n  ${value[2] ?? ''}\n\x1b[36m\t${value.slice(3)} z`
    expect(masked(Array.from(text))).toBe(`a ${text.slice(2, text.indexOf(value.slice(3)))}*** z`)
  })

  test('passes a complete line on at once, and remembers no more of it than a value can be broken over', () => {
    const buffer = createMaskingBuffer(() => matcher)
    for (let line = 0; line < 1_000; line++) {
      const hint = `${value.slice(0, 1 + (line % 3))}\n`
      expect(buffer.push(hint)).toBe(hint)
    }
    expect(buffer.push(`${'\n'.repeat(10_000)}${value} !`)).toBe(`${'\n'.repeat(10_000)}*** !`)
    expect(buffer.push(value.slice(0, 3) + '\n')).toBe(`${value.slice(0, 3)}\n`)
    expect(buffer.push(' '.repeat(40))).toBe(' '.repeat(40))
    expect(buffer.push(value.slice(3, 9))).toBe('')
    expect(buffer.push(`${value.slice(9)} z`) + buffer.end()).toBe('*** z')
  })
})
