/** Stores that change what they are given, or take what they should refuse. */
import { changed, mapValues } from './breakage.ts'
import type { Breakage } from './breakage.ts'

export const values: readonly Breakage[] = [
  {
    what: 'trims values',
    broken: (store) => ({
      ...store,
      set: (name, values, options) =>
        store.set(
          name,
          mapValues(values, (value) => value.trim()),
          options,
        ),
    }),
    fails: ['get: get gives every value exactly as it was written'],
  },
  {
    what: 'reads numbers as numbers',
    broken: (store) => ({
      ...store,
      set: (name, values, options) =>
        store.set(
          name,
          mapValues(values, (value) => (/^\d+$/.test(value) ? String(Number(value)) : value)),
          options,
        ),
    }),
    fails: ['get: get gives every value exactly as it was written'],
  },
  {
    what: 'makes lone surrogates whole',
    broken: (store) => ({
      ...store,
      set: (name, values, options) =>
        store.set(
          name,
          mapValues(values, (value) => (typeof value === 'string' ? value.toWellFormed() : value)),
          options,
        ),
    }),
    fails: [
      'set: set refuses what no secret can hold, and changes nothing',
      'no value in errors: an error that refuses values shows nothing of them',
    ],
  },
  {
    what: 'always merges',
    broken: (store) => ({
      ...store,
      set: (name, values, options) => store.set(name, values, { ...options, mode: 'merge' }),
    }),
    fails: [
      'set: set makes the values the whole secret, or keeps other keys with mode merge',
      'set: set keeps a description; merge keeps the one that is there, replace drops it',
      'set: set refuses a mode that it does not know',
      'history: history lists the versions that are kept, the live one first',
      'options: an option that is undefined is one that is left out',
    ],
  },
  {
    what: 'reads the values after the caller went on',
    broken: (store) => ({
      ...store,
      set: async (name, values, options) => {
        await Promise.resolve()
        return store.set(name, values, options)
      },
    }),
    fails: ['set: set takes the values as they are when it is called'],
  },
  {
    what: 'writes pair by pair, and stops at a bad one',
    broken: (store) => ({
      ...store,
      set: async (name, values, options) => {
        if (typeof values === 'object' && 'GOOD' in values)
          await store.set(name, { GOOD: values['GOOD'] }, { mode: 'merge' })
        return await store.set(name, values, options)
      },
    }),
    fails: ['set: set refuses what no secret can hold, and changes nothing'],
  },
  {
    what: 'has no limit of size when it merges',
    broken: (store) => ({
      ...store,
      set: async (name, values, options) => {
        const secret = options?.mode === 'merge' ? await store.get(name, { scope: options.scope }) : undefined
        return await store.set(name, secret ? { KEY: '', ...values } : values, { ...options, mode: 'replace' })
      },
    }),
    fails: [
      'set: set refuses a secret that is too large, also when merging makes it so, and changes nothing',
      'set: set makes the values the whole secret, or keeps other keys with mode merge',
      'set: set keeps a description; merge keeps the one that is there, replace drops it',
      'set: set refuses what no secret can hold, and changes nothing',
      'set: set refuses a mode that it does not know',
      'races: 20 writers that merge a key each lose none',
    ],
  },
  {
    what: 'counts versions from 1 after a delete',
    broken: (store) => {
      const counts = new Map<string, number>()
      return {
        ...store,
        set: async (name, values, options) => {
          const count = (counts.get(name) ?? 0) + 1
          counts.set(name, count)
          return changed(await store.set(name, values, options), { version: String(count) })!
        },
        delete: (name, options) => {
          counts.delete(name)
          return store.delete(name, options)
        },
      }
    },
    fails: [
      'set: set never gives a version again, also after a delete',
      'set: set answers what describe answers afterwards',
      'set: set writes with the live version as ifVersion, and with no other',
      'races: of 20 writers with the same version, exactly one writes',
      'races: of 20 writers that delete the same version, exactly one does',
      'delete: delete removes the version that ifVersion names, and no other',
      'history: history lists the versions that are kept, the live one first',
      'history: rollback makes an older version the newest, under a new version',
      'history: rollback refuses a version that is not kept, and changes nothing',
      'watch: watch tells of a rollback',
    ],
  },
  {
    what: 'counts the characters of a secret, not its bytes',
    broken: (store) => ({
      ...store,
      set: (name, values, options) =>
        store.set(
          name,
          mapValues(values, (value) => (/^é{9999,}$/.test(value) ? value.slice(0, 9999) : value)),
          options,
        ),
    }),
    fails: [
      'set: set refuses a secret that is too large, also when merging makes it so, and changes nothing',
      'get: get gives the largest secret that there may be',
    ],
  },
  {
    what: 'freezes what it is given',
    broken: (store) => ({
      ...store,
      set: (name, values, options) => store.set(name, Object.freeze(values), options),
    }),
    fails: [
      'set: set writes the own pairs of what it is given, and leaves that as it is',
      'set: set takes the values as they are when it is called',
    ],
  },
  {
    what: 'makes a description of whatever it is given',
    broken: (store) => ({
      ...store,
      set: (name, values, options) =>
        store.set(
          name,
          values,
          typeof options?.description === 'number' ? { ...options, description: 'a number' } : options,
        ),
    }),
    fails: ['set: set refuses a description that is no well-formed text, and changes nothing'],
  },
  {
    what: 'gives everybody the same date',
    broken: (store) => {
      const dates = new Map<string, Date>()
      return {
        ...store,
        get: async (name, options) => {
          const secret = await store.get(name, options)
          if (secret?.createdAt === undefined) return secret
          const createdAt = dates.get(secret.version) ?? secret.createdAt
          dates.set(secret.version, createdAt)
          return changed(secret, { createdAt })
        },
      }
    },
    fails: ['get: get gives a date of its own each time, so that a changed one changes no other answer'],
  },
]
