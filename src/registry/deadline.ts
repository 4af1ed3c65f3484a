/** How long stores may take for something that is no call: a check, a manifest. */
import { setMaxListeners } from 'node:events'
import { StoreError } from '../errors.ts'
import type { SecretStore } from '../store.ts'
import { shownStoreName } from '../stores/bad-answer.ts'
import { untilAborted } from '../stores/waiting.ts'

/** The end of the time that stores have. A timer runs only where a store answers later. */
export interface Deadline {
  /** Aborts when the time is up. */
  signal(): AbortSignal
  /**
   * Waits for a store's answer until the time is up.
   *
   * @throws StoreError UNAVAILABLE when it is.
   */
  within<T>(store: SecretStore, answer: Promise<T>): Promise<T>
  /** Gives what is there when the time is up: the answer, or `undefined`. */
  sooner<T>(answer: Promise<T>): Promise<T | undefined>
  /** Stops the timer: nobody waits any more. */
  end(): void
}

/**
 * Makes a deadline.
 *
 * @param limitMs - from now on, in milliseconds.
 * @param keepsHost - false: a process that has nothing else to wait for may end before.
 */
export function createDeadline(limitMs: number, keepsHost = true): Deadline {
  const begun = performance.now()
  let controller: AbortController | undefined
  let timer: NodeJS.Timeout | undefined

  function signal(): AbortSignal {
    if (controller !== undefined) return controller.signal
    const made = (controller = new AbortController())
    // Whatever number of schemas is asked at the same time: each takes its listener back.
    setMaxListeners(0, made.signal)
    const left = limitMs - (performance.now() - begun)
    timer = setTimeout(() => {
      made.abort(new DOMException('The time is up.', 'TimeoutError'))
    }, left)
    if (!keepsHost) timer.unref()
    return made.signal
  }

  return {
    signal,
    async within(store, answer) {
      const limit = signal()
      try {
        return await untilAborted(answer, limit)
      } catch (error) {
        // A store that is told to give up fails in its own words.
        throw limit.aborted ? late(store, limitMs) : error
      }
    },
    async sooner(answer) {
      const limit = signal()
      try {
        return await untilAborted(answer, limit)
      } catch (error) {
        if (limit.aborted) return undefined
        throw error
      }
    },
    end() {
      clearTimeout(timer)
    },
  }
}

/** Does what asks stores, within a time. */
export async function withinTime<T>(limitMs: number, ask: (deadline: Deadline) => Promise<T>): Promise<T> {
  const deadline = createDeadline(limitMs)
  try {
    return await ask(deadline)
  } finally {
    deadline.end()
  }
}

function late(store: SecretStore, limitMs: number): StoreError {
  const name = shownStoreName(store)
  return new StoreError('UNAVAILABLE', `Store ${name} did not answer within ${limitMs} ms.`, {
    store: name,
    hint: 'Look at the store and the network; timeoutMs says how long a check waits.',
  })
}
