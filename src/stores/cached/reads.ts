/** The reads that are under way: one for each secret, however many wait for it. */
import { isLatchkeyError } from '../../errors.ts'
import type { SecretStore } from '../../store.ts'
import type { Secret } from '../../secret.ts'
import { untilAborted } from '../waiting.ts'
import { readTogether } from './ask.ts'
import type { Wanted } from './ask.ts'
import { covers } from './entries.ts'
import type { Keys } from './entries.ts'

/** A read of one secret that is under way. */
export interface Flight extends Wanted {
  readonly answer: Promise<Secret | undefined>
  /** The round trip that it is part of. */
  readonly trip: Trip
}

/** One round trip to the store. */
interface Trip {
  readonly controller: AbortController
  /** `performance.now()` when it began. */
  readonly begun: number
  /** Readers that wait for one of its secrets. */
  waiting: number
  /** Its secrets that are not answered yet. */
  open: number
}

interface Pending {
  readonly flight: Flight
  readonly resolve: (answer: Secret | undefined) => void
  readonly reject: (error: unknown) => void
}

/** What becomes of reads that are still the latest word on their secret. */
export interface Landing {
  landed(flight: Flight, answer: Secret | undefined): void
  failed(flight: Flight, error: unknown): void
}

/** Reads that are shared. */
export interface SharedReads {
  /** Joins the reads that are under way, and begins one round trip for the rest. One flight for each that is wanted. */
  of(wanted: readonly Wanted[]): Flight[]
  /** Waits for a flight. One that nobody waits for any more is given up. */
  wait(flight: Flight, signal?: AbortSignal): Promise<Secret | undefined>
  /** Lets no later reader join what is under way, whose answer may be too old for them, and keeps it out of `landed`. */
  forget(scope: string, name: string): void
  forgetScope(scope: string): void
  hasScope(scope: string): boolean
  /** Ends all flights with an error. */
  close(error: Error): void
}

/** Makes shared reads of a store. */
export function sharedReads(store: SecretStore, landing: Landing): SharedReads {
  /** The flight that the next reader of a secret joins. What is not in here any more is too old to be kept. */
  const current = new Map<string, Flight>()
  const pending = new Set<Pending>()

  const settle = (one: Pending, use: () => void): void => {
    if (pending.delete(one)) one.flight.trip.open -= 1
    if (current.get(addressOf(one.flight)) !== one.flight) return
    current.delete(addressOf(one.flight))
    use()
  }

  const read = async (started: readonly Pending[], signal: AbortSignal): Promise<void> => {
    try {
      const answers = await readTogether(
        store,
        started.map(({ flight }) => flight),
        signal,
      )
      started.forEach((one, index) => {
        const answer = answers[index]
        settle(one, () => {
          landing.landed(one.flight, answer)
        })
        one.resolve(answer)
      })
    } catch (error) {
      if (started.length > 1 && !signal.aborted && !isLatchkeyError(error, 'UNAVAILABLE')) {
        // One of them may be at fault, and others wait for the rest.
        await Promise.all(started.map((one) => read([one], signal)))
        return
      }
      for (const one of started) {
        settle(one, () => {
          landing.failed(one.flight, error)
        })
        one.reject(error)
      }
    }
  }

  const begin = (wanted: readonly Wanted[]): Flight[] => {
    if (wanted.length === 0) return []
    const trip: Trip = { controller: new AbortController(), begun: performance.now(), waiting: 0, open: wanted.length }
    const started = wanted.map((one) => pendingOf(one, trip))
    for (const one of started) {
      pending.add(one)
      current.set(addressOf(one.flight), one.flight)
    }
    void read(started, trip.controller.signal)
    return started.map(({ flight }) => flight)
  }

  const forgetWhere = (test: (flight: Flight) => boolean): void => {
    for (const [address, flight] of current) if (test(flight)) current.delete(address)
  }

  return {
    of(wanted) {
      const joined = new Map<string, Flight>()
      const missing: Wanted[] = []
      for (const one of united(wanted)) {
        const flight = current.get(addressOf(one))
        if (flight === undefined) missing.push(one)
        else if (covers(flight.keys, one.keys)) joined.set(addressOf(one), flight)
        // A second read has the keys of the first, too: it is what the cache is left with.
        else missing.push({ ...one, keys: union(flight.keys, one.keys) })
      }
      for (const flight of begin(missing)) joined.set(addressOf(flight), flight)
      return wanted.flatMap((one) => joined.get(addressOf(one)) ?? [])
    },

    async wait({ answer, trip }, signal) {
      trip.waiting += 1
      try {
        return await untilAborted(answer, signal)
      } finally {
        trip.waiting -= 1
        if (trip.waiting === 0 && trip.open > 0) {
          forgetWhere((flight) => flight.trip === trip)
          trip.controller.abort()
        }
      }
    },

    forget: (scope, name) => {
      current.delete(addressOf({ scope, name }))
    },

    forgetScope(scope) {
      forgetWhere((flight) => flight.scope === scope)
    },

    hasScope: (scope) => [...current.values()].some((flight) => flight.scope === scope),

    close(error) {
      current.clear()
      for (const { flight, reject } of pending) {
        reject(error)
        flight.trip.controller.abort(error)
      }
      pending.clear()
    },
  }
}

/** Gives the keys of both. */
export function union(one: Keys, other: Keys): Keys {
  return one === undefined || other === undefined ? undefined : new Set([...one, ...other])
}

function pendingOf(wanted: Wanted, trip: Trip): Pending {
  let settlers: Omit<Pending, 'flight'> | undefined
  const answer = new Promise<Secret | undefined>((resolve, reject) => {
    settlers = { resolve, reject }
  })
  // Nobody may be left who waits for it.
  answer.catch(() => undefined)
  return { flight: { ...wanted, answer, trip }, ...(settlers as Omit<Pending, 'flight'>) }
}

/** Each secret once, with all keys that are wanted of it. */
function united(wanted: readonly Wanted[]): Wanted[] {
  if (wanted.length < 2) return [...wanted]
  const byAddress = new Map<string, Wanted>()
  for (const one of wanted) {
    const other = byAddress.get(addressOf(one))
    byAddress.set(addressOf(one), other === undefined ? one : { ...one, keys: union(other.keys, one.keys) })
  }
  return [...byAddress.values()]
}

function addressOf({ scope, name }: { readonly scope: string; readonly name: string }): string {
  return `${scope}\0${name}`
}
