/** Stores that do not end as they should, or are not what they declare. */
import { StoreError } from '../../../src/errors.ts'
import type { Secret } from '../../../src/secret.ts'
import type { MemoryStore } from '../../../src/stores/memory.ts'
import type { Breakage } from './breakage.ts'

export const shapes: readonly Breakage[] = [
  {
    what: 'answers from memory after it was closed',
    broken: (store) => {
      const answers = new Map<string, Secret | undefined>()
      return {
        ...store,
        get: async (name, options) => {
          if (!answers.has(name)) answers.set(name, await store.get(name, options))
          return answers.get(name)
        },
      }
    },
    fails: 'no value in errors: a closed store shows nothing of what it held',
  },
  {
    what: 'answers an empty request after it was closed',
    broken: (store) => ({
      ...store,
      getMany: async (requests, options) => (requests.length === 0 ? [] : await store.getMany(requests, options)),
    }),
    fails: 'close: after close every verb fails with CLOSED',
  },
  {
    what: 'can be closed once',
    broken: (store) => {
      let closed = false
      return {
        ...store,
        close: async () => {
          if (closed) throw new StoreError('CLOSED', 'Closed already.')
          closed = true
          await store.close()
        },
      }
    },
    fails: 'close: close may be called again, and at the same time',
  },
  {
    what: 'is not closed by await using',
    broken: (store) => ({ ...store, [Symbol.asyncDispose]: () => Promise.resolve() }),
    fails: 'close: await using closes the store',
  },
  {
    what: 'is frozen',
    broken: (store) => Object.freeze({ ...store }),
    fails: 'shape: the store is not frozen, so that it can be wrapped',
  },
  {
    what: 'has verbs that it does not declare',
    broken: (store) => ({ ...store, capabilities: { ...store.capabilities, watch: false } }),
    fails: 'shape: the store has the verbs that it declares, and no others',
  },
  {
    what: 'ignores writes in silence, though it says that it cannot be written',
    broken: (store) => ({
      ...store,
      capabilities: { ...store.capabilities, write: false, cas: false, history: false },
    }),
    fails: 'shape: the store has the verbs that it declares, and no others',
  },
  {
    what: 'declares nothing of a capability',
    broken: (store) => {
      const capabilities: Partial<MemoryStore['capabilities']> = { ...store.capabilities }
      Reflect.deleteProperty(capabilities, 'list')
      return { ...store, capabilities } as MemoryStore
    },
    fails: 'shape: the store has a name, and declares each capability as true or false',
  },
]
