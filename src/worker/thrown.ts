/**
 * Carries what a function threw across the border of a process: as plain data, whatever it was, with caps on depth and
 * size, so that nothing hostile in it can hurt the carrier.
 */
import { types } from 'node:util'
import { CallError } from '../errors.ts'
import type { Redactor } from '../redact/index.ts'
import { maskedAndCut, withoutRest } from './cut-text.ts'

/** What was thrown, as plain data. */
export type Thrown =
  | {
      readonly kind: 'error'
      readonly name: string
      readonly message: string
      readonly stack?: string
      readonly code?: string | number
      readonly cause?: Thrown
      readonly errors?: readonly Thrown[]
      readonly data?: Readonly<Record<string, unknown>>
    }
  | { readonly kind: 'value'; readonly value: unknown }

const MAX_CAUSES = 10
const MAX_ERRORS = 100
const MAX_DATA_DEPTH = 4
const MAX_ENTRIES = 1_000
const ERROR_FIELDS = new Set(['name', 'message', 'stack', 'code', 'cause', 'errors', 'constructor', '__proto__'])

/** The names that errors inherit whose class gives none. */
const BUILT_IN = new Set(
  [Error, AggregateError, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map(
    ({ name }) => name,
  ),
)

/** What one error may still cost: entries of data, and nested errors. */
interface Budget {
  entries: number
  errors: number
}

/** Turns anything thrown into plain data; never throws, whatever getters and proxies do. */
export function encodeThrown(thrown: unknown): Thrown {
  return encode(thrown, 0, { entries: MAX_ENTRIES, errors: MAX_ERRORS }, new Set())
}

function encode(thrown: unknown, depth: number, budget: Budget, above: Set<unknown>): Thrown {
  if (!isError(thrown) || above.has(thrown)) {
    return { kind: 'value', value: above.has(thrown) ? '[circular]' : thrownValue(thrown, budget) }
  }
  above.add(thrown)
  const name = nameOf(thrown)
  const message = read(thrown, 'message')
  const stack = read(thrown, 'stack')
  const code = read(thrown, 'code')
  const data = ownData(thrown, budget)
  const deeper = depth < MAX_CAUSES
  const cause =
    deeper && read(thrown, 'cause') !== undefined ? encode(read(thrown, 'cause'), depth + 1, budget, above) : undefined
  const errors = deeper ? nestedErrors(read(thrown, 'errors'), depth, budget, above) : undefined
  above.delete(thrown)
  return {
    kind: 'error',
    name: withoutRest(name),
    message: typeof message === 'string' ? withoutRest(message) : '',
    ...(typeof stack === 'string' ? { stack: withoutRest(stack) } : {}),
    ...(typeof code === 'string' ? { code: withoutRest(code) } : typeof code === 'number' ? { code } : {}),
    ...(cause === undefined ? {} : { cause }),
    ...(errors === undefined ? {} : { errors }),
    ...(data === undefined ? {} : { data }),
  }
}

/** An error's name; where its class gives none, that of the class, which is lost on the way. */
function nameOf(error: object): string {
  const name = read(error, 'name')
  if (typeof name !== 'string' || name === '') return 'Error'
  if (!BUILT_IN.has(name) || Object.hasOwn(error, 'name')) return name
  const made = read(error, 'constructor')
  const ofClass = typeof made === 'function' ? read(made, 'name') : undefined
  return typeof ofClass === 'string' && ofClass !== '' ? ofClass : name
}

/** What is no error, as data; of what cannot be data, what it was. */
function thrownValue(thrown: unknown, budget: Budget): unknown {
  if (typeof thrown === 'symbol') return withoutRest(String(thrown))
  if (typeof thrown === 'function') return '[function]'
  return types.isProxy(thrown) ? '[proxy]' : plain(thrown, 0, budget, new Set())
}

function nestedErrors(errors: unknown, depth: number, budget: Budget, above: Set<unknown>): Thrown[] | undefined {
  if (!Array.isArray(errors) || types.isProxy(errors)) return undefined
  const encoded: Thrown[] = []
  for (let index = 0; index < errors.length && budget.errors > 0; index++) {
    budget.errors--
    encoded.push(encode(read(errors, index), depth + 1, budget, above))
  }
  return encoded
}

function isError(value: unknown): value is object {
  if (types.isNativeError(value)) return true
  // An object that only inherits from Error (Object.create) counts; a proxy may not even be asked.
  return typeof value === 'object' && value !== null && !types.isProxy(value) && value instanceof Error
}

function read(holder: object, key: string | number): unknown {
  try {
    return (holder as Record<string | number, unknown>)[key]
  } catch {
    // A getter of the user's threw: the field is not to be had, and the rest of the error still is.
    return undefined
  }
}

function ownData(error: object, budget: Budget): Record<string, unknown> | undefined {
  let found: Record<string, unknown> | undefined
  for (const key of Object.keys(error)) {
    if (ERROR_FIELDS.has(key)) continue
    if (budget.entries-- <= 0) break
    const value = plain(read(error, key), 1, budget, new Set([error]))
    if (value === undefined) continue
    found ??= {}
    found[key] = value
  }
  return found
}

/** Copies data as far as it is data: no functions, symbols, proxies or bytes; getters of nested objects do not run. */
function plain(value: unknown, depth: number, budget: Budget, above: Set<unknown>): unknown {
  if (typeof value === 'string') return withoutRest(value)
  if (typeof value === 'symbol' || typeof value === 'function') return undefined
  if (typeof value !== 'object' || value === null) return value
  if (types.isDate(value)) return new Date(value)
  if (types.isProxy(value) || ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return undefined
  if (above.has(value)) return '[circular]'
  if (depth > MAX_DATA_DEPTH) return '[deep]'
  above.add(value)
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [] : {}
  for (const key of keysOf(value, budget.entries)) {
    if (budget.entries-- <= 0) break
    const descriptor = Object.getOwnPropertyDescriptor(value, key)
    if (descriptor === undefined || !('value' in descriptor) || key === '__proto__') continue
    const item = plain(descriptor.value, depth + 1, budget, above)
    if (item !== undefined) (copy as Record<string, unknown>)[key] = item
  }
  above.delete(value)
  return copy
}

/** The keys of what counts as data; of a list that is longer than what is looked at, the first indexes: to name all takes seconds. */
function keysOf(value: object, most: number): Iterable<string> {
  if (Array.isArray(value) && value.length > most)
    return Array.from({ length: Math.max(0, most) }, (_, index) => String(index))
  const keys = Object.keys(value)
  return types.isNativeError(value) ? new Set(['stack', 'message', ...keys]) : keys
}

/** What to say of something thrown that is no error. */
function messageOf(value: unknown): string {
  if (value === undefined) return 'The function threw undefined'
  if (value === null) return 'null'
  if (typeof value !== 'object') return (value as string | number | bigint | boolean).toString()
  return `The function threw ${Array.isArray(value) ? 'an array' : 'an object'}`
}

/** Rebuilds what a function threw as the error that its caller gets. The parts must have been redacted before. */
export function callError(thrown: Thrown): CallError {
  if (thrown.kind === 'value') {
    const { value } = thrown
    const message = messageOf(value)
    return new CallError({ name: 'Error', message, cause: value })
  }
  return new CallError({
    name: thrown.name,
    message: thrown.message,
    stack: thrown.stack,
    code: thrown.code,
    cause: thrown.cause && rebuilt(thrown.cause),
    errors: thrown.errors?.map(rebuilt),
    data: thrown.data,
  })
}

function rebuilt(thrown: Thrown): unknown {
  return thrown.kind === 'value' ? thrown.value : errorOf(thrown)
}

/** Rebuilds a nested error: an `Error` with the original's name, message, stack, code, cause, errors and data. */
export function errorOf(thrown: Thrown & { kind: 'error' }): Error {
  const error = new Error(thrown.message, thrown.cause === undefined ? undefined : { cause: rebuilt(thrown.cause) })
  const define = (key: string, value: unknown, enumerable: boolean): void => {
    Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true })
  }
  for (const [key, value] of Object.entries(thrown.data ?? {})) define(key, value, true)
  define('name', thrown.name, false)
  define('stack', thrown.stack ?? `${thrown.name}: ${thrown.message}`, false)
  if (thrown.code !== undefined) define('code', thrown.code, true)
  if (thrown.errors !== undefined) define('errors', thrown.errors.map(rebuilt), false)
  return error
}

