/** The shapes of the registry's public API. */
import type { CallError } from '../errors.ts'
import type { SchemaInput, SchemaOutput, SecretDefinition, StandardSchema } from '../secret.ts'
import type { SecretStore } from '../store.ts'
import type { CheckOptions, CheckReport, ReadyOptions } from './check-types.ts'
import type { Manifest, ManifestOptions } from './manifest-types.ts'
import type { SchedulerStats } from '../worker/scheduler.ts'

/**
 * Where a call runs: `warm` in a child that serves further calls of the same worker key, `call` in a child of its own,
 * `inline` in this process (for tests; refused under NODE_ENV=production).
 */
export type Isolation = 'warm' | 'call' | 'inline'

/**
 * What a child's code may do under Node's permission model: `true` reads its own package and its dependencies, and may use
 * the network. `read` and `write` add paths, of which a `*` at the end stands for whatever follows; `net: false` refuses the network where Node's model covers it (25 and later).
 */
export type PermissionOption =
  | true
  | {
      readonly read?: readonly string[] | undefined
      readonly write?: readonly string[] | undefined
      readonly net?: boolean | undefined
    }

/** One line that a function's code wrote, redacted. */
export interface LogLine {
  readonly function: string
  readonly scope: string
  readonly stream: 'stdout' | 'stderr'
  /** Without its line break. */
  readonly line: string
}

/** Limits of a registry's processes and queues. */
export interface PoolOptions {
  /** Child processes at the same time, spares included. Default: twice the available parallelism, at least 8. */
  readonly maxProcesses?: number | undefined
  /** Child processes of one worker key. Default: `maxProcesses`. */
  readonly maxPerKey?: number | undefined
  /** Started processes that wait without a secret; none where the registry has `permission`. Default: 1. */
  readonly spares?: number | undefined
  /** Calls that wait, over all keys; one more is refused with QUEUE_FULL. Default: 10,000. */
  readonly maxQueue?: number | undefined
  /** Calls that wait for one worker key. Default: 2,000. */
  readonly maxQueuePerKey?: number | undefined
  /** How long an idle child is kept, in milliseconds. Default: 60,000. */
  readonly idleMs?: number | undefined
  /** How long a child may take to start and to import the module, in milliseconds. Default: 10,000. */
  readonly startTimeoutMs?: number | undefined
  /** Calls after which a child is replaced. Default: none. */
  readonly maxCallsPerWorker?: number | undefined
  /** A limit of each child's heap (V8's old space), in MB. Default: none. */
  readonly maxOldSpaceMb?: number | undefined
  /**
   * Packages that are slow to import, imported by each child before it has a secret, as `--import` resolves them from the
   * working directory. List none that reads its environment when it is imported. Default: none.
   */
  readonly preload?: readonly string[] | undefined
}

/** Options of {@link createRegistry}. */
export interface RegistryOptions {
  /** Where the secrets are, or a function that tells it for a scope. */
  readonly store: SecretStore | ((scope: string) => SecretStore)
  /** Checked at registration, and used by calls that name none. Default: `default`. */
  readonly scope?: string | undefined
  /** `throw` (default): a registration whose secrets are missing throws; `defer`: registering asks nothing, `ready()` and each call do. */
  readonly missing?: 'throw' | 'defer' | undefined
  /** Names of further variables that children get from this process's environment. Default: none. */
  readonly env?: readonly string[] | undefined
  /** Default: `warm`. */
  readonly isolation?: Isolation | undefined
  /** How long a call may take in all, queueing included, in milliseconds. Default: 300,000. */
  readonly timeoutMs?: number | undefined
  /** How long a child, or an inline call, has between its `signal` and its end, in milliseconds. Default: 250. */
  readonly graceMs?: number | undefined
  readonly pool?: PoolOptions | undefined
  /** Confines children by Node's permission model: no /proc, no processes, no addons. Default: none. */
  readonly permission?: PermissionOption | undefined
  /** The user, and the group of the same number, that children become before they import a module; needs root. */
  readonly uid?: number | undefined
  /** False passes errors and output on unredacted. Default: true. */
  readonly redact?: boolean | undefined
  /**
   * True: stores that can be watched are, in the scopes of warm children, and a child whose secrets change is replaced ahead
   * of the next call. What a store's watch costs (requests, a connection) is told on its page. Default: false; then the next
   * call replaces it.
   */
  readonly watch?: boolean | undefined
  /** Takes the lines that functions write; `false` drops them. Default: to this process's stdout and stderr. */
  readonly onLog?: false | ((line: LogLine) => void) | undefined
}

