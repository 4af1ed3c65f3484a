import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { generateKey, isLatchkeyError } from 'latchkey'
import { etcdStore } from 'latchkey/stores/etcd'
import type { EtcdStore, EtcdStoreOptions } from 'latchkey/stores/etcd'
import { testSecretStore } from 'latchkey/testing'
import { collect } from '../../src/testing/suite/checks.ts'
import { describeEngine, sharedEngine } from '../helpers/engines.ts'
import { ask, base64, ETCD_WANTED, etcdBinary, etcdHere, startEtcd } from '../helpers/engines/etcd.ts'
import { mendsAnOlderVersion } from '../helpers/damaged-version.ts'
import { failureOf } from '../helpers/store-folder.ts'

describeEngine('etcd', etcdHere(), ETCD_WANTED, (here) => {
  const shared = sharedEngine(here, startEtcd)

  let count = 0
  const made = (options: Partial<EtcdStoreOptions> = {}) => {
    const place = { address: shared.url, prefix: `test-${process.pid}-${(count += 1)}/`, key: generateKey() }
    const open = (others: Partial<EtcdStoreOptions> = {}): EtcdStore => etcdStore({ ...place, ...options, ...others })
    return { store: open(), open, ...place }
  }
  /** What an administrator reads and writes. */
  const valueOf = async (key: string): Promise<string> => {
    const { kvs } = (await ask(shared.url, 'kv/range', { key: base64(key) })) as { kvs: { value: string }[] }
    return kvs[0]?.value ?? ''
  }
  const put = (key: string, value: string) => ask(shared.url, 'kv/put', { key: base64(key), value })

  testSecretStore({ describe, test, factory: () => ({ store: made().store }) })

  test('keeps as many older versions as history says, and none of a secret that is deleted', async () => {
    for (const history of [0, 2]) {
      const { store } = made({ history })
      for (const K of ['1', '2', '3', '4']) await store.set('a', { K }, { description: K })
      const kept = await store.history('a')
      expect(kept.map(({ description }) => description)).toEqual(['4', '3', '2'].slice(0, history + 1))
      await store.delete('a')
      expect(await store.history('a')).toEqual([])
    }
  })

  test('keeps the largest secret with one older version, fewer older ones than asked for where no more fit, and nothing larger', async () => {
    const { store } = made({ history: 5 })
    const { maxBytes = 0 } = store.capabilities
    expect(maxBytes).toBe(512 * 1024)
    for (const letter of ['a', 'b', 'c']) await store.set('a', { K: letter.repeat(maxBytes) })
    expect((await store.get('a'))?.values['K']).toBe('c'.repeat(maxBytes))
    expect(await store.history('a')).toHaveLength(2)
    await store.rotateKey()
    expect(await store.history('a')).toHaveLength(2)
    for (const value of ['x'.repeat(maxBytes + 1), '\u0001'.repeat(maxBytes)]) {
      const error = await failureOf(() => store.set('a', { K: value }))
      expect(error).toMatchObject({ code: 'TOO_LARGE', store: 'etcd', secret: 'a', retryable: false })
    }
    expect((await store.get('a'))?.values['K']).toBe('c'.repeat(maxBytes))
  })

  test('reads and lists many large secrets at once', async () => {
    const { store } = made()
    const names = Array.from({ length: 24 }, (_, index) => `a${String(index).padStart(2, '0')}`)
    for (const name of names) await store.set(name, { K: name.repeat(100_000) })
    const found = await store.getMany(names.map((name) => ({ name })))
    expect(found.map((secret) => secret?.values['K']?.slice(0, 3))).toEqual(names)
    expect((await collect(store.list())).map(({ name }) => name)).toEqual(names)
  })

  test('a prefix sets stores of one cluster apart, also one that another begins with', async () => {
    const one = made()
    const other = one.open({ prefix: `${one.prefix}other/`, key: generateKey() })
    await one.store.set('a', { K: 'one' })
    await other.set('b', { K: 'other' })
    expect(await other.get('a')).toBeUndefined()
    expect((await collect(one.store.list())).map(({ name }) => name)).toEqual(['a'])
    expect(await collect(one.store.scopes())).toEqual(['default'])
  })

  test('lists scopes and their secrets in order, where one scope begins as another', async () => {
    const { store } = made()
    const scopes = ['a', 'a-b', 'a.b', 'a/b', 'a/b/c', 'a1', 'a_b', 'default'].sort()
    for (const scope of scopes) await store.set('of_it', { K: scope }, { scope })
    expect(await collect(store.scopes())).toEqual(scopes)
    for (const scope of scopes) {
      expect((await collect(store.list({ scope }))).map((info) => [info.scope, info.name])).toEqual([[scope, 'of_it']])
    }
    expect(await collect(store.list({ prefix: '\ud800' }))).toEqual([])
  })

  test('etcd holds names, and neither keys, values nor descriptions', async () => {
    const { store, prefix } = made()
    await store.set('a', { KEY_NAME: 'the value' }, { description: 'the description', scope: 'acme/production' })
    const bytes = Buffer.from(await valueOf(`${prefix}secrets/acme/production,a`), 'base64')
    expect(bytes.length).toBeGreaterThan(128)
    for (const text of ['KEY_NAME', 'the value', 'the description'])
      expect(bytes.toString('latin1')).not.toContain(text)
  })

  test('get, set and getMany of 128 are one request each, and getMany of 129 is two', async () => {
    const { store, open } = made()
    const names = Array.from({ length: 129 }, (_, index) => `a${index}`)
    await Promise.all(names.map((name) => store.set(name, { K: name })))
    let requests = 0
    const counting = open({ fetch: (...args) => ((requests += 1), fetch(...args)) })
    await counting.get('a0')
    const during = async (act: () => Promise<unknown>): Promise<number> => {
      requests = 0
      await act()
      return requests
    }
    const requestsFor = (length: number) => names.slice(0, length).map((name) => ({ name }))
    expect(await during(() => counting.get('a0'))).toBe(1)
    expect(await during(() => counting.getMany(requestsFor(128)))).toBe(1)
    expect(await during(() => counting.getMany(requestsFor(129)))).toBe(2)
    // The row, and then the write.
    expect(await during(() => counting.set('a0', { K: 'x' }))).toBe(2)
    expect((await counting.getMany(requestsFor(129))).map((secret) => secret?.name)).toEqual(names)
  })

  test('20 writers who each count to 50 on four hosts lose no write', async () => {
    const { store, open } = made()
    const hosts = [store, open(), open(), open()]
    await store.set('a', { COUNT: '0' })
    let conflicts = 0
    const write = async (host: EtcdStore): Promise<void> => {
      for (let written = 0; written < 50;) {
        const live = await host.get('a')
        const next = String(Number(live?.values['COUNT']) + 1)
        try {
          await host.set('a', { COUNT: next }, { ifVersion: live?.version })
          written += 1
        } catch (error) {
          if (!isLatchkeyError(error, 'CONFLICT')) throw error
          conflicts += 1
        }
      }
    }
    await Promise.all(Array.from({ length: 20 }, (_, writer) => write(hosts[writer % 4]!)))
    expect((await store.get('a'))?.values['COUNT']).toBe('1000')
    expect(conflicts).toBeGreaterThan(0)
  })

  test('lists at one revision, and goes on where that is compacted away: what stays is listed once and in order', async () => {
    const { store, open } = made()
    const names = Array.from({ length: 200 }, (_, index) => `a${String(index).padStart(3, '0')}`)
    await Promise.all(names.map((name) => store.set(name, { K: name })))
    const listed: string[] = []
    const other = open()
    for await (const { name } of store.list()) {
      listed.push(name)
      if (listed.length === 10) {
        await other.set('a0000', { K: 'made behind the list' })
        await other.set('a1000', { K: 'made before it' })
      }
      if (listed.length === 70) {
        const { header } = (await ask(shared.url, 'kv/range', { key: base64('x') })) as { header: { revision: string } }
        await ask(shared.url, 'kv/compaction', { revision: header.revision })
      }
    }
    // The second page is still of the first revision; those after the compaction are of the newest.
    expect(listed.filter((name) => name.length === 4)).toEqual(names)
    expect(listed).toEqual([...listed].sort())
    expect(new Set(listed).size).toBe(listed.length)
  })

  describe('what an administrator changes', () => {
    const sown = async () => {
      const given = made()
      await given.store.set('a', { K: 'of a' })
      await given.store.set('b', { K: 'of b' })
      await given.store.set('a', { K: 'of acme' }, { scope: 'acme' })
      const at = (name: string, scope = 'default') => `${given.prefix}secrets/${scope},${name}`
      return { ...given, at }
    }
    type Sown = Awaited<ReturnType<typeof sown>>

    test.each<[string, (given: Sown) => Promise<unknown>]>([
      ['the value of another name', async ({ at }) => put(at('a'), await valueOf(at('b')))],
      ['the value of another scope', async ({ at }) => put(at('a'), await valueOf(at('a', 'acme')))],
      ['a value in the clear', ({ at }) => put(at('a'), base64('{"K":"planted"}'))],
      ['nothing', ({ at }) => put(at('a'), '')],
      [
        'one other bit',
        async ({ at }) => {
          const bytes = Buffer.from(await valueOf(at('a')), 'base64')
          bytes[60]! ^= 1
          await put(at('a'), base64(bytes))
        },
      ],
      [
        'another number of the version',
        async ({ at }) => {
          const bytes = Buffer.from(await valueOf(at('a')), 'base64')
          bytes[4 + 2 + 8 + 7]! ^= 1
          await put(at('a'), base64(bytes))
        },
      ],
    ])('to %s is CORRUPT for every verb that reads, and can be set again', async (_, change) => {
      const given = await sown()
      await change(given)
      for (const store of [given.store, given.open()]) {
        for (const act of [
          () => store.get('a'),
          () => store.describe('a'),
          () => store.getMany([{ name: 'b' }, { name: 'a' }]),
          () => store.history('a'),
          () => collect(store.list()),
          () => store.rotateKey(),
        ]) {
          const error = await failureOf(act)
          expect(error).toMatchObject({ code: 'CORRUPT', store: 'etcd', secret: 'a' })
          expect(inspect(error)).not.toMatch(/of a|of b|planted/)
        }
        expect((await store.get('b'))?.values['K']).toBe('of b')
      }
      await given.store.set('a', { K: 'again' })
      expect((await given.open().get('a'))?.values['K']).toBe('again')
    })

    test('to an older version is told with its number, and a write or a delete is rid of it', async () => {
      const { store, at } = await sown()
      await store.delete('a')
      await mendsAnOlderVersion(store, async () => {
        const bytes = Buffer.from(await valueOf(at('a')), 'base64')
        bytes[bytes.length - 1]! ^= 1
        await put(at('a'), base64(bytes))
      })
    })

    test('to what it was before is not noticed, as the page says', async () => {
      const { store, at } = await sown()
      const before = await valueOf(at('a'))
      await store.set('a', { K: 'newer' })
      await put(at('a'), before)
      expect((await store.get('a'))?.values['K']).toBe('of a')
    })

    test('by removing the keyring is KEY_MISSING; one that was put back after a rotation is ROLLED_BACK', async () => {
      const { store, open, prefix } = await sown()
      const keyring = `${prefix}keyring`
      const before = await valueOf(keyring)
      const other = open()
      await store.rotateKey()
      await other.get('a')
      await put(keyring, before)
      expect(await failureOf(() => other.set('new', { K: 'v' }))).toMatchObject({ code: 'ROLLED_BACK', store: 'etcd' })
      await ask(shared.url, 'kv/deleterange', { key: base64(keyring) })
      for (const act of [() => open().get('a'), () => open().set('new', { K: 'v' })]) {
        expect(await failureOf(act)).toMatchObject({ code: 'KEY_MISSING', store: 'etcd' })
      }
    })

    test('by keys of somebody else beneath the prefix is passed over', async () => {
      const { store, prefix } = await sown()
      for (const key of ['x', 'default,a b', 'default,a,b', ',a', '\n,a'])
        await put(`${prefix}secrets/${key}`, base64('x'))
      expect((await collect(store.list())).map(({ name }) => name)).toEqual(['a', 'b'])
      expect(await collect(store.scopes())).toEqual(['acme', 'default'])
    })
  })

  describe('rotating the data key', () => {
    test('makes a host that stalls for the whole of it write under the new key', async () => {
      const { store, open } = made()
      await store.set('a', { K: 'v' })
      let rotate = true
      const stalling = open({
        async fetch(input, init) {
          if (rotate && (init?.body as string).includes('request_put')) {
            rotate = false
            await open().rotateKey()
          }
          return fetch(input, init)
        },
      })
      for (const name of ['new', 'a']) {
        rotate = true
        await stalling.set(name, { K: `of ${name}` })
        expect((await open().get(name))?.values['K']).toBe(`of ${name}`)
      }
    })
  })
})

describeEngine('etcd', etcdBinary(), 'etcd on PATH', (binary) => {
  test('that takes small requests only keeps no older version beside a secret that leaves no room for it', async () => {
    const server = await startEtcd(binary, ['--max-request-bytes', '16384'])
    try {
      const store = etcdStore({ address: server.url, key: generateKey(), history: 3 })
      for (const letter of ['a', 'b', 'c']) await store.set('large', { K: letter.repeat(9_000) })
      for (const K of ['1', '2', '3']) await store.set('small', { K })
      await store.rotateKey()
      expect((await store.history('large')).length).toBe(1)
      expect((await store.get('large'))?.values['K']).toBe('c'.repeat(9_000))
      expect((await store.history('small')).length).toBe(3)
      const error = await failureOf(() => store.set('large', { K: 'd'.repeat(30_000) }))
      expect(error).toMatchObject({ code: 'TOO_LARGE', store: 'etcd', secret: 'large' })
      expect((await store.get('large'))?.values['K']).toBe('c'.repeat(9_000))
    } finally {
      await server.remove()
    }
  })
})
