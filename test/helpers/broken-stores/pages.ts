/** Stores that go wrong where there is much, or where much happens at once. */
import { StoreError } from '../../../src/errors.ts'
import type { SecretInfo } from '../../../src/secret.ts'
import type { SecretStore } from '../../../src/store.ts'
import { changed } from './breakage.ts'
import type { Breakage } from './breakage.ts'

export const pages: readonly Breakage[] = [
  {
    what: 'lists the first page only',
    broken: (store) => ({
      ...store,
      async *list(options) {
        yield* (await all(store, options)).slice(0, 100)
      },
    }),
    fails: [
      'list: list gives all of many secrets, each once and in order, also by prefix',
      'list: list gives each secret that was there all the while once, whatever is written meanwhile',
    ],
  },
  {
    what: 'lists its pages by their numbers',
    broken: (store) => ({
      ...store,
      async *list(options) {
        for (let start = 0; ; start += 10) {
          const page = (await all(store, options)).slice(start, start + 10)
          if (page.length === 0) return
          yield* page
        }
      },
    }),
    fails: ['list: list gives each secret that was there all the while once, whatever is written meanwhile'],
  },
  {
    what: 'has one cursor for all lists',
    broken: (store) => {
      let cursor = 0
      return {
        ...store,
        async *list(options) {
          const infos = await all(store, options)
          for (cursor = 0; cursor < infos.length; cursor += 1) {
            const info = infos[cursor]
            if (info) yield info
          }
        },
      }
    },
    fails: ['list: two lists at the same time are each whole'],
  },
  {
    what: 'answers no more of many than a page holds',
    broken: (store) => ({
      ...store,
      getMany: async (requests, options) => (await store.getMany(requests, options)).slice(0, 100),
    }),
    fails: ['getMany: getMany answers more requests than a page of an engine holds'],
  },
  {
    what: 'tells only some of its scopes',
    broken: (store) => ({
      ...store,
      async *scopes() {
        let left = 100
        for await (const scope of store.scopes()) if ((left -= 1) >= 0) yield scope
      },
    }),
    fails: ['scopes: scopes gives each of many'],
  },
  {
    what: 'folds the case of scopes',
    broken: (store) => ({
      ...store,
      set: (name, values, options) => store.set(name, values, { ...options, scope: options?.scope?.toLowerCase() }),
      get: async (name, options) =>
        changed(
          await store.get(name, options?.scope ? { ...options, scope: options.scope.toLowerCase() } : options),
          options?.scope ? { scope: options.scope } : {},
        ),
    }),
    fails: [
      'scopes: scopes and names that look alike are kept apart',
      'hostile names: words that every object knows can be names, keys and scopes',
      'hostile names: every verb refuses what is no scope',
    ],
  },
  {
    what: 'gives the latest answer to every read that waits',
    broken: (store) => {
      let latest = ''
      return {
        ...store,
        get: async (name, options) => {
          store.describe(name, options)
          latest = name
          await Promise.resolve()
          return store.get(latest, options)
        },
      }
    },
    fails: ['races: 100 reads at once each get their own answer'],
  },
  {
    what: 'writes a secret key by key',
    broken: (store) => ({
      ...store,
      set: async (name, values, options) => {
        if (values !== null && typeof values === 'object' && 'LEFT' in values) {
          await store.set(name, { LEFT: values['LEFT'] ?? '' }, { scope: options?.scope, mode: 'merge' })
          await new Promise((resolve) => setImmediate(resolve))
        }
        return await store.set(name, values, options)
      },
    }),
    fails: ['races: a secret that is read while it is written is one version or another, and never a mix'],
  },
  {
    what: 'is of no use after a call was aborted',
    broken: (store) => {
      let gone = false
      return {
        ...store,
        getMany: async (requests, options) => {
          if (gone) throw new StoreError('UNAVAILABLE', 'No connection.')
          const { signal } = options ?? {}
          if (signal instanceof AbortSignal) signal.addEventListener('abort', () => (gone = true))
          return store.getMany(requests, options)
        },
      }
    },
    fails: [
      'getMany: getMany that is aborted while it runs ends with the reason or the answers, and the next one answers',
    ],
  },
]

async function all(store: SecretStore, options: Parameters<SecretStore['list']>[0]): Promise<SecretInfo[]> {
  const infos: SecretInfo[] = []
  for await (const info of store.list(options)) infos.push(info)
  return infos
}
