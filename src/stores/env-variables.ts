/** Finds secrets among environment variables. What it throws names variables, scopes, names and keys, never their text. */
import { StoreError } from '../errors.ts'
import { checkedValues, DEFAULT_SCOPE, isKey, isScope, isSecretName, isValue, quoteName } from '../secret.ts'
import { doubledMember } from './json-members.ts'

/** Variables by the name of the secret that they make up. */
export type VariableGroups = ReadonlyMap<string, readonly string[]>

/** A secret that the environment holds. */
interface FoundSecret {
  readonly scope: string
  readonly name: string
  readonly values: Readonly<Record<string, string>>
}

/** What the environment holds, and the variables that hold it. */
export interface Findings {
  readonly secrets: readonly FoundSecret[]
  readonly variables: readonly string[]
}

/** One pair, and the variable that gives it. */
interface Pair {
  readonly scope: string
  readonly name: string
  readonly key: string
  readonly value: string
  readonly variable: string
}

const PREFIX = 'LATCHKEY_SECRET__'
const DOCUMENT = 'LATCHKEY_SECRETS'

/**
 * Reads every secret that `env` holds.
 *
 * @param groups - variables that exist under their own names, by secret, in scope `default`.
 * @throws StoreError INVALID if a variable cannot be understood or two give the same pair; TOO_LARGE.
 */
export function readVariables(env: Readonly<Record<string, string | undefined>>, groups: VariableGroups): Findings {
  const pairs = [...prefixedPairs(env), ...documentPairs(env), ...groupedPairs(env, groups)]
  const grouped = new Set([...groups.values()].flat())
  const variables = Object.keys(env).filter((variable) => {
    return variable === DOCUMENT || variable.startsWith(PREFIX) || grouped.has(variable)
  })
  return { secrets: assemble(pairs), variables }
}

/** `LATCHKEY_SECRET__name__KEY`. */
function* prefixedPairs(env: Readonly<Record<string, string | undefined>>): Generator<Pair> {
  for (const variable of Object.keys(env)) {
    if (!variable.startsWith(PREFIX)) continue
    const value = text(env, variable)
    if (value === undefined) continue
    const rest = variable.slice(PREFIX.length)
    const split = rest.indexOf('__')
    const name = rest.slice(0, split)
    const key = rest.slice(split + 2)
    // A `-` is refused although a secret's name may hold one: no shell can set such a variable.
    if (split === -1 || !isSecretName(name) || name.includes('-') || !isKey(key)) {
      throw invalid(
        `${quoteName(variable)} is not ${PREFIX}name__KEY.`,
        `Names that hold "__" or "-", and other scopes, go into ${DOCUMENT}.`,
      )
    }
    yield { scope: DEFAULT_SCOPE, name, key, value, variable }
  }
}

/**
 * `LATCHKEY_SECRETS`. Checked by hand: zod's records drop a member named `__proto__`. A member name that breaks the
 * grammar is not shown: it may be a value in the wrong place.
 */
function* documentPairs(env: Readonly<Record<string, string | undefined>>): Generator<Pair> {
  const json = text(env, DOCUMENT)
  if (json === undefined) return
  for (const [scope, names] of members(parse(json), 'it')) {
    if (!isScope(scope)) throw invalid(`${DOCUMENT}: one of its members is not a scope.`, SHAPE)
    for (const [name, values] of members(names, `scope ${scope}`)) {
      if (!isSecretName(name)) throw invalid(`${DOCUMENT}: a member of scope ${scope} is not a secret's name.`, SHAPE)
      const place = `secret ${name} in scope ${scope}`
      const pairs = members(values, place)
      if (pairs.length === 0) throw invalid(`${DOCUMENT}: ${place} has no key.`, SHAPE)
      for (const [key, value] of pairs) {
        if (!isKey(key)) throw invalid(`${DOCUMENT}: a member of ${place} is not a key.`, SHAPE)
        if (!isValue(value)) {
          throw invalid(
            `${DOCUMENT}: the value of ${key} of ${place} must be a well-formed string without NUL characters.`,
          )
        }
        yield { scope, name, key, value, variable: DOCUMENT }
      }
    }
  }
}

const SHAPE = `${DOCUMENT} must be a JSON object { scope: { name: { KEY: value } } } with strings as values.`

function parse(json: string): unknown {
  let document: unknown
  try {
    document = JSON.parse(json)
  } catch {
    // The parser's own message quotes the text, which is secret: nothing of it is passed on.
    throw invalid(`${DOCUMENT} is not JSON.`, SHAPE)
  }
  const doubled = doubledMember(json)
  if (doubled === undefined) return document
  const grammar = [isScope, isSecretName, isKey]
  const path = doubled.map((member, depth) => (grammar[depth]?.(member) === true ? member : '(unnamable)'))
  throw invalid(`${DOCUMENT} gives ${path.join(' > ')} twice.`, 'Keep one of the two, even if they are equal.')
}

function members(value: unknown, what: string): [string, unknown][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value)
  throw invalid(`${DOCUMENT}: ${what} is not an object.`, SHAPE)
}

/** Variables that exist under their own names. */
function* groupedPairs(env: Readonly<Record<string, string | undefined>>, groups: VariableGroups): Generator<Pair> {
  for (const [name, variables] of groups) {
    for (const variable of variables) {
      const value = text(env, variable)
      if (value !== undefined) yield { scope: DEFAULT_SCOPE, name, key: variable, value, variable }
    }
  }
}

/** An own variable's text: `env` may be any object, and what it inherits is no variable. */
function text(env: Readonly<Record<string, string | undefined>>, variable: string): string | undefined {
  const value: unknown = Object.hasOwn(env, variable) ? env[variable] : undefined
  if (value === undefined || isValue(value)) return value
  throw invalid(`The value of ${quoteName(variable)} must be a well-formed string without NUL characters.`)
}

function assemble(pairs: readonly Pair[]): FoundSecret[] {
  const found = new Map<string, { scope: string; name: string; given: Map<string, Pair> }>()
  for (const pair of pairs) {
    const { scope, name, key, variable } = pair
    // Neither a scope nor a name holds a blank.
    const id = `${scope} ${name}`
    const secret = found.get(id) ?? { scope, name, given: new Map<string, Pair>() }
    found.set(id, secret)
    const before = secret.given.get(key)
    if (before !== undefined) {
      throw invalid(
        `Key ${key} of secret ${name} (scope ${scope}) is given twice: by ${before.variable} and by ${variable}.`,
        'Keep one of the two, even if their values are equal.',
      )
    }
    secret.given.set(key, pair)
  }
  return [...found.values()].map(({ scope, name, given }) => {
    const values = Object.fromEntries([...given].map(([key, { value }]) => [key, value]))
    return { scope, name, values: checkedValues(values, { store: 'env', scope, secret: name }) }
  })
}

function invalid(message: string, hint?: string): StoreError {
  return new StoreError('INVALID', message, { store: 'env', hint })
}