/** The keys that a long form may name by its type: a definition's own, or any. */
export type RequiredKey<Name> = Name extends SecretDefinition ? keyof Name['schemas'] & string : string

/**
 * One secret that a function needs. A long form that `satisfies Requirement<typeof github>` names keys of that definition
 * only, which the compiler holds it to.
 */
export interface Requirement<Name extends string | SecretDefinition = string | SecretDefinition> {
  /** The secret's name, or its definition. */
  readonly name: Name
  /** The scope that this secret always comes from. Default: the call's. */
  readonly scope?: string | undefined
  /** Required keys; with them, only these and `optionalKeys` are injected. Default: every key of the secret. */
  readonly keys?: readonly RequiredKey<Name>[] | undefined
  /** Keys that are injected if they exist. */
  readonly optionalKeys?: readonly RequiredKey<Name>[] | undefined
  /** True: the secret may be absent. One that cannot be read is still an error. Default: false. */
  readonly optional?: boolean | undefined
  /** Variable names by key, for keys that shall not be injected under their own name. */
  readonly env?: Readonly<Partial<Record<RequiredKey<Name>, string>>> | undefined
  /** Put before every key that `env` does not rename. */
  readonly prefix?: string | undefined
  /** Keys whose values are no secrets and are not masked. */
  readonly plain?: readonly RequiredKey<Name>[] | undefined
  /** Reserved variable names that this requirement may set, e.g. `HTTPS_PROXY`. */
  readonly allowReserved?: readonly string[] | undefined
}

/** A requirement as `secrets` takes it: a name, a definition, or the long form. */
export type SecretRequirement = string | SecretDefinition | Requirement

/** Options of `registry.register`. */
export interface RegisterOptions<Input extends StandardSchema = StandardSchema> {
  /** Unique in its registry. Default: the function's own name, which bundlers may change. */
  readonly name?: string | undefined
  readonly description?: string | undefined
  /** What the function's environment holds. Default: nothing. */
  readonly secrets?: readonly SecretRequirement[] | undefined
  /** Checks the first argument in this process; the function gets the schema's output. */
  readonly input?: Input | undefined
  /** The URL of the module that registers the function, e.g. `import.meta.url`. Default: where `register` is called. */
  readonly module?: string | URL | undefined
  /** Default: the registry's. */
  readonly isolation?: Isolation | undefined
  /** In milliseconds. Default: the registry's. */
  readonly timeoutMs?: number | undefined
  /** Default: the registry's. */
  readonly permission?: PermissionOption | undefined
  /** Default: the registry's. */
  readonly uid?: number | undefined
  /** What becomes of a result that holds a secret's value: `pass` (default) it, `redact` it, or `refuse` it. */
  readonly results?: 'pass' | 'redact' | 'refuse' | undefined
  /** Recognises the function's authentication errors; see {@link CallOptions.isAuthError}. Default: none is. */
  readonly isAuthError?: ((error: CallError) => boolean) | undefined
}

/** Options of one call. */
export interface CallOptions {
  /** Which set of secrets the call sees. Default: the registry's. */
  readonly scope?: string | undefined
  /** Calls of different partitions never share a process, though they see the same secrets. */
  readonly partition?: string | undefined
  /** Gives the call up: it rejects with the signal's reason at once, and its child is ended. */
  readonly signal?: AbortSignal | undefined
  /** In milliseconds. */
  readonly timeoutMs?: number | undefined
  readonly isolation?: Isolation | undefined
  /**
   * Recognises an authentication error among those that the function throws. A call that fails with one is run once more if
   * a newer version of its secrets can be had; else it rejects with that error. Default: the registration's.
   */
  readonly isAuthError?: ((error: CallError) => boolean) | undefined
}

/** What a definition tells of one requirement. */
export interface RequirementDefinition {
  readonly name: string
  readonly scope?: string
  readonly keys?: readonly string[]
  readonly optionalKeys?: readonly string[]
  readonly optional: boolean
  /** Variable names by key, where they differ from the key and the key is known. */
  readonly env?: Readonly<Record<string, string>>
  readonly prefix?: string
  /** Keys whose values are no secrets. */
  readonly plain?: readonly string[]
  /** Reserved variables that it may set. */
  readonly allowReserved?: readonly string[]
}

