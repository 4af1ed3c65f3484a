/** What a store answers: the frozen shapes of a secret, with and without its values. */
import type { Secret, SecretInfo } from '../secret.ts'

/** One version of a secret as a store holds it. In memory, `values` are checked, frozen and without a prototype. */
export interface HeldSecret {
  readonly scope: string
  readonly name: string
  readonly version: string
  readonly values: Readonly<Record<string, string>>
  /** Milliseconds since 1970. */
  readonly createdAt?: number | undefined
  readonly description?: string | undefined
  /** Key names of the engine that were left out, sorted and frozen. */
  readonly skipped?: readonly string[] | undefined
}

/** Gives a secret as `get` answers it; with `keys`, only those of them that it has. */
export function secretAnswer(held: HeldSecret, keys?: readonly string[]): Secret {
  const values = keys === undefined ? held.values : chosenValues(held.values, keys)
  return Object.freeze({ name: held.name, scope: held.scope, version: held.version, values, ...marks(held) })
}

/** Gives what may be known of a secret without its values. */
export function infoAnswer(held: HeldSecret): SecretInfo {
  return describedAnswer({ ...held, keys: Object.keys(held.values) })
}

/** Gives the same from a store that has looked at no values. */
export function describedAnswer(
  described: Omit<HeldSecret, 'values'> & { readonly keys: readonly string[] },
): SecretInfo {
  const { name, scope, version } = described
  const keys = Object.freeze([...described.keys].sort())
  const skipped = described.skipped?.length ? { skipped: described.skipped } : {}
  return Object.freeze({ name, scope, version, keys, ...marks(described), ...skipped })
}

/** A fresh Date each time: a Date cannot be frozen, and one caller must not change what the next one reads. */
function marks({ createdAt, description }: Pick<HeldSecret, 'createdAt' | 'description'>): {
  createdAt?: Date
  description?: string
} {
  return {
    ...(createdAt === undefined ? {} : { createdAt: new Date(createdAt) }),
    ...(description === undefined ? {} : { description }),
  }
}

/** Gives those of the pairs whose keys were asked for. */
export function chosenValues(
  values: Readonly<Record<string, string>>,
  keys: readonly string[],
): Readonly<Record<string, string>> {
  const chosen = Object.create(null) as Record<string, string>
  for (const key of keys) {
    const value = values[key]
    if (value !== undefined) chosen[key] = value
  }
  return Object.freeze(chosen)
}
