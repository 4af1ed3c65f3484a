/** Stores that take names, keys and scopes for something else. */
import { changed, withoutPrototype } from './breakage.ts'
import type { Breakage } from './breakage.ts'

export const names: readonly Breakage[] = [
  {
    what: 'finds what every object has',
    broken: (store) => ({
      ...store,
      get: async (name, options) => {
        const found = ({} as Record<string, unknown>)[name]
        const secret = await store.get(name, options)
        if (found === undefined || secret !== undefined) return secret
        return Object.freeze({ name, scope: 'default', version: '1', values: withoutPrototype({}) })
      },
    }),
    fails: ['hostile names: words that every object knows are not there before they are written'],
  },
  {
    what: 'loses a key named __proto__',
    broken: (store) => ({
      ...store,
      get: async (name, options) => {
        const secret = await store.get(name, options)
        const values: Record<string, string> = {}
        for (const [key, value] of Object.entries(secret?.values ?? {})) values[key] = value
        return changed(secret, { values: withoutPrototype(values) })
      },
    }),
    fails: ['hostile names: words that every object knows can be names, keys and scopes'],
  },
  {
    what: 'answers undefined for a name that is none',
    broken: (store) => ({
      ...store,
      get: async (name, options) => (/^\w+$/.test(name) ? await store.get(name, options) : undefined),
    }),
    fails: [
      'hostile names: every verb refuses what is no name',
      'scopes: scopes and names that look alike are kept apart',
    ],
  },
  {
    what: 'throws for a bad name before there is a promise',
    broken: (store) => ({
      ...store,
      get: (name, options) => {
        store.describe(name, { scope: options?.scope })
        return store.get(name, options)
      },
    }),
    fails: [
      'hostile names: every verb refuses what is no name',
      'hostile names: every verb refuses what is no scope',
      'no value in errors: a closed store shows nothing of what it held',
      'no value in errors: an error of the store has a form for logs, with its code and no stack',
      'close: after close every verb fails with CLOSED',
      'close: close may be called before anything else',
      'close: await using closes the store',
    ],
  },
  {
    what: 'takes a scope for a path',
    broken: (store) => ({
      ...store,
      get: (name, options) => store.get(name, { ...options, scope: options?.scope?.replace(/^\/|\/$/g, '') }),
    }),
    fails: ['hostile names: every verb refuses what is no scope'],
  },
]
