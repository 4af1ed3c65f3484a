/** Stores that do not keep to versions: in compare-and-set, in races, in history. */
import { StoreError } from '../../../src/errors.ts'
import { changed } from './breakage.ts'
import type { Breakage } from './breakage.ts'

export const versions: readonly Breakage[] = [
  {
    what: 'ignores ifVersion',
    broken: (store) => ({
      ...store,
      set: (name, values, options) => store.set(name, values, { ...options, ifVersion: undefined }),
    }),
    fails: 'set: set writes with the live version as ifVersion, and with no other',
  },
  {
    what: 'takes an empty ifVersion for none',
    broken: (store) => ({
      ...store,
      set: (name, values, options) =>
        store.set(name, values, { ...options, ifVersion: options?.ifVersion === '' ? undefined : options?.ifVersion }),
    }),
    fails: 'set: set writes with the live version as ifVersion, and with no other',
  },
  {
    what: 'compares first and writes later',
    broken: (store) => ({
      ...store,
      set: async (name, values, options) => {
        const { ifVersion, ...rest } = options ?? {}
        const live = await store.get(name, { scope: rest.scope })
        if (ifVersion !== undefined && (ifVersion ?? undefined) !== live?.version)
          throw new StoreError('CONFLICT', 'No.')
        return await store.set(name, values, rest)
      },
    }),
    fails: 'races: of 20 writers with the same version, exactly one writes',
  },
  {
    what: 'deletes without a look at the version',
    broken: (store) => ({ ...store, delete: (name, options) => store.delete(name, { scope: options?.scope }) }),
    fails: 'delete: delete removes the version that ifVersion names, and no other',
  },
  {
    what: 'merges by reading first',
    broken: (store) => ({
      ...store,
      set: async (name, values, options) => {
        if (options?.mode !== 'merge') return store.set(name, values, options)
        const live = await store.get(name, { scope: options.scope })
        return await store.set(name, { ...live?.values, ...values }, { ...options, mode: 'replace' })
      },
    }),
    fails: 'races: 20 writers that merge a key each lose none',
  },
  {
    what: 'lists history from the oldest',
    broken: (store) => ({ ...store, history: async (name, options) => (await store.history(name, options)).reverse() }),
    fails: 'history: history lists the versions that are kept, the live one first',
  },
  {
    what: 'rolls back without a new version',
    broken: (store) => ({
      ...store,
      rollback: async (name, version, options) => changed(await store.rollback(name, version, options), { version })!,
    }),
    fails: 'history: rollback makes an older version the newest, under a new version',
  },
]
