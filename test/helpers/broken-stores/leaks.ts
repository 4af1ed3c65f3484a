/** Stores that give values away. */
import { createHash } from 'node:crypto'
import { StoreError } from '../../../src/errors.ts'
import { changed } from './breakage.ts'
import type { Breakage } from './breakage.ts'

export const leaks: readonly Breakage[] = [
  {
    what: 'quotes the values that it refuses',
    broken: (store) => ({
      ...store,
      set: async (name, values, options) => {
        try {
          return await store.set(name, values, options)
        } catch (error) {
          if (!(error instanceof StoreError)) throw error
          throw new StoreError(error.code, `${error.message} Got ${JSON.stringify(values).slice(0, 80)}`)
        }
      },
    }),
    fails: [
      'no value in errors: an error that refuses values shows nothing of them',
      'no value in errors: a conflict shows nothing of either value',
      'no value in errors: a closed store shows nothing of what it held',
    ],
  },
  {
    what: 'keeps the engine’s error as the cause of a conflict',
    broken: (store) => ({
      ...store,
      delete: async (name, options) => {
        const { values } = (await store.get(name, { scope: options?.scope })) ?? {}
        try {
          return await store.delete(name, options)
        } catch (error) {
          if (!(error instanceof StoreError)) throw error
          throw new StoreError(error.code, error.message, { cause: { row: { ...values } } })
        }
      },
    }),
    fails: ['no value in errors: a conflict shows nothing of either value'],
  },
  {
    what: 'tells how long a description is',
    broken: (store) => ({
      ...store,
      set: async (name, values, options) => {
        const { description } = options ?? {}
        if (typeof description !== 'string' || !description.includes('\0')) return store.set(name, values, options)
        throw new StoreError('INVALID', `NUL at ${description.length}.`)
      },
    }),
    fails: ['no value in errors: an error about a description shows nothing of it'],
  },
  {
    what: 'takes a bare hash for the version',
    broken: (store) => ({
      ...store,
      getMany: async (requests, options) =>
        (await store.getMany(requests, options)).map((secret) =>
          changed(secret, {
            version: createHash('sha256')
              .update(JSON.stringify(secret?.values ?? null))
              .digest('hex')
              .slice(0, 16),
          }),
        ),
    }),
    fails: [
      'no value in errors: a version comes from no value alone',
      'getMany: getMany gives the versions that get gives, also with keys',
    ],
  },
  {
    what: 'tells the beginnings of values in its history',
    broken: (store) => ({
      ...store,
      history: async (name, options) => {
        const { values } = (await store.get(name, { scope: options?.scope })) ?? {}
        const preview = Object.values(values ?? {}).map((value) => value.slice(0, 12))
        return (await store.history(name, options)).map((info) => Object.freeze({ ...info, preview }))
      },
    }),
    fails: [
      'no value in errors: what is told of a secret without its values shows nothing of them',
      'history: history lists the versions that are kept, the live one first',
    ],
  },
]
