/** What every ready-made schema is: a function from a text to the value, or to what is wrong with it. */
import { argumentError } from '../errors.ts'
import { quoteName, type StandardResult, type StandardSchema } from '../secret.ts'
import { vouchFor } from './own.ts'

/**
 * A schema for one key of a secret, as {@link defineSecret} takes it: a Standard Schema from text to text. It gives the value
 * as it is, unless its page says what it mends. Its issues have a `code` and a `message` without any part of the value.
 */
export type KeySchema<Value extends string = string> = StandardSchema<Value>

/** What is wrong with a value: a stable code, and what a value must be, without anything of the one that was given. */
export interface Problem {
  readonly code: string
  /** The end of a sentence that begins with "the value". */
  readonly message: string
  readonly path?: readonly (string | number)[]
}

/** What a check answers: the value, or what is wrong with it. */
export type Checked<Value extends string> = Value | Problem | readonly Problem[]

/** Makes a schema of a check. */
export function keySchema<Value extends string>(
  check: (text: string) => Checked<Value> | Promise<Checked<Value>>,
): KeySchema<Value> {
  const validate = (value: unknown): StandardResult<Value> | Promise<StandardResult<Value>> => {
    if (typeof value !== 'string') return result<Value>({ code: 'not_a_string', message: 'must be a string' })
    const checked = check(value)
    return checked instanceof Promise ? checked.then((later) => result(later)) : result(checked)
  }
  return vouchFor(Object.freeze({ '~standard': Object.freeze({ version: 1 as const, vendor: 'latchkey', validate }) }))
}

function result<Value extends string>(checked: Checked<Value>): StandardResult<Value> {
  if (typeof checked === 'string') return { value: checked }
  const problems: readonly Problem[] = isList(checked) ? checked : [checked]
  return { issues: problems.map(({ path = [], ...problem }) => ({ ...problem, path })) }
}

function isList<T>(given: T | readonly T[]): given is readonly T[] {
  return Array.isArray(given)
}

/**
 * Copies the options of a ready-made schema; `undefined` counts as absent.
 *
 * @throws TypeError UNKNOWN_OPTION for one that it does not have, INVALID_OPTION if they are no object.
 */
export function schemaOptions<Options extends object>(
  schema: string,
  options: Options,
  known: readonly (keyof Options & string)[],
): Options {
  const given: unknown = options
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw argumentError('INVALID_OPTION', `${schema}: the options must be an object.`)
  }
  const entries = Object.entries(given).filter(([, value]) => value !== undefined)
  const unknown = entries.find(([name]) => !(known as readonly string[]).includes(name))
  if (unknown !== undefined) {
    throw argumentError(
      'UNKNOWN_OPTION',
      `${schema} has no option ${quoteName(unknown[0])}; it has ${known.join(', ')}.`,
    )
  }
  return Object.fromEntries(entries) as Options
}

/** Gives an option that is true or false; false where it is left out. */
export function flagOption(schema: string, name: string, value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? false
  throw argumentError('INVALID_OPTION', `${schema}: ${name} must be true or false.`)
}

/** Gives an option that is a whole number, or `undefined` where it is left out. */
export function countOption(schema: string, name: string, value: unknown, least: number): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && Number(value) >= least)) return value as number | undefined
  throw argumentError('INVALID_OPTION', `${schema}: ${name} must be a whole number, at least ${least}.`)
}

/** Gives an option that is a list of at least one string, copied, or `undefined` where it is left out. */
export function listOption(schema: string, name: string, value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined
  const list: unknown[] = Array.isArray(value) ? [...(value as unknown[])] : []
  if (list.length > 0 && list.every((item) => typeof item === 'string')) return Object.freeze(list)
  throw argumentError('INVALID_OPTION', `${schema}: ${name} must be an array of one or more strings.`)
}
