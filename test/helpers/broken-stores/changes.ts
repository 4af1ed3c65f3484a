/** Stores that tell wrongly what was changed. */
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
          yield* seen
        },
      }
    },
    fails: 'scopes: scopes gives no scope whose last secret was deleted',
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
    fails: 'delete: delete removes a secret for every verb, and tells whether it was there',
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
    fails: 'watch: watch tells of its own scope only',
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
    fails: 'watch: watch tells nothing after it was disposed of',
  },
]
