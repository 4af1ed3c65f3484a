/** Replaces warm children ahead of the next call, when a store's watch tells that a secret of theirs has changed. */
import { isLatchkeyError } from '../errors.ts'
import type { SecretStore } from '../store.ts'
import { type ScopeWatches, scopeWatches } from '../stores/cached/watches.ts'
import { untilAborted } from '../stores/waiting.ts'
import type { Scheduler } from '../worker/scheduler.ts'
import { storeOf, type StoreSource } from './answer.ts'
import type { Entry } from './entry.ts'
import { addressOf } from './findings.ts'
import { jobParts } from './job.ts'
import { createCallLog } from './log.ts'
import type { RegistrySettings } from './options.ts'
import { placeRun } from './placement.ts'
import { prepareRun, type Run } from './run.ts'
import { type Placed, type Reading, readSecrets, requireFit } from './secrets.ts'

/** How long after a watch has failed it is tried again, at the earliest, in milliseconds. */
const RETRY_MS = 60_000
/** How long reading the newer version of a child's secrets may take, in milliseconds. */
const READ_MS = 30_000
/** The least time between two looks for what is not in use any more, in milliseconds. */
const TIDY_MS = 1_000
/** How long the end of a registry waits for its watches, in milliseconds: a store may be out of reach. */
const CLOSE_MS = 1_000

/** Replaces the warm children of a registry. */
export interface Renewals {
  /** Notes that a warm child of this family is in use. */
  used(run: Run, family: string): void
  /** Ends the watches; waits a second for them, at most. */
  close(): Promise<void>
}

/** The function, scope and partition with which a family's next child is made. */
interface Use {
  readonly entry: Entry
  readonly scope: string
  readonly partition: string | undefined
  readonly placed: readonly Placed[]
  readonly watched: readonly { readonly store: SecretStore; readonly scope: string }[]
  /** When its watches are looked at again: one may have failed. */
  lookAt: number
}

/**
 * Makes the renewals of a registry. Scopes are watched while a warm child holds secrets of them, and one family is renewed
 * after the other, whatever number of changes is told of.
 */
export function createRenewals(settings: RegistrySettings, scheduler: () => Scheduler): Renewals {
  const uses = new Map<string, Use>()
  const watches = new Map<SecretStore, ScopeWatches>()
  const changed = new Set<string>()
  let renewing = false
  let closed = false
  let tidying: NodeJS.Timeout | undefined

  function watchesOf(store: SecretStore): ScopeWatches {
    const known = watches.get(store)
    if (known !== undefined) return known
    const made = scopeWatches(store, RETRY_MS, {
      changed(scope, name) {
        changed.add(`${scope}\0${name}`)
        if (renewing) return
        renewing = true
        // What is told in this turn is looked at together.
        setImmediate(() => void renewChanged())
      },
      // What changed before, the next call finds out.
      connected: () => undefined,
    })
    watches.set(store, made)
    return made
  }

  async function renewChanged(): Promise<void> {
    while (changed.size > 0) {
      const now = new Set(changed)
      changed.clear()
      for (const [family, use] of [...uses]) {
        // Closing leaves none.
        if (uses.has(family) && use.placed.some((item) => now.has(addressOf(item)))) await renew(family, use)
      }
    }
    renewing = false
  }

  /** Renews a family. Where a call has read at the same time, it is read once more; calls that go on see to the rest. */
  async function renew(family: string, use: Use): Promise<void> {
    if (!(await renewOnce(family, use))) await renewOnce(family, use)
  }

  /**
   * Never rejects: what stands in the way, the next call meets, and tells its caller.
   *
   * @returns false where a call has read other versions at the same time, and nobody can tell which are newer.
   */
  async function renewOnce(family: string, use: Use): Promise<boolean> {
    if (!scheduler().isWarm(family)) return true
    let reading: Reading
    try {
      reading = await read(use)
    } catch {
      // Whatever it was, it is not known that the child's secrets are outdated.
      return true
    }
    try {
      return await renewWith(reading, family, use)
    } catch {
      // Whatever it was, no call can use what is there now; and what the child has is outdated.
      scheduler().endFamily(family, reading.time)
      return true
    }
  }

  function read({ entry, scope, partition, placed }: Use): Promise<Reading> {
    const signal = AbortSignal.timeout(READ_MS)
    const reader = { function: entry.name, scope, partition, purpose: 'renewal' } as const
    return untilAborted(readSecrets(settings.store, placed, reader, { signal: () => signal }), signal)
  }

  async function renewWith(reading: Reading, family: string, { entry, scope, partition }: Use): Promise<boolean> {
    const { found: stored, time: read } = reading
    const found = entry.hasSchemas ? await requireFit(entry.name, stored) : stored
    const run = prepareRun(entry, scope, partition, found, settings.redact)
    const placement = placeRun(run, false, settings)
    if (closed || placement.family !== family) return true
    const log = createCallLog(settings.onLog, { function: entry.name, scope }, run.redactor)
    const parts = jobParts(run, placement, { plain: [] }, settings)
    const isDecided = await scheduler().renew({ ...parts, read, onLine: log.line })
    log.end()
    return isDecided
  }

  function tidy(): void {
    tidying = undefined
    for (const family of [...uses.keys()]) if (!scheduler().isWarm(family)) uses.delete(family)
    for (const [store, own] of watches) {
      own.endUnused((scope) => {
        return [...uses.values()].some(({ watched }) =>
          watched.some((one) => one.store === store && one.scope === scope),
        )
      })
      if (own.size === 0) watches.delete(store)
    }
    if (uses.size > 0) tidyLater()
  }

  function tidyLater(): void {
    tidying ??= setTimeout(tidy, Math.max(settings.pool.idleMs, TIDY_MS)).unref()
  }

  return {
    used({ entry, scope, partition }, family) {
      const known = uses.get(family)
      if (closed || (known !== undefined && performance.now() < known.lookAt)) return
      const placed = entry.placed(scope)
      const watched = placed.flatMap((item) => storesOf(settings.store, item.scope))
      const lookAt = performance.now() + RETRY_MS
      uses.set(family, { entry, scope, partition, placed, watched, lookAt })
      for (const one of watched) watchesOf(one.store).begin(one.scope)
      tidyLater()
    },

    async close() {
      closed = true
      clearTimeout(tidying)
      uses.clear()
      changed.clear()
      const ended = Promise.allSettled([...watches.values()].map((own) => own.close()))
      watches.clear()
      // A watch that does not end in time is the store's to end. The timer keeps a host alive that has nothing else to do.
      let timer: NodeJS.Timeout | undefined
      const late = new Promise((resolve) => (timer = setTimeout(resolve, CLOSE_MS)))
      await Promise.race([ended, late])
      clearTimeout(timer)
    },
  }
}

/** The store of a scope, to be watched; none where the registry's function fails that tells it, as calls tell of that. */
function storesOf(source: StoreSource, scope: string): { store: SecretStore; scope: string }[] {
  try {
    return [{ store: storeOf(source, scope), scope }]
  } catch (error) {
    if (isLatchkeyError(error)) return []
    throw error
  }
}
