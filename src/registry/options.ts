/** The options of the registry, of a registration and of a call: what each may be, and the defaults. */
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { argumentError, type CallError } from '../errors.ts'
import { assertScope, DEFAULT_SCOPE, isKey, isStandardSchema, quoteName, type StandardSchema } from '../secret.ts'
import { isStore } from '../stores/inner.ts'
import { checked, ownOf } from './checked.ts'
import type { PoolLimits } from '../worker/scheduler.ts'
import type { Permission, User } from '../worker/confinement.ts'
import type { CallOptions, Isolation, LogLine, PermissionOption, RegisterOptions, RegistryOptions } from './types.ts'

const count = (least: number): z.ZodType<number> => z.int({ error: `a whole number from ${least} on` }).min(least)
/** Longer delays than a timer takes would fire at once. */
export const milliseconds = z
  .number({ error: 'milliseconds, from 0 to 2,147,483,647' })
  .min(0)
  .max(2 ** 31 - 1)
const flag = z.boolean({ error: 'true or false' })
const text = z.string({ error: 'a string' })
const isolation = z.enum(['warm', 'call', 'inline'], { error: "'warm', 'call' or 'inline'" })
const custom = <T>(test: (value: unknown) => boolean, what: string): z.ZodType<T> => z.custom<T>(test, { error: what })
const isFunction = (value: unknown): boolean => typeof value === 'function'
const authError = custom<(error: CallError) => boolean>(isFunction, 'a function that tells whether an error is one')
const isModuleUrl = (value: unknown): boolean => {
  if (!(typeof value === 'string' || value instanceof URL) || !/^file:\/\/./.test(String(value))) return false
  try {
    fileURLToPath(String(value))
    return true
  } catch {
    // Another computer's, or with a slash that is no separator: Node names no file by it.
    return false
  }
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
  preload: z.array(text, { error: 'an array of packages' }).optional(),
})

/** Node takes the first `*` for the end of a path, and would open more than such a path says. */
const paths = z.array(z.string({ error: 'a path' }).regex(/^[^*]*\*?$/, 'a path with no * but at its end'), {
  error: 'an array of paths',
})
const permissionOptions = z.strictObject({ read: paths.optional(), write: paths.optional(), net: flag.optional() })
const permission = custom<PermissionOption>(
  (value) => value === true || (typeof value === 'object' && value !== null),
  'true, or { read?, write?, net? }',
)
const uid = z.int({ error: "a user's id" }).min(1, "a user's id, and not root's")

const registryOptions = z.strictObject({
  store: custom<RegistryOptions['store']>(
    (value) => isStore(value) || isFunction(value),
    'a store such as fileStore(), or a function that gives one for a scope',
  ),
  scope: text.optional(),
  missing: z.enum(['throw', 'defer'], { error: "'throw' or 'defer'" }).optional(),
  env: z.array(text, { error: 'an array of variable names' }).optional(),
  isolation: isolation.optional(),
  timeoutMs: milliseconds.optional(),
  graceMs: milliseconds.optional(),
  pool: custom<object>((value) => typeof value === 'object' && value !== null, 'an object').optional(),
  permission: permission.optional(),
  uid: uid.optional(),
  redact: flag.optional(),
  watch: flag.optional(),
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
  module: custom<string | URL>(isModuleUrl, "the URL of a module's file, e.g. import.meta.url").optional(),
  isolation: isolation.optional(),
  timeoutMs: milliseconds.optional(),
  permission: permission.optional(),
  uid: uid.optional(),
  results: z.enum(['pass', 'redact', 'refuse'], { error: "'pass', 'redact' or 'refuse'" }).optional(),
  isAuthError: authError.optional(),
})

