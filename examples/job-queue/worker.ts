/** One machine of many: takes a job off the queue, and runs it as a call of the function that the job names. */
import { type Job, UnrecoverableError, Worker } from 'bullmq'
import { InputError, MissingSecretsError, RegistrationError } from 'latchkey'
import { close, registry } from './integrations.ts'
import { type CallJob, QUEUE, queueOptions } from './queue.ts'

async function run(job: Job<CallJob>, _token?: string, signal?: AbortSignal): Promise<unknown> {
  const { scope, args } = job.data
  try {
    return await registry.call(job.name, args, { scope, signal })
  } catch (error) {
    if (error instanceof MissingSecretsError) {
      const missing = error.missing.map(({ secret, key }) => (key === undefined ? secret : `${secret}.${key}`))
      throw new UnrecoverableError(`${scope} has yet to store ${missing.join(', ')}`)
    }
    // No such function, or not for such arguments: trying again does not help either.
    if (error instanceof RegistrationError || error instanceof InputError) throw new UnrecoverableError(error.message)
    // The function's own error, redacted; or a store or a process that may be well again. BullMQ tries again.
    throw error
  }
}

const worker = new Worker(QUEUE, run, { ...queueOptions(), name: process.argv[2] })
process.once('disconnect', () => void worker.close().then(close))
await worker.waitUntilReady()
process.send?.('ready')
