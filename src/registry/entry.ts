/** A registered function, as its registry keeps it. */
import type { CallError } from '../errors.ts'
import type { StandardSchema } from '../secret.ts'
import type { Permission, User } from '../worker/confinement.ts'
import { permissionOf, userOf } from './options.ts'
import { order } from './ordering.ts'
import type { Needed } from './requirement.ts'
import type { Placed } from './secrets.ts'
import type { FunctionDefinition, Isolation, RegisterOptions } from './types.ts'

/** One registration. */
export interface Entry {
  readonly name: string
  readonly fn: (...args: unknown[]) => unknown
  /** The class, for a static method. */
  readonly self: unknown
  readonly needs: readonly Needed[]
  readonly hasSchemas: boolean
  readonly input: StandardSchema | undefined
  /** The URL of the module that registered it, if that could be told. */
  readonly module: string | undefined
  /** Where it comes from, for the child that looks for it. */
  readonly origin: string
  readonly isolation: Isolation | undefined
  readonly timeoutMs: number | undefined
  readonly permission: Permission | undefined
  readonly user: User | undefined
  readonly results: 'pass' | 'redact' | 'refuse'
  readonly isAuthError: ((error: CallError) => boolean) | undefined
  readonly definition: FunctionDefinition
  /** Its requirements in the scope of one call. */
  placed(scope: string): readonly Placed[]
}

/** What an entry is made from. */
export interface EntryParts {
  readonly name: string
  readonly fn: (...args: unknown[]) => unknown
  readonly self: unknown
  readonly needs: readonly Needed[]
  readonly options: RegisterOptions
  readonly module: string | undefined
  readonly origin: string
  readonly inputSchema: Readonly<Record<string, unknown>> | undefined
}

/** Makes an entry. Its requirements stand sorted, so that functions with the same ones share workers. */
export function createEntry({ name, fn, self, needs, options, module, origin, inputSchema }: EntryParts): Entry {
  const { description } = options
  const sorted = [...needs].sort((a, b) => order(a.name, b.name))
  return Object.freeze({
    name,
    fn,
    self,
    needs: sorted,
    hasSchemas: needs.some(({ schemas }) => Object.keys(schemas).length > 0),
    input: options.input,
    module,
    origin,
    isolation: options.isolation,
    timeoutMs: options.timeoutMs,
    permission: permissionOf('register', options.permission),
    user: userOf(options.uid),
    results: options.results ?? 'pass',
    isAuthError: options.isAuthError,
    definition: Object.freeze({
      name,
      ...(description === undefined ? {} : { description }),
      requirements: Object.freeze(needs.map(({ definition }) => definition)),
      ...(module === undefined ? {} : { module }),
      ...(inputSchema === undefined ? {} : { inputSchema }),
    }),
    placed: (scope: string) => sorted.map((need) => ({ need, scope: need.scope ?? scope })),
  })
}
