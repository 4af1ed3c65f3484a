/** The reading verbs of a store that holds its secrets in memory. */
import type { SecretInfo } from '../secret.ts'
import type { ReadOptions, SecretStore } from '../store.ts'
import { infoAnswer, secretAnswer } from './answer.ts'
import type { HeldSecret } from './answer.ts'
import { assertOptions, checkedList, checkedRequests, checkedScope } from './request.ts'

/** What is held: secrets by scope, then by name. A scope that holds nothing is not there. */
export type Shelf<Held> = ReadonlyMap<string, ReadonlyMap<string, Held>>

/** The verbs that read. Each uses no `this`, so that it can be taken off the store. */
export interface ReadVerbs extends Required<Pick<SecretStore, 'get' | 'getMany' | 'list' | 'scopes'>> {
  describe(name: string, options?: ReadOptions): SecretInfo | undefined
}

/**
 * Makes the verbs that read what `shelf` gives.
 *
 * @param shelf - called at each use; throws if the store is closed or cannot be read.
 * @param live - gives the live version of what is held under a name.
 */
export function readVerbs<Held>(shelf: () => Shelf<Held>, live: (held: Held) => HeldSecret): ReadVerbs {
  const find = (held: Shelf<Held>, scope: string, name: string): HeldSecret | undefined => {
    const entry = held.get(scope)?.get(name)
    return entry === undefined ? undefined : live(entry)
  }
  const read = (verb: string, name: string, options: ReadOptions | undefined): HeldSecret | undefined => {
    const held = shelf()
    assertOptions(verb, options, ['scope', 'signal'])
    const scope = checkedScope(name, options)
    options?.signal?.throwIfAborted()
    return find(held, scope, name)
  }

  return {
    describe(name, options) {
      const found = read('describe', name, options)
      return found && infoAnswer(found)
    },

    // eslint-disable-next-line @typescript-eslint/require-await -- what is thrown must come as a rejection
    async get(name, options) {
      const found = read('get', name, options)
      return found && secretAnswer(found)
    },

    // eslint-disable-next-line @typescript-eslint/require-await -- what is thrown must come as a rejection
    async getMany(requests, options) {
      const held = shelf()
      const checked = checkedRequests(requests, options)
      return checked.map(({ name, scope, keys }) => {
        const found = find(held, scope, name)
        return found && secretAnswer(found, keys)
      })
    },

    // eslint-disable-next-line @typescript-eslint/require-await -- an engine's list does wait
    async *list(options) {
      const held = shelf()
      const { scope, prefix } = checkedList(options)
      const names = [...(held.get(scope)?.keys() ?? [])].filter((name) => name.startsWith(prefix)).sort()
      for (const name of names) {
        // Asked again for each: the consumer may have deleted it, or closed the store, between two steps.
        const found = find(shelf(), scope, name)
        if (found !== undefined) yield infoAnswer(found)
      }
    },

    // eslint-disable-next-line @typescript-eslint/require-await -- an engine's scopes do wait
    async *scopes() {
      yield* [...shelf().keys()].sort()
    },
  }
}
