/** What a cache asks of its store, and what it keeps of the answers. */
import type { Secret } from '../../secret.ts'
import type { SecretStore } from '../../store.ts'
import type { HeldSecret } from '../answer.ts'
import { checkedAnswers } from '../inner.ts'
import type { Keys } from './entries.ts'

/** A secret to read, with the keys of it that are asked for. */
export interface Wanted {
  readonly scope: string
  readonly name: string
  readonly keys: Keys
}

/** Asks a store for several secrets in one round trip. */
export async function readTogether(
  store: SecretStore,
  wanted: readonly Wanted[],
  signal: AbortSignal,
): Promise<(HeldSecret | undefined)[]> {
  const requests = wanted.map(({ scope, name, keys }) => {
    return keys === undefined ? { scope, name } : { scope, name, keys: [...keys] }
  })
  const answers = checkedAnswers(store, requests, await store.getMany(requests, { signal }))
  return answers.map((secret) => secret && heldOf(secret))
}

function heldOf({ scope, name, version, values, createdAt, description }: Secret): HeldSecret {
  // Many callers get the same record: one that a store left open must not be changed by one of them.
  const kept = Object.isFrozen(values)
    ? values
    : Object.freeze(Object.assign(Object.create(null) as Record<string, string>, values))
  return { scope, name, version, values: kept, createdAt: createdAt?.getTime(), description }
}
