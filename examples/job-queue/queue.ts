/** The queue that producers and workers share. */
import type { QueueOptions } from 'bullmq'

/** What a job holds, beside the name of the function: everything but secrets. */
export interface CallJob {
  readonly scope: string
  readonly args: readonly unknown[]
}

/** All keys of this example begin with it. */
export const PREFIX = 'latchkey-job-queue'
export const QUEUE = 'calls'
/** A child that imports this file does not need to know where it is. */
export const REDIS_URL = process.env['REDIS_URL'] ?? ''

export function queueOptions(): QueueOptions {
  return { prefix: PREFIX, connection: { url: REDIS_URL, maxRetriesPerRequest: null } }
}
