/** Options, read once per call from own properties. */
import { argumentError } from '../errors.ts'
import { assertScope, quoteName } from '../secret.ts'
import { type Exclusion, readExclusions } from './exclusion.ts'
import { isNamespace, SECRETS } from './path.ts'
import type { FetchOptions, TemplateRedactor, TemplateSyntax } from './types.ts'

/** How a template is read and filled in: every option with its default. */
export interface Settings {
  readonly flat: 'single-key' | 'error'
  readonly keepForeign: boolean
  readonly syntax: TemplateSyntax
  readonly keepOpaque: boolean
  readonly share: boolean
  readonly allow: ReadonlySet<string> | undefined
  readonly exclude: Exclusion | undefined
  readonly redactor: TemplateRedactor | undefined
  readonly scope: string | undefined
  readonly signal: AbortSignal | undefined
  readonly namespaces: readonly string[]
  readonly maxTag: number
  readonly maxIssues: number
  readonly maxOutput: number
  readonly maxDepth: number
}

/** The longest string that V8 makes; a larger `outputLength` could not be kept. */
const LONGEST_STRING = 2 ** 29 - 24

/** What holds where no option says otherwise. */
export const DEFAULTS: Settings = Object.freeze({
  flat: 'single-key',
  keepForeign: false,
  syntax: 'mustache',
  keepOpaque: false,
  share: false,
  allow: undefined,
  exclude: undefined,
  redactor: undefined,
  scope: undefined,
  signal: undefined,
  namespaces: Object.freeze([SECRETS]),
  maxTag: 512,
  maxIssues: 100,
  maxOutput: 64 * 1024 * 1024,
  maxDepth: Infinity,
})

type Writable = { -readonly [K in keyof Settings]: Settings[K] }
type Reader = (settings: Writable, value: unknown) => void

const LIMITS: Readonly<Record<string, Reader>> = {
  tagLength: (settings, value) => (settings.maxTag = count('limits.tagLength', value, 4, LONGEST_STRING)),
  issues: (settings, value) => (settings.maxIssues = count('limits.issues', value, 1, 10_000)),
  outputLength: (settings, value) => (settings.maxOutput = count('limits.outputLength', value, 0, LONGEST_STRING)),
  depth: (settings, value) => (settings.maxDepth = count('limits.depth', value, 0, Number.MAX_SAFE_INTEGER)),
}

const PARSE: Readonly<Record<string, Reader>> = {
  flat: (settings, value) => (settings.flat = choice('flat', value, ['single-key', 'error'])),
  foreign: (settings, value) => (settings.keepForeign = choice('foreign', value, ['error', 'keep']) === 'keep'),
  syntax: (settings, value) =>
    (settings.syntax = choice('syntax', value, ['mustache', 'mustache-only', 'dollar', 'both'])),
  opaque: (settings, value) => (settings.keepOpaque = choice('opaque', value, ['error', 'keep']) === 'keep'),
  share: (settings, value) => {
    if (typeof value !== 'boolean') throw argumentError('INVALID_OPTION', 'share must be true or false.')
    settings.share = value
  },
  allow: (settings, value) => (settings.allow = new Set(strings('allow', value))),
  exclude: (settings, value) => (settings.exclude = readExclusions(strings('exclude', value))),
  limits: (settings, value) => {
    readInto(settings, value, 'limits', LIMITS)
  },
}

const FETCH: Readonly<Record<string, Reader>> = {
  scope: (settings, value) => {
    assertScope(value)
    settings.scope = value
  },
  signal: (settings, value) => {
    if (!(value instanceof AbortSignal)) throw argumentError('INVALID_OPTION', 'signal must be an AbortSignal.')
    settings.signal = value
  },
}

const REDACTOR: Readonly<Record<string, Reader>> = {
  redactor: (settings, value) => {
    if (typeof value !== 'object' || value === null || typeof (value as { add?: unknown }).add !== 'function') {
      throw argumentError('INVALID_OPTION', 'redactor must be an object with a method add.')
    }
    settings.redactor = value as TemplateRedactor
  },
}

const NAMESPACES: Readonly<Record<string, Reader>> = {
  namespaces: (settings, value) => {
    for (const name of strings('namespaces', value)) assertNamespace(name)
    settings.namespaces = [...new Set(value as string[])]
  },
}

const RESOLVE = { ...PARSE, ...FETCH, ...REDACTOR }
const ANALYZE = { ...PARSE, ...NAMESPACES }
const COMPILE = { ...PARSE, ...NAMESPACES, ...REDACTOR }

/** Reads the options of a resolve or a check. */
export function resolveSettings(options: unknown): Settings {
  return read(options, RESOLVE)
}
/** Reads the options of an analysis. */
export function analyzeSettings(options: unknown): Settings {
  return read(options, ANALYZE)
}
/** Reads the options of a compilation. */
export function compileSettings(options: unknown): Settings {
  return read(options, COMPILE)
}
/** Reads the options of one resolve of a compiled template. */
export function fetchSettings(options: unknown): FetchOptions {
  return read(options, FETCH)
}

/** Throws INVALID_NAME unless `name` can be a namespace. */
export function assertNamespace(name: string): void {
  if (isNamespace(name)) return
  throw argumentError(
    'INVALID_NAME',
    `${quoteName(name)} is not a namespace: use letters, digits and _, no digit first.`,
  )
}

function read(options: unknown, readers: Readonly<Record<string, Reader>>): Settings {
  if (options === undefined) return DEFAULTS
  const settings: Writable = { ...DEFAULTS }
  readInto(settings, options, 'options', readers)
  return settings
}

function readInto(settings: Writable, options: unknown, what: string, readers: Readonly<Record<string, Reader>>): void {
  if (typeof options !== 'object' || options === null)
    throw argumentError('INVALID_OPTION', `${what} must be an object.`)
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(readers, name)) {
      const known = Object.keys(readers).join(', ')
      throw argumentError('UNKNOWN_OPTION', `${what}: there is no option ${quoteName(name)}; there are ${known}.`)
    }
    const value = (options as Record<string, unknown>)[name]
    if (value !== undefined) readers[name]?.(settings, value)
  }
}

function choice<T extends string>(name: string, value: unknown, choices: readonly T[]): T {
  const chosen = choices.find((item) => item === value)
  if (chosen === undefined) throw argumentError('INVALID_OPTION', `${name} must be one of: ${choices.join(', ')}.`)
  return chosen
}

function count(name: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  throw argumentError('INVALID_OPTION', `${name} must be a whole number from ${least} to ${most}.`)
}

function strings(name: string, value: unknown): string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  throw argumentError('INVALID_OPTION', `${name} must be an array of strings.`)
}
