/** Where a call may run: the worker key, and what a worker of it is started with. */
import { RegistrationError } from '../errors.ts'
import { assertMayChangeUser, permissionFlags, type User } from '../worker/confinement.ts'
import { workerEntryPath } from '../worker/entry-path.ts'
import { fileMark, isMainModule } from '../worker/host-modules.ts'
import type { Entry } from './entry.ts'
import type { RegistrySettings } from './options.ts'
import type { Run } from './run.ts'

/** The worker that a run needs. */
export interface Placement {
  /** The URL that the worker imports. */
  readonly module: string
  readonly user: User | undefined
  readonly flags: readonly string[]
  /** The key without what changes over time. */
  readonly family: string
  /** Only calls of the same key ever share a worker. */
  readonly key: string
}

/** The placement of a run that was made last, and what it was made for. */
const made = new WeakMap<Run, { readonly fresh: boolean; readonly mark: string; readonly placement: Placement }>()

/**
 * Tells which worker a run needs; `fresh`: one of its own.
 *
 * @throws RegistrationError MODULE_UNKNOWN, MAIN_MODULE, or UNSUPPORTED where this host cannot give the user or the
 * permissions that are asked for.
 */
export function placeRun(run: Run, fresh: boolean, settings: RegistrySettings): Placement {
  const module = importable(run.entry)
  const user = run.entry.user ?? settings.user
  if (user !== undefined) assertMayChangeUser()
  const mark = fileMark(module)
  const before = made.get(run)
  if (before?.fresh === fresh && before.mark === mark) return before.placement
  const placement = makePlacement(run, fresh, { module, user, mark }, settings)
  made.set(run, { fresh, mark, placement })
  return placement
}

function makePlacement(
  { entry, scope, partition, family: secrets, identity }: Run,
  fresh: boolean,
  { module, user, mark }: { module: string; user: User | undefined; mark: string },
  settings: RegistrySettings,
): Placement {
  const permission = entry.permission ?? settings.permission
  const flags = permission === undefined ? [] : permissionFlags(permission, module, workerEntryPath())
  const family = JSON.stringify([fresh, scope, partition, module, user, flags, secrets])
  return { module, user, flags, family, key: `${family}${mark}${identity}` }
}

/**
 * The URL that a child imports for a function.
 *
 * @throws RegistrationError MODULE_UNKNOWN or MAIN_MODULE.
 */
export function importable({ name, module }: Entry): string {
  if (module === undefined) {
    throw new RegistrationError('MODULE_UNKNOWN', `${name}: latchkey cannot tell which module registered it.`, {
      hint: 'Give register({ module: import.meta.url }) in that module.',
    })
  }
  if (!isMainModule(module)) return module
  throw new RegistrationError(
    'MAIN_MODULE',
    `${name} is registered in ${module}, the program's main module: a child would start the whole program again.`,
    { hint: 'Move the function to a module of its own, and import that from the main module.' },
  )
}
