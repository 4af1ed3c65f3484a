/**
 * Every error class of latchkey and every code, as literals. Each code has a heading in docs/errors.md.
 *
 * No message, property or cause in here ever holds a value, a part of one, its hash or its length.
 */

/** A call or a registration needs secrets or keys that are not there. */
export const MISSING_SECRETS_CODES = ['MISSING_SECRETS'] as const
/** The caller gave a function something it does not take. */
export const INPUT_CODES = ['INVALID_INPUT', 'NOT_CLONEABLE'] as const
/** A store could not do what it was asked. */
export const STORE_CODES = [
  'UNAVAILABLE',
  'DENIED',
  'CORRUPT',
  'CONFLICT',
  'READ_ONLY',
  'INVALID',
  'TOO_LARGE',
  'CLOSED',
  'STORE_IN_CHILD',
  'STORE_FAILED',
  'BAD_ANSWER',
  'KEY_MISSING',
  'KEY_FORMAT',
  'KEY_WRONG',
  'ROLLED_BACK',
  'FORKED',
  'INVALID_SECRET_VALUE',
] as const
/** A template could not be resolved: the code of its first issue. */
export const TEMPLATE_CODES = [
  'AMBIGUOUS_DOLLAR',
  'BAD_REFERENCE',
  'BAD_SECRET_VALUE',
  'BARE_NAMESPACE',
  'CYCLE',
  'EMPTY_TAG',
  'FLAT_AMBIGUOUS',
  'FLAT_REFERENCE',
  'FUNCTION_VALUE',
  'KEY_COLLISION',
  'KEY_NOT_FOUND',
  'NOT_ALLOWED',
  'NOT_FOUND',
  'NOT_SCALAR',
  'OUTPUT_TOO_LARGE',
  'SECRET_IN_KEY',
  'SECRET_NOT_FOUND',
  'STORE_ERROR',
  'TAG_TOO_LONG',
  'TOO_DEEP',
  'TOO_MANY_SEGMENTS',
  'UNCLOSED_TAG',
  'UNKNOWN_NAMESPACE',
  'UNSUPPORTED_TAG',
  'UNSUPPORTED_VALUE',
] as const
/** A child process did not do its work. */
export const WORKER_CODES = [
  'WORKER_CRASHED',
  'WORKER_START_TIMEOUT',
  'WORKER_START_FAILED',
  'WORKER_PROTOCOL',
  'CALL_TIMEOUT',
  'QUEUE_FULL',
  'REGISTRY_CLOSED',
  'NOT_CLONEABLE',
  'RESULT_REFUSED',
] as const
/** A function cannot be registered as it stands, or cannot be found where it was registered. */
export const REGISTRATION_CODES = [
  'NAMELESS_FUNCTION',
  'DUPLICATE_NAME',
  'UNKNOWN_FUNCTION',
  'ENV_COLLISION',
  'RESERVED_NAME',
  'INVALID_SECRET_VALUE',
  'DECORATOR_TARGET',
  'MODULE_UNKNOWN',
  'MAIN_MODULE',
  'BUNDLED',
  'TS_NEEDS_LOADER',
  'MODULE_FAILED',
  'NOT_REGISTERED_IN_CHILD',
  'NESTED_CALL',
  'COLLECTING',
  'INLINE_IN_PRODUCTION',
  'NO_CURRENT_CALL',
  'UNSUPPORTED',
] as const
/** A wrong argument: the `code` of the plain `TypeError` that is thrown synchronously. */
export const ARGUMENT_CODES = ['UNKNOWN_OPTION', 'INVALID_OPTION', 'INVALID_NAME'] as const

export type StoreErrorCode = (typeof STORE_CODES)[number]
export type InputErrorCode = (typeof INPUT_CODES)[number]
export type TemplateErrorCode = (typeof TEMPLATE_CODES)[number]
export type WorkerErrorCode = (typeof WORKER_CODES)[number]
export type RegistrationErrorCode = (typeof REGISTRATION_CODES)[number]
export type ArgumentErrorCode = (typeof ARGUMENT_CODES)[number]
/** Every code of the library's own errors. */
export type LatchkeyErrorCode =
  | (typeof MISSING_SECRETS_CODES)[number]
  | InputErrorCode
  | StoreErrorCode
  | TemplateErrorCode
  | WorkerErrorCode
  | RegistrationErrorCode

