/** Collects what a watch tells, and lets a test wait for a change. */
import assert from 'node:assert/strict'
import type { StoreChange } from '../../store.ts'

/** What a watch told so far, and a way to wait for more. */
export interface ChangeLog {
  readonly listener: (change: StoreChange) => void
  readonly seen: readonly StoreChange[]
  /**
   * Gives the next change of a secret that was not given yet; with a second argument, the next one with that version, or
   * with none where the store tells none. Fails if it does not come in time.
   */
  readonly told: (name: string, ...version: [] | [string | undefined]) => Promise<StoreChange>
}

/** Makes the log of one watch, of which every change must be in `scope` and come within `withinMs` of being waited for. */
export function changeLog(scope: string, withinMs: number): ChangeLog {
  const seen: StoreChange[] = []
  const taken = new Set<StoreChange>()
  let wake: (() => void) | undefined

  const take = (name: string, wanted: [] | [string | undefined]): StoreChange | undefined => {
    // The same event twice, or an older one late, is no fault of a watch; what never comes is.
    const change = seen.find((one) => {
      const fits = wanted.length === 0 || one.version === undefined || one.version === wanted[0]
      return one.name === name && !taken.has(one) && fits
    })
    if (change !== undefined)
      for (const one of seen.slice(0, seen.indexOf(change) + 1)) if (one.name === name) taken.add(one)
    return change
  }

  return {
    seen,
    listener(change) {
      seen.push(change)
      wake?.()
    },
    async told(name, ...wanted) {
      const end = performance.now() + withinMs
      for (;;) {
        const change = take(name, wanted)
        if (change !== undefined) {
          assert.equal(change.scope, scope, 'a change of another scope was told')
          return change
        }
        const left = end - performance.now()
        assert.ok(left > 0, `no such change of ${name} was told within ${withinMs} ms`)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, left)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
    },
  }
}
