/** Listening to signals that many requests share. */

/** What is to be called, by signal. */
const CALLS = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls back when a signal aborts; at most once. However many do that, the signal has one listener: Node warns of a leak
 * where there are more than ten.
 *
 * @param signal - not aborted yet.
 * @returns what takes the call back.
 */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  const calls = CALLS.get(signal) ?? listen(signal)
  calls.add(call)
  return () => {
    calls.delete(call)
  }
}

function listen(signal: AbortSignal): Set<() => void> {
  const calls = new Set<() => void>()
  CALLS.set(signal, calls)
  signal.addEventListener('abort', () => {
    for (const call of calls) call()
  })
  return calls
}
