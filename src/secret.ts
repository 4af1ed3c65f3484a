/** The grammar of names, keys, values and scopes, and the shapes of secrets. */
import { argumentError, StoreError } from './errors.ts'

/** A named set of key/value string pairs, as a store answers it: frozen, `values` without a prototype. */
export interface Secret {
  readonly name: string
  readonly scope: string
  /** An opaque token that changes with every write. */
  readonly version: string
  readonly values: Readonly<Record<string, string>>
  readonly createdAt?: Date
  readonly description?: string
}

/** What may be known of a secret without its values. */
export interface SecretInfo {
  readonly name: string
  readonly scope: string
  /** An opaque token that changes with every write. */
  readonly version: string
  /** The names of its keys, sorted. */
  readonly keys: readonly string[]
  readonly createdAt?: Date
  readonly description?: string
  /** Key names of the engine that do not fit the grammar and were left out. */
  readonly skipped?: readonly string[]
}

/** The scope of everything that names none. */
export const DEFAULT_SCOPE = 'default'
/** A secret has 1 to this many keys. */
export const MAX_KEYS = 100
/** The values of one secret together: UTF-8 bytes. */
export const MAX_SECRET_BYTES = 1024 * 1024

const NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,127}$/
const KEY = /^[A-Za-z_][A-Za-z0-9_]{0,254}$/
const SCOPE_SEGMENT = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/

/** Tells whether something is a secret's name: a letter or `_`, then up to 127 of letters, digits, `_`, `-`. */
export function isSecretName(name: unknown): name is string {
  return typeof name === 'string' && NAME.test(name)
}

/** Tells whether something is a key: a valid environment variable name of up to 255 characters. */
export function isKey(key: unknown): key is string {
  return typeof key === 'string' && KEY.test(key)
}

/** Tells whether something is a scope: 1 to 8 segments joined by `/`, e.g. `acme/production`. */
export function isScope(scope: unknown): scope is string {
  if (typeof scope !== 'string') return false
  const segments = scope.split('/')
  return segments.length <= 8 && segments.every((segment) => SCOPE_SEGMENT.test(segment))
}

/** Tells whether something can be a value: a well-formed string without NUL. The empty string can. */
export function isValue(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed() && !value.includes('\0')
}

/** Shows a name that came from outside: at most 80 characters, with control, bidi and zero-width characters escaped. */
export function quoteName(name: unknown): string {
  if (typeof name !== 'string') return `a value of type ${name === null ? 'null' : typeof name}`
  const cut = name.length > 80 ? `${name.slice(0, 79)}…` : name
  const escaped = cut.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}"\\]/gu, (char) => {
    return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`
  })
  return `"${escaped}"`
}

/** Throws INVALID_NAME unless `name` is a secret's name. */
export function assertSecretName(name: unknown): asserts name is string {
  if (isSecretName(name)) return
  const advice = isDefinition(name)
    ? 'definitions are for register, currentCall and the verbs of typedStore(store).'
    : 'use a letter or _, then up to 127 letters, digits, _ or -.'
  throw argumentError('INVALID_NAME', `${quoteName(name)} is not a secret's name: ${advice}`)
}

/** Throws INVALID_NAME unless `key` is a key. */
export function assertKey(key: unknown): asserts key is string {
  if (isKey(key)) return
  throw argumentError(
    'INVALID_NAME',
    `${quoteName(key)} is not a key: use a letter or _, then up to 254 letters, digits or _.`,
  )
}

/** Throws INVALID_NAME unless `scope` is a scope. */
export function assertScope(scope: unknown): asserts scope is string {
  if (isScope(scope)) return
  throw argumentError(
    'INVALID_NAME',
    `${quoteName(scope)} is not a scope: use 1 to 8 segments of letters, digits, _ . or -, joined by /, e.g. acme/production.`,
  )
}

/** Which secret a check of values speaks of. */
export interface SecretAddress {
  readonly store: string
  readonly scope: string
  readonly secret: string
}

/**
 * Copies `values` after checking them by the grammar: own enumerable string pairs, 1 to 100 keys, at most 1 MiB.
 *
 * @returns a frozen record without a prototype.
 * @throws StoreError INVALID or TOO_LARGE, naming the key, never the value.
 */
