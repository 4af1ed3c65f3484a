/**
 * What `createRegistry` is in a child: registering only defines. Nothing is checked, no store is opened, and a registered
 * function cannot call another.
 */
import { RegistrationError } from '../errors.ts'
import { captureCallSite } from './call-site.ts'
import { originOf } from './origin.ts'
import { type ChildState, runningCall } from './table.ts'

type Fn = (...args: unknown[]) => unknown
interface MethodContext {
  readonly name: string | symbol
  addInitializer(initialize: (this: unknown) => void): void
}
interface ChildOptions {
  readonly name?: string | undefined
  readonly module?: string | URL | undefined
}

/** Makes the registry of a child. Its shape is that of the host's, as far as modules use it while they are imported. */
export function childRegistry(state: ChildState): object {
  const registry = captureCallSite()

  function register(given?: ChildOptions | readonly unknown[]): (fn: Fn, context?: MethodContext) => Fn {
    const options: ChildOptions = given === undefined || Array.isArray(given) ? {} : (given as ChildOptions)
    const registering = captureCallSite()
    return (fn, context) => {
      const site = context === undefined ? captureCallSite() : registering
      const module = options.module === undefined ? site?.url : String(options.module)
      const define = (name: string, self: unknown): void => {
        const origin = originOf(site, registry)
        if (module !== undefined) state.registrations.push({ name, module, origin, fn, self })
      }
      if (context === undefined) define(options.name ?? fn.name, undefined)
      else {
        context.addInitializer(function () {
          define(options.name ?? methodName(this, context.name), this)
        })
      }
      return registered(options.name ?? fn.name)
    }
  }

  return Object.freeze({
    register,
    ready: () => Promise.resolve(),
    functions: () => Object.freeze(state.registrations.map(({ name, module }) => ({ name, module, requirements: [] }))),
    call: (name: string) => Promise.reject(nestedCall(name)),
    check: () => Promise.reject(nestedCall('check')),
    manifest: () => Promise.reject(nestedCall('manifest')),
    stats: () => ({ processes: 0, spares: 0, idle: 0, busy: 0, queued: 0 }),
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  })
}

/** The name of a static method without one of its own: `Class.method`. */
export function methodName(owner: unknown, method: string | symbol): string {
  const { name } = owner as { name?: unknown }
  // A class without a name gives its methods none: `.method` would be the same for each of them.
  return typeof name === 'string' && name !== '' ? `${name}.${String(method)}` : ''
}

function registered(name: string): Fn {
  const call = (): Promise<never> => Promise.reject(nestedCall(name))
  const definition = Object.freeze({ name, requirements: [] })
  return Object.assign(call, { definition, with: () => registered(name) })
}

/** The error for a call of a registered function by code that runs as one, or while a child imports a module. */
export function nestedCall(name: string): RegistrationError {
  const caller = runningCall()?.name
  if (caller === undefined) {
    return new RegistrationError(
      'NESTED_CALL',
      `${name} was called while a child imported the module that registers it.`,
      {
        hint: "Call registered functions from the host's own code, not at the top level of a module that children import.",
      },
    )
  }
  return new RegistrationError(
    'NESTED_CALL',
    // What to do is in the message: a hint does not reach the caller of the function, which fails with a CallError.
    `${caller} called the registered function ${name}: one cannot run another. Share a plain function, or let the host call both.`,
  )
}
