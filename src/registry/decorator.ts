/** What `register(…)` is called with: a function, or a static method and its decorator context. */
import { argumentError, RegistrationError } from '../errors.ts'

/**
 * Checks what is to be registered.
 *
 * @returns the decorator context, where `register(…)` stands as a decorator.
 * @throws RegistrationError DECORATOR_TARGET for what a decorator cannot register; TypeError INVALID_OPTION for what is no
 * function.
 */
export function decoratorContext(fn: unknown, rest: readonly unknown[]): ClassMethodDecoratorContext | undefined {
  const context = rest[0] as (Omit<ClassMethodDecoratorContext, 'kind'> & { readonly kind: string }) | null | undefined
  // The old kind gives a property's name and its descriptor.
  if (typeof context === 'string' || typeof context === 'symbol' || (rest.length > 1 && context === undefined)) {
    throw target(
      'This is a legacy decorator call (experimentalDecorators). Use TC39 decorators: turn that compiler option off.',
    )
  }
  if (typeof fn !== 'function') {
    throw argumentError('INVALID_OPTION', 'register(…) takes the function to register: register({ … })(fn).')
  }
  if (typeof context !== 'object' || context === null || typeof context.addInitializer !== 'function') {
    if (isClass(fn)) throw target('A class cannot be registered, only its static, public, async methods.')
    return undefined
  }
  if (context.kind !== 'method' || !context.static || context.private) {
    throw target('Only static, public, async methods can be registered by a decorator.')
  }
  if ((fn as { constructor: { name: string } }).constructor.name !== 'AsyncFunction') {
    throw target(`${String(context.name)} is not async, and a registered function always is.`)
  }
  return context as ClassMethodDecoratorContext
}

function isClass(fn: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(fn))
}

function target(message: string): RegistrationError {
  return new RegistrationError('DECORATOR_TARGET', message, { hint: 'Register a plain function: register({ … })(fn).' })
}
