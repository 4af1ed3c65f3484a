import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRedactor } from '../../src/redact/index.ts'
import { formsOf } from '../../src/redact/forms.ts'
import { createMaskingBuffer } from '../../src/redact/mask.ts'
import { buildMatcher } from '../../src/redact/matcher.ts'
import { endOfForm, matchAcrossSeams } from '../../src/redact/seam.ts'
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
  expect(createRedactor([form]).redact('abcd\n\nefghijklmnop')).toBe('***\n\n***')
})

test('a form that the text ends in may go on, also after a part of a colour', () => {
  const form = 'abcdefghijklmnop'
  for (const text of ['abcd', 'abcdef\n', 'abcdef\n  ', 'abcdef\x1b', 'abcdef\x1b[3', 'abcdef\r', 'ab\ncd']) {
    expect(endOfForm(text, 0, form, true)).toBe(Infinity)
  }
  // Nearly every line ends in the first letters of some form: it is not worth holding the line back.
  expect(endOfForm('abc\n', 0, form, true)).toBe(undefined)
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
            // A break in the first three characters of a form is not waited for at the end of a chunk.
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
