/** The end of a call before its time: an abort or a timeout. */
import { setMaxListeners } from 'node:events'

/** A call's end. Cheaper than an AbortSignal, which it becomes when one is asked for. */
export interface Ending {
  /** True once the call has been given up. */
  readonly ended: boolean
  /** Throws the reason if the call has been given up. */
  throwIfEnded(): void
  /** Calls `fn` when the call is given up. */
  onEnd(fn: () => void): void
  /** The same as a signal. */
  signal(): AbortSignal
  /** Gives the call up. */
  end(reason: unknown): void
}

/** Makes the ending of one call. */
export function createEnding(): Ending {
  const listeners: (() => void)[] = []
  let controller: AbortController | undefined
  let reason: unknown
  const ending = {
    ended: false,
    throwIfEnded() {
      if (ending.ended) throw reason
    },
    onEnd(fn: () => void) {
      if (ending.ended) fn()
      else listeners.push(fn)
    },
    signal() {
      if (controller === undefined) {
        controller = new AbortController()
        // Whatever number of schemas is asked at the same time: each takes its listener back.
        setMaxListeners(0, controller.signal)
      }
      if (ending.ended) controller.abort(reason)
      return controller.signal
    },
    end(given: unknown) {
      if (ending.ended) return
      ending.ended = true
      reason = given
      controller?.abort(reason)
      for (const listener of listeners) listener()
    },
  }
  return ending
}