/** Marks the errors of every copy of the library that a process has loaded. */
const BRAND = Symbol.for('latchkey.error')

/** What every error of the library can say beside its code and message. */
export interface ErrorDetails {
  /** What to do about it, in one sentence. */
  readonly hint?: string | undefined
  /** True if the same call may succeed later without anybody changing anything. Default: false. */
  readonly retryable?: boolean | undefined
  /** What led to it; only ever an error whose text is known to hold no value. */
  readonly cause?: unknown
}

/** The base of every error of the library. `code` is stable; `message` is for people and may change. */
export abstract class LatchkeyError extends Error {
  /** What happened, as a stable literal. For a {@link CallError}: the failed function's own code, if it had one. */
  abstract readonly code: unknown
  /** True if the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean
  /** What to do about it. */
  declare readonly hint?: string

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    // The class's name stays right when a minifier renames the class: each subclass's prototype carries it.
    this.retryable = details.retryable ?? false
    if (details.hint !== undefined) this.hint = details.hint
  }

  /** A value-free form for logs: name, code, message, `retryable`, and what the class adds. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, retryable, hint } = this
    return { name, code, message, retryable, ...(hint === undefined ? {} : { hint }) }
  }
}

/** Gives a class of errors its brand and a name that no minifier changes. */
function nameClass(errorClass: { prototype: object }, name: string): void {
  Object.defineProperty(errorClass.prototype, 'name', { value: name, writable: true, configurable: true })
}
Object.defineProperty(LatchkeyError.prototype, BRAND, { value: true })
nameClass(LatchkeyError, 'LatchkeyError')

/** One thing that a registration or a call needs and that is not there. */
export interface MissingSecret {
  /** The registered function's name. */
  readonly function: string
  readonly scope: string
  readonly secret: string
  /** The key that the secret lacks; absent if the whole secret is missing. */
  readonly key?: string
}

/** Secrets or keys that a registered function requires do not exist; `missing` lists every one. */
export class MissingSecretsError extends LatchkeyError {
  readonly code = 'MISSING_SECRETS'
  readonly missing: readonly MissingSecret[]

  constructor(missing: readonly MissingSecret[], details: ErrorDetails = {}) {
    super(missingMessage(missing), {
      hint: missingHint(missing[0]),
      ...details,
    })
    this.missing = Object.freeze(missing.map((item) => Object.freeze({ ...item })))
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), missing: this.missing }
  }
}
nameClass(MissingSecretsError, 'MissingSecretsError')

function missingMessage(missing: readonly MissingSecret[]): string {
  const lines = missing.map((item) => {
    const what = item.key === undefined ? `secret ${item.secret}` : `key ${item.key} of secret ${item.secret}`
    return `${what} (scope ${item.scope}), required by ${item.function}`
  })
  return lines.length === 1 ? `Missing: ${lines[0] ?? ''}` : `${lines.length} missing:\n  ${lines.join('\n  ')}`
}

/** What to do, with the first of them as the example. */
function missingHint(first: MissingSecret | undefined): string {
  const scope = first === undefined || first.scope === 'default' ? '' : ` --scope ${first.scope}`
  const command = `npx latchkey set ${first?.secret ?? 'NAME'} ${first?.key ?? 'KEY'}${scope}`
  return (
    `Create it in the store (where that is a store file: ${command}), or make it optional in the registration. ` +
    "If it is there, look at the store's path, the scope and the spelling."
  )
}

/** Where a schema found something wrong. Never the input, and never the schema's own message, which may quote it. */
export interface SchemaFinding {
  /** The path inside what was checked, e.g. `['repo']`. */
  readonly path: readonly (string | number)[]
  /** The schema library's own code, where it has one, e.g. `invalid_type`. */
  readonly code?: string
  /** What a value must be, where a schema of `latchkey/schemas` says it. The words of others are withheld. */
  readonly message?: string
}

/** A secret's value that does not fit its definition's schema. */
export interface ValueFinding extends SchemaFinding {
  readonly scope: string
  readonly secret: string
  readonly key: string
}

/** The arguments of a call do not fit the function's `input` schema, or cannot be cloned. */
export class InputError extends LatchkeyError {
  readonly code: InputErrorCode
  /** What the schema found; empty where no schema was asked. */
  readonly findings: readonly SchemaFinding[]

