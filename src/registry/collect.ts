/**
 * Collect mode: a process that imports modules only to learn what they register. Registries made in it record; they
 * neither throw nor ask a store, and run nothing.
 */
import { ARGUMENT_CODES, isLatchkeyError, RegistrationError } from '../errors.ts'
import { collection, setCollection } from '../worker/table.ts'
import type { Registry } from './types.ts'

/** A process that collects. */
export interface Collecting {
  /** The registries that were made since, in that order, by whatever copy of the library a module has imported. */
  registries(): readonly Registry[]
  /** Has registries be made as ever from here on. Those that were collected stay as they are. */
  stop(): void
}

/**
 * Puts this process into collect mode. Call it before the modules are imported.
 *
 * What `register` would throw comes from `check()` and `manifest()` of the collected registries, which ask their stores as
 * ever; `ready()` resolves at once, and calls reject with COLLECTING.
 */
export function collectRegistries(): Collecting {
  const registries: object[] = []
  setCollection({ format: 1, registries })
  return {
    registries: () => registries as Registry[],
    stop() {
      setCollection(undefined)
    },
  }
}

/** Tells whether this process only collects. */
export function isCollecting(): boolean {
  return collection() !== undefined
}

/** Adds a registry to what is collected. */
export function addCollected(registry: Registry): void {
  const found = collection()
  if (found?.format === 1) found.registries.push(registry)
}

/** A registration that cannot stand as it is written. */
export interface Refusal {
  /** The function's name; empty where it has none. */
  readonly function: string
  readonly code: string
  readonly message: string
}

/** Does what may be refused. */
export interface Refusals {
  /** What was noted instead of being thrown. */
  readonly noted: readonly Refusal[]
  /** Gives what `run` gives; where this process collects, `undefined` if it is refused. */
  try<T>(name: unknown, run: () => T): T | undefined
}

/** Makes the refusals of a registry: noted where it `collects`, else thrown. */
export function createRefusals(collects: boolean): Refusals {
  const noted: Refusal[] = []
  return {
    noted,
    try(name, run) {
      if (!collects) return run()
      try {
        return run()
      } catch (error) {
        const refusal = refusalOf(typeof name === 'string' ? name : '', error)
        if (refusal === undefined) throw error
        noted.push(refusal)
        return undefined
      }
    },
  }
}

/** What the library itself refuses, as data; anything else is an accident, and `undefined`. */
function refusalOf(name: string, error: unknown): Refusal | undefined {
  const { code, message } = error as { code?: unknown; message: string }
  const isOwn = isLatchkeyError(error) || ARGUMENT_CODES.some((own) => error instanceof TypeError && own === code)
  return isOwn ? { function: name, code: String(code), message } : undefined
}

/** Stands for a function whose registration was refused. */
export function refusedFunction(name: string): object {
  const call = (): Promise<never> => Promise.reject(onlyCollecting(name))
  const definition = Object.freeze({ name, requirements: Object.freeze([]) })
  return Object.assign(call, { definition, with: () => refusedFunction(name) })
}

/** The error of a call in a process that collects. */
export function onlyCollecting(name: string): RegistrationError {
  return new RegistrationError('COLLECTING', `${name} was called while latchkey only looks at what is registered.`, {
    hint: 'Call it from the program that imports the module, not at the top level of the module.',
  })
}
