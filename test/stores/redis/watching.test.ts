import { expect, onTestFinished, test } from 'vitest'
import { generateKey } from '../../../src/crypto/raw-key.ts'
import type { RedisStoreOptions } from '../../../src/stores/redis.ts'
import { redisStore } from '../../../src/stores/redis.ts'
import { describeEngine, sharedEngine } from '../../helpers/engines.ts'
import { clientOfTest, nodeRedis, redisHere, startRedis } from '../../helpers/engines/redis.ts'
import { failureOf } from '../../helpers/store-folder.ts'

describeEngine('redis', redisHere(), 'TEST_REDIS_URL, or redis-server or valkey-server on PATH', (here) => {
  const shared = sharedEngine(here, startRedis)
  let stores = 0

  /** A store, and a connection for its watch that passes on only the messages that `passes` lets through. */
  const watched = async (passes: (message: string) => boolean, options: Partial<RedisStoreOptions> = {}) => {
    const client = await clientOfTest(nodeRedis(shared.url))
    const connection = await clientOfTest(nodeRedis(shared.url))
    const published: string[] = []
    const subscriber = {
      subscribe: (channel: string, listener: (message: string) => void) =>
        connection.subscribe(channel, (message) => {
          published.push(message)
          if (passes(message)) listener(message)
        }),
      unsubscribe: (channel: string) => connection.unsubscribe(channel),
    }
    const [prefix, key] = [`watching-${process.pid}-${(stores += 1)}`, generateKey()]
    const store = redisStore({ client, subscriber, prefix, key, ...options })
    onTestFinished(() => store.close())
    const told: string[] = []
    const listener = ({ name, version }: { name: string; version?: string }): void => {
      told.push(`${name} ${version ?? 'deleted'}`)
    }
    return { client, prefix, store, told, listener, published }
  }

  test('that hears nothing at all tells of writes and deletes at its next check', async () => {
    const { store, told, listener } = await watched(() => false, { watchCheckMs: 100 })
    await store.set('a', { K: 'v' })
    await store.set('b', { K: 'v' })
    await store.watch?.(listener)
    const { version } = await store.set('a', { K: 'w' })
    await expect.poll(() => told).toEqual([`a ${version}`])
    await store.delete('b')
    await expect.poll(() => told).toEqual([`a ${version}`, 'b deleted'])
    const again = await store.set('b', { K: 'v' }, { ifVersion: null })
    await expect.poll(() => told.at(-1)).toBe(`b ${again.version}`)
    expect(told.length).toBe(3)
  })

  test('that missed a message finds out by the next one, without waiting for a check', async () => {
    let drop = false
    const { store, told, listener, published } = await watched(() => !drop, { watchCheckMs: 3_600_000 })
    await store.watch?.(listener)
    await store.set('a', { K: 'v' })
    await expect.poll(() => told.length).toBe(1)
    drop = true
    const missed = [await store.set('b', { K: 'v' }), await store.set('c', { K: 'v' })]
    await store.delete('a')
    await expect.poll(() => published.length).toBe(4)
    drop = false
    const { version } = await store.set('d', { K: 'v' })
    const all = ['a deleted', `b ${missed[0]?.version}`, `c ${missed[1]?.version}`, `d ${version}`]
    await expect.poll(() => told.slice(1).sort()).toEqual(all)
  })

  test('tells of each write once, also where messages come twice', async () => {
    const { client, prefix, store, told, listener, published } = await watched(() => true, { watchCheckMs: 100 })
    await store.watch?.(listener)
    const one = await store.set('a', { K: 'v' })
    await expect.poll(() => published.length).toBe(1)
    await client.publish(`{${prefix}}:changes`, published[0] ?? '')
    const two = await store.set('a', { K: 'w' })
    await expect.poll(() => told).toEqual([`a ${one.version}`, `a ${two.version}`])
  })

  test('tells nothing of a rotation, which changes no version', async () => {
    const { store, told, listener, published } = await watched(() => true)
    await store.set('a', { K: 'v' })
    await store.watch?.(listener)
    await store.rotateKey()
    await expect.poll(() => published.length).toBe(1)
    const { version } = await store.set('b', { K: 'v' })
    await expect.poll(() => told).toEqual([`b ${version}`])
  })

  test('is not misled by what others publish', async () => {
    const { client, prefix, store, told, listener, published } = await watched(() => true, { watchCheckMs: 100 })
    await store.set('a', { K: 'v' })
    await store.watch?.(listener)
    const forged = ['', 'nothing', 'x x default a 7 more', 'x x acme a 7', 'x y acme a 7', 'y x acme a 7']
    for (const message of forged) await client.publish(`{${prefix}}:changes`, message)
    await expect.poll(() => published.length).toBe(forged.length)
    const { version } = await store.set('b', { K: 'v' })
    await expect.poll(() => told).toEqual([`b ${version}`])
  })

  test('that is told of a version that is not there tells again of the one that is', async () => {
    const { client, prefix, store, told, listener } = await watched(() => true, { watchCheckMs: 100 })
    const { version } = await store.set('a', { K: 'v' })
    await store.watch?.(listener)
    await client.publish(`{${prefix}}:changes`, 'forged - default a 7')
    await expect.poll(() => told).toContain(`a ${version}`)
  })

  test('tells of a damaged secret without a version', async () => {
    const { client, prefix, store, told, listener } = await watched(() => true, { watchCheckMs: 100 })
    await store.set('a', { K: 'v' })
    await store.watch?.(listener)
    await client.hSet(`{${prefix}}:secrets`, 'default a', 'planted')
    await client.hSet(`{${prefix}}:secrets`, 'mark', 'another')
    await expect.poll(() => told).toEqual(['a deleted'])
    expect(await failureOf(() => store.get('a'))).toMatchObject({ code: 'CORRUPT' })
  })

  test('reads a store of many pages when it begins, and tells of none of it', async () => {
    const { store, told, listener } = await watched(() => true, { watchCheckMs: 100 })
    const names = Array.from({ length: 1_200 }, (_, index) => `a${index}`)
    await Promise.all(names.map((name) => store.set(name, { K: 'v' })))
    await store.watch?.(listener)
    await store.delete('a1100')
    await store.delete('a0')
    await expect.poll(() => told).toEqual(['a1100 deleted', 'a0 deleted'])
  })

  test('that begins in a store without secrets tells of the first one', async () => {
    const { store, told, listener } = await watched(() => true, { watchCheckMs: 3_600_000 })
    await store.watch?.(listener)
    const { version } = await store.set('a', { K: 'v' })
    await expect.poll(() => told).toEqual([`a ${version}`])
  })

  test('whose store is closed while it begins is CLOSED', async () => {
    const { store, listener } = await watched(() => true)
    const beginning = failureOf(() => store.watch?.(listener))
    await store.close()
    expect(await beginning).toMatchObject({ code: 'CLOSED' })
  })
})
