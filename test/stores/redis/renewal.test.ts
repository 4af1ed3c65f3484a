import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { WorkerEvent } from 'latchkey'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { generateKey } from '../../../src/crypto/raw-key.ts'
import { redisStore } from '../../../src/stores/redis.ts'
import { describeEngine } from '../../helpers/engines.ts'
import { clientOfTest, nodeRedis, redisBinary, startRedis } from '../../helpers/engines/redis.ts'
import type { StartedRedis } from '../../helpers/engines/redis.ts'

describeEngine('redis', redisBinary(), 'redis-server or valkey-server on PATH', (binary) => {
  let server: StartedRedis
  beforeAll(async () => {
    server = await startRedis(binary)
  })
  afterAll(() => server.remove())

  test('a warm child is replaced ahead of the next call when another host writes', async () => {
    const key = generateKey()
    vi.stubEnv('RENEWAL_URL', server.url)
    vi.stubEnv('RENEWAL_KEY', key)
    const { client, registry, seen } = await import('../../fixtures/redis/renewal.mjs')
    vi.unstubAllEnvs()
    await client.connect()
    const elsewhere = redisStore({ client: await clientOfTest(nodeRedis(server.url)), prefix: 'renewal', key })
    const events: WorkerEvent[] = []
    const onWorker = (event: unknown): void => {
      events.push(event as WorkerEvent)
    }
    subscribe('latchkey:worker', onWorker)
    try {
      await elsewhere.set('gh', { TOKEN: 'old' })
      const before = await seen()
      expect(before.token).toBe('old')
      await expect.poll(() => client.sendCommand(['PUBSUB', 'NUMSUB', '{renewal}:changes'])).toContain(1)
      await elsewhere.set('gh', { TOKEN: 'new' })
      await expect
        .poll(() => events)
        .toContainEqual(expect.objectContaining({ event: 'ended', pid: before.pid, reason: 'outdated' }))
      const started = events.length
      const after = await seen()
      expect(after.token).toBe('new')
      // It was ready: this call is not the first of its child, and no other began.
      expect(events.slice(started).filter((event) => event.event === 'assigned' && event.first)).toEqual([])
    } finally {
      unsubscribe('latchkey:worker', onWorker)
      await registry.close()
      client.destroy()
    }
  })
})
