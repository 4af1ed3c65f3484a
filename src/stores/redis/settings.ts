/** The options of a store in Redis, checked, with what was left out filled in. */
import { argumentError } from '../../errors.ts'
import { assertOptions } from '../request.ts'
import { SEALING_OPTIONS, sealingSettings } from '../sealing/settings.ts'
import type { SealingOptions, SealingSettings } from '../sealing/settings.ts'
import { wholeSetting } from '../setting.ts'
import { sending, subscribing } from './client.ts'
import type { RedisClient, Send, Subscribe } from './client.ts'
import { STORE } from './failure.ts'

/** How to open a store in Redis or Valkey. */
export interface RedisStoreOptions extends SealingOptions {
  /** A client of node-redis, ioredis or iovalkey, for one server or a cluster. It stays yours: `close()` does not end it. */
  readonly client: RedisClient
  /** Where the store is: its keys are `{prefix}:secrets`, `{prefix}:older` and `{prefix}:names`. Default: `latchkey`. */
  readonly prefix?: string | undefined
  /** A connection for `watch`, connected, of the same kinds. Default: a duplicate of the client, ended by the store. */
  readonly subscriber?: object | undefined
  /** How long one command may take, waiting for a connection included, in milliseconds. Default: 5,000. */
  readonly timeoutMs?: number | undefined
  /** How often a watch looks whether it missed something, in milliseconds, from 100. Default: 5,000. */
  readonly watchCheckMs?: number | undefined
}

/** The options of a store in Redis in use. */
export interface RedisSettings {
  readonly send: Send
  readonly subscribe: Subscribe | undefined
  readonly prefix: string
  readonly timeoutMs: number
  readonly watchCheckMs: number
  readonly sealing: SealingSettings
}

const CALLER = 'redisStore'
const OPTIONS = ['client', ...SEALING_OPTIONS, 'prefix', 'subscriber', 'timeoutMs', 'watchCheckMs']
/** No brace: what stands between the first two says which slot of a cluster a key is in. */
const PREFIX = /^[\w.:/-]{1,128}$/
/** The longest that a timer of Node waits. */
const LONGEST_MS = 2 ** 31 - 1

/** Checks the options of `redisStore`. */
export function redisSettings(options: RedisStoreOptions): RedisSettings {
  assertOptions(CALLER, options, OPTIONS)
  const given: unknown = options
  if (given === undefined) throw argumentError('INVALID_OPTION', `${CALLER}: give { client }.`)
  const prefix: unknown = options.prefix ?? 'latchkey'
  if (typeof prefix !== 'string' || !PREFIX.test(prefix)) {
    throw argumentError('INVALID_OPTION', `${CALLER}: prefix must be 1 to 128 letters, digits, _ . : / or -.`)
  }
  return {
    send: sending(options.client),
    subscribe: subscribing(options.client, options.subscriber),
    prefix,
    timeoutMs: wholeSetting(CALLER, 'timeoutMs', options.timeoutMs ?? 5_000, 1, LONGEST_MS),
    watchCheckMs: wholeSetting(CALLER, 'watchCheckMs', options.watchCheckMs ?? 5_000, 100, LONGEST_MS),
    sealing: sealingSettings(CALLER, STORE, options),
  }
}
