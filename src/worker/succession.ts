/** Older and newer workers of a family: which of two is the newer, and how it takes the other's place. */
import type { WorkerEndReason } from './events.ts'
import type { Job, Outcome, ReadTime, Renewal } from './job.ts'
import type { Slot, Slots } from './slots.ts'

/** What renewing needs of its scheduler. */
export interface SuccessionSettings {
  readonly slots: Slots
  readonly maxProcesses: number
  readonly maxPerKey: number
  closed(): boolean
  assign(slot: Slot, job: Job): void
  /** Ends a worker, and gives its place to who waits. */
  retire(slot: Slot, reason: WorkerEndReason): void
}

/** Ends older workers when there are newer ones. */
export interface Succession {
  /** Ends the workers of a family's other keys that are known to be older: the idle ones at once, the others after their calls. */
  outdate(job: Pick<Job, 'key' | 'family' | 'read'>): void
  /** Tells whether a worker of a newer key of its family is there. */
  isSucceeded(slot: Slot): boolean
  renew(job: Renewal): Promise<boolean>
  endFamily(family: string, read: ReadTime): void
}

/**
 * Versions do not tell which of two is newer, so the times do at which they were read. Where these overlap nobody can
 * know, and neither outdates the other: a later call of the family does.
 */
function isOlder(slot: Slot, read: ReadTime): boolean {
  return slot.read === undefined || slot.read.ended <= read.began
}

/** Makes the succession of a scheduler's workers. */
export function createSuccession(settings: SuccessionSettings): Succession {
  const { slots, retire } = settings

  function others({ family, key }: { readonly family: string; readonly key: string | undefined }): readonly Slot[] {
    let found: Slot[] | undefined
    for (const slot of slots.ofFamily(family) ?? NONE) if (slot.key !== key) (found ??= []).push(slot)
    return found ?? NONE
  }

  function endOnce(slot: Slot): void {
    slot.outdated = true
    if (slots.idle.has(slot)) retire(slot, 'outdated')
  }

  /** Makes a worker of a newer key ready, in the place of an older one where there is no other. */
  async function prepareFor(older: Slot, job: Renewal): Promise<Outcome['kind'] | undefined> {
    const since = slots.idle.has(older) ? older.idleSince : performance.now()
    let [slot] = job.flags.length === 0 ? slots.spares : []
    if (slot !== undefined) slots.spares.delete(slot)
    else {
      if (slots.all.size >= settings.maxProcesses) {
        if (!slots.idle.has(older)) return undefined
        // Its place is taken in this turn: nobody who waits is given it.
        slots.end(older, 'outdated')
      }
      slot = slots.add(job.flags)
    }
    slot.idleSince = since
    const made = slot
    return new Promise((resolve) => {
      settings.assign(made, {
        ...job,
        fresh: false,
        prepares: true,
        settle: ({ kind }) => {
          resolve(kind)
        },
      })
    })
  }

  return {
    outdate(job) {
      for (const slot of others(job)) if (isOlder(slot, job.read)) endOnce(slot)
    },

    isSucceeded({ family, key, read }) {
      if (family === undefined || read === undefined) return false
      return others({ family, key }).some((other) => other.read !== undefined && read.ended < other.read.began)
    },

    async renew(job) {
      // One that was outdated before has been replaced before, and ends after its call.
      const current = others(job).filter(({ outdated }) => !outdated)
      const older = current.filter((slot) => isOlder(slot, job.read))
      const isDecided = current.every((slot) => {
        return isOlder(slot, job.read) || (slot.read !== undefined && job.read.ended <= slot.read.began)
      })
      for (const slot of older) slot.outdated = true
      for (const slot of older) {
        // It may have been ended meanwhile, by a call of the newer key for instance.
        if (settings.closed() || !slots.all.has(slot)) continue
        if ((slots.ofKey(job.key)?.size ?? 0) >= settings.maxPerKey) break
        const outcome = await prepareFor(slot, job)
        if (slots.idle.has(slot)) retire(slot, 'outdated')
        if (outcome !== 'prepared') break
      }
      // What could not be replaced is as outdated: the next call finds out why.
      for (const slot of older) if (slots.idle.has(slot)) retire(slot, 'outdated')
      return isDecided
    },

    endFamily(family, read) {
      for (const slot of others({ family, key: undefined })) if (isOlder(slot, read)) endOnce(slot)
    },
  }
}

/** Most families have one key, and are asked about with each call. */
const NONE: readonly Slot[] = []
