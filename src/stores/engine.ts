/** What an engine is to a custom store, and how one is asked. */
import { StoreError } from '../errors.ts'
import { checkedValues } from '../secret.ts'
import type { MaybePromise } from '../store.ts'
import type { HeldSecret } from './answer.ts'
import { withoutWords } from './foreign-error.ts'

/** Where a secret is. Neither word holds a blank, a colon or a control character; a scope may hold `/`. */
export interface SecretPlace {
  readonly scope: string
  readonly name: string
}

/** What an engine does for a store that is only read. */
export interface StoreEngine {
  /** The store's name, for messages: a plain word. */
  readonly name: string
  /**
   * Gives what is at each place, in the order of the places: what `write` was given, or what others put there; `undefined`
   * where nothing is. A failure is thrown, never answered as `undefined`.
   */
  readonly read: (
    places: readonly SecretPlace[],
    signal: AbortSignal | undefined,
  ) => MaybePromise<readonly (HeldSecret | undefined)[]>
  /** Gives the names in a scope, in any order. Left out: the store cannot list. */
  readonly names?: ((scope: string) => AsyncIterable<string> | Iterable<string>) | undefined
  /** Ends what the engine holds open. Called once. */
  readonly close?: (() => MaybePromise<void>) | undefined
}

/** What an engine does for a store that can be written. */
export interface WritableStoreEngine extends StoreEngine {
  /**
   * Keeps a secret in place of what was there, and tells whether it did.
   *
   * @param expected - only with `cas`: the version that must be there now, `null` if nothing may be there; left out, anything
   * may. To compare and to write must be one step for everybody who uses the engine.
   */
  readonly write: (secret: HeldSecret, expected: string | null | undefined) => MaybePromise<boolean>
  /** Removes what is at a place, and tells whether something was. With `cas`, only if it is the version `expected`. */
  readonly remove: (place: SecretPlace, expected: string | undefined) => MaybePromise<boolean>
  /** `write` and `remove` honour `expected`, also in races. Default: false, and nothing is ever expected. */
  readonly cas?: boolean | undefined
  /** The largest secret that the engine takes, in UTF-8 bytes of its values, if that is less than 1 MiB. */
  readonly maxBytes?: number | undefined
}

/**
 * Reads from an engine, and checks its answers.
 *
 * @throws StoreError BAD_ANSWER or INVALID for an answer that is no secret; the reason of `signal`; what {@link asked} throws.
 */
export async function readPlaces(
  engine: StoreEngine,
  places: readonly SecretPlace[],
  signal?: AbortSignal,
): Promise<(HeldSecret | undefined)[]> {
  signal?.throwIfAborted()
  if (places.length === 0) return []
  const answers: unknown = await unlessAborted(
    asked(engine, () => engine.read(places, signal)),
    signal,
  )
  if (!Array.isArray(answers) || answers.length !== places.length) {
    throw new StoreError(
      'BAD_ANSWER',
      `The ${engine.name} store was asked for ${places.length}, and gave another number.`,
      {
        store: engine.name,
      },
    )
  }
  return places.map((place, index) => checkedAnswer(engine, place, answers[index]))
}

/**
 * Calls an engine.
 *
 * @throws StoreError STORE_FAILED for whatever it throws that is no error of the library: a driver's words may quote values.
 */
export async function asked<T>(engine: StoreEngine, act: () => MaybePromise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw withoutWords(`The ${engine.name} store failed`, error, {
      store: engine.name,
      hint: 'Have the engine throw a StoreError: UNAVAILABLE for what may pass, DENIED for what will not.',
    })
  }
}

function checkedAnswer(engine: StoreEngine, { scope, name }: SecretPlace, answer: unknown): HeldSecret | undefined {
  if (answer === undefined) return undefined
  const address = { store: engine.name, scope, secret: name }
  const { version, values, createdAt, description } = Object(answer) as Partial<Record<keyof HeldSecret, unknown>>
  const bad = (what: string): StoreError =>
    new StoreError('BAD_ANSWER', `Secret ${name} (scope ${scope}): the engine gave ${what}.`, address)
  if (typeof version !== 'string' || version === '') throw bad('no version')
  if (createdAt !== undefined && !Number.isSafeInteger(createdAt)) throw bad('a createdAt that is no whole number')
  if (description !== undefined && typeof description !== 'string') throw bad('a description that is no text')
  // Where it was asked for, not what the answer says of itself: that is only data.
  return {
    scope,
    name,
    version,
    values: checkedValues(values, address),
    createdAt: createdAt as number | undefined,
    description,
  }
}

/** Waits no longer than until the signal is aborted: not every driver knows signals. */
async function unlessAborted<T>(pending: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await pending
  let stop: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason is what the signal's owner gave
      reject(signal.reason)
    }
    signal.addEventListener('abort', stop)
  })
  try {
    return await Promise.race([pending, aborted])
  } catch (error) {
    // A driver that knows signals fails by them too; what it throws then is no failure of the engine.
    signal.throwIfAborted()
    throw error
  } finally {
    if (stop) signal.removeEventListener('abort', stop)
  }
}
