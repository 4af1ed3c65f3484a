import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest'
import { generateKey } from '../../../src/crypto/raw-key.ts'
import { redisStore } from '../../../src/stores/redis.ts'
import { collect } from '../../../src/testing/suite/checks.ts'
import { describeEngine } from '../../helpers/engines.ts'
import { DURABLE, clientOfTest, ioredis, nodeRedis, redisBinary, startRedis } from '../../helpers/engines/redis.ts'
import type { StartedRedis } from '../../helpers/engines/redis.ts'
import { hostsOf } from '../../helpers/engines/hosts.ts'
import { countTogether, finishKilledRotation, isHeard, useForTheFirstTime } from '../../helpers/engines/scenarios.ts'

describeEngine('redis', redisBinary(), 'redis-server or valkey-server on PATH', (binary) => {
  let server: StartedRedis
  let stores = 0
  const hosts = hostsOf('redis')
  beforeAll(async () => {
    server = await startRedis(binary, DURABLE)
  })
  afterEach(() => hosts.endAll())
  afterAll(() => server.remove())

  const place = () => ({ prefix: `processes-${process.pid}-${(stores += 1)}`, key: generateKey() })
  const startHost = async (library: 'node-redis' | 'ioredis', { prefix, key }: ReturnType<typeof place>) => {
    const host = hosts.start(library, server.url, prefix, key)
    expect(await host.next()).toEqual({ done: 'started' })
    return host
  }

  test('two hosts that use it for the first time share one keyring, and a write on one is heard by the other', async () => {
    const at = place()
    const [one, two] = await Promise.all([startHost('node-redis', at), startHost('ioredis', at)])
    await useForTheFirstTime(one, two)
    await isHeard(two, one)
    // Others, as a host that watches is told of its own writes, too.
    const [three, four] = await Promise.all([startHost('node-redis', at), startHost('ioredis', at)])
    await isHeard(three, four)
  })

  test('20 writers in two processes, 50 writes each: every write that was acknowledged counts, and no other', async () => {
    const at = place()
    const [one, two] = await Promise.all([startHost('node-redis', at), startHost('ioredis', at)])
    await countTogether(one, two)
  })

  test.each(['node-redis', 'ioredis'] as const)(
    'a host by %s whose connection for the watch was cut hears what was written meanwhile',
    async (library) => {
      const at = place()
      const client = await clientOfTest(nodeRedis(server.url))
      const store = redisStore({ client, ...at })
      const listener = await startHost(library, at)
      await listener.ask('watch')
      for (let cut = 0; cut < 3; cut += 1) {
        expect(Number(await client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']))).toBeGreaterThan(0)
        const { version } = await store.set('a', { K: `after cut ${cut}` })
        expect(await listener.next()).toEqual({ heard: 'a', version })
      }
    },
  )

  test('a rotation that is killed in the middle, while others write, is finished by another host', async () => {
    const at = place()
    const client = await clientOfTest(ioredis(server.url))
    const open = () => redisStore({ client, ...at })
    const store = open()
    const names = Array.from({ length: 200 }, (_, index) => `a${String(index).padStart(3, '0')}`)
    await Promise.all(names.map((name) => store.set(name, { K: name })))
    await Promise.all(names.map((name) => store.set(name, { K: name })))
    /** The ids of the data keys that live and older versions are sealed under. */
    const kids = async (): Promise<number> => {
      const [live, older] = await Promise.all([
        client.hgetall(`{${at.prefix}}:secrets`),
        client.hgetall(`{${at.prefix}}:older`),
      ])
      const envelopes = Object.entries({ ...live, ...older })
        .filter(([field]) => field.includes(' '))
        .flatMap(([, value]) => [...value.matchAll(/\d\.([\w-]+)/g)].map(([, text = '']) => text))
      return new Set(envelopes.map((text) => Buffer.from(text, 'base64url').toString('hex', 2, 10))).size
    }
    const libraries = ['node-redis', 'ioredis'] as const
    let started = 0
    const start = () => startHost(libraries[started++] ?? 'ioredis', at)
    const last = await finishKilledRotation({ open, names, kids, start })
    expect((await last.history('a007')).length).toBe(2)
  })

  test('10,000 secrets are listed over pages, each once and in order, while others write, make and delete', async () => {
    const at = place()
    const client = await clientOfTest(nodeRedis(server.url))
    await client.sendCommand(['CONFIG', 'SET', 'appendfsync', 'no'])
    onTestFinished(async () => {
      await client.sendCommand(['CONFIG', 'SET', 'appendfsync', 'always'])
    })
    const store = redisStore({ client, ...at })
    const names = Array.from({ length: 10_000 }, (_, index) => `s${String(index).padStart(5, '0')}`)
    for (let from = 0; from < names.length; from += 500) {
      await Promise.all(names.slice(from, from + 500).map((name) => store.set(name, { K: name })))
    }
    const other = redisStore({ client: await clientOfTest(ioredis(server.url)), ...at })
    let over = false
    const writes = (async () => {
      let written = 0
      for (; !over; written += 1) {
        const at = (written * 7_919) % names.length
        await other.set(names[at] ?? '', { K: 'again' })
        await other.set(`${names[at] ?? ''}x`, { K: 'made' })
        await other.delete(`${names[(at + 5_000) % names.length] ?? ''}x`)
      }
      return written
    })()
    const listed = (await collect(store.list())).map(({ name }) => name)
    over = true
    expect(await writes).toBeGreaterThan(10)
    expect(listed).toEqual([...new Set(listed)].sort())
    expect(listed.filter((name) => !name.endsWith('x'))).toEqual(names)
    expect((await collect(store.list({ prefix: 's0999' }))).filter(({ name }) => !name.endsWith('x')).length).toBe(10)
  })
})
