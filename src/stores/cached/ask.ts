/** What a cache asks of its store, and what it keeps of the answers. */
import type { Secret } from '../../secret.ts'
import type { SecretStore } from '../../store.ts'
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
): Promise<(Secret | undefined)[]> {
  const requests = wanted.map(({ scope, name, keys }) => {
    return keys === undefined ? { scope, name } : { scope, name, keys: [...keys] }
  })
  const answers = checkedAnswers(store, requests, await store.getMany(requests, { signal }))
  return answers.map((secret) => secret && sharedAnswer(secret))
}

/** Makes an answer that many callers may be given: none of them can change what another one gets. */
export function sharedAnswer({ scope, name, version, values, createdAt, description }: Secret): Secret {
  // A store may have left its own open.
  const kept = Object.isFrozen(values)
    ? values
    : Object.freeze(Object.assign(Object.create(null) as Record<string, string>, values))
  const answer = { name, scope, version, values: kept, ...(description === undefined ? {} : { description }) }
  if (createdAt === undefined) return Object.freeze(answer)
  Object.defineProperty(answer, CREATED, { value: createdAt.getTime() })
  return Object.freeze(Object.defineProperty(answer, 'createdAt', CREATED_AT))
}

/** Where a shared answer keeps its date, in milliseconds since 1970. */
const CREATED = Symbol('created')
/**
 * A Date cannot be frozen, so each look at it gives a new one. One function for all answers: with one of its own each, each
 * would have another shape, and the engine would take ten times as long to hand one out.
 */
const CREATED_AT: PropertyDescriptor = {
  enumerable: true,
  get(this: { readonly [CREATED]: number }) {
    return new Date(this[CREATED])
  },
}
