/** Requirements as the registry works with them, made from what `secrets` takes. */
import { z } from 'zod'
import { argumentError } from '../errors.ts'
import { assertKey, assertScope, assertSecretName, isDefinition, type StandardSchema } from '../secret.ts'
import { checked, ownOf } from './checked.ts'
import { isAdmissible } from './reserved-names.ts'
import type { RequirementDefinition } from './types.ts'

/** One secret that a function needs, with every default in place. */
export interface Needed {
  readonly name: string
  /** `undefined`: the call's scope. */
  readonly scope: string | undefined
  readonly optional: boolean
  /** Keys that must be there. */
  readonly required: readonly string[]
  /** The only keys to inject; `undefined`: every key of the secret. */
  readonly only: readonly string[] | undefined
  /** Which variable holds a key. */
  variable(key: string): string
  readonly plain: ReadonlySet<string>
  readonly allowReserved: ReadonlySet<string>
  /** Schemas by key. */
  readonly schemas: Readonly<Record<string, StandardSchema>>
  /** Tells what becomes of the secret in a child, whatever keys and version it has: which keys, variables and schemas. */
  readonly shape: string
  readonly definition: RequirementDefinition
}

const names = z.array(z.string({ error: 'a string' }), { error: 'an array of strings' })
const longForm = z.strictObject({
  name: z.unknown().optional(),
  scope: z.string({ error: 'a string' }).optional(),
  keys: names.optional(),
  optionalKeys: names.optional(),
  optional: z.boolean({ error: 'true or false' }).optional(),
  env: z.custom<Record<string, string>>(isNameMap, { error: 'an object of variable names' }).optional(),
  prefix: z.string({ error: 'a string' }).optional(),
  plain: names.optional(),
  allowReserved: names.optional(),
})

function isNameMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every((name) => typeof name === 'string')
}

/** Checks one entry of `secrets` and fills in its defaults. */
export function needed(requirement: unknown): Needed {
  if (typeof requirement === 'string' || isDefinition(requirement)) return neededOf(ownOf({ name: requirement }))
  if (typeof requirement !== 'object' || requirement === null || Array.isArray(requirement)) {
    throw argumentError(
      'INVALID_OPTION',
      "register: a requirement is a secret's name, a definition, or an object with the name and more.",
    )
  }
  return neededOf(checked('a requirement of register', longForm, requirement))
}

function neededOf(given: Partial<z.infer<typeof longForm>>): Needed {
  const secret = given.name
  const name = isDefinition(secret) ? secret.name : secret
  assertSecretName(name)
  const schemas = (isDefinition(secret) ? secret.schemas : {}) as Readonly<Record<string, StandardSchema>>
  if (given.scope !== undefined) assertScope(given.scope)
  const optionalKeys = given.optionalKeys ?? []
  const keys = given.keys
    ? [...new Set(given.keys)]
    : isDefinition(secret)
      ? definedKeys(schemas, optionalKeys)
      : undefined
  const only = keys && Object.freeze([...new Set([...keys, ...optionalKeys])])
  const env = new Map(Object.entries(given.env ?? {}))
  const prefix = given.prefix ?? ''
  for (const list of [keys, optionalKeys, given.plain, [...env.keys()], [...env.values()]]) list?.forEach(assertKey)
  if (prefix !== '') assertKey(prefix)
  const idle = [...env.keys()].find((key) => only?.includes(key) === false)
  if (idle !== undefined) {
    throw argumentError(
      'INVALID_OPTION',
      `register: env renames key ${idle} of secret ${name}, which is neither in keys nor in optionalKeys.`,
    )
  }
  for (const variable of given.allowReserved ?? []) {
    assertKey(variable)
    if (!isAdmissible(variable)) {
      throw argumentError(
        'INVALID_OPTION',
        `register: ${variable} can never be set by a secret; take it out of allowReserved.`,
      )
    }
  }
  return Object.freeze({
    name,
    scope: given.scope,
    optional: given.optional ?? false,
    required: Object.freeze([...(keys ?? [])]),
    only,
    variable: (key: string) => env.get(key) ?? prefix + key,
    plain: new Set(given.plain),
    allowReserved: new Set(given.allowReserved),
    schemas,
    shape: JSON.stringify([only, [...env], prefix, isDefinition(secret) ? numberOf(schemas) : 0]),
    definition: Object.freeze({
      name,
      ...(given.scope === undefined ? {} : { scope: given.scope }),
      ...(keys === undefined ? {} : { keys: Object.freeze([...keys]) }),
      ...(optionalKeys.length === 0 ? {} : { optionalKeys: Object.freeze([...optionalKeys]) }),
      optional: given.optional ?? false,
      ...(env.size === 0 ? {} : { env: Object.freeze(Object.fromEntries(env)) }),
      ...(prefix === '' ? {} : { prefix }),
      ...listed('plain', given.plain),
      ...listed('allowReserved', given.allowReserved),
    }),
  })
}

const numbers = new WeakMap<object, number>()
let lastNumber = 0

/** Numbers the schemas of definitions: two definitions of one secret may make different values of it. */
function numberOf(schemas: object): number {
  const number = numbers.get(schemas) ?? ++lastNumber
  numbers.set(schemas, number)
  return number
}

/** A definition requires its keys, but for those that the requirement calls optional. */
function definedKeys(schemas: object, optionalKeys: readonly string[]): string[] {
  return Object.keys(schemas).filter((key) => !optionalKeys.includes(key))
}

function listed<Name extends string>(
  name: Name,
  names: readonly string[] | undefined,
): { [N in Name]?: readonly string[] } {
  if (names === undefined || names.length === 0) return {}
  return { [name]: Object.freeze([...names]) } as { [N in Name]?: readonly string[] }
}