/** Masks secret values in everything that a thrown thing holds, but for the names of its own fields. */
export function redactThrown(thrown: Thrown, redactor: Pick<Redactor, 'redact' | 'redactValue'>): Thrown {
  const masked = (text: string): string => maskedAndCut(text, redactor.redact)
  const maskedData = (data: unknown): unknown => redactor.redactValue(withTexts(data, masked))
  if (thrown.kind === 'value') return { kind: 'value', value: maskedData(thrown.value) }
  const { stack, code, cause, errors, data } = thrown
  return {
    kind: 'error',
    name: masked(thrown.name),
    message: masked(thrown.message),
    ...(stack === undefined ? {} : { stack: masked(stack) }),
    ...(code === undefined ? {} : { code: maskedData(code) as string | number }),
    ...(cause === undefined ? {} : { cause: redactThrown(cause, redactor) }),
    ...(errors === undefined ? {} : { errors: errors.map((error) => redactThrown(error, redactor)) }),
    ...(data === undefined ? {} : { data: maskedData(data) as Record<string, unknown> }),
  }
}

/** Copies data as `plain` makes it, with other texts. */
function withTexts(data: unknown, change: (text: string) => string): unknown {
  if (typeof data === 'string') return change(data)
  if (typeof data !== 'object' || data === null || types.isDate(data)) return data
  if (Array.isArray(data)) return data.map((item) => withTexts(item, change))
  return Object.fromEntries(Object.entries(data).map(([key, item]) => [key, withTexts(item, change)]))
}
