/** A store made of the few functions in which engines differ. What the contract asks beside them is done here. */
import { argumentError, StoreError } from '../errors.ts'
import { isSecretName, MAX_SECRET_BYTES } from '../secret.ts'
import type { Capabilities, SecretStore, WritableSecretStore } from '../store.ts'
import { infoAnswer, secretAnswer } from './answer.ts'
import { asked, readPlaces } from './engine.ts'
import type { StoreEngine, WritableStoreEngine } from './engine.ts'
import { writingVerbs } from './engine-writes.ts'
import { assertOptions, checkedList, checkedRequests, checkedScope, closedError } from './request.ts'

const OPTIONS = ['name', 'read', 'names', 'close', 'write', 'remove', 'cas', 'maxBytes']
/** How many secrets `list` reads at a time. */
const PAGE = 50

/**
 * Makes a store of the few functions in which engines differ.
 *
 * It checks what it is asked, makes versions and dates, merges, sorts, freezes what it answers, honours signals and closes
 * once. What the engine throws that is no error of the library becomes STORE_FAILED, without its words.
 *
 * @param engine - reads many secrets at once; with `write` and `remove`, the store can be written.
 * @throws TypeError INVALID_OPTION or UNKNOWN_OPTION if the engine is not made as {@link WritableStoreEngine} says.
 * @example
 * ```ts
 * const rows = new Map()
 * const store = customStore({
 *   name: 'rows',
 *   read: (places) => places.map(({ scope, name }) => rows.get(`${scope}:${name}`)),
 *   write: (secret) => rows.set(`${secret.scope}:${secret.name}`, secret) === rows,
 *   remove: ({ scope, name }) => rows.delete(`${scope}:${name}`),
 * })
 * ```
 */
export function customStore(engine: WritableStoreEngine): WritableSecretStore
export function customStore(engine: StoreEngine): SecretStore
export function customStore(given: StoreEngine | WritableStoreEngine): SecretStore {
  const capabilities = checkedEngine(given)
  const engine = Object.freeze({ ...given })
  let closing: Promise<void> | undefined
  const open = (): void => {
    if (closing !== undefined) throw closedError(engine.name)
  }

  const store: SecretStore = {
    name: engine.name,
    capabilities,

    async describe(name, options) {
      open()
      assertOptions('describe', options, ['scope', 'signal'])
      const [found] = await readPlaces(engine, [{ scope: checkedScope(name, options), name }], options?.signal)
      return found && infoAnswer(found)
    },

    async get(name, options) {
      open()
      assertOptions('get', options, ['scope', 'signal'])
      const [found] = await readPlaces(engine, [{ scope: checkedScope(name, options), name }], options?.signal)
      return found && secretAnswer(found)
    },

    async getMany(requests, options) {
      open()
      const checked = checkedRequests(requests, options)
      const places = checked.map(({ scope, name }) => ({ scope, name }))
      const found = await readPlaces(engine, places, options?.signal)
      return found.map((held, index) => held && secretAnswer(held, checked[index]?.keys))
    },

    async *list(options) {
      open()
      const { scope, prefix } = checkedList(options)
      const names = await namesIn(engine, scope, prefix)
      for (let start = 0; start < names.length; start += PAGE) {
        open()
        const places = names.slice(start, start + PAGE).map((name) => ({ scope, name }))
        // What was removed since its name was given is not there, and is left out.
        for (const held of await readPlaces(engine, places)) if (held) yield infoAnswer(held)
      }
    },

    async close() {
      closing ??= asked(engine, () => engine.close?.())
      await closing
    },

    [Symbol.asyncDispose]: () => store.close(),
  }
  return isWritable(engine) ? Object.assign(store, writingVerbs(engine, open)) : store
}

function isWritable(engine: StoreEngine | WritableStoreEngine): engine is WritableStoreEngine {
  return (engine as Partial<WritableStoreEngine>).write !== undefined
}

async function namesIn(engine: StoreEngine, scope: string, prefix: string): Promise<string[]> {
  const { name: store } = engine
  if (engine.names === undefined) throw new StoreError('INVALID', `The ${store} store cannot list.`, { store, scope })
  const found = new Set<string>()
  await asked(engine, async () => {
    for await (const name of engine.names?.(scope) ?? [])
      if (isSecretName(name) && name.startsWith(prefix)) found.add(name)
  })
  return [...found].sort()
}

function checkedEngine(engine: StoreEngine | Partial<WritableStoreEngine>): Capabilities {
  assertOptions('customStore', engine, OPTIONS)
  const { name, read, names, close, write, remove, cas, maxBytes } = engine as Partial<Record<string, unknown>>
  const invalid = (message: string): never => {
    throw argumentError('INVALID_OPTION', `customStore: ${message}`)
  }
  if (typeof name !== 'string' || !/^[a-z][a-z0-9_-]{0,63}$/i.test(name)) invalid('name must be a plain word.')
  if (typeof read !== 'function') invalid('read must be a function.')
  for (const [word, member] of Object.entries({ names, close, write, remove })) {
    if (member !== undefined && typeof member !== 'function') invalid(`${word} must be a function.`)
  }
  if ((write === undefined) !== (remove === undefined)) invalid('write and remove go together.')
  if (cas !== undefined && typeof cas !== 'boolean') invalid('cas must be true or false.')
  if (write === undefined && (cas !== undefined || maxBytes !== undefined)) invalid('cas and maxBytes belong to write.')
  const limit = maxBytes ?? MAX_SECRET_BYTES
  if (!Number.isSafeInteger(limit) || Number(limit) < 1 || Number(limit) > MAX_SECRET_BYTES) {
    invalid('maxBytes must be a whole number from 1 to 1 MiB.')
  }
  return Object.freeze({
    write: write !== undefined,
    cas: cas === true,
    history: false,
    watch: false,
    list: names !== undefined,
    syncDescribe: false,
    ...(Number(limit) < MAX_SECRET_BYTES ? { maxBytes: Number(limit) } : {}),
  })
}
