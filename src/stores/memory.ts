/** A store in the memory of this process, for tests and for composition with other stores. */
import { randomBytes } from 'node:crypto'
import { argumentError } from '../errors.ts'
import { assertSecretName, checkedValues, DEFAULT_SCOPE } from '../secret.ts'
import type { SecretInfo } from '../secret.ts'
import type { Capabilities, ReadOptions, StoreChange, WritableSecretStore } from '../store.ts'
import { infoAnswer } from './answer.ts'
import type { HeldSecret } from './answer.ts'
import {
  assertOptions,
  assertVersion,
  checkedScope,
  checkedSet,
  checkedVersion,
  checkedWatch,
  closedError,
  unknownVersion,
} from './request.ts'
import { readVerbs } from './view.ts'

/** What a memory store begins with, in scope `default`: `{ name: { KEY: value } }`. */
export type InitialSecrets = Readonly<Record<string, Readonly<Record<string, string>>>>

/** A writable store that has every optional verb and describes at once. */
export interface MemoryStore extends Required<WritableSecretStore> {
  describe(name: string, options?: ReadOptions): SecretInfo | undefined
}

/** The versions of one secret, the live one first. Never empty. */
type Versions = readonly [HeldSecret, ...HeldSecret[]]

const NAME = 'memory'
const CAPABILITIES: Capabilities = Object.freeze({
  write: true,
  cas: true,
  history: true,
  watch: true,
  list: true,
  syncDescribe: true,
})
/** How many versions are kept beside the live one. */
const HISTORY = 1

/**
 * Makes a store that holds its secrets in memory and forgets them when it is closed.
 *
 * It has scopes, versions, compare-and-set, one older version of each secret, and `watch`.
 *
 * @param initial - secrets of scope `default`: `{ name: { KEY: value } }`. Copied.
 * @throws TypeError INVALID_NAME for a bad name, INVALID_OPTION if `initial` is no object; StoreError INVALID or TOO_LARGE
 * for values that no secret can hold.
 * @example
 * ```ts
 * const store = memoryStore({ my_github_secret: { GH_ACCESS_TOKEN: 'from a test' } })
 * store.describe('my_github_secret')?.keys // ['GH_ACCESS_TOKEN']
 * ```
 */
export function memoryStore(initial: InitialSecrets = {}): MemoryStore {
  // Versions of two stores must differ, or a worker that was given one store's values could be taken for the other's.
  const instance = randomBytes(9).toString('base64url')
  const shelf = new Map<string, Map<string, Versions>>()
  const watchers = new Set<{ readonly scope: string; readonly tell: (change: StoreChange) => void }>()
  let writes = 0
  let closed = false

  const open = (): typeof shelf => {
    if (closed) throw closedError(NAME)
    return shelf
  }

  const add = (scope: string, name: string, values: HeldSecret['values'], description: string | undefined) => {
    writes += 1
    const added: HeldSecret = {
      scope,
      name,
      version: `${instance}-${writes}`,
      values,
      createdAt: Date.now(),
      description,
    }
    const names = shelf.get(scope) ?? new Map<string, Versions>()
    names.set(name, [added, ...(names.get(name) ?? []).slice(0, HISTORY)])
    shelf.set(scope, names)
    announce({ scope, name, version: added.version })
    return added
  }

  const announce = (change: StoreChange): void => {
    for (const watcher of watchers) {
      if (watcher.scope !== change.scope) continue
      // Later, so that a listener which throws cannot make a write that happened look like one that failed.
      queueMicrotask(() => {
        if (watchers.has(watcher)) watcher.tell(Object.freeze({ ...change }))
      })
    }
  }

  const given: unknown = initial
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw argumentError('INVALID_OPTION', 'memoryStore takes { name: { KEY: value } }.')
  }
  for (const [name, values] of Object.entries(initial)) {
    assertSecretName(name)
    add(DEFAULT_SCOPE, name, checkedValues(values, { store: NAME, scope: DEFAULT_SCOPE, secret: name }), undefined)
  }

  /* eslint-disable @typescript-eslint/require-await -- what is thrown must come as a rejection */
  const store: MemoryStore = {
    name: NAME,
    capabilities: CAPABILITIES,
    ...readVerbs(open, ([live]: Versions) => live),

    async set(name, values, options) {
      const held = open()
      const { address, ifVersion, mode, description } = checkedSet(NAME, name, options)
      const { scope } = address
      const given = checkedValues(values, address)
      const live = held.get(scope)?.get(name)?.[0]
      assertVersion(live?.version, ifVersion, address)
      if (mode === 'replace') return infoAnswer(add(scope, name, given, description))
      const merged = checkedValues({ ...live?.values, ...given }, address)
      return infoAnswer(add(scope, name, merged, description ?? live?.description))
    },

    async delete(name, options) {
      const held = open()
      assertOptions('delete', options, ['scope', 'ifVersion'])
      const scope = checkedScope(name, options)
      const names = held.get(scope)
      const live = names?.get(name)?.[0]
      const ifVersion = checkedVersion('delete', options?.ifVersion)
      assertVersion(live?.version, ifVersion, { store: NAME, scope, secret: name })
      if (names === undefined || live === undefined) return false
      names.delete(name)
      if (names.size === 0) shelf.delete(scope)
      announce({ scope, name })
      return true
    },

    async history(name, options) {
      const held = open()
      assertOptions('history', options, ['scope', 'signal'])
      const scope = checkedScope(name, options)
      options?.signal?.throwIfAborted()
      return (held.get(scope)?.get(name) ?? []).map(infoAnswer)
    },

    async rollback(name, version, options) {
      const held = open()
      assertOptions('rollback', options, ['scope'])
      const scope = checkedScope(name, options)
      const older = held
        .get(scope)
        ?.get(name)
        ?.find((one) => one.version === version)
      if (older !== undefined) return infoAnswer(add(scope, name, older.values, older.description))
      throw unknownVersion({ store: NAME, scope, secret: name })
    },

    async watch(listener, options) {
      open()
      const watcher = { scope: checkedWatch(listener, options), tell: listener }
      watchers.add(watcher)
      return {
        async [Symbol.asyncDispose]() {
          watchers.delete(watcher)
        },
      }
    },

    async close() {
      closed = true
      watchers.clear()
      shelf.clear()
    },

    [Symbol.asyncDispose]: () => store.close(),
  }
  return store
}
