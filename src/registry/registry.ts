/** The registry: functions, what they need, and their calls. */
import { argumentError } from '../errors.ts'
import { type CallSite, captureCallSite } from '../worker/call-site.ts'
import { childRegistry, methodName } from '../worker/child-registry.ts'
import { workerEntryPath } from '../worker/entry-path.ts'
import { allowedVariables } from '../worker/environment.ts'
import { childFlags } from '../worker/flags.ts'
import { noteOrigin, originOf } from '../worker/origin.ts'
import { createScheduler, type Scheduler } from '../worker/scheduler.ts'
import { assertStartsChildren } from '../worker/runtime.ts'
import { childState } from '../worker/table.ts'
import { startWorker } from '../worker/worker.ts'
import { runCall } from './call.ts'
import { addCollected, createRefusals, isCollecting, onlyCollecting, refusedFunction } from './collect.ts'
import type { CheckOptions, ReadyOptions } from './check-types.ts'
import { checkNow, createDescribe, isClean, requireClean } from './check.ts'
import { createDeadline, type Deadline, withinTime } from './deadline.ts'
import { decoratorContext } from './decorator.ts'
import { createEntry, type Entry } from './entry.ts'
import { checksOf, findAll, type Findings } from './findings.ts'
import { createFreshness } from './freshness.ts'
import { makeManifest } from './manifest.ts'
import type { ManifestOptions } from './manifest-types.ts'
import {
  boundOptions,
  callSettings,
  checkSettings,
  NONE,
  readySettings,
  registerSettings,
  registrySettings,
  type RegistrySettings,
} from './options.ts'
import { createRenewals } from './renewal.ts'
import { duplicate, nameless, undefinedClass, unknownFunction } from './refused.ts'
import { type Needed, needed } from './requirement.ts'
import { importable } from './placement.ts'
import { report } from './report.ts'
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
  return hostRegistry(registrySettings(options), captureCallSite())
}

