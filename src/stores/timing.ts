/** Time and chance, as stores that wait use them; tests put others in their place. */
import { setTimeout as delay } from 'node:timers/promises'

/** What waiting depends on. */
export interface Timing {
  /** Waits; ends at once, without an error, when the signal aborts. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>
  /** A number from 0 to below 1. */
  readonly random: () => number
  /** Calls later, without keeping the process alive. Gives what cancels it. */
  readonly after: (ms: number, call: () => void) => () => void
}

/** Time and chance as they are. */
export const nodeTiming: Timing = {
  async delay(ms, signal) {
    try {
      await delay(ms, undefined, { signal })
    } catch (error) {
      if (!signal.aborted) throw error
    }
  },
  random: Math.random,
  after(ms, call) {
    const timer = setTimeout(call, ms).unref()
    return () => {
      clearTimeout(timer)
    }
  },
}
