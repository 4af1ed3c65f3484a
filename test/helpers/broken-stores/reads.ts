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
    fails: [
      'get: get looks in the scope that is given, in default if none is, and falls back to no other',
      'get: get answers undefined for what is not there',
      'set: set writes into one scope',
      'delete: delete removes from one scope',
      'hostile names: words that every object knows are not there before they are written',
    ],
  },
  {
    what: 'answers what can be changed',
    broken: (store) => ({ ...store, get: async (name, options) => copy(await store.get(name, options)) }),
    fails: ['get: get answers with name, scope, version and values, frozen and without a prototype'],
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
    fails: ['get: get answers with name, scope, version and values, frozen and without a prototype'],
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
    fails: [
      'get: get answers undefined for what is not there',
      'get: get looks in the scope that is given, in default if none is, and falls back to no other',
      'set: set writes into one scope',
      'set: set refuses what no secret can hold, and changes nothing',
      'set: set refuses a secret that is too large, also when merging makes it so, and changes nothing',
      'set: set with the version of a secret that is no longer there is a conflict',
      'races: of 20 writers that delete the same version, exactly one does',
      'races: 100 reads at once each get their own answer',
      'delete: delete removes a secret for every verb, and tells whether it was there',
      'delete: delete removes from one scope',
      'delete: delete removes the version that ifVersion names, and no other',
      'changes by others: what others add is there, and what others remove is not',
      'hostile names: words that every object knows are not there before they are written',
    ],
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
    fails: [
      'get: get tells the same version until something is written',
      'describe: describe gives the version, the date and the description that get gives',
      'getMany: getMany gives the versions that get gives, also with keys',
      'set: set refuses what no secret can hold, and changes nothing',
      'set: set writes with the live version as ifVersion, and with no other',
      'races: 20 writers that count, each from what it read, lose nothing',
      'history: rollback makes an older version the newest, under a new version',
      'history: rollback refuses a version that is not kept, and changes nothing',
      'watch: watch tells of a write and of a delete',
      'watch: watch tells of every rewrite, and what it tells of can be read by then',
      'watch: watch tells of what others change, and of what they remove',
      'changes by others: what others write is read, under a new version',
    ],
  },
  {
    what: 'does not look at signals',
    broken: (store) => ({
      ...store,
      get: (name, options) => store.get(name, options && { ...options, signal: undefined }),
    }),
    fails: [
      'get: get rejects with the reason of an aborted signal',
      'options: every verb that takes a signal refuses what is none',
    ],
  },
  {
    what: 'rejects with its own error instead of the reason',
    broken: (store) => ({
      ...store,
      getMany: async (requests, options) => {
        if (options?.signal?.aborted) throw new StoreError('UNAVAILABLE', 'Aborted.')
        return store.getMany(requests, options)
      },
    }),
    fails: ['getMany: getMany rejects with the reason of an aborted signal'],
  },
  {
    what: 'describes with values',
    broken: (store) => ({
      ...store,
      describe: (name, options) => changed(store.describe(name, options), { values: {} } as Partial<SecretInfo>),
    }),
    fails: [
      'describe: describe tells sorted keys, scope and version, frozen, and no values',
      'list: list tells keys and versions as describe does, frozen, and no values',
      'set: set answers what describe answers afterwards',
    ],
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
    fails: [
      'describe: describe tells sorted keys, scope and version, frozen, and no values',
      'list: list tells keys and versions as describe does, frozen, and no values',
      'set: set answers what describe answers afterwards',
    ],
  },
  {
    what: 'describes with a promise, though it says at once',
    // eslint-disable-next-line @typescript-eslint/require-await -- that is the mistake
    broken: (store) => ({ ...store, describe: async (name, options) => store.describe(name, options) }),
    fails: [
      'describe: describe answers at once where the store declares it',
      'describe: describe fails with the reason of an aborted signal',
      'options: every verb refuses an option that it does not know',
      'options: every verb that takes a signal refuses what is none',
      'hostile names: every verb refuses what is no name',
      'hostile names: every verb refuses what is no scope',
      'close: after close every verb fails with CLOSED',
    ],
  },
  {
    what: 'answers many in the order of their names',
    broken: (store) => ({
      ...store,
      getMany: async (requests, options) =>
        (await store.getMany(requests, options)).sort((a, b) => (a?.name ?? '').localeCompare(b?.name ?? '')),
    }),
    fails: [
      'getMany: getMany answers in the order of the requests, undefined for what is not there',
      'getMany: getMany answers more requests than a page of an engine holds',
      'races: 20 secrets written at once are all there',
    ],
  },
  {
    what: 'leaves out of many what is not there',
    broken: (store) => ({
      ...store,
      getMany: async (requests, options) =>
        (await store.getMany(requests, options)).filter((secret) => secret !== undefined),
    }),
    fails: [
      'getMany: getMany answers in the order of the requests, undefined for what is not there',
      'getMany: getMany answers more requests than a page of an engine holds',
      'delete: delete removes a secret for every verb, and tells whether it was there',
      'hostile names: words that every object knows are not there before they are written',
    ],
  },
  {
    what: 'gives keys that nobody asked for',
    broken: (store) => ({
      ...store,
      getMany: (requests, options) =>
        store.getMany(
          requests.map((request) => ({ ...request, keys: undefined })),
          options,
        ),
    }),
    fails: [
      'getMany: getMany gives only the keys that were asked for, of those that there are',
      'getMany: getMany gives no key where none was asked for, and the same secret as often as it was asked for',
      'getMany: getMany takes the requests as they are when it is called',
      'getMany: getMany refuses all of its requests if one is no request',
      'options: arguments may be frozen',
    ],
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
    fails: [
      'list: list gives every secret of scope default, sorted by name',
      'list: list gives only names that begin with the prefix',
      'list: list can be left before its end',
      'list: two lists at the same time are each whole',
      'scopes: scopes and names that look alike are kept apart',
      'hostile names: words that every object knows can be names, keys and scopes',
    ],
  },
  {
    what: 'reads a prefix as a pattern',
    broken: (store) => ({
      ...store,
      list: (options) => store.list({ ...options, prefix: options?.prefix?.replace('%', '') }),
    }),
    fails: ['list: list gives only names that begin with the prefix'],
  },
]

function copy(secret: Secret | undefined): Secret | undefined {
  return secret && { ...secret }
}
