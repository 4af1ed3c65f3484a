/** The verb of a Vault store that tells of changes: Vault does not, so it is asked again and again. */
import { argumentError, isLatchkeyError } from '../../errors.ts'
import { isSecretName } from '../../secret.ts'
import type { SecretStore, StoreChange } from '../../store.ts'
import { assertOptions, scopeOf } from '../request.ts'
import { allOf } from './batches.ts'
import { folderOf } from './client.ts'
import type { VaultClient } from './client.ts'
import { STORE } from './failure.ts'
import { versionOf } from './record.ts'
import type { VaultHost } from './host.ts'
import { knownVersions } from './versions.ts'

/** The watches of one store. */
export interface Watching {
  readonly watch: NonNullable<SecretStore['watch']>
  /** Ends all watches. */
  stop(): void
}

/**
 * Makes the verb that watches.
 *
 * @param open - gives the client; throws if the store is closed.
 */
export function watching(open: () => VaultClient, pollMs: number, host: VaultHost): Watching {
  const stops = new Set<() => void>()

  /** Gives the versions of a scope's secrets by name. Values are read only where a version is not the one known. */
  const look = async (scope: string, known: ReadonlyMap<string, string>): Promise<Map<string, string>> => {
    const client = open()
    const names = (await client.list(folderOf(scope))).filter(isSecretName)
    const versions = new Map<string, string>()
    await allOf(names, async (name) => {
      const address = { store: STORE, scope, secret: name }
      const [newest] = await knownVersions(client, address)
      if (newest === undefined || newest.destroyed || (newest.deletedAt ?? Infinity) <= Date.now()) return
      const version = versionOf(newest)
      // The metadata of a delete that is under way looks like that of any other write.
      const live = version === known.get(name) ? newest : (await client.find(address)).live?.stamp
      if (live !== undefined) versions.set(name, versionOf(live))
    })
    return versions
  }

  return {
    async watch(listener, options) {
      open()
      assertOptions('watch', options, ['scope'])
      if (typeof listener !== 'function') {
        throw argumentError('INVALID_OPTION', 'watch: the listener must be a function.')
      }
      const scope = scopeOf(options)
      let known = await look(scope, new Map())
      let cancel = (): void => undefined
      let stopped = false

      const stop = (): void => {
        stopped = true
        cancel()
        stops.delete(stop)
      }
      const poll = async (): Promise<void> => {
        try {
          const seen = await look(scope, known)
          const changes = changesBetween(known, seen, scope)
          known = seen
          for (const change of changes) {
            // Later, so that a listener which throws does not end the watch.
            queueMicrotask(() => {
              if (!stopped) listener(change)
            })
          }
        } catch (error) {
          // A store that cannot answer now may do so the next time, and nothing is lost by then: versions are compared.
          if (!isLatchkeyError(error)) throw error
        }
        if (!stopped) cancel = host.after(pollMs, () => void poll())
      }

      open()
      stops.add(stop)
      cancel = host.after(pollMs, () => void poll())
      return {
        // eslint-disable-next-line @typescript-eslint/require-await -- the contract's disposal is awaited
        async [Symbol.asyncDispose]() {
          stop()
        },
      }
    },

    stop() {
      for (const stop of stops) stop()
    },
  }
}

/** Tells what differs, sorted by name. */
function changesBetween(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  scope: string,
): StoreChange[] {
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((name) => {
    const version = after.get(name)
    if (version === before.get(name)) return []
    return Object.freeze({ scope, name, ...(version === undefined ? {} : { version }) })
  })
}
