/** What every machine runs. The secrets are in the same Redis as the jobs, sealed with a key that Redis never gets. */
import { createRegistry } from 'latchkey'
import { redisStore } from 'latchkey/stores/redis'
import { Redis } from 'ioredis'
import { PREFIX, REDIS_URL } from './queue.ts'

/** Connects when it is first used, so not in a child, which imports this file too. */
const client = new Redis(REDIS_URL, { lazyConnect: true })

export const store = redisStore({ client, prefix: `${PREFIX}-secrets` })
export const registry = createRegistry({ store, missing: 'defer' })

registry.register({
  name: 'send_mail',
  description: "Sends a mail by the tenant's own account",
  secrets: ['mail'],
})(async (url: string, to: string) => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { Authorization: `Bearer ${process.env['MAIL_TOKEN'] ?? ''}` },
    body: to,
  })
  if (!response.ok) throw new Error(`The mail service answered ${response.status}: ${await response.text()}`)
  return 'sent'
})

export async function close(): Promise<void> {
  await registry.close()
  await store.close()
  client.disconnect()
}
