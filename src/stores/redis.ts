/** A store in Redis or Valkey: for many hosts, with values that the server never sees. */
import { keysOf, connection } from './redis/connection.ts'
import { redisEngine } from './redis/engine.ts'
import { redisSettings } from './redis/settings.ts'
import type { RedisStoreOptions } from './redis/settings.ts'
import { redisWatching } from './redis/watching.ts'
import type { SealedEngine } from './sealing/engine.ts'
import { sealingStore } from './sealing/open.ts'
import type { SealingStore } from './sealing/open.ts'

export type { IoredisClient, NodeRedisClient, NodeRedisCluster, RedisClient } from './redis/client.ts'
export type { RedisStoreOptions } from './redis/settings.ts'
export type { EngineStore, SealingStore } from './sealing/open.ts'
export type { RotateKeyOptions, RotationProgress } from './sealing/rotation.ts'

/** A store in Redis or Valkey. It has `watch` if the client can be duplicated, or a `subscriber` was given. */
export type RedisStore = SealingStore

/**
 * Makes a store in Redis or Valkey, by the client that a program has already. Connects to nothing and needs no key before it
 * is used. Redis sees scopes, names, versions and times, never keys, values or descriptions.
 *
 * @throws TypeError UNKNOWN_OPTION or INVALID_OPTION for options that cannot be. What is wrong with a key or with Redis is a
 * StoreError of the first use.
 * @example
 * ```ts
 * const store = redisStore({ client: new Redis(), key: generateKey() })
 * await store.set('my_github_secret', { GH_ACCESS_TOKEN: 'from the settings page', GH_USERNAME: 'octocat' })
 * ```
 */
export function redisStore(options: RedisStoreOptions): RedisStore {
  const { send, subscribe, prefix, timeoutMs, watchCheckMs, sealing } = redisSettings(options)
  const keys = keysOf(prefix)
  const engine = redisEngine(connection(send, keys, timeoutMs), keys.channel, sealing.history)
  if (subscribe === undefined) return sealingStore(engine, sealing)
  const watching = redisWatching(engine, { subscribe, channel: keys.channel, timeoutMs, watchCheckMs })
  const watched: SealedEngine = { ...engine, watch: watching.watch, close: watching.close }
  return sealingStore(watched, sealing)
}
