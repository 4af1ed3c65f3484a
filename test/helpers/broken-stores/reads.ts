/** Stores whose reading verbs answer wrongly. */
import { StoreError } from '../../../src/errors.ts'
import type { Secret, SecretInfo } from '../../../src/secret.ts'
import { changed } from './breakage.ts'
import type { Breakage } from './breakage.ts'

export const reads: readonly Breakage[] = [
  {
    what: 'falls back to scope default',
    broken: (store) => ({
      ...store,
      get: async (name, options) =>
        (await store.get(name, options)) ?? changed(await store.get(name), { scope: options?.scope ?? 'default' }),
    }),
    fails: 'get: get looks in the scope that is given, in default if none is, and falls back to no other',
  },
  {
    what: 'answers what can be changed',
    broken: (store) => ({ ...store, get: async (name, options) => copy(await store.get(name, options)) }),
    fails: 'get: get answers with name, scope, version and values, frozen and without a prototype',
  },
  {
    what: 'answers values with a prototype',
    broken: (store) => ({
      ...store,
      get: async (name, options) => {
        const secret = await store.get(name, options)
        return changed(secret, { values: Object.freeze({ ...secret?.values }) })
      },
    }),
    fails: 'get: get answers with name, scope, version and values, frozen and without a prototype',
  },
  {
    what: 'throws for what is not there',
    broken: (store) => ({
      ...store,
      get: async (name, options) => {
        const secret = await store.get(name, options)
        if (secret === undefined) throw new StoreError('DENIED', 'Not found.')
        return secret
      },
    }),
    fails: 'get: get answers undefined for what is not there',
  },
  {
    what: 'gives a new version at every read',
    broken: (store) => {
      let reads = 0
      return {
        ...store,
        get: async (name, options) => changed(await store.get(name, options), { version: String((reads += 1)) }),
      }
    },
    fails: 'get: get tells the same version until something is written',
  },
  {
    what: 'does not look at signals',
    broken: (store) => ({
      ...store,
      get: (name, options) => store.get(name, options?.scope ? { scope: options.scope } : {}),
    }),
    fails: 'get: get rejects with the reason of an aborted signal',
  },
  {
    what: 'rejects with its own error instead of the reason',
    broken: (store) => ({
      ...store,
      getMany: async (requests, options) => {
        if (options?.signal?.aborted) throw new StoreError('UNAVAILABLE', 'Aborted.')
        return store.getMany(requests)
      },
    }),
    fails: 'getMany: getMany rejects with the reason of an aborted signal',
  },
  {
    what: 'describes with values',
    broken: (store) => ({
      ...store,
      describe: (name, options) => changed(store.describe(name, options), { values: {} } as Partial<SecretInfo>),
    }),
    fails: 'describe: describe tells sorted keys, scope and version, frozen, and no values',
  },
  {
    what: 'describes unsorted keys',
    broken: (store) => ({
      ...store,
      describe: (name, options) => {
        const info = store.describe(name, options)
        return changed(info, { keys: Object.freeze([...(info?.keys ?? [])].reverse()) })
      },
    }),
    fails: 'describe: describe tells sorted keys, scope and version, frozen, and no values',
  },
  {
    what: 'describes with a promise, though it says at once',
    // eslint-disable-next-line @typescript-eslint/require-await -- that is the mistake
    broken: (store) => ({ ...store, describe: async (name, options) => store.describe(name, options) }),
    fails: 'describe: describe answers at once where the store declares it',
  },
  {
    what: 'answers many in the order of their names',
    broken: (store) => ({
      ...store,
      getMany: async (requests, options) =>
        (await store.getMany(requests, options)).sort((a, b) => (a?.name ?? '').localeCompare(b?.name ?? '')),
    }),
    fails: 'getMany: getMany answers in the order of the requests, undefined for what is not there',
  },
  {
    what: 'leaves out of many what is not there',
    broken: (store) => ({
      ...store,
      getMany: async (requests, options) =>
        (await store.getMany(requests, options)).filter((secret) => secret !== undefined),
    }),
    fails: 'getMany: getMany answers in the order of the requests, undefined for what is not there',
  },
  {
    what: 'gives keys that nobody asked for',
    broken: (store) => ({
      ...store,
      getMany: (requests, options) =>
        store.getMany(
          requests.map(({ name, scope }) => ({ name, scope })),
          options,
        ),
    }),
    fails: 'getMany: getMany gives only the keys that were asked for, of those that there are',
  },
  {
    what: 'lists in the order of writing',
    broken: (store) => ({
      ...store,
      async *list(options) {
        const infos: SecretInfo[] = []
        for await (const info of store.list(options)) infos.push(info)
        yield* infos.sort((a, b) => Number(a.version.split('-').at(-1)) - Number(b.version.split('-').at(-1)))
      },
    }),
    fails: 'list: list gives every secret of scope default, sorted by name',
  },
  {
    what: 'reads a prefix as a pattern',
    broken: (store) => ({
      ...store,
      list: (options) => store.list({ ...options, prefix: options?.prefix?.replace('%', '') }),
    }),
    fails: 'list: list gives only names that begin with the prefix',
  },
]

function copy(secret: Secret | undefined): Secret | undefined {
  return secret && { ...secret }
}
