/** The machine that requests over HTTP wait on. */
import { setTimeout as delay } from 'node:timers/promises'
import type { HttpHost } from './http.ts'

/** The machine as it is. */
export const nodeHttpHost: HttpHost = {
  async delay(ms, signal) {
    try {
      await delay(ms, undefined, { signal })
    } catch (error) {
      if (!signal.aborted) throw error
    }
  },
  random: Math.random,
}
