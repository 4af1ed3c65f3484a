import { readFileSync } from 'node:fs'
import { createClient, createCluster, RESP_TYPES } from 'redis'
import { Cluster, Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { generateKey } from '../../src/crypto/raw-key.ts'
import { redisStore as redisStoreInChild } from '../../src/stores/redis-in-child.ts'
import { redisStore } from '../../src/stores/redis.ts'
import type { RedisStoreOptions } from '../../src/stores/redis.ts'
import { testSecretStore } from '../../src/testing/index.ts'
import { collect } from '../../src/testing/suite/checks.ts'
import { describeEngine, sharedEngine } from '../helpers/engines.ts'
import {
  clientOfTest,
  CLIENTS,
  ioredis,
  nodeRedis,
  redisBinary,
  redisHere,
  redisOfTest,
  startRedis,
} from '../helpers/engines/redis.ts'
import { failureOf } from '../helpers/store-folder.ts'

const WANTED = 'TEST_REDIS_URL, or redis-server or valkey-server on PATH'
let stores = 0
const freshPrefix = (): string => `test-${process.pid}-${(stores += 1)}`

describeEngine('redis', redisHere(), WANTED, (here) => {
  const shared = sharedEngine(here, startRedis)

  describe.each(Object.entries(CLIENTS))('by %s', (_name, connect) => {
    testSecretStore({
      describe,
      test,
      factory: async () => {
        const { client, end } = await connect(shared.url)
        const options = { client, prefix: freshPrefix(), key: generateKey() }
        const other = redisStore(options)
        return {
          store: redisStore(options),
          change: async (scope, name, values) => {
            if (values === undefined) await other.delete(name, { scope })
            else await other.set(name, values, { scope })
          },
          dispose: end,
        }
      },
    })
  })

  test('Redis sees scopes, names and versions, never keys, values or descriptions', async () => {
    const client = await clientOfTest(nodeRedis(shared.url))
    const prefix = freshPrefix()
    const store = redisStore({ client, prefix, key: generateKey() })
    const heard: string[] = []
    const other = await clientOfTest(nodeRedis(shared.url))
    await other.subscribe(`{${prefix}}:changes`, (message) => heard.push(message))
    await store.set('a', { KEY_NAME: 'the value' }, { scope: 'acme', description: 'the description' })
    await store.set('a', { KEY_NAME: 'another value' }, { scope: 'acme', mode: 'merge' })
    await store.rotateKey()
    const { version } = (await store.get('a', { scope: 'acme' })) ?? {}
    await store.delete('a', { scope: 'acme' })
    await store.set('a', { KEY_NAME: 'the value' }, { scope: 'acme' })
    const kept = JSON.stringify([
      heard,
      await client.hGetAll(`{${prefix}}:secrets`),
      await client.hGetAll(`{${prefix}}:older`),
      await client.zRange(`{${prefix}}:names`, 0, -1),
    ])
    expect(kept).toContain('acme a')
    expect(kept).toContain(version)
    for (const text of ['KEY_NAME', 'the value', 'another value', 'the description']) {
      expect(kept).not.toContain(text)
      expect(kept).not.toContain(Buffer.from(text).toString('base64url').slice(0, -2))
    }
  })

  test('two stores with different prefixes never meet, also where one prefix begins with the other', async () => {
    const client = await clientOfTest(nodeRedis(shared.url))
    const [prefix, key] = [freshPrefix(), generateKey()]
    const one = redisStore({ client, prefix, key })
    const two = redisStore({ client, prefix: `${prefix}:more`, key: generateKey() })
    const told: string[] = []
    await two.watch?.(({ name }) => told.push(name))
    await one.set('a', { K: 'of one' })
    await two.set('b', { K: 'of two' })
    expect(await two.get('a')).toBeUndefined()
    expect(await one.get('b')).toBeUndefined()
    expect((await collect(one.list())).map(({ name }) => name)).toEqual(['a'])
    expect(await two.delete('a')).toBe(false)
    await one.rotateKey()
    expect((await two.get('b'))?.values['K']).toBe('of two')
    expect(told).toEqual(['b'])
    await two.close()
  })

  test('what ioredis puts before its keys keeps stores apart, too', async () => {
    const prefix = freshPrefix()
    const [key, otherKey] = [generateKey(), generateKey()]
    const clients = [`one-${prefix}:`, `two-${prefix}:`].map((keyPrefix) => new Redis(shared.url, { keyPrefix }))
    onTestFinished(() => {
      for (const client of clients) client.disconnect()
    })
    const [one, two] = [key, otherKey].map((of, at) => redisStore({ client: clients[at] as Redis, prefix, key: of }))
    const told: (string | undefined)[] = []
    const watch = await one?.watch?.(({ version }) => told.push(version))
    await two?.set('a', { K: 'of two' })
    const { version } = (await one?.set('a', { K: 'of one' })) ?? {}
    expect((await two?.get('a'))?.values['K']).toBe('of two')
    expect((await one?.get('a'))?.version).toBe(version)
    // Their channel is the same: a watch may hear of the other store, and then tells what is true of its own.
    await expect.poll(() => told.at(-1)).toBe(version)
    await watch?.[Symbol.asyncDispose]()
  })

  test('a get, and a getMany of 50, are one command', async () => {
    const client = await clientOfTest(nodeRedis(shared.url))
    const sent: string[] = []
    const counting = { sendCommand: (args: string[]) => (sent.push(args[0] ?? ''), client.sendCommand(args)) }
    const store = redisStore({ client: counting, prefix: freshPrefix(), key: generateKey() })
    const names = Array.from({ length: 50 }, (_, index) => `a${index}`)
    for (const name of names) await store.set(name, { K: name })
    sent.length = 0
    await store.get('a7')
    expect(sent).toEqual(['HMGET'])
    const found = await store.getMany([...names, 'none'].map((name) => ({ name })))
    expect(sent).toEqual(['HMGET', 'HMGET'])
    expect(found.map((secret) => secret?.values['K'])).toEqual([...names, undefined])
  })

  test('a client that is nothing but sendCommand makes a store without watch', async () => {
    const client = await clientOfTest(nodeRedis(shared.url))
    const sender = { sendCommand: (args: string[]) => client.sendCommand(args) }
    const store = redisStore({ client: sender, prefix: freshPrefix(), key: generateKey() })
    expect(store.watch).toBeUndefined()
    expect(store.capabilities.watch).toBe(false)
    await store.set('a', { K: 'v' })
    expect((await store.get('a'))?.values['K']).toBe('v')
  })

  test('a client that was told to answer with buffers, or by the older protocol, does as well', async () => {
    const plain = createClient({ url: shared.url, RESP: 2 })
    await plain.connect()
    onTestFinished(() => {
      plain.destroy()
    })
    const buffers = plain.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
    const [prefix, key] = [freshPrefix(), generateKey()]
    for (const client of [plain, buffers]) {
      const store = redisStore({ client, prefix, key })
      await store.set('a', { K: 'vÄ€😀' })
      expect((await store.get('a'))?.values['K']).toBe('vÄ€😀')
      expect((await collect(store.scopes())).length).toBe(1)
      expect((await store.history('a')).length).toBeGreaterThan(0)
    }
  })

  test('scripts that Redis has forgotten are sent again', async () => {
    const client = await clientOfTest(nodeRedis(shared.url))
    const store = redisStore({ client, prefix: freshPrefix(), key: generateKey() })
    await store.set('a', { K: 'v' })
    await client.scriptFlush()
    await store.set('a', { K: 'w' })
    await client.scriptFlush()
    expect((await store.history('a')).length).toBe(2)
  })

  test('close leaves the client to its owner, and ends the connection of the watch', async () => {
    const client = await clientOfTest(nodeRedis(shared.url))
    const name = freshPrefix()
    const named = client.duplicate({ name })
    await named.connect()
    onTestFinished(() => {
      named.destroy()
    })
    const connections = async () =>
      (await client.sendCommand<string>(['CLIENT', 'LIST'])).split(`name=${name}`).length - 1
    const store = redisStore({ client: named, prefix: name, key: generateKey() })
    await store.watch?.(() => undefined)
    await store.watch?.(() => undefined, { scope: 'acme' })
    expect(await connections()).toBe(2)
    await store.close()
    await expect.poll(connections).toBe(1)
    expect(await named.ping()).toBe('PONG')
  })

  test('the connection of the watches is closed with the last of them, and opened again for the next', async () => {
    const client = await clientOfTest(ioredis(shared.url))
    const channel = freshPrefix()
    const subscribers = async () => (await client.call('pubsub', 'numsub', `{${channel}}:changes`)) as [string, number]
    const store = redisStore({ client, prefix: channel, key: generateKey() })
    const watches = [await store.watch?.(() => undefined), await store.watch?.(() => undefined)]
    await watches[0]?.[Symbol.asyncDispose]()
    expect((await subscribers())[1]).toBe(1)
    await watches[1]?.[Symbol.asyncDispose]()
    await expect.poll(async () => (await subscribers())[1]).toBe(0)
    const told: string[] = []
    await store.watch?.(({ name }) => told.push(name))
    await store.set('a', { K: 'v' })
    await expect.poll(() => told).toEqual(['a'])
    await store.close()
  })

  test.each(Object.entries(CLIENTS))(
    'a subscriber of %s that was given is used, and stays connected',
    async (_, connect) => {
      const client = await clientOfTest(nodeRedis(shared.url))
      const subscriber = await clientOfTest<object & { unsubscribe: (channel: string) => Promise<unknown> }>(
        connect(shared.url),
      )
      const prefix = freshPrefix()
      const sender = { sendCommand: (args: string[]) => client.sendCommand(args) }
      const store = redisStore({ client: sender, subscriber, prefix, key: generateKey() })
      const told: (string | undefined)[] = []
      const watch = await store.watch?.(({ name, version }) => told.push(name, version))
      const { version } = await store.set('a', { K: 'v' })
      await expect.poll(() => told).toEqual(['a', version])
      await watch?.[Symbol.asyncDispose]()
      await store.close()
      expect((await client.sendCommand<[string, number]>(['PUBSUB', 'NUMSUB', `{${prefix}}:changes`]))[1]).toBe(0)
      await subscriber.unsubscribe('another')
    },
  )
})

describeEngine('redis', redisBinary(), 'redis-server or valkey-server on PATH', (binary) => {
  test('the keys of a store are in one slot of a cluster, by node-redis and by ioredis', async () => {
    const server = await redisOfTest(binary, ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'])
    const admin = await clientOfTest(nodeRedis(server.url))
    await admin.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', '0', '16383'])
    await expect.poll(() => admin.sendCommand(['CLUSTER', 'INFO'])).toContain('cluster_state:ok')
    const byNodeRedis = createCluster({ rootNodes: [{ url: server.url }] })
    byNodeRedis.on('error', () => undefined)
    await byNodeRedis.connect()
    const byIoredis = new Cluster([{ host: '127.0.0.1', port: server.port }])
    onTestFinished(() => {
      byNodeRedis.destroy()
      byIoredis.disconnect()
    })
    const key = generateKey()
    const hosts = [byNodeRedis, byIoredis].map((client) => redisStore({ client, key }))
    for (const [at, host] of hosts.entries()) {
      const other = hosts[1 - at]
      const told: string[] = []
      const watch = await other?.watch?.(({ name }) => told.push(name))
      await host.set(`a${at}`, { K: 'v' })
      await host.set(`a${at}`, { K: 'w' })
      expect((await other?.history(`a${at}`))?.length).toBe(2)
      await expect.poll(() => told.length).toBeGreaterThan(0)
      await watch?.[Symbol.asyncDispose]()
    }
    for (const host of hosts) {
      await host.rotateKey()
      expect((await collect(host.list())).map(({ name }) => name)).toEqual(['a0', 'a1'])
    }
    for (const host of hosts) await host.close()
  })
})

describe('options', () => {
  const client = { sendCommand: () => Promise.resolve(null) }
  const make = (options: unknown) => () => redisStore(options as RedisStoreOptions)

  test.each<[string, unknown]>([
    ['no options', undefined],
    ['no client', { key: 'k' }],
    ['a client that is null', { client: null }],
    ['a client that is no client', { client: { get: () => undefined } }],
    ['a sentinel of node-redis', { client: { ...client, getSentinelNode: () => undefined } }],
    ['a subscriber that cannot subscribe', { client, subscriber: {} }],
    ['an empty prefix', { client, prefix: '' }],
    ['a prefix with a brace', { client, prefix: 'a}b' }],
    ['a prefix with a space', { client, prefix: 'a b' }],
    ['a prefix that is no string', { client, prefix: 7 }],
    ['no time', { client, timeoutMs: 0 }],
    ['checks too often', { client, watchCheckMs: 99 }],
    ['more history than is kept', { client, history: 101 }],
    ['two keys', { client, key: 'k', passphrase: 'p' }],
  ])('with %s are refused at once', (_, options) => {
    expect(make(options)).toThrow(expect.objectContaining({ name: 'TypeError', code: 'INVALID_OPTION' }))
  })

  test('that are unknown are refused at once', () => {
    expect(make({ client, url: 'redis://' })).toThrow(expect.objectContaining({ code: 'UNKNOWN_OPTION' }))
  })

  test('without any key are KEY_MISSING at the first use, not before', async () => {
    expect(
      await failureOf(() => redisStore({ client: { sendCommand: () => Promise.resolve([null, null]) } }).get('a')),
    ).toMatchObject({ code: 'KEY_MISSING', store: 'redis' })
  })
})

test('inside a child it takes its options and fails with STORE_IN_CHILD', async () => {
  expect(await failureOf(() => redisStoreInChild().get('a'))).toMatchObject({ code: 'STORE_IN_CHILD', store: 'redis' })
})

test('the page names the keys, the channel and every option', () => {
  const page = readFileSync(new URL('../../docs/stores/redis.md', import.meta.url), 'utf8')
  for (const name of [
    ':secrets',
    ':older',
    ':names',
    ':changes',
    '`subscriber`',
    '`timeoutMs`',
    '`watchCheckMs`',
    '`prefix`',
  ]) {
    expect(page).toContain(name)
  }
})
