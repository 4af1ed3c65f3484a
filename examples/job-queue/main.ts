/** Jobs that survive a restart and are spread over machines by BullMQ; their secrets never enter the queue. */
import { strict as assert } from 'node:assert'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Queue, QueueEvents } from 'bullmq'
import { generateKey } from 'latchkey'
import { Redis } from 'ioredis'
import { contents, removeKeys } from './contents.ts'
import { close, store } from './integrations.ts'
import { startMail } from './mail.ts'
import { type CallJob, QUEUE, queueOptions, REDIS_URL } from './queue.ts'

assert.notEqual(REDIS_URL, '', 'REDIS_URL must name a Redis')
const redis = new Redis(REDIS_URL)
await removeKeys(redis)
// The one key that every machine needs, beside the address of Redis.
process.env['LATCHKEY_KEY'] = generateKey()

// Made-up: what acme gave on its settings page. globex has not been there yet.
const token = 'made-up-mail-token'
await store.set('mail', { MAIL_TOKEN: token }, { scope: 'acme' })
const mail = await startMail(token)
const workers = ['worker 1', 'worker 2'].map((name) =>
  fork(fileURLToPath(new URL('worker.ts', import.meta.url)), [name]),
)
process.once('exit', () => {
  // Also when something below fails.
  for (const worker of workers) worker.kill('SIGKILL')
})
for (const worker of workers) await once(worker, 'message')

const queue = new Queue<CallJob>(QUEUE, queueOptions())
const events = new QueueEvents(QUEUE, queueOptions())
await events.waitUntilReady()

/** Adds a job, waits until it is done or has failed for good, and tells what became of it. */
async function call(scope: string, to: string) {
  const job = await queue.add('send_mail', { scope, args: [mail.url, to] }, { attempts: 3, backoff: 10 })
  const outcome: unknown = await job.waitUntilFinished(events).catch((error: unknown) => (error as Error).message)
  const { processedBy = '', attemptsMade = 0, stacktrace } = (await queue.getJob(job.id ?? '')) ?? {}
  return {
    to,
    outcome: String(outcome),
    processedBy,
    attemptsMade,
    errors: stacktrace?.map((text) => text.split('\n')[0]),
  }
}

console.log('Six mails of acme:')
const mails = await Promise.all([1, 2, 3, 4, 5, 6].map((number) => call('acme', `customer-${number}@example.com`)))
for (const { to, outcome, processedBy } of mails) console.log(`  ${to}: ${outcome} by ${processedBy}`)
assert.ok(mails.every(({ outcome }) => outcome === 'sent'))
assert.deepEqual([...new Set(mails.map(({ processedBy }) => processedBy))].sort(), ['worker 1', 'worker 2'])

console.log('One that fails at first:')
const retried = await call('acme', 'retry@example.com')
console.log(`  ${retried.outcome}, at attempt ${retried.attemptsMade}; the first ended with`, retried.errors)
assert.deepEqual([retried.outcome, retried.attemptsMade], ['sent', 2])
assert.deepEqual(retried.errors, ['Error: The mail service answered 503: too many mails of ***'])

console.log('One of globex, which has no such secret:')
const refused = await call('globex', 'customer-7@example.com')
console.log(`  "${refused.outcome}", after ${refused.attemptsMade} attempt`)
assert.deepEqual([refused.outcome, refused.attemptsMade], ['globex has yet to store mail', 1])

console.log('What Redis holds:')
const held = await contents(redis)
const withText = (text: string): number => [...held.values()].filter((value) => value.includes(text)).length
console.log(
  `  ${held.size} keys; with the addressee of a mail: ${withText('retry@')}; with the token: ${withText(token)}`,
)
assert.ok(withText('retry@') > 0 && withText(token) === 0)

for (const worker of workers) {
  worker.disconnect()
  await once(worker, 'exit')
  assert.equal(worker.exitCode, 0)
}
await events.close()
await queue.close()
await close()
await removeKeys(redis)
redis.disconnect()
mail.close()
