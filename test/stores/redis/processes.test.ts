import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest'
import { generateKey } from '../../../src/crypto/raw-key.ts'
import { redisStore } from '../../../src/stores/redis.ts'
import { collect } from '../../../src/testing/suite/checks.ts'
import { describeEngine } from '../../helpers/engines.ts'
import { DURABLE, clientOfTest, ioredis, nodeRedis, redisBinary, startRedis } from '../../helpers/engines/redis.ts'
import type { StartedRedis } from '../../helpers/engines/redis.ts'
import { startFixture } from '../../helpers/run-fixture.ts'
import type { Fixture } from '../../helpers/run-fixture.ts'

interface Answer {
  done?: unknown
  failed?: string
  heard?: string
  version?: string
  checked?: number
}

describeEngine('redis', redisBinary(), 'redis-server or valkey-server on PATH', (binary) => {
  let server: StartedRedis
  let stores = 0
  const hosts: Fixture[] = []
  beforeAll(async () => {
    server = await startRedis(binary, DURABLE)
  })
  afterEach(async () => {
    for (const { child } of hosts) child.kill('SIGKILL')
    await Promise.all(hosts.splice(0).map(({ ended }) => ended))
  })
  afterAll(() => server.remove())

  const place = () => ({ prefix: `processes-${process.pid}-${(stores += 1)}`, key: generateKey() })
  const startHost = async (library: 'node-redis' | 'ioredis', { prefix, key }: ReturnType<typeof place>) => {
    const fixture = startFixture('host.mjs', { of: 'redis', args: [library, server.url, prefix, key] })
    hosts.push(fixture)
    const next = async (): Promise<Answer> => JSON.parse(await fixture.next()) as Answer
    expect(await next()).toEqual({ done: 'started' })
    const send = (...command: string[]) => fixture.child.stdin?.write(`${JSON.stringify(command)}\n`)
    return {
      fixture,
      next,
      send,
      async ask(...command: string[]): Promise<unknown> {
        send(...command)
        const answer = await next()
        expect(answer).toHaveProperty('done')
        return answer.done
      },
    }
  }

  test('two hosts that use it for the first time share one keyring, and a write on one is heard by the other', async () => {
    const at = place()
    const [one, two] = await Promise.all([startHost('node-redis', at), startHost('ioredis', at)])
    await Promise.all([one.ask('set', 'a', 'of one'), two.ask('set', 'b', 'of two')])
    expect(await one.ask('get', 'b')).toBe('of two')
    expect(await two.ask('get', 'a')).toBe('of one')
    for (const [writer, listener] of [
      [one, two],
      [two, one],
    ] as const) {
      await listener.ask('watch')
      const version = await writer.ask('set', 'a', 'again')
      expect(await listener.next()).toEqual({ heard: 'a', version })
      expect(await listener.ask('get', 'a')).toBe('again')
      if (listener === two) await writer.ask('get', 'a')
    }
  }, 60_000)

  test('20 writers in two processes, 50 writes each: every write that was acknowledged counts, and no other', async () => {
    const at = place()
    const [one, two] = await Promise.all([startHost('node-redis', at), startHost('ioredis', at)])
    await one.ask('set', 'counter', '0')
    const conflicts = await Promise.all([
      one.ask('count', 'counter', '10', '50'),
      two.ask('count', 'counter', '10', '50'),
    ])
    expect(await two.ask('get', 'counter')).toBe('1000')
    expect((conflicts.flat() as number[]).reduce((sum, some) => sum + some, 0)).toBeGreaterThan(0)
  }, 180_000)

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
    60_000,
  )

  test('a rotation that is killed in the middle, while others write, is finished by another host', async () => {
    const at = place()
    const client = await clientOfTest(ioredis(server.url))
    const store = redisStore({ client, ...at })
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
    let over = false
    const writes = (async () => {
      let written = 0
      for (; !over; written += 1) {
        await store.set(`b${written}`, { K: `${written}` })
        await store.set('a000', { K: 'a000' })
      }
      return written
    })()

    const rotating = await startHost('node-redis', at)
    rotating.send('rotate')
    expect((await rotating.next()).checked).toBe(16)
    rotating.fixture.child.kill('SIGKILL')
    await rotating.fixture.ended
    expect(await kids()).toBe(2)
    const found = await redisStore({ client, ...at }).getMany(names.map((name) => ({ name })))
    expect(found.map((secret) => secret?.values['K'])).toEqual(names)

    const finishing = await startHost('ioredis', at)
    finishing.send('rotate')
    let answer = await finishing.next()
    while (answer.checked !== undefined) answer = await finishing.next()
    expect(answer).toEqual({ done: null })
    over = true
    const written = await writes
    expect(written).toBeGreaterThan(0)
    const last = redisStore({ client, ...at })
    const all = [...names, ...Array.from({ length: written }, (_, index) => `b${index}`)]
    const kept = await last.getMany(all.map((name) => ({ name })))
    expect(kept.map((secret) => secret?.values['K'])).toEqual(all.map((name) => name.replace(/^b/, '')))
    expect((await last.history('a007')).length).toBe(2)
    expect(await kids()).toBe(1)
  }, 120_000)

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
  }, 180_000)
})
