import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { createClient } from 'redis'
import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { generateKey } from '../../../src/crypto/raw-key.ts'
import { codeWord, redisFailure } from '../../../src/stores/redis/failure.ts'
import { redisStore } from '../../../src/stores/redis.ts'
import type { RedisStore } from '../../../src/stores/redis.ts'
import { collect } from '../../../src/testing/suite/checks.ts'
import { describeEngine } from '../../helpers/engines.ts'
import { CLIENTS, clientOfTest, nodeRedis, redisBinary, redisOfTest } from '../../helpers/engines/redis.ts'
import { failureOf, shownBy } from '../../helpers/store-folder.ts'

describe('an answer of Redis', () => {
  test.each([
    ['NOAUTH Authentication required.', 'DENIED'],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'DENIED'],
    ["NOPERM this user has no permissions to run the 'hmget' command", 'DENIED'],
    ['DENIED Redis is running in protected mode', 'DENIED'],
    ["ERR The user executing the script can't run this command or subcommand script: 5a, on @user_script:9.", 'DENIED'],
    ['ERR Error running script (call to f_5a): @user_script:9: -NOPERM this user has no permissions', 'DENIED'],
    ["ERR Error running script (call to f_5a): @user_script: 9: The user executing the script can't", 'DENIED'],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'CORRUPT'],
    ['ERR Error running script (call to f_5a): @user_script:9: WRONGTYPE Operation against a key', 'CORRUPT'],
    ["READONLY You can't write against a read only replica.", 'UNAVAILABLE'],
    ['LOADING Redis is loading the dataset in memory', 'UNAVAILABLE'],
    ['CLUSTERDOWN The cluster is down', 'UNAVAILABLE'],
    ['OOM command not allowed when used memory > maxmemory', 'UNAVAILABLE'],
    ['MISCONF Redis is configured to save RDB snapshots', 'UNAVAILABLE'],
    ['MOVED 3999 127.0.0.1:6381', 'UNAVAILABLE'],
    ['ERR max number of clients reached', 'UNAVAILABLE'],
    ['NEWWORD that nobody knows yet', 'UNAVAILABLE'],
    ['constructor', 'UNAVAILABLE'],
    ['The client is closed', 'UNAVAILABLE'],
    ['Connection is closed.', 'UNAVAILABLE'],
    ['', 'UNAVAILABLE'],
  ])('%j is told by its code word, never by its text', (message, code) => {
    const error = redisFailure('read', new Error(`${message} AND-A-SECRET`.replace(/^ /, '')))
    expect(error).toMatchObject({ code, store: 'redis', retryable: code === 'UNAVAILABLE' })
    expect(error.message).toMatch(
      /^The redis store could not read: (Redis answered [A-Z]+|Redis answered an error|no answer from Redis)\.$/,
    )
    expect(shownBy(error)).not.toMatch(/SECRET|hmget|6381|f_5a/)
  })

  test('that is no error has no code word', () => {
    expect(codeWord('NOSCRIPT')).toBeUndefined()
    expect(redisFailure('read', undefined)).toMatchObject({ code: 'UNAVAILABLE' })
  })
})

describe('a client that answers otherwise', () => {
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a text', 'QUEUED'],
    ['numbers', [1, 2]],
    ['lists', [[], []]],
  ])('with %s is UNAVAILABLE', async (_, answer) => {
    const store = redisStore({ client: { sendCommand: () => Promise.resolve(answer) }, key: generateKey() })
    expect(await failureOf(() => store.get('a'))).toMatchObject({ code: 'UNAVAILABLE', store: 'redis' })
  })

  test('by throwing at once is a rejection', async () => {
    const client = {
      sendCommand: () => {
        throw new Error('not connected')
      },
    }
    expect(await failureOf(redisStore({ client, key: generateKey() }).get('a'))).toMatchObject({ code: 'UNAVAILABLE' })
  })
})

