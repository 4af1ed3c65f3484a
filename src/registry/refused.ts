/** The errors of registrations and names that a registry refuses. */
import { RegistrationError } from '../errors.ts'
import { quoteName } from '../secret.ts'

/** A registration's module, for messages. */
interface Registered {
  readonly name: string
  readonly module: string | undefined
}

/** A function that has no name. */
export function nameless(module: string | undefined): RegistrationError {
  return new RegistrationError(
    'NAMELESS_FUNCTION',
    `A function registered in ${module ?? 'an unknown module'} has no name.`,
    {
      hint: "Give register({ name: '…' }): a name that bundlers do not change.",
    },
  )
}

/** A function whose name another one has. */
export function duplicate(entry: Registered, other: Registered): RegistrationError {
  const where = `${other.module ?? 'an unknown module'} and ${entry.module ?? 'an unknown module'}`
  return new RegistrationError('DUPLICATE_NAME', `Two functions are registered as ${entry.name}: in ${where}.`, {
    hint: 'Give each its own name.',
  })
}

/** A method that was called before it was registered. */
export function undefinedClass(method: string | symbol): RegistrationError {
  return new RegistrationError('UNKNOWN_FUNCTION', `${String(method)} was called before its class was defined.`, {
    hint: 'Call it after the class, not in a static block or field before the end of it.',
  })
}

/** A name that no function has. */
export function unknownFunction(name: unknown): RegistrationError {
  return new RegistrationError('UNKNOWN_FUNCTION', `No function is registered as ${quoteName(name)}.`, {
    hint: 'Import the module that registers it; registry.functions() lists what is there.',
  })
}
