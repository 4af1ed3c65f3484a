/** Stores that tell wrongly what was changed. */
import type { StoreChange } from '../../../src/store.ts'
import type { Breakage } from './breakage.ts'

export const changes: readonly Breakage[] = [
  {
    what: 'remembers scopes for ever',
    broken: (store) => {
      const seen = new Set<string>()
      return {
        ...store,
        set: (name, values, options) => {
          seen.add(options?.scope ?? 'default')
          return store.set(name, values, options)
        },
        // eslint-disable-next-line @typescript-eslint/require-await -- an iterable of what is there already
        async *scopes() {
          store.describe('a')
          yield* seen
        },
      }
    },
    fails: ['scopes: scopes gives no scope whose last secret was deleted'],
  },
  {
    what: 'always says that it deleted',
    broken: (store) => ({
      ...store,
      delete: async (name, options) => {
        await store.delete(name, options)
        return true
      },
    }),
    fails: [
      'delete: delete removes a secret for every verb, and tells whether it was there',
      'delete: delete removes from one scope',
    ],
  },
  {
    what: 'watches every scope',
    broken: (store) => ({
      ...store,
      watch: async (listener, options) => {
        await store.watch(listener, { scope: 'default' })
        await store.watch(listener, { scope: 'acme' })
        return store.watch(() => undefined, options)
      },
    }),
    fails: [
      'watch: watch tells of its own scope only',
      'watch: watch tells nothing after it was disposed of, which may be done again',
    ],
  },
  {
    what: 'tells a watcher that is gone',
    broken: (store) => ({
      ...store,
      watch: async (listener, options) => {
        await store.watch(listener, options)
        return { [Symbol.asyncDispose]: () => Promise.resolve() }
      },
    }),
    fails: ['watch: watch tells nothing after it was disposed of, which may be done again'],
  },
  {
    what: 'tells a watcher of the first write only',
    broken: (store) => ({
      ...store,
      watch: (listener, options) => {
        const told = new Set<string>()
        return store.watch((change) => {
          if (told.has(change.name) && change.version !== undefined) return
          told.add(change.name)
          listener(change)
        }, options)
      },
    }),
    fails: ['watch: watch tells of every rewrite, and what it tells of can be read by then'],
  },
  {
    what: 'tells a watcher the version before',
    broken: (store) => ({
      ...store,
      watch: (listener, options) => {
        const versions = new Map<string, string>()
        return store.watch((change) => {
          const before = versions.get(change.name) ?? 'none'
          if (change.version !== undefined) versions.set(change.name, change.version)
          listener(Object.freeze({ ...change, ...(change.version === undefined ? {} : { version: before }) }))
        }, options)
      },
    }),
    fails: [
      'watch: watch tells of a write and of a delete',
      'watch: watch tells of every rewrite, and what it tells of can be read by then',
      'watch: watch tells of a rollback',
      'watch: watch tells of what others change, and of what they remove',
    ],
  },
  {
    what: 'tells of writes before it knows whether they are refused',
    broken: (store) => {
      const listeners = new Set<(change: StoreChange) => void>()
      return {
        ...store,
        set: (name, values, options) => {
          for (const listener of listeners) listener(Object.freeze({ scope: options?.scope ?? 'default', name }))
          return store.set(name, values, options)
        },
        watch: async (listener, options) => {
          const watch = await store.watch(listener, options)
          const tell = (change: StoreChange): void => {
            if (change.scope === (options?.scope ?? 'default')) listener(change)
          }
          listeners.add(tell)
          return {
            [Symbol.asyncDispose]: async () => {
              listeners.delete(tell)
              await watch[Symbol.asyncDispose]()
            },
          }
        },
      }
    },
    fails: ['watch: watch tells nothing of a write that was refused'],
  },
  {
    what: 'gives all watchers the same object, which each may change',
    broken: (store) => {
      const shared = new Map<string, StoreChange>()
      return {
        ...store,
        watch: (listener, options) =>
          store.watch((change) => {
            const known = `${change.scope} ${change.name} ${change.version ?? ''}`
            shared.set(known, shared.get(known) ?? { ...change })
            listener(shared.get(known) ?? change)
          }, options),
      }
    },
    fails: ['watch: watch tells several listeners, and none can change what another is told'],
  },
  {
    what: 'remembers for ever that it found nothing',
    broken: (store) => {
      const absent = new Set<string>()
      return {
        ...store,
        get: async (name, options) => {
          const place = JSON.stringify([options?.scope, name])
          const secret = await store.get(name, options)
          if (secret === undefined) absent.add(place)
          return absent.has(place) ? undefined : secret
        },
        set: (name, values, options) => {
          absent.clear()
          return store.set(name, values, options)
        },
      }
    },
    fails: ['changes by others: what others add is there, and what others remove is not'],
  },
  {
    what: 'brings keys back that were deleted',
    broken: (store) => {
      const tombs = new Map<string, Readonly<Record<string, string>>>()
      return {
        ...store,
        delete: async (name, options) => {
          const secret = await store.get(name, { scope: options?.scope })
          const deleted = await store.delete(name, options)
          if (secret && options?.ifVersion === undefined) tombs.set(name, secret.values)
          return deleted
        },
        set: (name, values, options) => {
          const buried = options?.mode === 'merge' ? tombs.get(name) : undefined
          return store.set(name, { ...buried, ...values }, options)
        },
      }
    },
    fails: ['delete: delete leaves nothing that a later write brings back'],
  },
]