  constructor(
    code: InputErrorCode,
    message: string,
    details: ErrorDetails & { findings?: readonly SchemaFinding[] } = {},
  ) {
    super(message, details)
    this.code = code
    this.findings = details.findings ?? []
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), findings: this.findings }
  }
}
nameClass(InputError, 'InputError')

/** What a {@link StoreError} is about. */
export interface StoreErrorDetails extends ErrorDetails {
  /** The store's name, e.g. `file`. */
  readonly store?: string | undefined
  readonly scope?: string | undefined
  readonly secret?: string | undefined
  readonly key?: string | undefined
  readonly findings?: readonly ValueFinding[] | undefined
}

/** A store could not do what it was asked; `UNAVAILABLE` alone may be tried again. */
export class StoreError extends LatchkeyError {
  readonly code: StoreErrorCode
  declare readonly store?: string
  declare readonly scope?: string
  declare readonly secret?: string
  declare readonly key?: string
  /** For `INVALID_SECRET_VALUE`: every value that does not fit. Otherwise absent. */
  declare readonly findings?: readonly ValueFinding[]

  constructor(code: StoreErrorCode, message: string, details: StoreErrorDetails = {}) {
    super(message, { retryable: code === 'UNAVAILABLE', ...details })
    this.code = code
    for (const field of ['store', 'scope', 'secret', 'key'] as const) {
      const value = details[field]
      if (value !== undefined) (this as Record<typeof field, string>)[field] = value
    }
    if (details.findings !== undefined) this.findings = Object.freeze([...details.findings])
  }

  override toJSON(): Record<string, unknown> {
    const { store, scope, secret, key, findings } = this
    return { ...super.toJSON(), ...withoutUndefined({ store, scope, secret, key, findings }) }
  }
}
nameClass(StoreError, 'StoreError')

/** One finding of template checking. Offsets are in UTF-16 units of the string at `pointer`. */
export interface TemplateIssue {
  readonly code: TemplateErrorCode
  /** Where the string stands in the template: a JSON pointer (RFC 6901). */
  readonly pointer: string
  /** True if the tag stands in an object's key, not in its value. */
  readonly inKey?: boolean
  readonly start: number
  readonly end: number
  /** What the tag refers to, at most 80 characters, with control characters escaped. */
  readonly reference?: string
  readonly message: string
  /** What was probably meant. */
  readonly suggestion?: string
}

/** A template cannot be resolved; `issues` lists everything found, `code` is that of the first. */
export class TemplateError extends LatchkeyError {
  readonly code: TemplateErrorCode
  readonly issues: readonly TemplateIssue[]

  constructor(issues: readonly [TemplateIssue, ...TemplateIssue[]], details: ErrorDetails = {}) {
    super(templateMessage(issues), details)
    this.code = issues[0].code
    this.issues = Object.freeze([...issues])
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), issues: this.issues }
  }
}
nameClass(TemplateError, 'TemplateError')

function templateMessage(issues: readonly TemplateIssue[]): string {
  const lines = issues.map((issue) => {
    const { code, pointer, reference, message, suggestion } = issue
    const where = `${code} at ${pointer === '' ? 'the top' : shownPointer(pointer)}`
    const meant = suggestion === undefined ? '' : ` Did you mean ${suggestion}?`
    return `${where}${reference === undefined ? '' : ` (${reference})`}: ${message}${meant}`
  })
  return lines.length === 1 ? (lines[0] ?? '') : `${lines.length} issues in the template:\n  ${lines.join('\n  ')}`
}

/** A pointer for a message: keys of a template may be of any length, and hold line breaks. */
function shownPointer(pointer: string): string {
  const cut = pointer.length > 120 ? `${pointer.slice(0, 59)}…${pointer.slice(-60)}` : pointer
  return cut.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd')
}

/** What a {@link WorkerError} tells about the process. */
export interface WorkerErrorDetails extends ErrorDetails {
  /** The registered function's name. */
  readonly function?: string | undefined
  /** The child's exit code, where it exited by itself. */
  readonly exitCode?: number | undefined
  /** The signal that ended the child, e.g. `SIGSEGV`. */
  readonly signal?: string | undefined
}

