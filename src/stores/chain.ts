/** A read-only store that asks several stores in turn. */
import { argumentError } from '../errors.ts'
import type { Secret, SecretInfo } from '../secret.ts'
import type { Capabilities, MaybePromise, SecretStore } from '../store.ts'
import { labelled } from './chain/label.ts'
import { mergedList } from './chain/list.ts'
import { watchAll } from './chain/watch.ts'
import { assertStore, checkedAnswer, checkedAnswers } from './inner.ts'
import { assertOptions, checkedRead, checkedRequests, checkedWatch, closedError, scopeOf } from './request.ts'
import type { CheckedRead } from './request.ts'
import { isLater, settled } from './waiting.ts'

const NAME = 'chain'

/**
 * Makes a read-only store that asks several stores in turn: the first that has a secret answers with it, whole.
 *
 * A store that fails is not passed over: what it throws is thrown, since nobody can know whether it has the secret. Keys
 * of one secret are never put together from several stores. A chain of no stores holds nothing. Closing the chain closes
 * its stores.
 *
 * @param stores - the stores, the first to be asked first. The list is copied.
 * @throws TypeError INVALID_OPTION if `stores` is no array of stores.
 * @example
 * ```ts
 * const store = chainStore([memoryStore({ my_github_secret: { GH_ACCESS_TOKEN: 'for development' } }), envStore()])
 * const secret = await store.get('my_github_secret')
 * ```
 */
export function chainStore(stores: readonly SecretStore[]): SecretStore {
  const members = checkedMembers(stores)
  let closing: Promise<void> | undefined

  const assertOpen = (): void => {
    if (closing !== undefined) throw closedError(NAME)
  }

  const describeFrom = (at: number, name: string, asked: CheckedRead): MaybePromise<SecretInfo | undefined> => {
    const given = (index: number, info: SecretInfo): SecretInfo =>
      answerOf(members[index] as SecretStore, index, name, asked, info)
    for (let index = at; index < members.length; index += 1) {
      const member = members[index] as SecretStore
      const answer = member.describe(name, asked)
      if (isLater(answer)) {
        return answer.then((info) => (info === undefined ? describeFrom(index + 1, name, asked) : given(index, info)))
      }
      if (answer !== undefined) return given(index, answer)
    }
    return undefined
  }

  const store: SecretStore = {
    name: NAME,
    capabilities: capabilitiesOf(members),

    describe(name, options) {
      assertOpen()
      return describeFrom(0, name, checkedRead('describe', name, options))
    },

    async get(name, options) {
      assertOpen()
      const asked = checkedRead('get', name, options)
      for (const [index, member] of members.entries()) {
        const secret = await member.get(name, asked)
        if (secret !== undefined) return answerOf(member, index, name, asked, secret)
      }
      return undefined
    },

    async getMany(requests, options) {
      assertOpen()
      const checked = checkedRequests(requests, options)
      const signal = options?.signal
      const answers = checked.map((): Secret | undefined => undefined)
      let absent = checked.map((request, position) => ({ request, position }))
      for (const [index, member] of members.entries()) {
        if (absent.length === 0) break
        const asked = absent.map(({ request }) => request)
        const given = checkedAnswers(member, asked, await member.getMany(asked, signal && { signal }))
        absent = absent.filter(({ position }, at) => {
          const secret = given[at]
          if (secret !== undefined) answers[position] = labelled(index, secret)
          return secret === undefined
        })
      }
      return answers
    },

    async *list(options) {
      assertOpen()
      assertOptions('list', options, ['scope', 'prefix'])
      for await (const info of mergedList(members, { ...options, scope: scopeOf(options) })) {
        assertOpen()
        yield info
      }
    },

    ...(members.every(({ scopes }) => scopes !== undefined) && {
      async *scopes() {
        assertOpen()
        const seen = new Set<string>()
        for (const member of members) {
          for await (const scope of member.scopes?.() ?? []) {
            assertOpen()
            if (!seen.has(scope)) yield scope
            seen.add(scope)
          }
        }
      },
    }),

    ...(members.every(canWatch) && {
      async watch(listener, options) {
        assertOpen()
        return watchAll(members, listener, checkedWatch(listener, options))
      },
    }),

    close() {
      closing ??= settled(members.map(async (member) => member.close()))
      return closing
    },

    [Symbol.asyncDispose]: () => store.close(),
  }
  return store
}

function checkedMembers(stores: readonly SecretStore[]): readonly SecretStore[] {
  const given: unknown = stores
  if (!Array.isArray(given)) throw argumentError('INVALID_OPTION', 'chainStore takes an array of stores.')
  for (const store of given as unknown[]) assertStore('chainStore', store)
  return [...stores]
}

/** What a chain can do is what all of its members can. */
function capabilitiesOf(members: readonly SecretStore[]): Capabilities {
  const bytes = members.map(({ capabilities }) => capabilities.maxBytes ?? Infinity)
  const segments = members.map(({ capabilities }) => capabilities.maxScopeSegments ?? Infinity)
  const maxBytes = Math.max(0, ...bytes)
  const maxScopeSegments = Math.min(...segments)
  return Object.freeze({
    write: false,
    cas: false,
    history: false,
    watch: members.every(canWatch),
    list: members.every(({ capabilities }) => capabilities.list),
    // Asked each time: a store that has to be opened first can describe at once only then.
    get syncDescribe() {
      return members.every(({ capabilities }) => capabilities.syncDescribe)
    },
    ...(members.length === 0 || maxBytes === Infinity ? {} : { maxBytes }),
    ...(maxScopeSegments === Infinity ? {} : { maxScopeSegments }),
  })
}

function canWatch({ capabilities, watch }: SecretStore): boolean {
  return capabilities.watch && watch !== undefined
}

function answerOf<Answer extends Secret | SecretInfo>(
  member: SecretStore,
  index: number,
  name: string,
  { scope }: CheckedRead,
  answer: Answer,
): Answer {
  return labelled(index, checkedAnswer(member, { name, scope }, answer))
}
