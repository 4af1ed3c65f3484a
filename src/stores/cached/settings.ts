/** The options of a cached store: what each may be, and the defaults. */
import { argumentError } from '../../errors.ts'
import { assertOptions } from '../request.ts'

/** How long answers are kept, and how many. Times are in milliseconds, from 0 to 2,147,483,647. */
export interface CachedStoreOptions {
  /** How long a secret is answered from memory, from the start of its read. 0: not at all. Default: 60,000. */
  readonly ttlMs?: number | undefined
  /**
   * How long after `ttlMs` a secret is still answered from memory at once, while it is read again in the background.
   * Default: 0.
   */
  readonly staleWhileRevalidateMs?: number | undefined
  /**
   * How long after `ttlMs` a secret is still answered from memory if reading it again fails with UNAVAILABLE, and with
   * nothing else. Default: 0.
   */
  readonly staleIfErrorMs?: number | undefined
  /** How many secrets are kept; the one that was not read for longest goes first. A whole number from 1. Default: 1,000. */
  readonly max?: number | undefined
  /** How long it is believed that a secret is not there, from the start of the read that said so. Default: 1,000. */
  readonly negativeTtlMs?: number | undefined
}

/** The options of a cached store, checked and complete. */
export type CacheSettings = { readonly [Name in keyof CachedStoreOptions]-?: number }

const DEFAULTS: CacheSettings = {
  ttlMs: 60_000,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
  max: 1_000,
  negativeTtlMs: 1_000,
}
/** Longer delays than a timer takes would fire at once. */
export const MOST_MS = 2 ** 31 - 1

/**
 * Checks the options of a cached store and fills in the defaults.
 *
 * @throws TypeError UNKNOWN_OPTION or INVALID_OPTION.
 */
export function cacheSettings(options: CachedStoreOptions): CacheSettings {
  const names = Object.keys(DEFAULTS) as (keyof CacheSettings)[]
  assertOptions('cachedStore', options, names)
  const settings = { ...DEFAULTS }
  for (const name of names) {
    const given: unknown = options[name]
    if (given === undefined) continue
    if (typeof given !== 'number' || !(name === 'max' ? isCount(given) : isDuration(given))) {
      const must = name === 'max' ? 'a whole number from 1' : 'milliseconds, from 0 to 2,147,483,647'
      throw argumentError('INVALID_OPTION', `cachedStore: ${name} must be ${must}.`)
    }
    Object.assign(settings, { [name]: given })
  }
  return Object.freeze(settings)
}

function isCount(given: number): boolean {
  return Number.isSafeInteger(given) && given >= 1
}

function isDuration(given: number): boolean {
  return given >= 0 && given <= MOST_MS
}
