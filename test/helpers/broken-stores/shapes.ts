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
      let closed = false
      return {
        ...store,
        get: async (name, options) => {
          if (closed) return answers.get(name)
          const secret = await store.get(name, options)
          answers.set(name, secret)
          return secret
        },
        close: () => {
          closed = true
          return store.close()
        },
      }
    },
    fails: [
      'no value in errors: a closed store shows nothing of what it held',
      'no value in errors: an error of the store has a form for logs, with its code and no stack',
      'close: after close every verb fails with CLOSED',
      'close: close may be called before anything else',
    ],
  },
  {
    what: 'answers an empty request after it was closed',
    broken: (store) => ({
      ...store,
      getMany: async (requests, options) => (requests.length === 0 ? [] : await store.getMany(requests, options)),
    }),
    fails: ['close: after close every verb fails with CLOSED'],
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
    fails: [
      'close: close may be called again, and at the same time',
      'no value in errors: a closed store shows nothing of what it held',
      'no value in errors: an error of the store has a form for logs, with its code and no stack',
      'close: after close every verb fails with CLOSED',
      'close: close may be called before anything else',
      'close: close ends watches, which may be disposed of after it',
      'close: close lets calls that are underway answer, or fails them as a store fails',
    ],
  },
  {
    what: 'is not closed by await using',
    broken: (store) => ({ ...store, [Symbol.asyncDispose]: () => Promise.resolve() }),
    fails: ['close: await using closes the store'],
  },
  {
    what: 'is frozen',
    broken: (store) => Object.freeze({ ...store }),
    fails: ['shape: the store is not frozen, so that it can be wrapped'],
  },
  {
    what: 'has verbs that it does not declare',
    broken: (store) => ({ ...store, capabilities: { ...store.capabilities, watch: false } }),
    fails: ['shape: the store has the verbs that it declares, and no others'],
  },
  {
    what: 'ignores writes in silence, though it says that it cannot be written',
    broken: (store) => ({
      ...store,
      capabilities: { ...store.capabilities, write: false, cas: false, history: false },
    }),
    fails: ['shape: the store has the verbs that it declares, and no others'],
  },
  {
    what: 'declares nothing of a capability',
    broken: (store) => {
      const capabilities: Partial<MemoryStore['capabilities']> = { ...store.capabilities }
      Reflect.deleteProperty(capabilities, 'list')
      return { ...store, capabilities } as MemoryStore
    },
    fails: [
      'shape: the store has a plain word for a name, and declares each capability as true or false',
      'list: list gives every secret of scope default, sorted by name',
      'list: list gives every secret of the scope that is given',
      'list: list gives only names that begin with the prefix',
      'list: list gives nothing where nothing is',
    ],
  },
  {
    what: 'has a sentence for a name',
    broken: (store) => ({ ...store, name: 'My store, in memory.' }),
    fails: ['shape: the store has a plain word for a name, and declares each capability as true or false'],
  },
  {
    what: 'overlooks options that it does not know',
    broken: (store) => ({
      ...store,
      delete: (name, options) => store.delete(name, options && { scope: options.scope, ifVersion: options.ifVersion }),
    }),
    fails: ['options: every verb refuses an option that it does not know'],
  },
  {
    what: 'takes no notice of a signal that is none',
    broken: (store) => ({
      ...store,
      get: (name, options) => {
        const { signal, ...others } = options ?? {}
        return store.get(name, signal instanceof AbortSignal ? options : others)
      },
    }),
    fails: ['options: every verb that takes a signal refuses what is none'],
  },
  {
    what: 'ignores ifVersion, though it says that it cannot compare versions',
    broken: (store) => ({
      ...store,
      capabilities: { ...store.capabilities, cas: false },
      set: (name, values, options) => store.set(name, values, { ...options, ifVersion: undefined }),
    }),
    fails: ['set: set without compare-and-set refuses ifVersion, rather than ignore it'],
  },
  {
    what: 'declares a history that it does not have',
    broken: (store) => {
      const rest = { ...store }
      Reflect.deleteProperty(rest, 'rollback')
      return rest
    },
    fails: [
      'shape: the store has the verbs that it declares, and no others',
      'history: rollback makes an older version the newest, under a new version',
      'history: rollback refuses a version that is not kept, and changes nothing',
      'history: delete removes the history too',
      'watch: watch tells of a rollback',
      'options: every verb refuses an option that it does not know',
      'hostile names: every verb refuses what is no name',
      'hostile names: every verb refuses what is no scope',
      'no value in errors: a conflict shows nothing of either value',
      'close: after close every verb fails with CLOSED',
    ],
  },
  {
    what: 'fails with an error of its engine when it is closed during a call',
    broken: (store) => {
      let closed = false
      return {
        ...store,
        getMany: async (requests, options) => {
          const answers = await store.getMany(requests, options)
          if (closed) throw new Error('socket hang up')
          return answers
        },
        close: () => {
          closed = true
          return store.close()
        },
      }
    },
    fails: ['close: close lets calls that are underway answer, or fails them as a store fails'],
  },
]
