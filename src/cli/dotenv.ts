/**
 * Reads and writes dotenv files, by the grammar of the package dotenv: https://github.com/motdotla/dotenv. What that package
 * passes over in silence, a line that it does not understand or a name given twice, is an error here: it would be lost.
 */
import { CliError } from './failure.ts'

const BLANK = /[ \t]*(?:#[^\n]*)?(?:\n|$)/y
const NAME = /[ \t]*(?:export[ \t]+)?([\w.-]+)(?:[ \t]*=|:[ \t])[ \t]*/y
/** A backslash before the quote never ends it, whatever follows. */
const QUOTED = /(['"`])((?:\\\1|(?!\1|\\\1)[^])*)\1[ \t]*(?:#[^\n]*)?(?:\n|$)/y
const PLAIN = /([^#\n]*)(?:#[^\n]*)?(?:\n|$)/y

/**
 * Parses a dotenv file. Values in double quotes have `\n` and `\r` expanded; nothing else is, and no variable is put in.
 *
 * @throws CliError INVALID, with the number of the line and nothing of its text.
 */
export function parseDotenv(text: string): Map<string, string> {
  const source = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n')
  const pairs = new Map<string, string>()
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const found = pattern.exec(source)
    if (found !== null) at = pattern.lastIndex
    return found
  }
  const wrong = (from: number, what: string): CliError => {
    const line = source.slice(0, from).split('\n').length
    const hint = 'A line is NAME=value, NAME="value", a comment after #, or empty. Nothing was changed.'
    return new CliError('INVALID', `Line ${line} of the dotenv text ${what}.`, hint)
  }
  while (at < source.length) {
    const start = at
    if (take(BLANK) !== null) continue
    const name = take(NAME)?.[1]
    if (name === undefined) throw wrong(start, 'is no NAME=value')
    if (pairs.has(name)) throw wrong(start, 'gives a name for the second time')
    const quoted = take(QUOTED)
    if (quoted === null && /['"`]/.test(source[at] ?? '')) throw wrong(start, 'has a quote that does not end')
    const value = quoted === null ? (take(PLAIN)?.[1] ?? '').trim() : (quoted[2] ?? '')
    pairs.set(name, quoted?.[1] === '"' ? value.replace(/\\n/g, '\n').replace(/\\r/g, '\r') : value)
  }
  return pairs
}

/**
 * Formats pairs as a dotenv file that parses to the same.
 *
 * @throws CliError INVALID for a value that no dotenv file can hold, naming its key.
 */
export function formatDotenv(values: Readonly<Record<string, string>>): string {
  return Object.keys(values)
    .sort()
    .map((key) => `${key}=${quoted(key, values[key] ?? '')}\n`)
    .join('')
}

function quoted(key: string, value: string): string {
  if (/^[\w./:@%+,-]*$/.test(value)) return value
  const escaped = value.replace(/\r/g, '\\r')
  // Single quotes first: a shell, too, takes what is in them as it is.
  for (const text of [`'${value}'`, `"${value}"`, `"${escaped}"`, `\`${value}\``]) {
    if (parsesTo(text, value)) return text
  }
  // The package dotenv takes what follows U+2028 for another line, and quotes off it.
  if (!/[\u2028\u2029]/.test(value) && parsesTo(value, value)) return value
  throw new CliError(
    'INVALID',
    `The value of ${key} cannot be written in a dotenv file: it has quotes of every kind, or backslashes beside them.`,
    'Use latchkey export --format json, or latchkey get --json.',
  )
}

function parsesTo(text: string, value: string): boolean {
  try {
    return parseDotenv(`A=${text}\n`).get('A') === value
  } catch (error) {
    if (error instanceof CliError && error.code === 'INVALID') return false
    throw error
  }
}
