/** The watches of a cache: one for each scope that it holds something of. */
import type { SecretStore } from '../../store.ts'
import { settled } from '../waiting.ts'

/** What a watch tells the cache. */
export interface Hearing {
  /** Something changed. */
  changed(scope: string, name: string): void
  /** From here on changes are told; before, some may have gone unheard. */
  connected(scope: string): void
}

/** The watches of a cache. */
export interface ScopeWatches {
  readonly size: number
  /** Sees to it that a scope is watched. */
  begin(scope: string): void
  /** Ends the watches of scopes that are not in use. */
  endUnused(isUsed: (scope: string) => boolean): void
  close(): Promise<void>
}

interface ScopeWatch {
  /** There once it is connected. */
  watch?: AsyncDisposable | undefined
  /** When to try again, by `performance.now()`. */
  retryAt: number
  ended: boolean
}

/** Watches scopes of a store; none if the store cannot be watched. A watch that fails is tried again after `retryMs`. */
export function scopeWatches(store: SecretStore, retryMs: number, hearing: Hearing): ScopeWatches {
  const watches = new Map<string, ScopeWatch>()
  const canWatch = store.capabilities.watch && store.watch !== undefined

  const connect = async (scope: string, state: ScopeWatch): Promise<void> => {
    try {
      const watch = await store.watch?.(
        (change) => {
          hearing.changed(change.scope, change.name)
        },
        { scope },
      )
      state.watch = watch
      if (state.ended) await end(state)
      else hearing.connected(scope)
    } catch {
      // Whatever it was, the cache lives by its times alone until the next attempt; the reads tell of an outage themselves.
      state.retryAt = performance.now() + retryMs
    }
  }

  /** One that is not connected yet ends when it is: nobody waits for that. */
  const end = async (state: ScopeWatch): Promise<void> => {
    state.ended = true
    await state.watch?.[Symbol.asyncDispose]()
  }

  return {
    get size() {
      return watches.size
    },

    begin(scope) {
      if (!canWatch || performance.now() < (watches.get(scope)?.retryAt ?? 0)) return
      const state: ScopeWatch = { retryAt: Infinity, ended: false }
      watches.set(scope, state)
      void connect(scope, state)
    },

    endUnused(isUsed) {
      for (const [scope, state] of watches) {
        if (isUsed(scope)) continue
        watches.delete(scope)
        // A watch that does not end well is only heard of for longer.
        end(state).catch(() => undefined)
      }
    },

    close() {
      const ended = settled([...watches.values()].map(end))
      watches.clear()
      return ended
    },
  }
}