/** What may be known of a registered function: frozen, and free of values. */
export interface FunctionDefinition {
  readonly name: string
  readonly description?: string
  readonly requirements: readonly RequirementDefinition[]
  /** The URL of the module that a child imports; absent where it could not be told. */
  readonly module?: string
  /** The JSON Schema of `input`, where the schema can give one. */
  readonly inputSchema?: Readonly<Record<string, unknown>>
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the only constraint that every function's type meets
export type AnyFunction = (...args: any[]) => unknown

/** False of `any` and `never`, each of which would pass for a promise. */
type IsPromise<R> = 0 extends 1 & R
  ? false
  : [R] extends [never]
    ? false
    : [R] extends [Promise<unknown>]
      ? true
      : false

/** The type that a registered function has for its callers: as it was written, and always asynchronous. */
export type Registered<F extends AnyFunction> = (IsPromise<ReturnType<F>> extends true
  ? F
  : (...args: Parameters<F>) => Promise<Awaited<ReturnType<F>>>) & {
  /** What may be known of the function. */
  readonly definition: FunctionDefinition
  /** Gives the same function bound to these options. */
  with(options: CallOptions): Registered<F>
}

/** A function whose first argument is checked by a schema: callers give the schema's input, it gets its output. */
export type WithInput<F extends AnyFunction, S extends StandardSchema> =
  Parameters<F> extends [unknown?, ...infer Rest]
    ? (...args: WithFirst<SchemaInput<S>, Rest>) => Promise<Awaited<ReturnType<F>>>
    : never

/** The arguments of a call. An input that may be undefined can be left out, unless something must follow it. */
type WithFirst<Input, Rest extends unknown[]> = undefined extends Input
  ? [] extends Rest
    ? [input?: Input, ...rest: Rest]
    : [input: Input, ...rest: Rest]
  : [input: Input, ...rest: Rest]

/** What `register(…)` gives: call it with a function, or write it before a static method. */
export interface Decorator {
  /**
   * Registers a static, public, async method (TC39 decorators). Without a `name` it is `Class.method`, by the class's name
   * at that time, which compilers change: esbuild's is `_Class`.
   */
  <This, Method extends (this: This, ...args: never[]) => Promise<unknown>>(
    method: Method,
    context: ClassMethodDecoratorContext<This>,
  ): Method
  /** Registers a function. */
  <F extends AnyFunction>(fn: F): Registered<F>
}

/** What `register(…)` gives where the options hold an `input` schema. */
export interface InputDecorator<S extends StandardSchema> {
  <This, A extends [SchemaOutput<S>, ...unknown[]], R>(
    method: (this: This, ...args: A) => Promise<R>,
    context: ClassMethodDecoratorContext<This, (this: This, ...args: A) => Promise<R>>,
  ): (this: This, ...args: A) => Promise<R>
  <F extends (input: SchemaOutput<S>, ...rest: never[]) => unknown>(fn: F): Registered<WithInput<F, S>>
}

/** Holds registered functions and runs their calls. */
export interface Registry {
  /** Says what a function needs; call the result with the function, or use it as a decorator. */
  register<S extends StandardSchema>(options: RegisterOptions<S> & { readonly input: S }): InputDecorator<S>
  register(requirements?: readonly SecretRequirement[] | (RegisterOptions & { readonly input?: undefined })): Decorator
  /**
   * Checks every registration against the store and starts the spares.
   *
   * @throws RegistrationError MAIN_MODULE or MODULE_UNKNOWN for a function that no child can import, unless it is registered as
   * `inline`; StoreError for a store that cannot tell, UNAVAILABLE for one that does not in time; else MissingSecretsError with
   * everything that is missing, or RegistrationError ENV_COLLISION, RESERVED_NAME or INVALID_SECRET_VALUE.
   */
  ready(options?: ReadyOptions): Promise<void>
  /**
   * Tells what is missing in one or many scopes, as data. Each secret is asked for once, values in one batch for each store.
   * What a store does not answer in time is among the `failures`, as UNAVAILABLE.
   */
  check(options?: CheckOptions): Promise<CheckReport>
  /** Tells which functions there are and who uses which secret and key, as JSON data; with scopes also what their stores hold. */
  manifest(options?: ManifestOptions): Promise<Manifest>
  /** Lists the registered functions. */
  functions(): readonly FunctionDefinition[]
  /** Calls a function by its name. */
  call(name: string, args?: readonly unknown[], options?: CallOptions): Promise<unknown>
  /** Tells how many processes and calls there are now. */
  stats(): SchedulerStats
  /** Ends every call and every process. May be called again. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
