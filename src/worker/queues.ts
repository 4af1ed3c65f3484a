/** The jobs that wait for a worker: a queue per worker key, and a round over the keys. */
import type { Job } from './job.ts'

/** A job that waits. */
interface Waiting {
  readonly job: Job
  /** Since when, by `performance.now()`. */
  readonly since: number
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
  const queues = new Map<string, Waiting[]>()
  let size = 0
  return {
    get size() {
      return size
    },
    keys: () => queues.keys(),
    length: (key) => queues.get(key)?.length ?? 0,
    first: (key) => queues.get(key)?.[0],
    add(job) {
      const waiting = { job, since: performance.now() }
      const queue = queues.get(job.key)
      if (queue === undefined) queues.set(job.key, [waiting])
      else queue.push(waiting)
      size++
    },
    addFirst(job) {
      queues.set(job.key, [{ job, since: performance.now() }, ...(queues.get(job.key) ?? [])])
      size++
    },
    remove(job) {
      const queue = queues.get(job.key)
      const index = queue?.findIndex((waiting) => waiting.job === job) ?? -1
      if (queue === undefined || index === -1) return false
      queue.splice(index, 1)
      size--
      queues.delete(job.key)
      if (queue.length > 0) queues.set(job.key, queue)
      return true
    },
    clear() {
      const jobs = [...queues.values()].flat().map(({ job }) => job)
      queues.clear()
      size = 0
      return jobs
    },
  }
}
