/** A store in etcd: for many hosts, with values that etcd never sees, over its JSON gateway. */
import { etcdClient } from './etcd/client.ts'
import { etcdEngine } from './etcd/engine.ts'
import { keysOf } from './etcd/keys.ts'
import { etcdSettings } from './etcd/settings.ts'
import type { EtcdStoreOptions } from './etcd/settings.ts'
import { etcdWatching } from './etcd/watching.ts'
import type { SealedEngine } from './sealing/engine.ts'
import { sealingStore } from './sealing/open.ts'
import type { SealingStore } from './sealing/open.ts'

export type { EtcdStoreOptions } from './etcd/settings.ts'
export type { EngineStore, SealingStore } from './sealing/open.ts'
export type { RotateKeyOptions, RotationProgress } from './sealing/rotation.ts'

/** A store in etcd whose secrets are sealed. It has every optional verb. */
export interface EtcdStore extends SealingStore {
  watch: NonNullable<SealingStore['watch']>
}

/**
 * Makes a store in etcd, 3.4 or newer, over its JSON gateway. Connects to nothing and needs no key before it is used. etcd sees
 * scopes, names and versions, never keys, values or descriptions.
 *
 * @throws TypeError UNKNOWN_OPTION or INVALID_OPTION for options that cannot be. What is wrong with a key or with etcd is a
 * StoreError of the first use.
 * @example
 * ```ts
 * const store = etcdStore({ address: 'http://127.0.0.1:2379', key: generateKey() })
 * await store.set('my_github_secret', { GH_ACCESS_TOKEN: 'from the settings page', GH_USERNAME: 'octocat' })
 * ```
 */
export function etcdStore(options: EtcdStoreOptions): EtcdStore {
  const settings = etcdSettings(options)
  const keys = keysOf(settings.prefix)
  const closed = new AbortController()
  const client = etcdClient(settings, closed.signal)
  const rows = etcdEngine(client, keys, settings.sealing.history)
  const watching = etcdWatching(client, rows, keys, settings)
  const engine: SealedEngine = {
    ...rows,
    watch: watching.watch,
    async close() {
      closed.abort()
      watching.close()
      await client.close()
    },
  }
  // The engine has a watch, and so has the store.
  return sealingStore(engine, settings.sealing) as EtcdStore
}
