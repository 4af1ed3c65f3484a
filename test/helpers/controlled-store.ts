/** A store for tests of what is built on stores: it counts its reads, and fails or answers late when it is told to. */
import { StoreError } from '../../src/errors.ts'
import type { SecretRequest, WritableSecretStore } from '../../src/store.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { InitialSecrets, MemoryStore } from '../../src/stores/memory.ts'

export interface ControlledStore {
  /** It cannot be watched, so that nothing is forgotten but for the reason that a test gives. */
  readonly store: WritableSecretStore
  /** What holds its secrets; what is written here is written behind the back of who uses `store`. */
  readonly memory: MemoryStore
  /** The requests of each round trip. */
  readonly reads: (readonly SecretRequest[])[]
  /** The signal of each round trip. */
  readonly signals: (AbortSignal | undefined)[]
  /** What reads fail with, and `set` after it has written; `undefined`: they do not fail. */
  failure: unknown
  /** Lets reads that begin from now on answer later, with what was true when they began. Call what it gives to let them. */
  hold(): () => void
}

export const unavailable = new StoreError('UNAVAILABLE', 'The engine is down.', { store: 'controlled' })

export function controlledStore(initial: InitialSecrets = {}): ControlledStore {
  const memory = memoryStore(initial)
  let gate: Promise<void> | undefined
  const rest: WritableSecretStore = { ...memory }
  delete rest.watch
  const controlled: ControlledStore = {
    memory,
    reads: [],
    signals: [],
    failure: undefined,
    hold() {
      let open = (): void => undefined
      gate = new Promise((resolve) => {
        open = resolve
      })
      return () => {
        gate = undefined
        open()
      }
    },
    store: {
      ...rest,
      name: 'controlled',
      capabilities: { ...memory.capabilities, watch: false },
      async getMany(requests, options) {
        controlled.reads.push(requests)
        controlled.signals.push(options?.signal)
        const failure = controlled.failure
        const answers = await memory.getMany(requests)
        await gate
        if (failure === undefined) return answers
        throw (typeof failure === 'function' ? (failure as (requests: unknown) => unknown)(requests) : failure) as Error
      },
      async set(name, values, options) {
        const info = await memory.set(name, values, options)
        if (controlled.failure !== undefined) throw controlled.failure as Error
        return info
      },
    },
  }
  return controlled
}

/** Waits until everything that could go on without the outside world has. */
export async function quiet(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}
