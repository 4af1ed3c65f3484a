import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { generateKey } from '../../../src/crypto/raw-key.ts'
import { redisStore } from '../../../src/stores/redis.ts'
import { collect } from '../../../src/testing/suite/checks.ts'
import { describeEngine, sharedEngine } from '../../helpers/engines.ts'
import { clientOfTest, nodeRedis, redisHere, startRedis } from '../../helpers/engines/redis.ts'
import { mendsAnOlderVersion } from '../../helpers/damaged-version.ts'
import { failureOf } from '../../helpers/store-folder.ts'

describeEngine('redis', redisHere(), 'TEST_REDIS_URL, or redis-server or valkey-server on PATH', (here) => {
  const shared = sharedEngine(here, startRedis)
  let stores = 0

  /** A store with some secrets, its hashes, and what its administrator can use. */
  const sown = async () => {
    const client = await clientOfTest(nodeRedis(shared.url))
    const prefix = `tampering-${process.pid}-${(stores += 1)}`
    const key = generateKey()
    const open = () => redisStore({ client, prefix, key })
    const store = open()
    await store.set('a', { K: 'of a' })
    await store.set('b', { K: 'of b' })
    await store.set('a', { K: 'of acme' }, { scope: 'acme' })
    const keys = { secrets: `{${prefix}}:secrets`, older: `{${prefix}}:older`, names: `{${prefix}}:names` }
    return { client, keys, open, store }
  }
  type Sown = Awaited<ReturnType<typeof sown>>
  const moved = async ({ client, keys }: Sown, from: string, to: string) =>
    client.hSet(keys.secrets, to, (await client.hGet(keys.secrets, from)) ?? '')

  describe('what an administrator writes', () => {
    test.each<[string, (given: Sown) => Promise<unknown>]>([
      ['the value of another name', (given) => moved(given, 'default b', 'default a')],
      ['the value of another scope', (given) => moved(given, 'acme a', 'default a')],
      ['a value in the clear', ({ client, keys }) => client.hSet(keys.secrets, 'default a', '{"K":"planted"}')],
      ['nothing', ({ client, keys }) => client.hSet(keys.secrets, 'default a', '')],
      [
        'bytes that are no text',
        ({ client, keys }) => client.hSet(keys.secrets, 'default a', Buffer.from('fffe00c328', 'hex')),
      ],
      ['no envelope', ({ client, keys }) => client.hSet(keys.secrets, 'default a', 'AAAA 5.bm90aGluZw')],
      [
        'another version beside the envelope',
        async ({ client, keys }) => {
          const value = (await client.hGet(keys.secrets, 'default a')) ?? ''
          await client.hSet(keys.secrets, 'default a', value.replace(/ \d+\./, ' 7.'))
        },
      ],
      [
        'one other character',
        async ({ client, keys }) => {
          const value = (await client.hGet(keys.secrets, 'default a')) ?? ''
          const at = value.length - 40
          await client.hSet(
            keys.secrets,
            'default a',
            `${value.slice(0, at)}${value[at] === 'A' ? 'B' : 'A'}${value.slice(at + 1)}`,
          )
        },
      ],
    ])('over a secret, %s, is CORRUPT for every verb that reads, and can be set again', async (_, change) => {
      const given = await sown()
      await change(given)
      const { store } = given
      for (const act of [
        () => store.get('a'),
        () => store.describe('a'),
        () => store.getMany([{ name: 'b' }, { name: 'a' }]),
        () => store.history('a'),
        () => collect(store.list()),
        () => store.set('a', { L: 'x' }, { mode: 'merge' }),
        () => store.rotateKey(),
      ]) {
        const error = await failureOf(act)
        expect(error).toMatchObject({ code: 'CORRUPT', store: 'redis', secret: 'a' })
        expect(inspect(error)).not.toMatch(/of a|of b|planted/)
      }
      expect((await store.get('b'))?.values['K']).toBe('of b')
      await store.set('a', { K: 'again' })
      expect((await given.open().get('a'))?.values['K']).toBe('again')
      // What was damaged may be kept as the older version until the next write.
      await store.set('a', { K: 'and again' })
      expect((await store.history('a')).length).toBeGreaterThan(0)
    })

    test('over a secret, can be deleted', async () => {
      const { client, keys, store } = await sown()
      await client.hSet(keys.secrets, 'default a', 'planted')
      expect(await store.delete('a')).toBe(true)
      expect(await store.get('a')).toBeUndefined()
    })

    test('over a secret, what it was before, is not noticed, as the page says', async () => {
      const { client, keys, store } = await sown()
      const before = (await client.hGet(keys.secrets, 'default a')) ?? ''
      await store.set('a', { K: 'newer' })
      await client.hSet(keys.secrets, 'default a', before)
      expect((await store.get('a'))?.values['K']).toBe('of a')
    })

    test('over older versions is CORRUPT for who needs them, and a write or a delete is rid of it', async () => {
      const { client, keys, store } = await sown()
      await store.delete('a')
      await mendsAnOlderVersion(store, () => client.hSet(keys.older, 'default a', 'planted'), false)
      await mendsAnOlderVersion(store, async () => {
        const text = (await client.hGet(keys.older, 'default a')) ?? ''
        await client.hSet(keys.older, 'default a', text.replace(/.{20}$/, 'A'.repeat(20)))
      })
    })

    test('as a secret of its own is CORRUPT for a list and for a rotation, so that neither leaves it out', async () => {
      const given = await sown()
      const { store } = given
      await moved(given, 'default a', 'default planted')
      for (const act of [() => collect(store.list()), () => collect(store.scopes()), () => store.rotateKey({})]) {
        expect(await failureOf(act)).toMatchObject({ code: 'CORRUPT', store: 'redis' })
      }
      await store.delete('planted')
      await store.set('planted', { K: 'mine' })
      await store.rotateKey()
      expect((await collect(store.list())).map(({ name }) => name)).toEqual(['a', 'b', 'planted'])
    })

    test('by taking a secret away is a secret that is not there', async () => {
      const { client, keys, store } = await sown()
      await client.hDel(keys.secrets, 'default a')
      expect(await store.get('a')).toBeUndefined()
      expect((await collect(store.list())).map(({ name }) => name)).toEqual(['b'])
    })

    test('into the set of names changes nothing, unless there is such a secret', async () => {
      const { client, keys, store } = await sown()
      for (const value of ['default zzz', 'nothing', 'keyring', 'a b c'])
        await client.zAdd(keys.names, { score: 0, value })
      expect((await collect(store.list())).map(({ name }) => name)).toEqual(['a', 'b'])
      expect(await collect(store.list({ scope: 'a' }))).toEqual([])
      await store.rotateKey()
      expect((await store.get('b'))?.values['K']).toBe('of b')
    })
  })

  describe('the keyring', () => {
    test('that is gone is KEY_MISSING, and none is made over secrets', async () => {
      const { client, keys, open } = await sown()
      await client.hDel(keys.secrets, 'keyring')
      for (const act of [() => open().get('a'), () => open().set('new', { K: 'v' })]) {
        expect(await failureOf(act)).toMatchObject({ code: 'KEY_MISSING', store: 'redis' })
      }
    })

    test.each(['planted', '', 'AAAA planted'])('that is %j is CORRUPT', async (text) => {
      const { client, keys, open } = await sown()
      await client.hSet(keys.secrets, 'keyring', text)
      expect(await failureOf(() => open().get('a'))).toMatchObject({ code: 'CORRUPT', store: 'redis' })
    })

    test('of before a rotation is ROLLED_BACK for a host that has seen the newer one', async () => {
      const { client, keys, store } = await sown()
      const before = (await client.hGet(keys.secrets, 'keyring')) ?? ''
      await store.rotateKey()
      await store.get('a')
      await client.hSet(keys.secrets, 'keyring', before)
      expect(await failureOf(() => store.set('a', { K: 'v' }))).toMatchObject({ code: 'ROLLED_BACK' })
    })

    test('of another key is KEY_WRONG', async () => {
      const { client, keys } = await sown()
      const prefix = keys.secrets.slice(1, keys.secrets.indexOf('}'))
      const wrong = redisStore({ client, prefix, key: generateKey() })
      expect(await failureOf(() => wrong.get('a'))).toMatchObject({ code: 'KEY_WRONG' })
    })
  })

  describe('a Redis that lost what it held', () => {
    test('is CORRUPT for a host that has seen it full, and empty for a new one', async () => {
      const { client, keys, open, store } = await sown()
      await client.del([keys.secrets, keys.older, keys.names])
      for (const act of [
        () => store.get('a'),
        () => store.getMany([{ name: 'a' }]),
        () => store.history('a'),
        () => store.delete('a'),
        () => collect(store.list()),
        () => collect(store.scopes()),
      ]) {
        expect(await failureOf(act)).toMatchObject({ code: 'CORRUPT', store: 'redis' })
      }
      expect(await failureOf(() => store.set('a', { K: 'v' }))).toMatchObject({ code: 'CORRUPT' })
      const hint = expect.stringContaining('start the hosts anew') as string
      expect(await failureOf(() => store.get('a'))).toMatchObject({ hint })
      const fresh = open()
      expect(await fresh.get('a')).toBeUndefined()
      await fresh.set('a', { K: 'anew' })
      expect((await fresh.get('a'))?.values['K']).toBe('anew')
    })

    test('and has it again is read on by a host that has seen it empty', async () => {
      const { client, keys, store } = await sown()
      // Redis keeps no key without a field: the older versions have theirs with the second write.
      await store.set('a', { K: 'of a' })
      for (const key of Object.values(keys)) await client.rename(key, `${key}:copy`)
      expect(await failureOf(() => store.get('a'))).toMatchObject({ code: 'CORRUPT', store: 'redis' })
      for (const key of Object.values(keys)) await client.rename(`${key}:copy`, key)
      expect((await store.get('a'))?.values['K']).toBe('of a')
      await store.set('a', { K: 'and written' })
      expect((await collect(store.list())).map(({ name }) => name)).toEqual(['a', 'b'])
    })
  })

  test.each(['secrets', 'older', 'names'] as const)(
    'where the key of %s is of another type, every write is CORRUPT and changes nothing',
    async (which) => {
      const { client, keys, store } = await sown()
      await store.set('a', { K: 'of a' })
      await client.rename(keys[which], `${keys[which]}:away`)
      await client.set(keys[which], 'another type')
      for (const act of [
        () => store.set('a', { K: 'x' }),
        () => store.set('new', { K: 'x' }),
        () => store.delete('a'),
      ]) {
        const error = await failureOf(act)
        expect(error).toMatchObject({ code: 'CORRUPT', store: 'redis' })
        expect(error.message).toContain('WRONGTYPE')
      }
      await client.rename(`${keys[which]}:away`, keys[which])
      expect((await store.get('a'))?.values['K']).toBe('of a')
      expect(await store.get('new')).toBeUndefined()
      expect((await collect(store.list())).map(({ name }) => name)).toEqual(['a', 'b'])
    },
  )
})
