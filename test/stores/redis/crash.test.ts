import { expect, onTestFinished, test } from 'vitest'
import { generateKey } from '../../../src/crypto/raw-key.ts'
import { isLatchkeyError } from '../../../src/errors.ts'
import { redisStore } from '../../../src/stores/redis.ts'
import type { RedisStore } from '../../../src/stores/redis.ts'
import { collect } from '../../../src/testing/suite/checks.ts'
import { describeEngine } from '../../helpers/engines.ts'
import { CLIENTS, DURABLE, clientOfTest, nodeRedis, redisBinary, redisOfTest } from '../../helpers/engines/redis.ts'
import { failureOf } from '../../helpers/store-folder.ts'

const NAMES = ['a', 'b', 'c', 'd']
const CRASHES = 3

/** Counts something, and lets a test wait until it has gone on. */
function counter() {
  const waiting: { at: number; resolve: () => void }[] = []
  let count = 0
  return {
    add() {
      count += 1
      for (const { at, resolve } of waiting) if (count >= at) resolve()
    },
    more: (by: number) =>
      new Promise<void>((resolve) => {
        waiting.push({ at: count + by, resolve })
      }),
  }
}

/** Runs something; tells whether it took place. What is not UNAVAILABLE fails the test. */
async function unlessUnavailable<T>(act: () => Promise<T>): Promise<{ answer: T } | undefined> {
  try {
    return { answer: await act() }
  } catch (error) {
    if (isLatchkeyError(error, 'UNAVAILABLE')) return undefined
    throw error
  }
}

describeEngine('redis', redisBinary(), 'redis-server or valkey-server on PATH', (binary) => {
  test.each(Object.entries(CLIENTS))(
    'by %s, a Redis that is killed again and again loses no write that it acknowledged, and hosts go on by themselves',
    async (_, connect) => {
      const server = await redisOfTest(binary, DURABLE)
      const key = generateKey()
      const open = async (): Promise<RedisStore> => {
        const client = await clientOfTest<object>(connect(server.url))
        const store = redisStore({ client: client as never, key, timeoutMs: 5_000, watchCheckMs: 200 })
        onTestFinished(() => store.close())
        return store
      }
      const [writing, reading, watching] = [await open(), await open(), await open()]
      const acknowledged = new Map<string, { count: number; version: string }>()
      for (const name of NAMES)
        acknowledged.set(name, { count: 0, version: (await writing.set(name, { K: '0' })).version })
      const told = new Map<string, string | undefined>()
      await watching.watch?.(({ name, version }) => told.set(name, version))

      let over = false
      const [writes, reads, failures] = [counter(), counter(), counter()]
      const writers = NAMES.map(async (name) => {
        for (let count = 1; !over; count += 1) {
          const done = await unlessUnavailable(() => writing.set(name, { K: String(count) }))
          if (done === undefined) failures.add()
          else {
            acknowledged.set(name, { count, version: done.answer.version })
            writes.add()
          }
        }
      })
      const readers = NAMES.map(async (name) => {
        while (!over) {
          const least = acknowledged.get(name)?.count ?? 0
          const found = await unlessUnavailable(() => reading.get(name))
          if (found === undefined) continue
          expect(Number(found.answer?.values['K'])).toBeGreaterThanOrEqual(least)
          const listed = await unlessUnavailable(() => collect(reading.list()))
          if (listed !== undefined) expect(listed.answer.map((info) => info.name)).toEqual(NAMES)
          reads.add()
        }
      })
      const traffic = Promise.all([...writers, ...readers])
      const driven = (async () => {
        for (let crash = 0; crash < CRASHES; crash += 1) {
          await Promise.all([writes.more(20), reads.more(20)])
          const failed = failures.more(1)
          await server.crash()
          await failed
          await server.start()
        }
        await Promise.all([writes.more(20), reads.more(20)])
        over = true
      })()
      await Promise.race([traffic, driven])
      await Promise.all([traffic, driven])

      for (const name of NAMES) {
        const now = await reading.get(name)
        expect(Number(now?.values['K'])).toBeGreaterThanOrEqual(acknowledged.get(name)?.count ?? 0)
        await expect.poll(() => told.get(name)).toBe(now?.version)
      }
    },
  )

  test('a Redis that comes back without its data is CORRUPT for hosts that know better, not a store without secrets', async () => {
    const server = await redisOfTest(binary)
    const client = await clientOfTest(nodeRedis(server.url))
    const store = redisStore({ client, key: generateKey() })
    await store.set('a', { K: 'v' })
    await server.crash()
    await server.start()
    await expect.poll(() => client.isReady).toBe(true)
    expect(await failureOf(() => store.get('a'))).toMatchObject({ code: 'CORRUPT', store: 'redis' })
    expect(await failureOf(() => store.set('a', { K: 'w' }))).toMatchObject({ code: 'CORRUPT', store: 'redis' })
  })
})
