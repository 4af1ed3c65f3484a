import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { COMMON_OPTIONS, SCOPE_OPTION, STORE_OPTIONS } from '../../src/cli/command.ts'
import type { Options } from '../../src/cli/command.ts'
import { tokensOf } from '../../src/cli/tokens.ts'

const options: Options = {
  ...COMMON_OPTIONS,
  ...STORE_OPTIONS,
  ...SCOPE_OPTION,
  secret: { placeholder: 'NAME', short: 's', multiple: true, description: '' },
  'no-newline': { short: 'n', description: '' },
}

/** What Node makes of the same command line. */
function tokensOfNode(args: readonly string[]): unknown {
  const config = Object.entries(options).map(([name, { placeholder, short }]) => {
    const type = placeholder === undefined ? ('boolean' as const) : ('string' as const)
    return [name, short === undefined ? { type } : { type, short }] as const
  })
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(config),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  return tokens.map((token) => ({ ...token }))
}

const word = fc.constantFrom(
  'run',
  'x',
  '',
  '-',
  '--',
  '=',
  '===',
  '-=',
  'a=b',
  '--scope',
  '-s',
  '-x',
  '-sx',
  '--secret',
)
const letters = fc.string({ unit: fc.constantFrom('s', 'n', 'h', 'x', 'é', '='), maxLength: 5 })
const names = fc.constantFrom('json', 'scope', 'secret', 'no-newline', 'nothing', '__proto__', 'constructor', '', 's')
const long = fc.tuple(names, fc.constantFrom('', '=', '=text', '=a=b')).map(([name, text]) => `--${name}${text}`)
const args = fc.array(
  fc.oneof(
    word,
    long,
    letters.map((group) => `-${group}`),
  ),
  { maxLength: 6 },
)

test('a command line is taken apart as parseArgs of Node takes it apart', () => {
  fc.assert(
    fc.property(args, (given) => {
      expect(tokensOf(given, options)).toEqual(tokensOfNode(given))
    }),
    { numRuns: process.env['SLOW'] === undefined ? 1_000 : 100_000 },
  )
})

test.each([
  ['a flag, an option and its text', ['--json', '--scope', 'a/b']],
  ['a text in the same argument', ['--scope=a/b', '-sdb', '-s=db']],
  ['letters together, the last with a text', ['-hns', 'db']],
  ['an option whose text is missing', ['-n', '--scope']],
  ['a text that begins with a dash', ['--scope', '--json']],
  ['what comes after two dashes', ['run', '-s', 'db', '--', 'env', '--', '-s']],
])('%s', (_, given) => {
  expect(tokensOf(given, options)).toEqual(tokensOfNode(given))
})

test('a dash among letters is a letter, and ends nothing', () => {
  expect(tokensOf(['-n-h', 'x'], options).map(({ kind }) => kind)).toEqual(['option', 'option', 'option', 'positional'])
})
