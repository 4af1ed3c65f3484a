/** A cache in front of another store, in the memory of this process. */
import { DEFAULT_SCOPE } from '../secret.ts'
import type { Secret, SecretInfo } from '../secret.ts'
import type { ReadOptions, SecretStore, WritableSecretStore } from '../store.ts'
import { readCache } from './cached/cache.ts'
import type { ReadCache } from './cached/cache.ts'
import { cacheSettings } from './cached/settings.ts'
import type { CachedStoreOptions } from './cached/settings.ts'
import { assertStore, writableStore } from './inner.ts'
import { assertListener, checkedRead, checkedRequests, checkedScope, closedError } from './request.ts'
import { isLater } from './waiting.ts'

export type { CachedStoreOptions } from './cached/settings.ts'

const NAME = 'cached'

/**
 * Puts a cache in front of a store: what was read is answered from memory for a while, and each secret is read once at a
 * time, however many ask for it.
 *
 * Only reads with values are cached: `describe`, `list` and the rest go through. A secret that is written through the cache,
 * or that a watch of the store tells of, is read anew. A stale value is answered within the times of the options, and only
 * where the store is UNAVAILABLE or the value is being read again; never after it was denied, deleted or found corrupt.
 * Closing the cache forgets everything and closes the store.
 *
 * @param store - the store that is read. What it can do, the cache can.
 * @param options - how long, and how much; see {@link CachedStoreOptions}.
 * @throws TypeError INVALID_OPTION or UNKNOWN_OPTION.
 * @example
 * ```ts
 * const store = cachedStore(fileStore({ path: 'secrets.latchkey', key: generateKey() }), { ttlMs: 5_000 })
 * const secret = await store.get('my_github_secret')
 * ```
 */
export function cachedStore(store: WritableSecretStore, options?: CachedStoreOptions): WritableSecretStore
export function cachedStore(store: SecretStore, options?: CachedStoreOptions): SecretStore
export function cachedStore(store: SecretStore, options: CachedStoreOptions = {}): SecretStore {
  assertStore('cachedStore', store)
  const cache = readCache(store, cacheSettings(options))
  const { scopes, watch } = store
  const writable = writableStore(store)
  let closing: Promise<void> | undefined

  const assertOpen = (): void => {
    if (closing !== undefined) throw closedError(NAME)
  }

  const read = async (name: string, readOptions: ReadOptions | undefined): Promise<Secret | undefined> => {
    assertOpen()
    const { scope, signal } = checkedRead('get', name, readOptions)
    const [secret] = await cache.read([{ scope, name, keys: undefined }], signal)
    assertOpen()
    return secret
  }

  const cached: SecretStore = {
    name: NAME,
    capabilities: store.capabilities,

    describe(name, readOptions) {
      assertOpen()
      const scope = readOptions?.scope ?? DEFAULT_SCOPE
      const told = (info: SecretInfo | undefined): SecretInfo | undefined => {
        cache.compare(scope, name, info)
        return info
      }
      const answer = store.describe(name, readOptions)
      return isLater(answer) ? answer.then(told) : told(answer)
    },

    get(name, readOptions) {
      // Nothing more is checked where something is found: only what was checked is held.
      const scope = onlyScope(readOptions)
      const entry = scope === undefined ? undefined : cache.find(scope, name, undefined)
      return entry === undefined ? read(name, readOptions) : entry.told
    },

    async getMany(requests, readOptions) {
      assertOpen()
      const asked = checkedRequests(requests, readOptions)
      const answers = await cache.read(asked, readOptions?.signal)
      assertOpen()
      return answers
    },

    async *list(listOptions) {
      assertOpen()
      yield* store.list(listOptions)
    },

    ...(scopes !== undefined && {
      async *scopes() {
        assertOpen()
        yield* scopes.call(store)
      },
    }),

    ...(store.capabilities.watch &&
      watch !== undefined && {
        async watch(listener, watchOptions) {
          assertOpen()
          assertListener(listener)
          return watch.call(
            store,
            (change) => {
              // The listener may read again at once, and the cache's own watch may be told after it.
              cache.forget(change.scope, change.name)
              listener(change)
            },
            watchOptions,
          )
        },
      }),

    ...(writable !== undefined && writingVerbs(writable, cache, assertOpen)),

    close() {
      closing ??= cache.close(closedError(NAME))
      return closing
    },

    [Symbol.asyncDispose]: () => cached.close(),
  }
  return cached
}

/** Gives the scope where it is all that is asked with; `undefined` says that the options must be looked at. */
function onlyScope(options: ReadOptions | undefined): string | undefined {
  if (options === undefined) return DEFAULT_SCOPE
  const given: unknown = options
  if (typeof given !== 'object' || given === null) return undefined
  for (const option in options) if (option !== 'scope') return undefined
  return options.scope
}

type WritingVerbs = Pick<WritableSecretStore, 'set' | 'delete' | 'history' | 'rollback'>

/** The verbs that change something. A write that failed may still have been done, so each makes the cache forget. */
function writingVerbs(store: WritableSecretStore, cache: ReadCache, assertOpen: () => void): WritingVerbs {
  const { history, rollback } = store
  const writing = async <T>(
    name: string,
    options: { readonly scope?: string | undefined } | undefined,
    write: () => Promise<T>,
  ): Promise<T> => {
    assertOpen()
    const scope = checkedScope(name, options)
    try {
      return await write()
    } finally {
      cache.forget(scope, name)
    }
  }
  return {
    set: (name, values, options) => writing(name, options, () => store.set(name, values, options)),
    delete: (name, options) => writing(name, options, () => store.delete(name, options)),
    ...(store.capabilities.history &&
      history !== undefined &&
      rollback !== undefined && {
        async history(name, options) {
          assertOpen()
          return history.call(store, name, options)
        },
        rollback: (name, version, options) =>
          writing(name, options, () => rollback.call(store, name, version, options)),
      }),
  }
}
