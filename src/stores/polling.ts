/** The verb that tells of changes, for engines that do not: they are asked again and again. */
import { isLatchkeyError } from '../errors.ts'
import type { SecretStore, StoreChange } from '../store.ts'
import { checkedWatch } from './request.ts'
import type { Timing } from './timing.ts'

/** The watches of one store. */
export interface Watching {
  readonly watch: NonNullable<SecretStore['watch']>
  /** Ends all watches. */
  stop(): void
}

/** How a store is watched. */
export interface PollingSettings {
  /** Throws if the store is closed. */
  readonly assertOpen: () => void
  /** Gives the versions of a scope's secrets by name. `known` is what the last look gave. */
  readonly look: (scope: string, known: ReadonlyMap<string, string>) => Promise<ReadonlyMap<string, string>>
  /** How long after one look the next one comes: milliseconds. */
  readonly pollMs: number
  readonly after: Timing['after']
}

/** Makes the verb that watches. */
export function polledWatches({ assertOpen, look, pollMs, after }: PollingSettings): Watching {
  const stops = new Set<() => void>()

  return {
    async watch(listener, options) {
      assertOpen()
      const scope = checkedWatch(listener, options)
      let known = await look(scope, new Map<string, string>())
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
        if (!stopped) cancel = after(pollMs, () => void poll())
      }

      assertOpen()
      stops.add(stop)
      cancel = after(pollMs, () => void poll())
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
