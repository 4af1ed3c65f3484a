/** The stores that another store is made of: what they must be, and what their answers are held to. */
import { argumentError } from '../errors.ts'
import type { SecretStore, WritableSecretStore } from '../store.ts'
import { badAnswer } from './bad-answer.ts'

/** Tells whether something has what every store has. */
export function isStore(value: unknown): value is SecretStore {
  if (typeof value !== 'object' || value === null) return false
  const { getMany, describe, capabilities } = value as Record<keyof SecretStore, unknown>
  const hasVerbs = typeof getMany === 'function' && typeof describe === 'function'
  return hasVerbs && typeof capabilities === 'object' && capabilities !== null
}

/** Throws INVALID_OPTION unless `store` is a store. */
export function assertStore(what: string, store: unknown): asserts store is SecretStore {
  if (!isStore(store)) throw argumentError('INVALID_OPTION', `${what} takes stores: this is none.`)
}

/** Gives the store as one that can be written, or `undefined` if it declares that it cannot. */
export function writableStore(store: SecretStore): WritableSecretStore | undefined {
  return store.capabilities.write ? (store as WritableSecretStore) : undefined
}

/** A secret that a store was asked for. */
export interface Asked {
  readonly name: string
  readonly scope: string
}

/** What the answers with and without values have in common. */
export interface Answered extends Asked {
  readonly version: string
}

/**
 * Gives the answer to one question, if it is one: what is built upon it would hide that it is another secret's.
 *
 * @throws StoreError BAD_ANSWER.
 */
export function checkedAnswer<Answer extends Answered>(
  store: SecretStore,
  { name, scope }: Asked,
  answer: Answer,
): Answer {
  const given = Object(answer) as Partial<Answer>
  const where = { scope, secret: name }
  if (typeof given.version !== 'string') throw badAnswer(store, 'its answer is neither a secret nor undefined', where)
  if (given.name !== name || given.scope !== scope) throw badAnswer(store, 'its answer is another secret', where)
  return answer
}

/**
 * Gives the answers of `getMany`, one for each request.
 *
 * @throws StoreError BAD_ANSWER: an answer that is left out must not be read as a secret that is not there.
 */
export function checkedAnswers<Answer extends Answered>(
  store: SecretStore,
  requests: readonly Asked[],
  answers: readonly (Answer | undefined)[],
): (Answer | undefined)[] {
  const given: unknown = answers
  if (!Array.isArray(given) || given.length !== requests.length) {
    throw badAnswer(store, 'it did not answer each request')
  }
  return requests.map((request, index) => {
    const answer = answers[index]
    return answer === undefined ? undefined : checkedAnswer(store, request, answer)
  })
}