/** A child crashed, timed out, could not start or was ended; the function's own failures are {@link CallError}. */
export class WorkerError extends LatchkeyError {
  readonly code: WorkerErrorCode
  declare readonly function?: string
  declare readonly exitCode?: number
  declare readonly signal?: string

  constructor(code: WorkerErrorCode, message: string, details: WorkerErrorDetails = {}) {
    super(message, { retryable: code === 'QUEUE_FULL', ...details })
    this.code = code
    if (details.function !== undefined) this.function = details.function
    if (details.exitCode !== undefined) this.exitCode = details.exitCode
    if (details.signal !== undefined) this.signal = details.signal
  }

  override toJSON(): Record<string, unknown> {
    const { exitCode, signal } = this
    return { ...super.toJSON(), ...withoutUndefined({ function: this.function, exitCode, signal }) }
  }
}
nameClass(WorkerError, 'WorkerError')

/** A secret's value that does not fit its definition's schema, as a function that requires it finds it. */
export interface SecretFinding extends ValueFinding {
  readonly function: string
}

/** A function cannot be registered as it stands, or cannot be found again where it was registered. */
export class RegistrationError extends LatchkeyError {
  readonly code: RegistrationErrorCode
  /** For `INVALID_SECRET_VALUE`: every value that does not fit. Otherwise empty. */
  readonly findings: readonly SecretFinding[]

  constructor(
    code: RegistrationErrorCode,
    message: string,
    details: ErrorDetails & { findings?: readonly SecretFinding[] } = {},
  ) {
    super(message, details)
    this.code = code
    this.findings = details.findings ?? []
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), ...(this.findings.length === 0 ? {} : { findings: this.findings }) }
  }
}
nameClass(RegistrationError, 'RegistrationError')

/** What a failed function threw, in parts that were redacted before they got here. */
export interface CallFailure {
  readonly name: string
  readonly message: string
  readonly stack?: string | undefined
  readonly code?: string | number | undefined
  readonly cause?: unknown
  readonly errors?: readonly unknown[] | undefined
  /** The error's own further enumerable data. */
  readonly data?: Readonly<Record<string, unknown>> | undefined
}

/**
 * The registered function itself failed. Carries the thrown error's own `name`, `message`, `stack`, `code`, `cause`,
 * `errors` and data, rebuilt and redacted; its `code` is the function's, never one of the library's.
 */
export class CallError extends LatchkeyError {
  readonly code: string | number | undefined
  declare readonly errors?: readonly unknown[]

  constructor(failure: CallFailure) {
    super(failure.message, failure.cause === undefined ? {} : { cause: failure.cause })
    const hidden = { writable: true, configurable: true }
    for (const [key, value] of Object.entries(failure.data ?? {})) {
      if (key in CallError.prototype || key === 'retryable' || key === 'hint') continue
      Object.defineProperty(this, key, { value, enumerable: true, ...hidden })
    }
    this.code = failure.code
    Object.defineProperty(this, 'name', { value: failure.name, ...hidden })
    if (failure.stack !== undefined) Object.defineProperty(this, 'stack', { value: failure.stack, ...hidden })
    if (failure.errors !== undefined) Object.defineProperty(this, 'errors', { value: failure.errors, ...hidden })
  }
}

/**
 * Tells whether something is an error of the library, of any copy of it; with a `code`, whether it is the library's own
 * error of that code. A failed function's own code never counts as one: `isLatchkeyError(callError, code)` is false.
 */
export function isLatchkeyError(error: unknown): error is LatchkeyError
export function isLatchkeyError<C extends LatchkeyErrorCode>(
  error: unknown,
  code: C,
): error is LatchkeyError & { code: C }
export function isLatchkeyError(error: unknown, code?: LatchkeyErrorCode): boolean {
  if (typeof error !== 'object' || error === null || !(BRAND in error)) return false
  if (code === undefined) return true
  return (error as { code?: unknown }).code === code && !(CALL_BRAND in error)
}

const CALL_BRAND = Symbol.for('latchkey.call-error')
Object.defineProperty(CallError.prototype, CALL_BRAND, { value: true })

/** Makes the plain `TypeError` for a wrong argument, with its code. */
export function argumentError(code: ArgumentErrorCode, message: string): TypeError & { code: ArgumentErrorCode } {
  return Object.assign(new TypeError(message), { code })
}

function withoutUndefined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
