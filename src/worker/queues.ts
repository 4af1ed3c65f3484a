/** The jobs that wait for a worker: a queue per worker key, and a round over the keys. */
import type { Job } from './job.ts'

/** A job that waits. */
interface Waiting {
  readonly job: Job
  /** Since when, by `performance.now()`. */
  readonly since: number
}

/** A job in its queue, between its neighbours: thousands may be cancelled at once, in any order. */
interface Place extends Waiting {
  before: Place | undefined
  behind: Place | undefined
}

/** The jobs of one key. */
interface Queue {
  first: Place | undefined
  last: Place | undefined
  length: number
}

/** The queues of a scheduler. */
export interface Queues {
  /** How many jobs wait, over all keys. */
  readonly size: number
  /** The keys for which a job waits, in the order of the round. */
  keys(): Iterable<string>
  /** How many jobs wait for a key. */
  length(key: string): number
  /** The job of a key that has waited longest. */
  first(key: string): Waiting | undefined
  /** Adds a job behind those of its key; a key that has none goes to the end of the round. */
  add(job: Job): void
  /** Adds a job before those of its key: it had left its queue already. */
  addFirst(job: Job): void
  /** Takes a job out; its key goes to the end of the round. False if it does not wait. */
  remove(job: Job): boolean
  /** Takes all jobs out. */
  clear(): Job[]
}

/** Makes empty queues. */
export function createQueues(): Queues {
  const queues = new Map<string, Queue>()
  const places = new Map<Job, Place>()

  /** The queue of a job's key, and the place that the job takes in it. */
  function enter(job: Job): { queue: Queue; place: Place } {
    const queue = queues.get(job.key) ?? { first: undefined, last: undefined, length: 0 }
    queues.set(job.key, queue)
    queue.length++
    const place = { job, since: performance.now(), before: undefined, behind: undefined }
    places.set(job, place)
    return { queue, place }
  }

  return {
    get size() {
      return places.size
    },
    keys: () => queues.keys(),
    length: (key) => queues.get(key)?.length ?? 0,
    first: (key) => queues.get(key)?.first,
    add(job) {
      const { queue, place } = enter(job)
      place.before = queue.last
      if (queue.last === undefined) queue.first = place
      else queue.last.behind = place
      queue.last = place
    },
    addFirst(job) {
      const { queue, place } = enter(job)
      place.behind = queue.first
      if (queue.first === undefined) queue.last = place
      else queue.first.before = place
      queue.first = place
    },
    remove(job) {
      const place = places.get(job)
      const queue = queues.get(job.key)
      if (place === undefined || queue === undefined) return false
      const { before, behind } = place
      if (before === undefined) queue.first = behind
      else before.behind = behind
      if (behind === undefined) queue.last = before
      else behind.before = before
      places.delete(job)
      queue.length--
      queues.delete(job.key)
      if (queue.length > 0) queues.set(job.key, queue)
      return true
    },
    clear() {
      const jobs = [...places.keys()]
      queues.clear()
      places.clear()
      return jobs
    },
  }
}
