/** The registry: functions, what they need, and their calls. */
import { argumentError, RegistrationError, WorkerError } from '../errors.ts'
import { captureCallSite } from '../worker/call-site.ts'
import { childRegistry, methodName } from '../worker/child-registry.ts'
import { workerEntryPath } from '../worker/entry-path.ts'
import { allowedVariables } from '../worker/environment.ts'
import { childFlags } from '../worker/flags.ts'
import { createScheduler, type Scheduler } from '../worker/scheduler.ts'
import { childState } from '../worker/table.ts'
import { startWorker } from '../worker/worker.ts'
import { runCall } from './call.ts'
import { checkNow, createDescribe, type Findings, findings, report, requireClean } from './check.ts'
import { createEntry, type Entry } from './entry.ts'
import { callSettings, registerSettings, registrySettings, type RegistrySettings } from './options.ts'
import { needed } from './requirement.ts'
import { inputJsonSchema } from './schema.ts'
import type { AnyFunction, CallOptions, FunctionDefinition, Registry, RegistryOptions } from './types.ts'
import { assignVariables } from './variables.ts'

/**
 * Makes a registry, which holds functions, checks the secrets they declare, and runs their calls in child processes.
 *
 * No process starts before {@link Registry.ready} or the first call. In a child the registry only notes what modules
 * register.
 *
 * @throws TypeError UNKNOWN_OPTION, INVALID_OPTION or INVALID_NAME for wrong options.
 * @example
 * ```ts
 * const registry = createRegistry({ store: memoryStore({ my_github_secret: { GH_ACCESS_TOKEN: 'ghp_…' } }) })
 * export const createIssue = registry.register({ name: 'create_issue', secrets: ['my_github_secret'] })(
 *   async (input: { repo: string; title: string }) => postIssue(input, process.env.GH_ACCESS_TOKEN),
 * )
 * ```
 */
export function createRegistry(options: RegistryOptions): Registry {
  const child = childState()
  if (child !== undefined) return childRegistry(child) as Registry
  return hostRegistry(registrySettings(options), captureCallSite()?.place)
}

function hostRegistry(settings: RegistrySettings, place: string | undefined): Registry {
  const entries = new Map<string, Entry>()
  const describe = createDescribe(settings.store)
  /** Checks that were begun at registration and that `ready()` has not looked at yet. */
  const begun = new Map<Entry, Promise<Findings>>()
  let scheduler: Scheduler | undefined
  let closed: Promise<void> | undefined

  const context = {
    settings,
    scheduler: () => (scheduler ??= startScheduler(settings)),
  }

  function add(parts: Parameters<typeof createEntry>[0]): Entry {
    const entry = createEntry(parts)
    const other = entries.get(entry.name)
    if (other !== undefined) throw duplicate(entry, other)
    // What is known without a store is wrong wherever the function is called.
    assignVariables(
      entry.name,
      entry.needs.map((need) => ({ need, keys: need.only ?? [] })),
    )
    if (settings.missing === 'throw') {
      const pending = checkNow(entry, settings.scope, settings.store, describe)
      if (pending !== undefined) begun.set(entry, pending)
    }
    entries.set(entry.name, entry)
    return entry
  }

  function callEntry(entry: Entry, args: readonly unknown[], options: CallOptions): Promise<unknown> {
    if (closed !== undefined) return Promise.reject(registryClosed(entry))
    return runCall(entry, args, options, context)
  }

  /** The function that callers get: bound to options, with its definition and `with`. */
  function bind(entry: Entry, options: CallOptions): object {
    const call = (...args: unknown[]): Promise<unknown> => callEntry(entry, args, options)
    Object.defineProperty(call, 'name', { value: entry.name, configurable: true })
    return Object.assign(call, {
      definition: entry.definition,
      with: (further: CallOptions) => bind(entry, { ...options, ...given(callSettings(further)) }),
    })
  }

  function register(requirements?: unknown): (fn: AnyFunction, ...rest: unknown[]) => unknown {
    const options = registerSettings(requirements)
    const needs = (options.secrets ?? []).map(needed)
    const registering = captureCallSite()
    return (fn, ...rest) => {
      const context = decoratorContext(fn, rest)
      const module =
        options.module === undefined ? (context ? registering : captureCallSite())?.url : String(options.module)
      const inputSchema = inputJsonSchema(options.input)
      const enter = (name: string, self: unknown): Entry => {
        if (name === '') throw nameless(module)
        return add({ name, fn, self, needs, options, module, registry: place, inputSchema })
      }
      if (context === undefined) return bind(enter(options.name ?? fn.name, undefined), {})
      let entry: Entry | undefined
      // Only now has the class a name, and only now is there a `this` to call the method on.
      context.addInitializer(function () {
        entry = enter(options.name ?? methodName(this, context.name), this)
      })
      return (...args: unknown[]) => {
        if (entry === undefined) throw new TypeError('This class is not defined yet.')
        return callEntry(entry, args, {})
      }
    }
  }

  async function checkAll(scope: string, first: boolean): Promise<{ entry: Entry; findings: Findings }[]> {
    return Promise.all(
      [...entries.values()].map(async (entry) => {
        const under = first ? begun.get(entry) : undefined
        begun.delete(entry)
        return { entry, findings: await (under ?? findings(entry, entry.placed(scope), settings.store, describe)) }
      }),
    )
  }

  const registry = {
    register,
    async ready() {
      const all = await checkAll(settings.scope, true)
      requireClean(all.map((item) => item.findings))
      if (closed === undefined && settings.isolation !== 'inline') context.scheduler().warmUp()
    },
    async check(options: { readonly scope?: string | undefined } = {}) {
      const { scope } = callSettings(options)
      return report(await checkAll(scope ?? settings.scope, false))
    },
    functions: (): readonly FunctionDefinition[] =>
      Object.freeze([...entries.values()].map(({ definition }) => definition)),
    async call(name: string, args: readonly unknown[] = [], options?: CallOptions) {
      const entry = entries.get(name)
      if (entry === undefined) throw unknownFunction(name)
      if (!Array.isArray(args)) throw argumentError('INVALID_OPTION', 'registry.call takes the arguments as an array.')
      return callEntry(entry, args, callSettings(options))
    },
    stats: () => scheduler?.stats() ?? { processes: 0, spares: 0, idle: 0, busy: 0, queued: 0 },
    close: () => (closed ??= context.scheduler().close()),
    [Symbol.asyncDispose]: () => registry.close(),
  }
  return Object.freeze(registry) as unknown as Registry
}

