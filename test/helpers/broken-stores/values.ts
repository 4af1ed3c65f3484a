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
    fails: 'get: get gives every value exactly as it was written',
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
    fails: 'get: get gives every value exactly as it was written',
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
    fails: 'set: set refuses what no secret can hold, and changes nothing',
  },
  {
    what: 'always merges',
    broken: (store) => ({
      ...store,
      set: (name, values, options) => store.set(name, values, { ...options, mode: 'merge' }),
    }),
    fails: 'set: set makes the values the whole secret, or keeps other keys with mode merge',
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
    fails: 'set: set takes the values as they are when it is called',
  },
  {
    what: 'writes pair by pair, and stops at a bad one',
    broken: (store) => ({
      ...store,
      set: async (name, values, options) => {
        let info = await store.set(name, { GOOD: 'x' }, { ...options, mode: 'merge' })
        for (const [key, value] of Object.entries(values))
          info = await store.set(name, { [key]: value }, { mode: 'merge' })
        return info
      },
    }),
    fails: 'set: set refuses what no secret can hold, and changes nothing',
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
    fails: 'set: set refuses a secret that is too large, also when merging makes it so, and changes nothing',
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
    fails: 'set: set never gives a version again, also after a delete',
  },
]
