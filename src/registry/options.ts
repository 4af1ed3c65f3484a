/** Checks the options of the registry: unknown names are refused, `undefined` counts as absent, inherited names as nothing. */
import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { argumentError } from '../errors.ts'
import { assertScope, DEFAULT_SCOPE, isKey, isStandardSchema, type StandardSchema } from '../secret.ts'
import type { SecretStore } from '../store.ts'
import type { CallOptions, Isolation, LogLine, RegisterOptions, RegistryOptions } from './types.ts'

const count = (least: number): z.ZodType<number> =>
  z.int({ error: `a whole number from ${least} on` }).min(least, `a whole number from ${least} on`)
/** Longer delays than a timer takes would fire at once. */
const milliseconds = z
  .number({ error: 'milliseconds, from 0 to 2,147,483,647' })
  .min(0, 'milliseconds, from 0 to 2,147,483,647')
  .max(2 ** 31 - 1, 'milliseconds, from 0 to 2,147,483,647')
const flag = z.boolean({ error: 'true or false' })
const text = z.string({ error: 'a string' })
const isolation = z.enum(['warm', 'call', 'inline'], { error: "'warm', 'call' or 'inline'" })
const custom = <T>(test: (value: unknown) => boolean, what: string): z.ZodType<T> => z.custom<T>(test, { error: what })
const isFunction = (value: unknown): boolean => typeof value === 'function'
const isStore = (value: unknown): boolean => {
  return (
    typeof value === 'object' &&
    value !== null &&
    isFunction((value as SecretStore).getMany) &&
    isFunction((value as SecretStore).describe)
  )
}

const poolOptions = z.strictObject({
  maxProcesses: count(1).optional(),
  maxPerKey: count(1).optional(),
  spares: count(0).optional(),
  maxQueue: count(0).optional(),
  maxQueuePerKey: count(0).optional(),
  idleMs: milliseconds.optional(),
  startTimeoutMs: milliseconds.optional(),
  maxCallsPerWorker: count(1).optional(),
  maxOldSpaceMb: count(1).optional(),
})

const registryOptions = z.strictObject({
  store: custom<RegistryOptions['store']>(
    (value) => isStore(value) || isFunction(value),
    'a store, or a function that gives one for a scope',
  ),
  scope: text.optional(),
  missing: z.enum(['throw', 'defer'], { error: "'throw' or 'defer'" }).optional(),
  env: z.array(text, { error: 'an array of variable names' }).optional(),
  isolation: isolation.optional(),
  timeoutMs: milliseconds.optional(),
  graceMs: milliseconds.optional(),
  pool: custom<object>((value) => typeof value === 'object' && value !== null, 'an object').optional(),
  redact: flag.optional(),
  onLog: custom<false | ((line: LogLine) => void)>(
    (value) => value === false || isFunction(value),
    'a function, or false',
  ).optional(),
})

const registerOptions = z.strictObject({
  name: text.optional(),
  description: text.optional(),
  secrets: z.array(z.unknown(), { error: 'an array of requirements' }).optional(),
  input: custom<StandardSchema>(isStandardSchema, 'a schema that implements Standard Schema').optional(),
  module: custom<string | URL>(
    (value) => typeof value === 'string' || value instanceof URL,
    "a module's URL, e.g. import.meta.url",
  ).optional(),
  isolation: isolation.optional(),
  timeoutMs: milliseconds.optional(),
  results: z.enum(['pass', 'redact', 'refuse'], { error: "'pass', 'redact' or 'refuse'" }).optional(),
})

const callOptions = z.strictObject({
  scope: text.optional(),
  partition: text.optional(),
  signal: custom<AbortSignal>((value) => value instanceof AbortSignal, 'an AbortSignal').optional(),
  timeoutMs: milliseconds.optional(),
  isolation: isolation.optional(),
})

