/** Waiting: for an answer that may come later, for several things, or until a signal. */
import type { MaybePromise } from '../store.ts'
import { onAbort } from './abort.ts'

/** Tells whether an answer comes later. */
export function isLater<T>(answer: MaybePromise<T>): answer is Promise<T> {
  return typeof (answer as { then?: unknown } | null | undefined)?.then === 'function'
}

/** Waits for all, also where one fails, and then throws what the first of them failed with. */
export async function settled(all: readonly unknown[]): Promise<void> {
  const results = await Promise.allSettled(all)
  const failed = results.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

/** Waits, but no longer than the signal allows: of those that wait for the same, each can give up alone. */
export async function untilAborted<T>(waited: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return waited
  let stop = (): void => undefined
  const aborted = new Promise<never>((_, reject) => {
    const giveUp = (): void => {
      reject(signal.reason as Error)
    }
    if (signal.aborted) giveUp()
    else stop = onAbort(signal, giveUp)
  })
  try {
    return await Promise.race([waited, aborted])
  } finally {
    stop()
  }
}

/** What was begun and has not ended: closing waits for it. */
export interface Begun {
  /** Begins something, and gives what comes of it. */
  readonly run: <T>(begin: () => Promise<T>) => Promise<T>
  /** Waits until all of it has ended, however it ends. */
  readonly ended: () => Promise<void>
}

/** Makes an empty list of what was begun. */
export function begunWork(): Begun {
  const all = new Set<Promise<unknown>>()
  return {
    async run(begin) {
      const work = begin()
      all.add(work)
      try {
        return await work
      } finally {
        all.delete(work)
      }
    },
    async ended() {
      await Promise.allSettled(all)
    },
  }
}