export function checkedValues(values: unknown, address: SecretAddress): Readonly<Record<string, string>> {
  const invalid = (message: string, key?: string): never => {
    throw new StoreError('INVALID', `Secret ${address.secret} (scope ${address.scope}): ${message}`, {
      ...address,
      key,
    })
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    return invalid("the values must be an object of key/value pairs, e.g. { API_TOKEN: '…' }.")
  }
  const entries = Object.entries(values as Record<string, unknown>)
  if (entries.length === 0) return invalid('a secret needs at least one key.')
  if (entries.length > MAX_KEYS) return invalid(`a secret has at most ${MAX_KEYS} keys.`)
  const checked = Object.create(null) as Record<string, string>
  let bytes = 0
  for (const [key, value] of entries) {
    if (!isKey(key)) return invalid(`${quoteName(key)} is not a key: use letters, digits and _, no digit first.`)
    if (!isValue(value)) {
      return invalid(`the value of ${key} must be a well-formed string without NUL characters.`, key)
    }
    bytes += Buffer.byteLength(value)
    checked[key] = value
  }
  if (bytes > MAX_SECRET_BYTES) {
    throw new StoreError(
      'TOO_LARGE',
      `Secret ${address.secret} (scope ${address.scope}) is larger than 1 MiB.`,
      address,
    )
  }
  return Object.freeze(checked)
}

/** The part of the Standard Schema interface (https://standardschema.dev, version 1) that latchkey uses. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}
/** What a Standard Schema answers. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string; readonly path?: readonly unknown[] | undefined }[] }

/** What a schema takes. */
export type SchemaInput<S> = S extends { '~standard': { types?: { input: infer I } | undefined } } ? I : unknown
/** What a schema gives. */
export type SchemaOutput<S> = S extends { '~standard': { types?: { output: infer O } | undefined } } ? O : unknown

/** Schemas by key, as {@link defineSecret} takes them. */
export type KeySchemas = Readonly<Record<string, StandardSchema<never> | StandardSchema>>
/** The same schemas, but for those that take no string, as no value could fit them. */
export type TakingStrings<Keys> = {
  readonly [K in keyof Keys]: [SchemaInput<Keys[K]> & string] extends [never] ? 'a schema that takes a string' : unknown
}
/** The type of a value by its schema: what the schema gives where that is a string, and any string otherwise. */
export type KeyValue<S> = StringOf<SchemaOutput<S>>
/** The type of a value that is to be stored, by its schema. */
export type KeyInput<S> = StringOf<SchemaInput<S>>
type StringOf<T> = 0 extends 1 & T ? string : [T] extends [never] ? string : [T] extends [string] ? T : string

/** A typed secret: its name, and a schema for each of its keys. */
export interface SecretDefinition<Name extends string = string, Keys extends KeySchemas = KeySchemas> {
  readonly kind: 'latchkey.secret-definition'
  readonly name: Name
  readonly schemas: Keys
}

/** Tells a definition from a name. */
export function isDefinition(value: unknown): value is SecretDefinition {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'kind')) return false
  return (value as { kind: unknown }).kind === 'latchkey.secret-definition'
}

/** Tells whether a schema can be asked: any library that implements Standard Schema. */
export function isStandardSchema(schema: unknown): schema is StandardSchema {
  if ((typeof schema !== 'object' && typeof schema !== 'function') || schema === null) return false
  const standard = (schema as { '~standard'?: { validate?: unknown } | null })['~standard']
  return typeof standard?.validate === 'function'
}

/**
 * Defines a typed secret: which keys it has, and a schema that each key's value must fit.
 *
 * A registration that names the definition requires all of its keys; the values are checked when the registration is
 * checked, and at every call, and by {@link typedStore} when they are read and written. A finding names secret, key and the
 * schema's path and code, never the value. A schema that gives a string gives the value, trimmed for instance; what else it
 * gives is dropped.
 *
 * @param name - the secret's name.
 * @param schemas - a Standard Schema (zod, valibot, arktype, …) for each key.
 * @throws TypeError INVALID_NAME for a bad name or key, INVALID_OPTION for something that is no schema.
 * @example
 * ```ts
 * const github = defineSecret('my_github_secret', { GH_ACCESS_TOKEN: z.string().startsWith('ghp_'), GH_USERNAME: z.string() })
 * ```
 */
export function defineSecret<const Name extends string, const Keys extends KeySchemas>(
  name: Name,
  schemas: Keys & TakingStrings<Keys>,
): SecretDefinition<Name, Keys> {
  assertSecretName(name)
  const copy = Object.create(null) as Record<string, StandardSchema>
  for (const [key, schema] of Object.entries(schemas)) {
    assertKey(key)
    if (!isStandardSchema(schema)) {
      throw argumentError('INVALID_OPTION', `Secret ${name}: the schema of ${key} does not implement Standard Schema.`)
    }
    copy[key] = schema
  }
  if (Object.keys(copy).length === 0) throw argumentError('INVALID_OPTION', `Secret ${name}: define at least one key.`)
  return Object.freeze({ kind: 'latchkey.secret-definition', name, schemas: Object.freeze(copy) as unknown as Keys })
}