/** A registry's options with every default in place. */
export interface RegistrySettings {
  readonly store: RegistryOptions['store']
  readonly scope: string
  readonly missing: 'throw' | 'defer'
  readonly env: readonly string[]
  readonly isolation: Isolation
  readonly timeoutMs: number
  readonly graceMs: number
  readonly pool: {
    readonly maxProcesses: number
    readonly maxPerKey: number
    readonly spares: number
    readonly maxQueue: number
    readonly maxQueuePerKey: number
    readonly idleMs: number
    readonly startTimeoutMs: number
    readonly maxCallsPerWorker: number
    readonly maxOldSpaceMb: number | undefined
  }
  readonly redact: boolean
  readonly onLog: false | ((line: LogLine) => void) | undefined
}

/** Checks a registry's options and fills in the defaults. */
export function registrySettings(options: unknown): RegistrySettings {
  const given = checked('createRegistry', registryOptions, options)
  const pool = checked('createRegistry: pool', poolOptions, given.pool ?? {})
  const scope = given.scope ?? DEFAULT_SCOPE
  assertScope(scope)
  for (const name of given.env ?? []) {
    if (!isKey(name)) throw argumentError('INVALID_OPTION', 'createRegistry: env takes names of environment variables.')
  }
  const maxProcesses = pool.maxProcesses ?? Math.max(8, 2 * availableParallelism())
  return Object.freeze({
    store: given.store,
    scope,
    missing: given.missing ?? 'throw',
    env: Object.freeze([...(given.env ?? [])]),
    isolation: given.isolation ?? 'warm',
    timeoutMs: given.timeoutMs ?? 300_000,
    graceMs: given.graceMs ?? 250,
    pool: Object.freeze({
      maxProcesses,
      maxPerKey: pool.maxPerKey ?? maxProcesses,
      spares: pool.spares ?? 1,
      maxQueue: pool.maxQueue ?? 10_000,
      maxQueuePerKey: pool.maxQueuePerKey ?? 2_000,
      idleMs: pool.idleMs ?? 60_000,
      startTimeoutMs: pool.startTimeoutMs ?? 10_000,
      maxCallsPerWorker: pool.maxCallsPerWorker ?? Infinity,
      maxOldSpaceMb: pool.maxOldSpaceMb,
    }),
    redact: given.redact ?? true,
    onLog: given.onLog,
  })
}

/** Checks the options of `register`. A bare array is its `secrets`. */
export function registerSettings(options: unknown): RegisterOptions {
  const given = Array.isArray(options) ? { secrets: options as unknown[] } : (options ?? {})
  return checked('register', registerOptions, given) as RegisterOptions
}

/** Checks the options of a call or of `.with()`. */
export function callSettings(options: unknown): CallOptions {
  if (options === undefined) return {}
  const given = checked('call', callOptions, options)
  if (given.scope !== undefined) assertScope(given.scope)
  return Object.freeze(given)
}

/** Reads the own names of an options object by a schema. */
export function checked<T>(owner: string, schema: z.ZodType<T>, options: unknown): T {
  if (typeof options !== 'object' || options === null) {
    throw argumentError('INVALID_OPTION', `${owner} takes an object of options.`)
  }
  // Only own names count: what somebody put on Object.prototype is no option.
  const own = Object.assign(Object.create(null) as object, options)
  const result = schema.safeParse(own)
  if (result.success) return result.data
  const [issue] = result.error.issues
  if (issue?.code === 'unrecognized_keys') {
    const shape = schema instanceof z.ZodObject ? Object.keys(schema.shape).join(', ') : ''
    throw argumentError(
      'UNKNOWN_OPTION',
      `${owner} knows no option ${issue.keys.join(', ')}. Its options are ${shape}.`,
    )
  }
  throw argumentError(
    'INVALID_OPTION',
    `${owner}: ${issue?.path.join('.') ?? 'an option'} must be ${issue?.message ?? 'valid'}.`,
  )
}