const callOptions = z.strictObject({
  scope: text.optional(),
  partition: text.optional(),
  signal: custom<AbortSignal>((value) => value instanceof AbortSignal, 'an AbortSignal').optional(),
  timeoutMs: milliseconds.optional(),
  isolation: isolation.optional(),
  isAuthError: authError.optional(),
})
const scopeList = z.array(text, { error: 'an array of scopes' })
const readyOptions = z.strictObject({ timeoutMs: milliseconds.optional() })
const checkOptions = z.strictObject({
  scope: text.optional(),
  scopes: scopeList.optional(),
  timeoutMs: milliseconds.optional(),
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
  readonly pool: PoolLimits & { readonly maxOldSpaceMb: number | undefined; readonly preload: readonly string[] }
  readonly permission: Permission | undefined
  readonly user: User | undefined
  readonly redact: boolean
  readonly watch: boolean
  readonly onLog: false | ((line: LogLine) => void) | undefined
}

/** Checks a registry's options and fills in the defaults. */
export function registrySettings(options: unknown): RegistrySettings {
  const given = checked('createRegistry', registryOptions, options)
  const pool = checked('createRegistry: pool', poolOptions, given.pool ?? NONE)
  const scope = given.scope ?? DEFAULT_SCOPE
  assertScope(scope)
  for (const name of given.env ?? []) {
    if (isKey(name)) continue
    throw argumentError(
      'INVALID_OPTION',
      `createRegistry: env takes names of variables, and ${quoteName(name)} is none.`,
    )
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
      preload: Object.freeze([...(pool.preload ?? [])]),
    }),
    permission: permissionOf('createRegistry', given.permission),
    user: userOf(given.uid),
    redact: given.redact ?? true,
    watch: given.watch ?? false,
    onLog: given.onLog,
  })
}

/** Checks the permission that is given to `owner`, and fills in its defaults. */
export function permissionOf(owner: string, given: RegisterOptions['permission']): Permission | undefined {
  if (given === undefined) return undefined
  const own = given === true ? NONE : given
  const { read = [], write = [], net = true } = checked(`${owner}: permission`, permissionOptions, own)
  return Object.freeze({ read: Object.freeze([...read]), write: Object.freeze([...write]), net })
}

/** The user that a `uid` stands for: its group is the one of the same number, and it has no others. */
export function userOf(uid: number | undefined): User | undefined {
  return uid === undefined ? undefined : Object.freeze({ uid, gid: uid })
}

/** Checks the options of `register`. A bare array is its `secrets`. */
export function registerSettings(options: unknown): RegisterOptions {
  if (options === undefined) return NONE
  const given = Array.isArray(options) ? { secrets: options as unknown[] } : options
  // What the requirements are made of is checked one by one.
  const settings = checked('register', registerOptions, given) as RegisterOptions
  permissionOf('register', settings.permission)
  return settings
}

/** Checks the options of one call, given to `owner`. */
export function callSettings(owner: string, options: unknown): CallOptions {
  if (options === undefined) return NONE
  const given = checked(owner, callOptions, options)
  if (given.scope !== undefined) assertScope(given.scope)
  return given
}

/** Adds a call's options to earlier ones; an `undefined` one does not undo what was said before. */
export function boundOptions(earlier: CallOptions, further: CallOptions): CallOptions {
  const said = Object.entries(further).filter(([, value]) => value !== undefined)
  return Object.freeze(ownOf({ ...earlier, ...Object.fromEntries(said) }))
}

/** Checks the options of `ready`. */
export function readySettings(options: unknown, { timeoutMs }: RegistrySettings): { readonly timeoutMs: number } {
  if (options === undefined) return { timeoutMs }
  return { timeoutMs: checked('ready', readyOptions, options).timeoutMs ?? timeoutMs }
}

/** Checks the options of `check`; the scopes to look at are given each once. */
export function checkSettings(
  options: unknown,
  { scope, timeoutMs }: RegistrySettings,
): { readonly scopes: readonly string[]; readonly timeoutMs: number } {
  if (options === undefined) return { scopes: [scope], timeoutMs }
  const given = checked('check', checkOptions, options)
  if (given.scope !== undefined && given.scopes !== undefined) {
    throw argumentError('INVALID_OPTION', 'check takes scope or scopes, not both.')
  }
  return {
    scopes: distinctScopes(given.scopes ?? [given.scope ?? scope]),
    timeoutMs: given.timeoutMs ?? timeoutMs,
  }
}

/** Checks scopes and gives each once. */
export function distinctScopes(scopes: readonly string[]): readonly string[] {
  for (const scope of scopes) assertScope(scope)
  return [...new Set(scopes)]
}

/** No options at all, whatever somebody put on `Object.prototype`. */
export const NONE: Readonly<Record<string, never>> = Object.freeze(Object.create(null) as Record<string, never>)