describeEngine('redis', redisBinary(), 'redis-server or valkey-server on PATH', (binary) => {
  const everyVerb = (store: RedisStore): (() => unknown)[] => [
    () => store.get('a'),
    () => store.getMany([{ name: 'a' }]),
    () => store.describe('a'),
    () => store.history('a'),
    () => collect(store.list()),
    () => collect(store.scopes()),
    () => store.set('a', { K: 'v' }),
    () => store.delete('a'),
    () => store.rollback('a', '1'),
    () => store.rotateKey(),
  ]
  /** A server with a secret in it, its store, and its administrator. */
  const sown = async () => {
    const server = await redisOfTest(binary)
    const admin = await clientOfTest(nodeRedis(server.url))
    const key = generateKey()
    const store = redisStore({ client: admin, key })
    await store.set('a', { K: 'v' })
    await store.set('a', { K: 'w' })
    return { server, admin, key, store }
  }

  test('without the password, and with a wrong one, every verb and a watch are DENIED', async () => {
    const { server, admin, key } = await sown()
    await admin.sendCommand(['CONFIG', 'SET', 'requirepass', 'the-right-one'])
    const nameless = new Redis(server.url, { retryStrategy: () => 20 })
    nameless.on('error', () => undefined)
    onTestFinished(() => {
      nameless.disconnect()
    })
    for (const act of everyVerb(redisStore({ client: nameless, key }))) {
      expect(await failureOf(act)).toMatchObject({
        code: 'DENIED',
        message: expect.stringContaining('NOAUTH') as string,
      })
    }
    expect(await failureOf(() => redisStore({ client: nameless, key }).watch?.(() => undefined))).toMatchObject({
      code: 'DENIED',
    })
    const error = await failureOf(() => nameless.auth('wrong'))
    expect(redisFailure('connect', error)).toMatchObject({ code: 'DENIED' })
  })

  test('a user who may do what the page lists can use the store', async () => {
    const { server, admin, key } = await sown()
    await admin.sendCommand([
      ...['ACL', 'SETUSER', 'app', 'on', '>pw', '~{latchkey}:*', '&{latchkey}:*'],
      ...[
        '+hmget',
        '+evalsha',
        '+eval',
        '+hget',
        '+hset',
        '+hdel',
        '+hlen',
        '+hexists',
        '+zadd',
        '+zrem',
        '+zcard',
        '+zscore',
      ],
      ...['+zrangebylex', '+publish', '+subscribe', '+unsubscribe', '+hello', '+ping'],
    ])
    const client = createClient({ url: `redis://app:pw@127.0.0.1:${server.port}` })
    await client.connect()
    onTestFinished(() => {
      client.destroy()
    })
    const store = redisStore({ client, key })
    const told: string[] = []
    await store.watch?.(({ name }) => told.push(name))
    await store.set('b', { K: 'v' })
    await store.rotateKey()
    expect((await store.history('a')).length).toBe(2)
    expect((await collect(store.list())).length).toBe(2)
    expect(await store.delete('b')).toBe(true)
    await expect.poll(() => told).toEqual(['b', 'b'])
    await store.close()
  })

  test.each([
    ['publish', ['-publish']],
    ['write', ['-hset']],
    ['use the channel', ['resetchannels']],
    ['keep the set of names', ['-zadd', '-zrem']],
  ])('a user who may not %s is DENIED, and nothing was written', async (_, rules) => {
    const { server, admin, key, store } = await sown()
    await admin.sendCommand(['ACL', 'SETUSER', 'app', 'on', '>pw', 'allkeys', 'allchannels', 'allcommands', ...rules])
    const client = createClient({ url: `redis://app:pw@127.0.0.1:${server.port}` })
    await client.connect()
    onTestFinished(() => {
      client.destroy()
    })
    const refused = redisStore({ client, key })
    const version = (await refused.get('a'))?.version
    for (const act of [
      () => refused.set('a', { K: 'x' }),
      () => refused.set('new', { K: 'x' }),
      () => refused.delete('a'),
    ]) {
      expect(await failureOf(act)).toMatchObject({ code: 'DENIED', store: 'redis' })
    }
    expect((await store.get('a'))?.version).toBe(version)
    expect((await store.history('a')).length).toBe(2)
    expect((await collect(store.list())).map(({ name }) => name)).toEqual(['a'])
  })

  test('a replica reads, and refuses writes with UNAVAILABLE', async () => {
    const { server, key, store } = await sown()
    const replica = await redisOfTest(binary, ['--replicaof', '127.0.0.1', String(server.port)])
    const client = await clientOfTest(nodeRedis(replica.url))
    await expect.poll(() => client.hLen('{latchkey}:secrets')).toBe(3)
    const other = redisStore({ client, key })
    expect((await other.get('a'))?.values['K']).toBe('w')
    for (const act of [() => other.set('a', { K: 'x' }), () => other.delete('a')]) {
      expect(await failureOf(act)).toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringContaining('READONLY') as string,
      })
    }
    expect((await store.get('a'))?.values['K']).toBe('w')
  })

  test('a full Redis reads, and refuses writes with UNAVAILABLE, whole', async () => {
    const { admin, store } = await sown()
    await admin.sendCommand(['CONFIG', 'SET', 'maxmemory', '1'])
    for (const act of [() => store.set('a', { K: 'x' }), () => store.set('new', { K: 'x' }), () => store.delete('a')]) {
      expect(await failureOf(act)).toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringContaining('OOM') as string,
      })
    }
    expect((await store.get('a'))?.values['K']).toBe('w')
    expect((await store.history('a')).length).toBe(2)
    await admin.sendCommand(['CONFIG', 'SET', 'maxmemory', '0'])
    expect((await collect(store.list())).length).toBe(1)
    await store.set('a', { K: 'x' })
  })

  test.each(Object.entries(CLIENTS))(
    'by %s, a Redis that does not answer is UNAVAILABLE in time',
    async (_, connect) => {
      const { server, key } = await sown()
      const client = await clientOfTest<object>(connect(server.url))
      const store = redisStore({ client: client as never, key, timeoutMs: 3_000 })
      await store.get('a')
      server.signal('SIGSTOP')
      try {
        const watch = failureOf(() => store.watch?.(() => undefined))
        for (const failure of everyVerb(store).map((act) => failureOf(act))) {
          expect(await failure).toMatchObject({ code: 'UNAVAILABLE', retryable: true, store: 'redis' })
        }
        expect(await watch).toMatchObject({ code: 'UNAVAILABLE' })
      } finally {
        server.signal('SIGCONT')
      }
    },
  )

  test('a signal ends the wait for a Redis that does not answer', async () => {
    const { server, store } = await sown()
    server.signal('SIGSTOP')
    try {
      const stop = new AbortController()
      const reason = new Error('enough')
      const reads = [
        store.get('a', { signal: stop.signal }),
        store.getMany([{ name: 'a' }], { signal: stop.signal }),
        store.history('a', { signal: stop.signal }),
      ].map((read) => failureOf(read))
      stop.abort(reason)
      for (const read of reads) expect(await read).toBe(reason)
    } finally {
      server.signal('SIGCONT')
    }
  })

  test('a delete that is sent long after its caller has given up removes nothing that was written since', async () => {
    const { admin, key, store } = await sown()
    // Sends nothing until it is let go, as a client does that waits for its connection.
    let letGo = (): void => undefined
    const gate = new Promise<void>((resolve) => (letGo = resolve))
    let waiting = 0
    const slow = {
      sendCommand: async (args: string[]) => {
        if (args[0] !== 'HMGET') {
          waiting += 1
          await gate
        }
        return admin.sendCommand(args)
      },
    }
    const late = redisStore({ client: slow, key, timeoutMs: 3_000 })
    expect(await failureOf(() => late.delete('a'))).toMatchObject({ code: 'UNAVAILABLE' })
    expect(waiting).toBe(1)
    await store.set('a', { K: 'newer' })
    const commands = async () => /cmdstat_evalsha:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1]
    const before = Number(await commands())
    letGo()
    await expect.poll(commands).toBe(String(before + 1))
    expect((await store.get('a'))?.values['K']).toBe('newer')
  })

  test('a write that a client sends twice, since its answer was lost, is done once', async () => {
    const { admin, key, store } = await sown()
    const twice = {
      sendCommand: async (args: string[]) => {
        await admin.sendCommand(args)
        return admin.sendCommand(args)
      },
    }
    const other = redisStore({ client: twice, key })
    const { version } = await other.set('a', { K: 'x' })
    expect((await store.get('a'))?.version).toBe(version)
    expect(await other.delete('a', { ifVersion: version })).toBe(true)
    await other.set('a', { K: 'y' }, { ifVersion: null })
    expect(await other.delete('a')).toBe(true)
    await other.rotateKey()
  })

  test('the first use while no server is there is UNAVAILABLE, and the next one after it came is not', async () => {
    const server = await redisOfTest(binary)
    await server.crash()
    const client = createClient({ url: server.url, socket: { reconnectStrategy: () => 20 } })
    client.on('error', () => undefined)
    const connecting = client.connect()
    onTestFinished(() => {
      client.destroy()
    })
    const byIoredis = new Redis(server.url, { retryStrategy: () => 20, maxRetriesPerRequest: null })
    byIoredis.on('error', () => undefined)
    onTestFinished(() => {
      byIoredis.disconnect()
    })
    const key = generateKey()
    const stores = [client, byIoredis].map((one) => redisStore({ client: one, key, timeoutMs: 200 }))
    for (const store of stores) {
      expect(await failureOf(() => store.get('a'))).toMatchObject({ code: 'UNAVAILABLE' })
      expect(await failureOf(() => store.set('a', { K: 'v' }))).toMatchObject({ code: 'UNAVAILABLE' })
      expect(await failureOf(() => store.watch?.(() => undefined))).toMatchObject({ code: 'UNAVAILABLE' })
    }
    await server.start()
    await connecting
    await byIoredis.ping()
    for (const store of [client, byIoredis].map((one) => redisStore({ client: one, key }))) {
      await store.set('a', { K: 'v' })
      expect((await store.get('a'))?.values['K']).toBe('v')
    }
  })
})

test('a port that speaks no Redis is UNAVAILABLE', async () => {
  const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = new Redis(port, '127.0.0.1', { retryStrategy: () => null, lazyConnect: true })
  client.on('error', () => undefined)
  onTestFinished(() => {
    client.disconnect()
    server.close()
  })
  const store = redisStore({ client, key: generateKey(), timeoutMs: 2_000 })
  expect(await failureOf(() => store.get('a'))).toMatchObject({ code: 'UNAVAILABLE' })
})
