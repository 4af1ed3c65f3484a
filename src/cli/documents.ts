/** What `export` writes and `import` reads: dotenv text of one secret, or a JSON document of many. */
import { isKey, isScope, isSecretName, isValue } from '../secret.ts'
import { doubledMember } from '../stores/json-members.ts'
import { parseDotenv } from './dotenv.ts'
import { CliError } from './failure.ts'

/** One secret of a document. */
export interface DocumentSecret {
  /** Absent in a document that leaves it to `--scope`. */
  readonly scope?: string | undefined
  readonly name: string
  readonly description?: string | undefined
  readonly values: Readonly<Record<string, string>>
}

/** The first member of the documents that `export` writes. */
const FORMAT = 'latchkey-secrets/1'

/** Gives the JSON document of secrets. */
export function formatDocument(secrets: readonly DocumentSecret[]): string {
  return `${JSON.stringify({ format: FORMAT, secrets }, null, 2)}\n`
}

/** Parses dotenv text as one secret. Throws CliError INVALID. */
export function parseDotenvSecret(text: string, name: string): DocumentSecret[] {
  const values = Object.fromEntries(parseDotenv(text))
  if (!Object.keys(values).every(isKey)) {
    throw invalid('One of its names has a dot or a dash, or begins with a digit: that is no key')
  }
  if (Object.keys(values).length === 0) throw invalid('It holds no NAME=value')
  return [{ name, values }]
}

/**
 * Parses a JSON document: what `export` writes; `{ name: { KEY: value } }`; or, for a given name, `{ KEY: value }`.
 *
 * @throws CliError INVALID, naming members where these are names, never a value.
 */
export function parseDocument(text: string, name: string | undefined): DocumentSecret[] {
  const json = parsed(text)
  const doubled = doubledMember(text.replace(/^\uFEFF/, ''))
  if (doubled !== undefined) throw invalid('It gives a member of an object twice, and only one of them can be meant')
  if (name !== undefined) return [{ name, values: valuesOf(json, name) }]
  if (!isRecord(json)) throw invalid('It is no object')
  const { format, secrets } = json
  if (format === FORMAT && Array.isArray(secrets)) return secrets.map(documentSecret)
  if (typeof format === 'string') throw invalid('It is of a format that this version does not know')
  return Object.entries(json).map(([key, values]) => ({ name: secretName(key), values: valuesOf(values, key) }))
}

function documentSecret(item: unknown): DocumentSecret {
  if (!isRecord(item)) throw invalid('An entry of secrets is no object')
  const { scope, name, description, values, ...others } = item
  if (Object.keys(others).length > 0) throw invalid('An entry of secrets has a member that is not known')
  if (scope !== undefined && !isScope(scope)) throw invalid('A scope in it is none')
  if (description !== undefined && !isValue(description)) throw invalid('A description in it is no text')
  return { scope, name: secretName(name), description, values: valuesOf(values, String(name)) }
}

function secretName(name: unknown): string {
  if (isSecretName(name)) return name
  throw invalid('A name in it is none: letters, digits, _ and -, no digit or - first')
}

function valuesOf(values: unknown, name: string): Record<string, string> {
  const shown = isSecretName(name) ? name : 'a secret'
  if (!isRecord(values)) throw invalid(`It gives ${shown} no object of keys and values`)
  const checked = Object.create(null) as Record<string, string>
  for (const [key, value] of Object.entries(values)) {
    if (!isKey(key)) throw invalid(`A key of ${shown} is none: letters, digits and _, no digit first`)
    if (typeof value !== 'string') {
      // A number would lose digits, and true could be meant as a word.
      throw invalid(`The value of ${key} of ${shown} is not a string: put it in quotes`)
    }
    checked[key] = value
  }
  if (Object.keys(checked).length === 0) throw invalid(`It gives ${shown} no key`)
  return checked
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    // What JSON.parse says quotes the text.
    if (error instanceof SyntaxError) throw invalid('It is no JSON')
    throw error
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(what: string): CliError {
  const hint =
    'Correct it, or choose another --format. Nothing was changed. latchkey import --help shows what it reads.'
  return new CliError('INVALID', `The text cannot be imported. ${what}.`, hint)
}
