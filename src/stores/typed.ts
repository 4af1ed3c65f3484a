/** A store whose verbs also take definitions, and hold values to their schemas. */
import { argumentError } from '../errors.ts'
import { checkedValues, isDefinition, quoteName, type Secret, type SecretDefinition } from '../secret.ts'
import type { ReadOptions, SecretRequest, SecretStore, SetOptions, WritableSecretStore } from '../store.ts'
import { assertStore, checkedAnswer, checkedAnswers, writableStore } from './inner.ts'
import { checkedRead, checkedRequests, checkedSet } from './request.ts'
import { fittedAnswer, fittedValues, requireFitting } from './typed/fitting.ts'
import type { SecretOrName, TypedRequest, TypedStore, TypedWritableStore } from './typed/types.ts'
import { untilAborted } from './waiting.ts'

/**
 * Makes the same store with verbs that take a definition wherever they take a name. `get` and `getMany` then give the
 * definition's keys, typed by its schemas, and `set` takes just these.
 *
 * Schemas are asked before anything is written, and after everything that is read; one that takes longer than 10 seconds has
 * refused. Asked by name, the store is as it was. Closing it closes the store.
 *
 * @param store - any store.
 * @throws TypeError INVALID_OPTION if `store` is no store.
 * @example
 * ```ts
 * const stripe = defineSecret('stripe', { STRIPE_MODE: oneOf(['test', 'live']), STRIPE_KEY: z.string().startsWith('sk_') })
 * const store = typedStore(memoryStore())
 * await store.set(stripe, { STRIPE_MODE: 'test', STRIPE_KEY: 'sk_made_up' })
 * const mode = (await store.get(stripe))?.values.STRIPE_MODE // 'test' | 'live' | undefined
 * ```
 */
export function typedStore(store: WritableSecretStore): TypedWritableStore
export function typedStore(store: SecretStore): TypedStore
export function typedStore(store: SecretStore): TypedStore {
  assertStore('typedStore', store)
  const { scopes, watch } = store
  const writable = writableStore(store)

  const typed = {
    name: store.name,
    // Asked each time: a store that has to be opened first can do some things only then.
    get capabilities() {
      return store.capabilities
    },

    describe: (secret: SecretOrName, options?: ReadOptions) => store.describe(nameOf(secret), options),

    async get(secret: SecretOrName, options?: ReadOptions): Promise<Secret | undefined> {
      if (!isDefinition(secret)) return store.get(secret, options)
      const { scope, signal } = checkedRead('get', secret.name, options)
      const asked = { name: secret.name, scope }
      const answer = await store.get(asked.name, signal === undefined ? { scope } : { scope, signal })
      if (answer === undefined) return undefined
      const fitting = fittedAnswer(store, secret, Object.keys(secret.schemas), checkedAnswer(store, asked, answer))
      const fit = await untilAborted(fitting, signal)
      requireFitting(store, asked, fit.findings)
      return fit.secret
    },

    async getMany(requests: readonly TypedRequest[], options?: Pick<ReadOptions, 'signal'>) {
      const definitions = definitionsOf(requests)
      if (definitions.every((one) => one === undefined)) return store.getMany(requests as SecretRequest[], options)
      const asked = checkedRequests(requests.map(byName), options)
      const signal = options?.signal
      const answers = checkedAnswers(store, asked, await store.getMany(asked, signal && { signal }))
      const fitting = answers.map(async (answer, index) => {
        const definition = definitions[index]
        if (answer === undefined || definition === undefined) return { secret: answer, findings: [] }
        return fittedAnswer(store, definition, asked[index]?.keys ?? [], answer)
      })
      const fits = await untilAborted(Promise.all(fitting), signal)
      const findings = fits.flatMap((fit) => fit.findings)
      const [first] = findings
      requireFitting(store, first && { name: first.secret, scope: first.scope }, findings)
      return fits.map(({ secret }) => secret)
    },

    list: (options) => store.list(options),
    ...(scopes !== undefined && { scopes: () => scopes.call(store) }),
    ...(watch !== undefined && { watch: (listener, options) => watch.call(store, listener, options) }),
    ...(writable !== undefined && writingVerbs(writable)),
    close: () => store.close(),
    [Symbol.asyncDispose]: () => typed.close(),
  } as TypedStore
  return typed
}

function writingVerbs(store: WritableSecretStore): Partial<TypedWritableStore> {
  const { history, rollback } = store
  return {
    async set(secret: SecretOrName, values: Readonly<Record<string, string>>, options?: SetOptions) {
      if (!isDefinition(secret)) return store.set(secret, values, options)
      const { address, mode } = checkedSet(store.name, secret.name, options)
      const given = checkedValues(values, address)
      // As they are now: schemas may take their time.
      const asked = { ...options }
      return store.set(secret.name, await fittedValues(store, secret, address.scope, given, mode), asked)
    },
    delete: (secret, options) => store.delete(nameOf(secret), options),
    ...(history !== undefined && { history: (secret, options) => history.call(store, nameOf(secret), options) }),
    ...(rollback !== undefined && {
      rollback: (secret, version, options) => rollback.call(store, nameOf(secret), version, options),
    }),
  }
}

/** Gives the name; what is neither a name nor a definition is left to the store to refuse. */
function nameOf(secret: SecretOrName): string {
  return isDefinition(secret) ? secret.name : secret
}

/** The definition of each request that has one; what are no requests is left to the store to refuse. */
function definitionsOf(requests: readonly (TypedRequest | null | undefined)[]): (SecretDefinition | undefined)[] {
  const given: unknown = requests
  if (!Array.isArray(given)) return []
  return requests.map((request) => {
    const name = request?.name
    return isDefinition(name) ? name : undefined
  })
}

/** A request by name: one by definition asks for the definition's keys, or for some of them. */
function byName(request: TypedRequest): SecretRequest {
  const { name: secret } = request
  if (!isDefinition(secret)) return request as SecretRequest
  const all = Object.keys(secret.schemas)
  const keys: unknown = request.keys ?? all
  const unknown = Array.isArray(keys) ? (keys as unknown[]).find((key) => !all.includes(key as string)) : undefined
  if (unknown === undefined) return { ...request, name: secret.name, keys: keys as string[] }
  throw argumentError('INVALID_OPTION', `getMany: ${quoteName(unknown)} is no key of the definition of ${secret.name}.`)
}