function hostRegistry(settings: RegistrySettings, madeAt: CallSite | undefined): Registry {
  const entries = new Map<string, Entry>()
  const describe = createDescribe(settings.store)
  /** Checks that were begun at registration and that `ready()` has not looked at yet. */
  const begun = new Map<Entry, Promise<Findings>>()
  let scheduler: Scheduler | undefined
  let closed: Promise<void> | undefined
  const collects = isCollecting()
  const refusals = createRefusals(collects)

  const startedScheduler = (): Scheduler => (scheduler ??= startScheduler(settings))
  const context = {
    settings,
    closed: () => closed !== undefined,
    calls: new Set<() => void>(),
    freshness: createFreshness(settings.store),
    scheduler: startedScheduler,
    renewals: settings.watch ? createRenewals(settings, startedScheduler) : undefined,
  }

  function add(parts: Parameters<typeof createEntry>[0]): Entry {
    const entry = createEntry(parts)
    const other = entries.get(entry.name)
    if (other !== undefined) throw duplicate(entry, other)
    // What is known without a store is wrong wherever the function is called.
    refusals.try(entry.name, () => assignVariables(entry.name, knownKeys(entry)))
    if (settings.missing === 'throw' && !collects) {
      // A process that only registers need not wait for a store.
      const deadline = createDeadline(settings.timeoutMs, false)
      const pending = checkNow(entry, settings.scope, settings.store, describe, deadline)
      if (pending !== undefined) begun.set(entry, pending.finally(deadline.end))
    }
    entries.set(entry.name, entry)
    if (entry.module !== undefined) noteOrigin(entry.module, entry.name, entry.origin)
    return entry
  }

  function callEntry(entry: Entry, args: readonly unknown[], options: CallOptions): Promise<unknown> {
    return collects ? Promise.reject(onlyCollecting(entry.name)) : runCall(entry, args, options, context)
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

  function registration(requirements?: unknown): (fn: AnyFunction, ...rest: unknown[]) => unknown {
    const options = registerSettings(requirements)
    const needs = (options.secrets ?? []).map(needed)
    const registering = captureCallSite()
    return (fn, ...rest) => {
      const context = decoratorContext(fn, rest)
      const site = context === undefined ? captureCallSite() : registering
      const module = options.module === undefined ? site?.url : String(options.module)
      const origin = originOf(site, madeAt)
      const inputSchema = inputJsonSchema(options.input)
      const enter = (name: unknown, self: unknown): Entry => {
        // A function's own name can be anything that somebody put there.
        if (typeof name !== 'string' || name === '') throw nameless(module)
        return add({ name, fn, self, needs, options, module, origin, inputSchema })
      }
      if (context === undefined) return bind(enter(options.name ?? fn.name, undefined), NONE)
      let entry: Entry | undefined
      // Only now has the class a name, and only now is there a `this` to call the method on.
      context.addInitializer(function () {
        const name = options.name ?? methodName(this, context.name)
        entry = refusals.try(name, () => enter(name, this))
      })
      const method = (...args: unknown[]): Promise<unknown> => {
        return entry === undefined ? Promise.reject(undefinedClass(context.name)) : callEntry(entry, args, NONE)
      }
      return Object.defineProperty(method, 'name', { value: String(context.name), configurable: true })
    }
  }

  /** Registers, or notes why it cannot be, where this process only collects. */
  function register(requirements?: unknown): (fn: AnyFunction, ...rest: unknown[]) => unknown {
    if (!collects) return registration(requirements)
    const given = (Object(requirements) as { name?: unknown }).name
    const decorate = refusals.try(given, () => registration(requirements))
    return (fn, ...rest) => {
      const own = given ?? (Object(fn) as { name?: unknown }).name
      const name = typeof own === 'string' ? own : ''
      const done = decorate && refusals.try(name, () => decorate(fn, ...rest))
      // A decorator that gives nothing leaves its method as it is.
      return done ?? (rest.length > 0 ? undefined : refusedFunction(name))
    }
  }

  /** What registering has begun to check counts where it is clean; what was wrong then may have been mended. */
  async function checkBegun(deadline: Deadline): Promise<readonly Findings[]> {
    const all = [...entries.values()]
    const before = await Promise.all(
      all.map(async (entry) => {
        const own = begun.get(entry)
        return own && deadline.sooner(own)
      }),
    )
    // Where the time is up, nobody is asked again: what was found before is the last that is known.
    const isLate = all.some((entry, index) => begun.has(entry) && before[index] === undefined)
    begun.clear()
    const last = isLate ? before.filter((found) => found !== undefined) : []
    const open = all.filter((_, index) => {
      const found = before[index]
      return found === undefined || !(isClean(found) || last.includes(found))
    })
    return [...last, ...(await findAll(checksOf(open, [settings.scope]), settings.store, describe, deadline))]
  }

  function runsInChild(entry: Entry): boolean {
    return (entry.isolation ?? settings.isolation) !== 'inline'
  }

  /** Gives up every call, wherever it is: in a store, in the queue, in a child, or here. */
  async function close(): Promise<void> {
    // First, so that no call that is given up makes room for another.
    const ended = scheduler?.close()
    for (const giveUp of [...context.calls]) giveUp()
    await Promise.all([ended, context.renewals?.close()])
  }

  const registry = {
    register,
    async ready(options?: ReadyOptions) {
      const { timeoutMs } = readySettings(options, settings)
      if (collects) return
      if (settings.isolation !== 'inline') assertStartsChildren()
      // What no child can run is known without a store.
      for (const entry of entries.values()) if (runsInChild(entry)) importable(entry)
      requireClean(await withinTime(timeoutMs, checkBegun))
      if (closed === undefined && settings.isolation !== 'inline') context.scheduler().warmUp()
    },
    async check(options?: CheckOptions) {
      const { scopes, timeoutMs } = checkSettings(options, settings)
      const checks = checksOf([...entries.values()], scopes)
      const found = await withinTime(timeoutMs, (deadline) => findAll(checks, settings.store, describe, deadline))
      return report(found, refusals.noted)
    },
    manifest(options?: ManifestOptions) {
      return makeManifest(options, { entries: [...entries.values()], refused: refusals.noted, settings, describe })
    },
    functions: (): readonly FunctionDefinition[] =>
      Object.freeze([...entries.values()].map(({ definition }) => definition)),
    async call(name: string, args: readonly unknown[] = [], options?: CallOptions) {
      const entry = entries.get(name)
      if (entry === undefined) throw unknownFunction(name)
      if (!Array.isArray(args)) {
        throw argumentError('INVALID_OPTION', 'registry.call takes the arguments as an array: call(name, [argument]).')
      }
      return callEntry(entry, args, callSettings('registry.call', options))
    },
    stats: () => scheduler?.stats() ?? { processes: 0, spares: 0, idle: 0, busy: 0, queued: 0 },
    close: () => (closed ??= close()),
    [Symbol.asyncDispose]: () => registry.close(),
  }
  const made = Object.freeze(registry) as unknown as Registry
  if (collects) addCollected(made)
  return made
}

/** The keys of a function's requirements, as far as they are known without a store. */
function knownKeys({ needs }: Entry): { need: Needed; keys: readonly string[] }[] {
  return needs.map((need) => ({ need, keys: need.only ?? [] }))
}

function startScheduler(settings: RegistrySettings): Scheduler {
  const { graceMs } = settings
  // Where every child is confined, no call could use a spare.
  const pool = settings.permission === undefined ? settings.pool : { ...settings.pool, spares: 0 }
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
