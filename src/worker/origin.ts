/**
 * Where a registration comes from. A module may register several functions of one name, each in a registry of its own; a
 * child that has imported the module finds by it the one that a call is of.
 */
import type { CallSite } from './call-site.ts'
import type { CallTask } from './protocol.ts'
import { type ChildRegistration, table } from './table.ts'

/** Names the places in which a function was registered and its registry was made. */
export function originOf(registered: CallSite | undefined, registry: CallSite | undefined): string {
  return `${registered?.place ?? ''} ${registry?.place ?? ''}`
}

/** Notes a registration of this host. */
export function noteOrigin(module: string, name: string, origin: string): void {
  const origins = (table().origins ??= new Map<string, Set<string>>())
  const address = addressOf(module, name)
  const known = origins.get(address)
  if (known === undefined) origins.set(address, new Set([origin]))
  else known.add(origin)
}

/** The other origins in which this host has registered functions of that module and name. */
export function otherOrigins(module: string, name: string, origin: string): readonly string[] {
  const known = table().origins?.get(addressOf(module, name))
  return known === undefined || known.size <= 1 ? [] : [...known].filter((one) => one !== origin)
}

function addressOf(module: string, name: string): string {
  return `${module}\0${name}`
}

/** Finds the registration that a call is of. Never guesses: a call must not run another one's function with its secrets. */
export function findRegistration(
  { name, module, origin, others }: Pick<CallTask, 'name' | 'module' | 'origin' | 'others'>,
  registrations: readonly ChildRegistration[],
): ChildRegistration | 'not-registered' | 'ambiguous' {
  const named = registrations.filter((one) => one.name === name && one.module === module)
  const [first, ...further] = named
  if (first === undefined) return 'not-registered'
  const [exact, ...likewise] = named.filter((one) => one.origin === origin)
  if (exact !== undefined) return likewise.length === 0 ? exact : 'ambiguous'
  const isOwn = (one: string): boolean => one.startsWith(`${module}#`)
  // Registered elsewhere, by the name that it has in the module.
  if (further.length === 0 && isOwn(first.origin) && !isOwn(origin)) return first
  // The host knows what is here as others: the one that is called was registered later, by a call of the module's code.
  if (named.some((one) => others.includes(one.origin))) return 'not-registered'
  if (further.length > 0) return byOrder(named, origin, others) ?? 'ambiguous'
  return others.length === 0 || shapeOf(first.origin) === shapeOf(origin) ? first : 'not-registered'
}

/**
 * Finds a registration where the host runs another text of the module than the child, as under Vitest: lines and columns
 * differ, and their order does not.
 */
function byOrder(
  named: readonly ChildRegistration[],
  origin: string,
  others: readonly string[],
): ChildRegistration | undefined {
  const there = [origin, ...others].sort()
  const here = new Map(named.map((one) => [one.origin, one]))
  const sorted = [...here.keys()].sort()
  const isSame =
    named.length === here.size &&
    there.length === sorted.length &&
    there.every((one, index) => shapeOf(one) === shapeOf(sorted[index] ?? ''))
  return isSame ? here.get(sorted[there.indexOf(origin)] ?? '') : undefined
}

/** An origin without its lines and columns: the modules, and how many positions there are in each. */
function shapeOf(origin: string): string {
  return origin.replaceAll(/\d{8}/g, '')
}
