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
    fails: [
      'set: set writes with the live version as ifVersion, and with no other',
      'set: set with ifVersion null writes only where nothing is',
      'set: set with the version of a secret that is no longer there is a conflict',
      'races: of 20 writers with the same version, exactly one writes',
      'races: of 20 writers that create the same secret, exactly one does',
      'races: 20 writers that count, each from what it read, lose nothing',
      'watch: watch tells nothing of a write that was refused',
      'changes by others: a version from before others wrote is a conflict',
      'no value in errors: a conflict shows nothing of either value',
    ],
  },
  {
    what: 'takes an empty ifVersion for none',
    broken: (store) => ({
      ...store,
      set: (name, values, options) =>
        store.set(name, values, { ...options, ifVersion: options?.ifVersion === '' ? undefined : options?.ifVersion }),
    }),
    fails: ['set: set writes with the live version as ifVersion, and with no other'],
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
    fails: [
      'races: of 20 writers with the same version, exactly one writes',
      'set: set takes the values as they are when it is called',
      'races: of 20 writers that create the same secret, exactly one does',
      'races: 20 writers that count, each from what it read, lose nothing',
    ],
  },
  {
    what: 'deletes without a look at the version',
    broken: (store) => ({ ...store, delete: (name, options) => store.delete(name, { scope: options?.scope }) }),
    fails: [
      'delete: delete removes the version that ifVersion names, and no other',
      'races: of 20 writers that delete the same version, exactly one does',
      'changes by others: a version from before others wrote is a conflict',
      'options: every verb refuses an option that it does not know',
      'no value in errors: a conflict shows nothing of either value',
    ],
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
    fails: [
      'races: 20 writers that merge a key each lose none',
      'set: set keeps a description; merge keeps the one that is there, replace drops it',
      'set: set refuses what no secret can hold, and changes nothing',
    ],
  },
  {
    what: 'lists history from the oldest',
    broken: (store) => ({ ...store, history: async (name, options) => (await store.history(name, options)).reverse() }),
    fails: [
      'history: history lists the versions that are kept, the live one first',
      'history: rollback makes an older version the newest, under a new version',
      'history: history gives dates of its own each time, and keeps descriptions',
    ],
  },
  {
    what: 'rolls back without a new version',
    broken: (store) => ({
      ...store,
      rollback: async (name, version, options) => changed(await store.rollback(name, version, options), { version })!,
    }),
    fails: [
      'history: rollback makes an older version the newest, under a new version',
      'watch: watch tells of a rollback',
    ],
  },
]
