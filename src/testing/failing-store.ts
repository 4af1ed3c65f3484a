/** A store that fails when it is told to. */
import { argumentError, StoreError } from '../errors.ts'
import type { SecretStore } from '../store.ts'
import { assertOptions, closedError } from '../stores/request.ts'

const PROMISES = ['get', 'getMany', 'set', 'delete', 'history', 'rollback', 'watch'] as const
const ITERABLES = ['list', 'scopes'] as const
const VERBS = ['describe', ...PROMISES, ...ITERABLES] as const
const WAYS = ['refuse', 'lose', 'hang'] as const

/** Which call fails, and how. */
export interface Failure {
  /** The number of the call that fails, from 1. Calls of every verb count, but `close` does not. */
  readonly call: number
  /** The one verb whose calls count and fail. Default: calls of every verb count. */
  readonly verb?: (typeof VERBS)[number] | undefined
  /**
   * How the call fails. `refuse`: before the store learns of it. `lose`: after the store has done it, so that only its answer
   * is lost. `hang`: it does not answer, until its signal is aborted or the store is closed. Default: `refuse`.
   */
  readonly how?: (typeof WAYS)[number] | undefined
  /** What is thrown. Default: a `StoreError` UNAVAILABLE. A call that hangs takes no error: it ends by what ends it. */
  readonly error?: unknown
}

/** Calls one verb of the store below. */
type Verb = (...args: unknown[]) => unknown

/**
 * Wraps a store so that one call fails; the calls before and after it go through.
 *
 * @param store - the store that answers all other calls. It is not changed.
 * @returns a store with the same verbs, which fails as the contract says: `describe` at once where the store describes at
 * once, `list` and `scopes` at their first step, the others by a rejection.
 * @throws TypeError INVALID_OPTION if `call` is no whole number from 1, if there is no such `verb` or `how`, or if a call is
 * to hang with an `error`, or in a verb that answers at once.
 * @example
 * ```ts
 * const store = failingStore(memoryStore({ a: { KEY: 'x' } }), { call: 2 })
 * await store.get('a') // answers
 * await store.get('a') // rejects with UNAVAILABLE
 * await store.get('a') // answers
 * ```
 */
export function failingStore<Store extends SecretStore>(store: Store, failure: Failure): Store {
  const { call, verb: only, how, error } = checkedFailure(store, failure)
  const hanging = new Set<(reason: unknown) => void>()
  let calls = 0
  const fails = (verb: string): boolean => {
    if (only !== undefined && verb !== only) return false
    calls += 1
    return calls === call
  }

  const ways: Readonly<Record<(typeof WAYS)[number], (verb: Verb, args: unknown[]) => Promise<never>>> = {
    refuse: () => rejection(error),
    async lose(verb, args) {
      await verb(...args)
      throw error
    },
    hang: (_, args) => hang(signalOf(args), hanging),
  }

  return new Proxy(store, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property, target)
      if (typeof member !== 'function') return member
      const verb = member.bind(target) as Verb
      const name = String(property)
      if (property === 'close' || property === Symbol.asyncDispose) {
        return (): unknown => {
          for (const end of hanging) end(closedError(store.name))
          return verb()
        }
      }
      if (property === 'describe' && store.capabilities.syncDescribe) {
        return (...args: unknown[]) => {
          if (!fails(name)) return verb(...args)
          if (how === 'lose') verb(...args)
          throw error
        }
      }
      if (property === 'describe' || isOf(PROMISES, property)) {
        return (...args: unknown[]) => (fails(name) ? ways[how](verb, args) : verb(...args))
      }
      if (isOf(ITERABLES, property)) {
        const first: Verb = (...args) => firstStep(verb(...args) as AsyncIterable<unknown>)
        return (...args: unknown[]) => (fails(name) ? failedIteration(() => ways[how](first, args)) : verb(...args))
      }
      return verb
    },
  })
}

function checkedFailure(store: SecretStore, failure: Failure): Required<Failure> & { how: (typeof WAYS)[number] } {
  assertOptions('failingStore', failure, ['call', 'verb', 'how', 'error'])
  const { call, verb, how = 'refuse' } = failure
  const invalid = (message: string): never => {
    throw argumentError('INVALID_OPTION', `failingStore: ${message}`)
  }
  if (!Number.isSafeInteger(call) || call < 1) invalid('call must be a whole number from 1.')
  if (verb !== undefined && !isOf(VERBS, verb)) invalid(`verb must be one of ${VERBS.join(', ')}.`)
  if (!isOf(WAYS, how)) invalid(`how must be one of ${WAYS.join(', ')}.`)
  if (how === 'hang' && 'error' in failure) invalid('a call that hangs takes no error.')
  if (how === 'hang' && store.capabilities.syncDescribe && (verb ?? 'describe') === 'describe')
    invalid('describe answers at once in this store, so it cannot hang; name another verb.')
  const { error = new StoreError('UNAVAILABLE', `The ${store.name} store fails here.`, { store: store.name }) } =
    failure
  return { call, verb, how, error }
}

function isOf<T extends string>(words: readonly T[], word: unknown): word is T {
  return words.includes(word as T)
}

function signalOf(args: readonly unknown[]): AbortSignal | undefined {
  for (const arg of args) {
    const { signal } = (arg ?? {}) as { signal?: unknown }
    if (signal instanceof AbortSignal) return signal
  }
  return undefined
}

function hang(signal: AbortSignal | undefined, hanging: Set<(reason: unknown) => void>): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => {
      end(signal?.reason)
    }
    const end = (reason: unknown): void => {
      hanging.delete(end)
      signal?.removeEventListener('abort', abort)
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason of a signal is what its owner gave
      reject(reason)
    }
    hanging.add(end)
    if (signal?.aborted === true) abort()
    else signal?.addEventListener('abort', abort)
  })
}

async function firstStep(iterable: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of iterable) return
}

// eslint-disable-next-line @typescript-eslint/require-await -- what is thrown must come as a rejection
async function rejection(error: unknown): Promise<never> {
  throw error
}

// eslint-disable-next-line require-yield -- it fails at its first step
async function* failedIteration(fail: () => Promise<never>): AsyncGenerator<never> {
  await fail()
}
