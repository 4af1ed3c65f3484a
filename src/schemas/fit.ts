/** Holds the values of a secret to the schemas of its keys. */
import type { SchemaFinding } from '../errors.ts'
import { isValue, type StandardSchema } from '../secret.ts'
import { KEY_SCHEMA_MS, schemaFindings } from './ask.ts'

/** A finding, and the key whose value it is about. */
export interface KeyFinding extends SchemaFinding {
  readonly key: string
}

/** The values of a secret after its schemas have seen them. */
export interface Fit {
  /** The values as the schemas give them: the very object that was given where they changed none. */
  readonly values: Readonly<Record<string, string>>
  /** What does not fit, in the order of the keys; then `values` are not to be used. */
  readonly findings: readonly KeyFinding[]
}

/**
 * Asks the schema of each key for which there is a value, all at the same time. A schema that gives a string gives the value;
 * what else it gives is dropped, since a value is a string: it was asked for its opinion only.
 *
 * Values are strings, so no schema can change what another one sees. Never rejects.
 *
 * @param signal - ends the time that schemas have, where nobody wants the answer any more.
 */
export async function fitted(
  schemas: Readonly<Record<string, StandardSchema>>,
  values: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<Fit> {
  const keys = Object.keys(schemas).filter((key) => values[key] !== undefined)
  const answers = await Promise.all(
    keys.map((key) => fittedValue(schemas[key] as StandardSchema, values[key] as string, signal)),
  )
  const changed = new Map<string, string>()
  const findings: KeyFinding[] = []
  keys.forEach((key, index) => {
    const answer = answers[index]
    if (typeof answer !== 'string') findings.push(...(answer ?? []).map((found) => ({ key, ...found })))
    else if (answer !== values[key]) changed.set(key, answer)
  })
  if (changed.size === 0) return { values, findings }
  const copy = Object.assign(Object.create(null) as Record<string, string>, values)
  for (const [key, value] of changed) copy[key] = value
  return { values: Object.freeze(copy), findings }
}

async function fittedValue(
  schema: StandardSchema,
  value: string,
  signal?: AbortSignal,
): Promise<string | readonly SchemaFinding[]> {
  const { value: output, issues } = await schemaFindings(schema, value, KEY_SCHEMA_MS, signal)
  // A schema that gives a list has refused, by its interface, also where the list is empty.
  if (issues !== undefined) return issues.length === 0 ? [{ path: [] }] : withoutParts(value, issues)
  if (typeof output !== 'string') return value
  return isValue(output) ? output : [{ path: [], code: 'invalid_output' }]
}

/** What a member of a document may be called so that its name is shown. */
const SHOWN_NAME = /^[A-Za-z_][\w-]{0,31}$/

/**
 * Takes parts of the value out of findings. A path leads into a value that is a document, by names of its members; what else
 * of the value stands in a path is not shown, nor is a name that looks like none.
 */
function withoutParts(value: string, findings: readonly SchemaFinding[]): SchemaFinding[] {
  let names: ReadonlySet<string> | undefined
  const isShown = (segment: string | number): boolean => {
    const name = String(segment)
    if (typeof segment === 'string' && !SHOWN_NAME.test(name)) return false
    return !value.includes(name) || (names ??= memberNames(value)).has(name)
  }
  return findings.map((finding) => {
    const path = finding.path.map((segment) => (isShown(segment) ? segment : '…'))
    const { code, message } = finding
    // A code is the schema's word, unless it is the value's: those of the library's own, which have a message, never are.
    const told = code === undefined || (message === undefined && value.includes(code)) ? {} : { code }
    return { path, ...told, ...(message === undefined ? {} : { message }) }
  })
}

function memberNames(value: string): ReadonlySet<string> {
  const names = new Set<string>()
  try {
    JSON.parse(value, (name, member: unknown) => {
      names.add(name)
      return member
    })
  } catch {
    // It is no JSON document, and has no members; what the parser says of it quotes it.
    names.clear()
  }
  return names
}

/** Shows findings as the end of a message: `key TOKEN of secret gh (scope default): too_small`. */
export function shownFindings(
  findings: readonly (KeyFinding & { readonly scope: string; readonly secret: string })[],
): string {
  return findings
    .map(({ secret, key, scope, path, code, message }) => {
      const place = `key ${key} of secret ${secret} (scope ${scope})${path.length === 0 ? '' : ` at ${path.join('.')}`}`
      const what = [code, message].filter((part) => part !== undefined).join(', ')
      return what === '' ? place : `${place}: ${what}`
    })
    .join('; ')
}
