/** The registry: functions, what they need, and their calls. */
import { argumentError, RegistrationError } from '../errors.ts'
import { quoteName } from '../secret.ts'
import { captureCallSite } from '../worker/call-site.ts'
import { childRegistry, methodName } from '../worker/child-registry.ts'
import { workerEntryPath } from '../worker/entry-path.ts'
import { allowedVariables } from '../worker/environment.ts'
import { childFlags } from '../worker/flags.ts'
import { createScheduler, type Scheduler } from '../worker/scheduler.ts'
import { childState } from '../worker/table.ts'
import { startWorker } from '../worker/worker.ts'
import { runCall } from './call.ts'
import { checkNow, createDescribe, type Findings, findings, isClean, report, requireClean } from './check.ts'
import { decoratorContext } from './decorator.ts'
import { createEntry, type Entry } from './entry.ts'
import {
  boundOptions,
  callSettings,
  checkedScopeOption,
  NONE,
  registerSettings,
  registrySettings,
  type RegistrySettings,
} from './options.ts'
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
    closed: () => closed !== undefined,
    calls: new Set<() => void>(),
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
    return runCall(entry, args, options, context)
  }

  /** The function that callers get: bound to options, with its definition and `with`. */
  function bind(entry: Entry, options: CallOptions): object {
    const call = (...args: unknown[]): Promise<unknown> => callEntry(entry, args, options)
    Object.defineProperty(call, 'name', { value: entry.name, configurable: true })
    return Object.assign(call, {
      definition: entry.definition,
      with: (further?: CallOptions) => bind(entry, boundOptions(options, callSettings('with', further))),
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
      const enter = (name: unknown, self: unknown): Entry => {
        // A function's own name can be anything that somebody put there.
        if (typeof name !== 'string' || name === '') throw nameless(module)
        return add({ name, fn, self, needs, options, module, registry: place, inputSchema })
      }
      if (context === undefined) return bind(enter(options.name ?? fn.name, undefined), NONE)
      let entry: Entry | undefined
      // Only now has the class a name, and only now is there a `this` to call the method on.
      context.addInitializer(function () {
        entry = enter(options.name ?? methodName(this, context.name), this)
      })
      const method = (...args: unknown[]): Promise<unknown> => {
        return entry === undefined ? Promise.reject(undefinedClass(context.name)) : callEntry(entry, args, NONE)
      }
      return Object.defineProperty(method, 'name', { value: String(context.name), configurable: true })
    }
  }

  function checkAll(scope: string): Promise<{ entry: Entry; findings: Findings }[]> {
    return Promise.all(
      [...entries.values()].map(async (entry) => {
        return { entry, findings: await findings(entry, entry.placed(scope), settings.store, describe) }
      }),
    )
  }

  /** What registering has begun to check counts where it is clean; what was wrong then may have been mended. */
  function checkBegun(): Promise<Findings[]> {
    return Promise.all(
      [...entries.values()].map(async (entry) => {
        const before = await begun.get(entry)
        begun.delete(entry)
        if (before !== undefined && isClean(before)) return before
        return findings(entry, entry.placed(settings.scope), settings.store, describe)
      }),
    )
  }

  /** Gives up every call, wherever it is: in a store, in the queue, in a child, or here. */
  function close(): Promise<void> {
    for (const giveUp of [...context.calls]) giveUp()
    return scheduler?.close() ?? Promise.resolve()
  }

  const registry = {
    register,
    async ready() {
      requireClean(await checkBegun())
      if (closed === undefined && settings.isolation !== 'inline') context.scheduler().warmUp()
    },
    async check(options?: { readonly scope?: string | undefined }) {
      return report(await checkAll(checkedScopeOption(options) ?? settings.scope))
    },
    functions: (): readonly FunctionDefinition[] =>
      Object.freeze([...entries.values()].map(({ definition }) => definition)),
    async call(name: string, args: readonly unknown[] = [], options?: CallOptions) {
      const entry = entries.get(name)
      if (entry === undefined) throw unknownFunction(name)
      if (!Array.isArray(args)) throw argumentError('INVALID_OPTION', 'registry.call takes the arguments as an array.')
      return callEntry(entry, args, callSettings('registry.call', options))
    },
    stats: () => scheduler?.stats() ?? { processes: 0, spares: 0, idle: 0, busy: 0, queued: 0 },
    close: () => (closed ??= close()),
    [Symbol.asyncDispose]: () => registry.close(),
  }
  return Object.freeze(registry) as unknown as Registry
}

function startScheduler(settings: RegistrySettings): Scheduler {
  const { pool, graceMs } = settings
  // Found once, by the first call, which is told if it is not there.
  let entry: string | undefined
  return createScheduler(pool, graceMs, (onLine, further) => {
    entry ??= workerEntryPath()
    return startWorker({
      entry,
      env: allowedVariables(settings.env),
      execArgv: childFlags({ maxOldSpaceMb: pool.maxOldSpaceMb, preload: pool.preload, further }),
      onLine,
    })
  })
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

function undefinedClass(method: string | symbol): RegistrationError {
  return new RegistrationError('UNKNOWN_FUNCTION', `${String(method)} was called before its class was defined.`, {
    hint: 'Call it after the class, not in a static block or field before the end of it.',
  })
}

function unknownFunction(name: unknown): RegistrationError {
  return new RegistrationError('UNKNOWN_FUNCTION', `No function is registered as ${quoteName(name)}.`, {
    hint: 'Import the module that registers it; registry.functions() lists what is there.',
  })
}