function startScheduler(settings: RegistrySettings): Scheduler {
  const { pool, graceMs } = settings
  return createScheduler(pool, graceMs, (onLine) => {
    return startWorker({
      entry: workerEntryPath(),
      env: allowedVariables(settings.env),
      execArgv: childFlags({ maxOldSpaceMb: pool.maxOldSpaceMb }),
      onLine,
    })
  })
}

/** Options that say something; an `undefined` one does not undo an earlier one. */
function given(options: CallOptions): CallOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

/** Recognises a decorator's context, and refuses what cannot be registered by one. */
function decoratorContext(fn: unknown, rest: readonly unknown[]): ClassMethodDecoratorContext | undefined {
  const [context] = rest as [ClassMethodDecoratorContext | undefined]
  if (typeof context !== 'object' && rest.length > 0) {
    throw target(
      'This is a legacy decorator call (experimentalDecorators). Use TC39 decorators: turn that compiler option off.',
    )
  }
  if (typeof fn !== 'function') throw argumentError('INVALID_OPTION', 'register(…) takes the function to register.')
  if (context === undefined) return undefined
  const { kind } = context as { kind: string }
  if (kind !== 'method' || !context.static || context.private) {
    throw target('Only static, public methods can be registered by a decorator.')
  }
  if (!/^Async/.test((fn as { constructor: { name: string } }).constructor.name)) {
    throw target(`${String(context.name)} is not async, and a registered function always is.`)
  }
  return context
}

function target(message: string): RegistrationError {
  return new RegistrationError('DECORATOR_TARGET', message, { hint: 'Register a plain function: register({ … })(fn).' })
}

function nameless(module: string | undefined): RegistrationError {
  return new RegistrationError(
    'NAMELESS_FUNCTION',
    `A function registered in ${module ?? 'an unknown module'} has no name.`,
    {
      hint: "Give register({ name: '…' }): a name that bundlers do not change.",
    },
  )
}

function duplicate(entry: Entry, other: Entry): RegistrationError {
  const where = `${other.module ?? 'an unknown module'} and ${entry.module ?? 'an unknown module'}`
  return new RegistrationError('DUPLICATE_NAME', `Two functions are registered as ${entry.name}: in ${where}.`, {
    hint: 'Give each its own name.',
  })
}

function registryClosed({ name }: Entry): WorkerError {
  return new WorkerError('REGISTRY_CLOSED', `${name}: the registry has been closed.`, { function: name })
}

function unknownFunction(name: unknown): RegistrationError {
  return new RegistrationError(
    'UNKNOWN_FUNCTION',
    `No function is registered as ${typeof name === 'string' ? name : 'that'}.`,
    {
      hint: 'Import the module that registers it; registry.functions() lists what is there.',
    },
  )
}
