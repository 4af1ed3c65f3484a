import { expect, test } from 'vitest'
import { generateKey } from 'latchkey'
import type { StoreChange } from 'latchkey'
import { etcdStore } from 'latchkey/stores/etcd'
import type { EtcdStore } from 'latchkey/stores/etcd'
import { describeEngine, sharedEngine } from '../../helpers/engines.ts'
import { ask, base64, ETCD_WANTED, etcdHere, startEtcd } from '../../helpers/engines/etcd.ts'
import { until } from '../../helpers/processes.ts'
import { failureOf } from '../../helpers/store-folder.ts'

describeEngine('etcd', etcdHere(), ETCD_WANTED, (here) => {
  const shared = sharedEngine(here, startEtcd)

  let count = 0
  /** A watched store whose streams a test can cut, and keep from being opened, or answer itself. */
  const watched = (options: { watchCheckMs?: number; timeoutMs?: number } = {}) => {
    const place = { address: shared.url, prefix: `watch-${process.pid}-${(count += 1)}/`, key: generateKey() }
    const streams: AbortController[] = []
    const gate = { closed: false, refused: 0, answer: undefined as (() => Response) | undefined }
    const store = etcdStore({
      ...place,
      ...options,
      fetch(input, init) {
        if (!(input as string).endsWith('/watch')) return fetch(input, init)
        if (gate.closed) {
          gate.refused += 1
          return Promise.reject(new TypeError('fetch failed'))
        }
        if (gate.answer !== undefined) {
          gate.refused += 1
          return Promise.resolve(gate.answer())
        }
        const stream = new AbortController()
        streams.push(stream)
        return fetch(input, { ...init, signal: AbortSignal.any([stream.signal, init?.signal ?? stream.signal]) })
      },
    })
    const other: EtcdStore = etcdStore(place)
    const told: StoreChange[] = []
    const begin = async () => {
      await store.watch((change) => told.push(change))
      await until(() => streams.length > 0)
    }
    const cut = () => {
      for (const stream of streams.splice(0)) stream.abort()
    }
    const compact = async () => {
      const { header } = (await ask(shared.url, 'kv/range', { key: base64('x') })) as { header: { revision: string } }
      await ask(shared.url, 'kv/compaction', { revision: header.revision })
    }
    return { store, other, told, begin, cut, gate, compact, streams, prefix: place.prefix }
  }

  test('tells each change once and in order, and none that is only sealed again', async () => {
    const { store, other, told, begin } = watched()
    await other.set('a', { K: '0' })
    await begin()
    const first = await other.set('a', { K: '1' })
    const second = await other.set('b', { K: '2' })
    await other.set('b', { K: 'elsewhere' }, { scope: 'acme' })
    await other.rotateKey()
    await other.delete('a')
    await until(() => told.length >= 3)
    expect(told).toEqual([
      { scope: 'default', name: 'a', version: first.version },
      { scope: 'default', name: 'b', version: second.version },
      { scope: 'default', name: 'a' },
    ])
    await store.close()
  })

  test('tells each of the changes that one transaction makes', async () => {
    const { store, other, told, begin, prefix } = watched()
    for (const name of ['a', 'b', 'c']) await other.set(name, { K: 'v' })
    await begin()
    const range = { key: base64(`${prefix}secrets/`), range_end: base64(`${prefix}secrets0`) }
    expect(await ask(shared.url, 'kv/deleterange', range)).toMatchObject({ deleted: '3' })
    const { version } = await other.set('a', { K: 'after' })
    await until(() => told.some((change) => change.version === version))
    expect(told).toEqual([
      { scope: 'default', name: 'a' },
      { scope: 'default', name: 'b' },
      { scope: 'default', name: 'c' },
      { scope: 'default', name: 'a', version },
    ])
    await store.close()
  })

  test('tells everything that happened while its connection was lost, each of it', async () => {
    const { store, other, told, begin, cut, gate } = watched()
    await other.set('gone', { K: 'v' })
    await begin()
    for (let round = 0; round < 3; round += 1) {
      gate.closed = true
      cut()
      await until(() => gate.refused > 0)
      told.length = 0
      const versions = [
        (await other.set('a', { K: '1' })).version,
        (await other.set('a', { K: '2' })).version,
        (await other.set('gone', { K: '3' })).version,
      ]
      await other.delete('gone')
      gate.closed = false
      gate.refused = 0
      await until(() => told.length >= 4)
      expect(told.map(({ version }) => version)).toEqual([...versions, undefined])
    }
    await store.close()
  })

  test('loses nothing where what it missed is compacted away meanwhile: the last of each change, and deletes', async () => {
    const { store, other, told, begin, cut, gate, compact } = watched()
    for (const name of ['kept', 'gone', 'changed']) await other.set(name, { K: 'v' })
    await begin()
    gate.closed = true
    cut()
    await other.set('changed', { K: '1' })
    const changed = await other.set('changed', { K: '2' })
    await other.delete('gone')
    const made = await other.set('made', { K: 'v' })
    await other.set('came_and_went', { K: 'v' })
    await other.delete('came_and_went')
    await compact()
    gate.closed = false
    await until(() => told.length >= 3)
    const after = await other.set('kept', { K: 'after' })
    await until(() => told.length >= 4)
    expect(told.slice(0, 3)).toEqual(
      expect.arrayContaining([
        { scope: 'default', name: 'changed', version: changed.version },
        { scope: 'default', name: 'gone' },
        { scope: 'default', name: 'made', version: made.version },
      ]),
    )
    expect(told.slice(3)).toEqual([{ scope: 'default', name: 'kept', version: after.version }])
    await store.close()
  })

  test('asks on a new connection when it hears nothing, so that one that is dead without a word is noticed', async () => {
    const { store, other, told, begin, gate, streams } = watched({ watchCheckMs: 100 })
    // A stream that says that it was created, and never another word.
    const created = '{"result":{"header":{"revision":"9000000"},"created":true}}\n'
    gate.answer = () =>
      new Response(
        new ReadableStream({
          start: (stream) => {
            stream.enqueue(new TextEncoder().encode(created))
          },
        }),
      )
    await store.watch((change) => told.push(change))
    await until(() => gate.refused > 0)
    const { version } = await other.set('a', { K: 'v' })
    gate.answer = undefined
    await until(() => told.length > 0)
    expect(told).toEqual([{ scope: 'default', name: 'a', version }])
    const opened = streams.length
    await until(() => streams.length > opened)
    await begin()
    await store.close()
  })

  test.each<[string, () => Response]>([
    ['HTML', () => new Response('<html>busy</html>', { headers: { 'content-type': 'text/html' } })],
    ['an error', () => new Response('{"error":"x","code":14}', { status: 503 })],
    [
      'a line that is cut off',
      () => new Response('{"result":{"header":{"revision":"9000000"},"created":true}}\n{"resu'),
    ],
    [
      'events that are none',
      () => new Response('{"result":{"header":{"revision":"9000000"},"created":true,"events":[1]}}\n'),
    ],
    ['revisions of an older backup', () => new Response('{"result":{"header":{"revision":"1"},"created":true}}\n')],
    ['a refusal', () => new Response('{"result":{"created":true,"canceled":true,"cancel_reason":"denied"}}\n')],
    ['nothing', () => new Response('')],
  ])('goes on, and misses nothing, where %s comes in the place of a stream', async (_, answer) => {
    const { store, other, told, begin, cut, gate } = watched()
    await begin()
    gate.answer = answer
    cut()
    await until(() => gate.refused > 1)
    const { version } = await other.set('a', { K: 'v' })
    gate.answer = undefined
    await until(() => told.length > 0)
    expect(told).toEqual([{ scope: 'default', name: 'a', version }])
    await store.close()
  })

  test('looks again and again where streams are held back on their way', async () => {
    const { store, other, told, gate } = watched({ timeoutMs: 3_000 })
    gate.answer = () => new Response(new ReadableStream())
    await store.watch((change) => told.push(change))
    for (const K of ['1', '2']) {
      const { version } = await other.set('a', { K })
      await until(() => told.at(-1)?.version === version)
    }
    await store.close()
  })

  test('waits longer and longer before it opens a stream again that ends at once', async () => {
    const { store, begin, cut, gate } = watched()
    await begin()
    gate.answer = () => new Response('{"result":{"header":{"revision":"9000000"},"created":true}}\n')
    const began = performance.now()
    cut()
    await until(() => gate.refused >= 5)
    // At least half of 50, 100, 200, 400 and 800 ms, but for what a timer may be early.
    expect(performance.now() - began).toBeGreaterThan(700)
    await store.close()
  })

  test('opens no stream any more once it is disposed of, or the store is closed', async () => {
    const { store, told, other, cut, streams } = watched({ watchCheckMs: 100 })
    const one = await store.watch((change) => told.push(change))
    await until(() => streams.length > 0)
    const [stream] = streams
    await one[Symbol.asyncDispose]()
    await store.close()
    cut()
    expect(stream?.signal.aborted).toBe(true)
    await other.set('a', { K: 'v' })
    expect(told).toEqual([])
    expect(streams).toEqual([])
  })

  test('rejects where etcd does not answer', async () => {
    const store = etcdStore({ address: 'http://127.0.0.1:1', key: generateKey(), retries: 0 })
    expect(await failureOf(() => store.watch(() => undefined))).toMatchObject({ code: 'UNAVAILABLE', store: 'etcd' })
  })
})
