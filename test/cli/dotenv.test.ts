import { parse } from 'dotenv'
import { expect, test } from 'vitest'
import { formatDotenv, parseDotenv } from '../../src/cli/dotenv.ts'
import { CliError } from '../../src/cli/failure.ts'
import { cases, fc } from '../helpers/property.ts'

const runs = { numRuns: cases(300, 10_000) }
const value = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom('a', ' ', '\n', '\r', '\t', '#', "'", '"', '`', '\\', 'n', '$', '=', '{') }),
)

/** Gives what a function gives, or the code of the error with which it refuses. */
function outcome<T>(run: () => T): T | string {
  try {
    return run()
  } catch (error) {
    if (error instanceof CliError) return error.code
    throw error
  }
}

test('what is formatted parses to the same, here and by the package dotenv, or is refused', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,5}$/), value, { maxKeys: 4 }), (given) => {
      const values = { ...given }
      const text = outcome(() => formatDotenv(values))
      if (text === 'INVALID') return
      expect(Object.fromEntries(parseDotenv(text))).toEqual(values)
      expect(parse(text)).toEqual(values)
    }),
    runs,
  )
})

test('what it understands, the package dotenv understands in the same way', () => {
  const piece = fc.constantFrom(
    'A',
    'B',
    '=',
    ' = ',
    "'",
    '"',
    '`',
    'x',
    ' ',
    '\n',
    '#',
    '\\n',
    'export ',
    ': ',
    '\r\n',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      const text = pieces.join('')
      const found = outcome(() => parseDotenv(text))
      if (found !== 'INVALID') expect(parse(text)).toEqual(Object.fromEntries(found as Map<string, string>))
    }),
    runs,
  )
})

test('a value that no quotes can be put around stands without any, where it can', () => {
  for (const A of [`a'b"c\`d`, 'C:\\dir\\']) {
    const text = formatDotenv({ A })
    expect(text).toBe(`A=${A}\n`)
    expect([Object.fromEntries(parseDotenv(text)), parse(text)]).toEqual([{ A }, { A }])
  }
})

test('a value with quotes of every kind and lines is refused, not changed', () => {
  expect(outcome(() => formatDotenv({ A: `'"\`\n` }))).toBe('INVALID')
})
