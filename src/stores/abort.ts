/** Listening to signals that many requests share. */

/** What is to be called when a signal aborts, and what takes its one listener back. */
interface Listening {
  readonly calls: Set<() => void>
  readonly end: () => void
}

const LISTENING = new WeakMap<AbortSignal, Listening>()

/**
 * Calls back when a signal aborts; at most once. However many do that, the signal has one listener: Node warns of a leak
 * where there are more than ten. Once all calls are taken back it has none.
 *
 * @param signal - not aborted yet.
 * @returns what takes the call back.
 */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  const { calls, end } = LISTENING.get(signal) ?? listen(signal)
  calls.add(call)
  return () => {
    if (calls.delete(call) && calls.size === 0) end()
  }
}

function listen(signal: AbortSignal): Listening {
  const calls = new Set<() => void>()
  const listener = (): void => {
    for (const call of calls) call()
  }
  const listening = {
    calls,
    end() {
      LISTENING.delete(signal)
      signal.removeEventListener('abort', listener)
    },
  }
  LISTENING.set(signal, listening)
  signal.addEventListener('abort', listener)
  return listening
}
