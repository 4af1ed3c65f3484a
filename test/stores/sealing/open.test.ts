import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { generateKey } from '../../../src/crypto/raw-key.ts'
import { sealingSettings } from '../../../src/stores/sealing/settings.ts'
import type { SealedVersion } from '../../../src/stores/sealing/engine.ts'
import { testSecretStore } from '../../../src/testing/index.ts'
import { collect } from '../../../src/testing/suite/checks.ts'
import { mendsAnOlderVersion } from '../../helpers/damaged-version.ts'
import { at, emptyKept, kidsOf, openHost, openPlain, tamper } from '../../helpers/sealed-engine.ts'
import { failureOf, storeFolder } from '../../helpers/store-folder.ts'

afterEach(() => vi.unstubAllEnvs())

describe('a store that seals', () => {
  testSecretStore({
    describe,
    test,
    factory: () => {
      const [kept, key] = [emptyKept(), generateKey()]
      const other = openHost(kept, { key })
      return {
        store: openHost(kept, { key }),
        change: async (scope, name, values) => {
          await (values === undefined ? other.delete(name, { scope }) : other.set(name, values, { scope }))
        },
      }
    },
  })
})

describe('a store that does not seal', () => {
  testSecretStore({ describe, test, factory: () => ({ store: openPlain(emptyKept()) }) })
})

describe('what the engine keeps', () => {
  test('holds neither values, keys nor descriptions', async () => {
    const kept = emptyKept()
    const store = openHost(kept, { key: generateKey() })
    await store.set('a', { KEY_NAME: 'the value' }, { description: 'the description' })
    const bytes = kept.rows.get(at('a'))!.versions[0].bytes.toString('latin1')
    for (const text of ['KEY_NAME', 'the value', 'the description']) expect(bytes).not.toContain(text)
    expect((await store.get('a'))?.values['KEY_NAME']).toBe('the value')
  })

  test('does not say when a version was made but inside of it', async () => {
    const store = openHost(emptyKept(), { key: generateKey() })
    const before = Date.now()
    const { createdAt } = await store.set('a', { K: 'v' })
    expect(createdAt?.getTime()).toBeGreaterThanOrEqual(before)
    expect((await store.describe('a'))?.createdAt).toEqual(createdAt)
  })
})

describe('what an administrator changes is CORRUPT', () => {
  const sown = async () => {
    const kept = emptyKept()
    const key = generateKey()
    const store = openHost(kept, { key })
    await store.set('a', { K: 'first' })
    await store.set('a', { K: 'second' })
    await store.set('b', { K: 'other' })
    await store.set('a', { K: 'scoped' }, { scope: 'acme' })
    const versions = (name: string, scope?: string) =>
      kept.rows.get(at(name, scope))!.versions as readonly SealedVersion[]
    return { kept, key, store, versions }
  }
  type Sown = Awaited<ReturnType<typeof sown>>

  test.each<[string, (sown: Sown) => void]>([
    [
      'a row moved to another name',
      ({ kept, versions }) => {
        tamper(kept, at('a'), versions('b'))
      },
    ],
    [
      'a row moved to another scope',
      ({ kept, versions }) => {
        tamper(kept, at('a'), versions('a', 'acme'))
      },
    ],
    [
      'an older version under the number of the live one',
      ({ kept, versions }) => {
        const [live, older] = versions('a')
        tamper(kept, at('a'), [{ version: live!.version, bytes: older!.bytes }])
      },
    ],
    [
      'the live version under another number',
      ({ kept, versions }) => {
        const [live] = versions('a')
        tamper(kept, at('a'), [{ version: live!.version + 1, bytes: live!.bytes }])
      },
    ],
    [
      'a flipped bit',
      ({ kept, versions }) => {
        const [live] = versions('a')
        const bytes = Buffer.from(live!.bytes)
        bytes[60]! ^= 1
        tamper(kept, at('a'), [{ ...live!, bytes }])
      },
    ],
    [
      'no bytes',
      ({ kept, versions }) => {
        tamper(kept, at('a'), [{ ...versions('a')[0]!, bytes: Buffer.alloc(0) }])
      },
    ],
    [
      'the text itself',
      ({ kept, versions }) => {
        tamper(kept, at('a'), [{ ...versions('a')[0]!, bytes: Buffer.from('{"values":{"K":"planted"}}') }])
      },
    ],
  ])('%s', async (_, change) => {
    const here = await sown()
    change(here)
    for (const store of [here.store, openHost(here.kept, { key: here.key })]) {
      for (const act of [
        () => store.get('a'),
        () => store.describe('a'),
        () => store.getMany([{ name: 'b' }, { name: 'a' }]),
        () => store.history('a'),
        () => store.list()[Symbol.asyncIterator]().next(),
        () => store.set('a', { K: 'merged' }, { mode: 'merge' }),
      ]) {
        const error = await failureOf(act)
        expect(error).toMatchObject({ code: 'CORRUPT', store: 'memory-engine', secret: 'a', scope: 'default' })
        expect(inspect(error)).not.toMatch(/first|second|planted|merged/)
      }
      expect((await store.get('b'))?.values['K']).toBe('other')
    }
    await here.store.set('a', { K: 'set again' })
    expect((await here.store.get('a'))?.values['K']).toBe('set again')
  })

  test.each([
    ['one bit', 60, true],
    ['its key', 4, true],
    ['all', -1, false],
  ] as const)(
    '%s of an older version, which is named, and which a write or a delete is rid of',
    async (_, bit, named) => {
      const kept = emptyKept()
      await mendsAnOlderVersion(
        openHost(kept, { key: generateKey() }),
        () => {
          const [live, older] = kept.rows.get(at('a'))!.versions
          const bytes = Buffer.from(older!.bytes)
          if (named) bytes[bit]! ^= 1
          tamper(kept, at('a'), [live, named ? { ...older!, bytes } : { version: 0, bytes: Buffer.alloc(0) }])
        },
        named,
      )
    },
  )

  test('a live version is left behind by a rollback to one that opens, and a damaged older one passed over', async () => {
    const kept = emptyKept()
    const store = openHost(kept, { key: generateKey(), history: 2 })
    const { version } = await store.set('a', { K: 'sound' })
    for (const K of ['older', 'live']) await store.set('a', { K })
    const [live, older, sound] = kept.rows.get(at('a'))!.versions
    const damaged = [live, older].map((sealed) => ({ version: sealed!.version, bytes: Buffer.from(sealed!.bytes) }))
    for (const { bytes } of damaged) bytes[60]! ^= 1
    tamper(kept, at('a'), [...damaged, sound!])
    for (const other of [String(older!.version), 'none']) {
      expect(await failureOf(() => store.rollback('a', other))).toMatchObject({ code: 'CORRUPT', secret: 'a' })
    }
    await store.rollback('a', version)
    expect((await store.get('a'))?.values['K']).toBe('sound')
  })

  test('a row of another store that the same key opens', async () => {
    const { kept, key, store } = await sown()
    const other = emptyKept()
    await openHost(other, { key }).set('a', { K: 'of the other store' })
    tamper(kept, at('a'), other.rows.get(at('a'))!.versions)
    expect(await failureOf(() => store.get('a'))).toMatchObject({ code: 'CORRUPT' })
  })

  test('a whole older row put back is not noticed, as the pages say', async () => {
    const { kept, store, versions } = await sown()
    const [, older] = versions('a')
    tamper(kept, at('a'), [older!])
    expect((await store.get('a'))?.values['K']).toBe('first')
  })
})

describe('the keyring', () => {
  test('is a document without records that the reference reader of the format reads', async () => {
    const kept = emptyKept()
    const key = generateKey()
    await openHost(kept, { key }).set('a', { K: 'v' })
    const { readReference } = await import('../../helpers/reference-decoder.ts')
    const { rawKeyBytes } = await import('../../../src/crypto/raw-key.ts')
    const { header, records } = readReference(kept.keyring!.bytes, { raw: rawKeyBytes(key, 'the test', 'file') })
    expect(records).toEqual([])
    expect(header.keys.length).toBe(1)
  })

  test('is made once by two hosts that write at the same time, and both read what the other wrote', async () => {
    const kept = emptyKept()
    const key = generateKey()
    const hosts = Array.from({ length: 2 }, () => openHost(kept, { key }))
    await Promise.all(hosts.map((host, index) => host.set(`a${index}`, { K: `${index}` })))
    expect(kidsOf(kept).length).toBe(1)
    for (const host of hosts) {
      const found = await host.getMany([{ name: 'a0' }, { name: 'a1' }])
      expect(found.map((secret) => secret?.values['K'])).toEqual(['0', '1'])
    }
  })

  test('of a host that was the second is the one that the first made, also if that one has written already', async () => {
    const kept = emptyKept()
    const key = generateKey()
    let raced = false
    const second = openHost(kept, { key }, async (call) => {
      if (call !== 'scopes' || raced) return
      raced = true
      await openHost(kept, { key }).set('first', { K: 'v' })
    })
    await second.set('second', { K: 'v' })
    expect((await openHost(kept, { key }).getMany([{ name: 'first' }, { name: 'second' }])).map(Boolean)).toEqual([
      true,
      true,
    ])
  })

  /** A host that has looked before another one wrote the first secret. */
  async function earlyHost() {
    const kept = emptyKept()
    const key = generateKey()
    const early = openHost(kept, { key })
    expect(await early.get('a')).toBeUndefined()
    await openHost(kept, { key }).set('a', { K: 'v' })
    return { kept, early }
  }

  test('is found by a host that has looked before there was one', async () => {
    const { kept, early } = await earlyHost()
    expect((await early.get('a'))?.values['K']).toBe('v')
    await early.set('b', { K: 'v' })
    expect(kidsOf(kept).length).toBe(1)
  })

  test('is found by a host that has looked before there was one, and deletes', async () => {
    const { kept, early } = await earlyHost()
    expect(await early.delete('a')).toBe(true)
    expect(kept.rows.size).toBe(0)
  })

  test('that is gone is KEY_MISSING, and no new one is made over the secrets that are there', async () => {
    const kept = emptyKept()
    const key = generateKey()
    const host = openHost(kept, { key })
    await host.set('a', { K: 'v' })
    const rows = new Map(kept.rows)
    kept.keyring = undefined
    for (const store of [openHost(kept, { key }), host]) {
      for (const act of [
        () => store.set('a', { K: 'x' }),
        () => store.set('new', { K: 'x' }),
        () => store.rotateKey(),
      ]) {
        expect(await failureOf(act)).toMatchObject({ code: 'KEY_MISSING', store: 'memory-engine' })
      }
    }
    const fresh = openHost(kept, { key })
    const version = String(kept.rows.get(at('a'))?.versions[0].version)
    for (const act of [() => fresh.delete('a'), () => fresh.delete('a', { ifVersion: version })]) {
      expect(await failureOf(act)).toMatchObject({ code: 'KEY_MISSING', store: 'memory-engine' })
    }
    expect(await fresh.delete('not_there')).toBe(false)
    expect(await failureOf(() => openHost(kept, { key }).get('a'))).toMatchObject({ code: 'KEY_MISSING' })
    expect(kept.keyring).toBeUndefined()
    expect(kept.rows).toEqual(rows)
  })

  test('of a wrong key is KEY_WRONG, and nothing is read, written or deleted', async () => {
    const kept = emptyKept()
    await openHost(kept, { key: generateKey() }).set('a', { K: 'v' })
    const { writes } = kept
    const stranger = openHost(kept, { key: generateKey() })
    for (const act of [() => stranger.get('a'), () => stranger.set('a', { K: 'x' }), () => stranger.delete('a')]) {
      expect(await failureOf(act)).toMatchObject({ code: 'KEY_WRONG' })
    }
    expect(kept.writes).toBe(writes)
    expect(kept.rows.size).toBe(1)
  })

  test.each<[string, (text: string) => string]>([
    ['that was changed', (text) => text.replace('"gen":1', '"gen":2')],
    ['that was cut off', (text) => text.slice(0, -20)],
    ['that is none', () => 'nothing'],
    ['that is empty', () => ''],
  ])('%s is CORRUPT', async (_, change) => {
    const kept = emptyKept()
    const key = generateKey()
    await openHost(kept, { key }).set('a', { K: 'v' })
    kept.keyring = { revision: 'other', bytes: Buffer.from(change(kept.keyring!.bytes.toString())) }
    const error = await failureOf(() => openHost(kept, { key }).get('a'))
    expect(error).toMatchObject({ code: 'CORRUPT', store: 'memory-engine' })
    expect(String(error)).toContain('keyring')
  })

  test('with records in it is CORRUPT, though its MAC is right', async () => {
    const kept = emptyKept()
    const { open, path, key } = storeFolder()
    await open({ key }).set('a', { K: 'v' })
    kept.keyring = { revision: '1', bytes: readFileSync(path) }
    expect(await failureOf(() => openHost(kept, { key }).get('a'))).toMatchObject({ code: 'CORRUPT' })
  })

  test('of another store in its place is FORKED for who has seen the right one', async () => {
    const kept = emptyKept()
    const key = generateKey()
    const host = openHost(kept, { key })
    await host.set('a', { K: 'v' })
    const other = emptyKept()
    await openHost(other, { key }).set('a', { K: 'v' })
    kept.keyring = { ...other.keyring!, revision: 'swapped' }
    expect(await failureOf(() => host.set('a', { K: 'x' }))).toMatchObject({ code: 'FORKED' })
    expect(await failureOf(() => openHost(kept, { key }).get('a'))).toMatchObject({ code: 'CORRUPT' })
  })
})

describe('keys', () => {
  test('come from LATCHKEY_KEY, else from the file that LATCHKEY_KEY_FILE names, else the first use is KEY_MISSING', async () => {
    const kept = emptyKept()
    const key = generateKey()
    vi.stubEnv('LATCHKEY_KEY', undefined)
    vi.stubEnv('LATCHKEY_KEY_FILE', undefined)
    for (const act of [
      (store: ReturnType<typeof openHost>) => store.get('a'),
      (store: ReturnType<typeof openHost>) => store.set('a', { K: 'v' }),
    ]) {
      const error = await failureOf(() => act(openHost(kept, {})))
      expect(error).toMatchObject({ code: 'KEY_MISSING', store: 'memory-engine' })
    }
    vi.stubEnv('LATCHKEY_KEY_FILE', '/nowhere/a.key')
    expect(await failureOf(() => openHost(kept, {}).get('a'))).toMatchObject({ code: 'KEY_MISSING' })
    vi.stubEnv('LATCHKEY_KEY', key)
    await openHost(kept, {}).set('a', { K: 'v' })
    expect((await openHost(kept, { key }).get('a'))?.values['K']).toBe('v')
  })

  test('of several kinds open what any of them made', async () => {
    const kept = emptyKept()
    const key = generateKey()
    const reverse = (bytes: Uint8Array) => Buffer.from(bytes).reverse()
    const wrapper = { id: 'test/reverse', wrap: reverse, unwrap: reverse }
    const options = { passphraseCost: 15 }
    await openHost(kept, { ...options, keys: [{ key }, { passphrase: 'of a test' }, wrapper] }).set('a', { K: 'v' })
    for (const one of [{ key }, { passphrase: 'of a test' }, { keys: [wrapper] }]) {
      expect((await openHost(kept, one).get('a'))?.values['K']).toBe('v')
    }
  })

  test.each([
    [{ key: 'k', keyFile: 'f' }, 'only one of key and keyFile'],
    [{ keys: [] }, 'keys must be an array that is not empty'],
    [{ history: -1 }, 'history must be a whole number from 0 to 100'],
    [{ passphraseCost: 1 }, 'passphraseCost must be a whole number from 15 to 20'],
    [{ allowKeyMode: 0o666 }, 'allowKeyMode cannot let others write the key'],
  ])('%j is refused when the store is made', (options, message) => {
    const make = () => sealingSettings('someStore', 'some', options)
    expect(make).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringContaining(message) as string }),
    )
    expect(make).toThrow(/someStore/)
  })
})

describe('versions', () => {
  test('count from a random number, and never come again after a delete', async () => {
    const kept = emptyKept()
    const store = openHost(kept, { key: generateKey(), history: 3 })
    const first = await store.set('a', { K: 'v' })
    const second = await store.set('a', { K: 'v' })
    expect(Number(second.version)).toBe(Number(first.version) + 1)
    await store.delete('a')
    const third = await store.set('a', { K: 'v' })
    expect([first.version, second.version]).not.toContain(third.version)
  })

  test('are kept as many as history says', async () => {
    const store = openHost(emptyKept(), { key: generateKey(), history: 2 })
    for (const K of ['1', '2', '3', '4']) await store.set('a', { K }, { description: K })
    expect((await store.history('a')).map(({ description }) => description)).toEqual(['4', '3', '2'])
  })

  test('that a writer lost to another are tried again, and ifVersion is exact', async () => {
    const kept = emptyKept()
    const key = generateKey()
    const other = openHost(kept, { key })
    const { version } = await other.set('a', { K: '0' })
    let races = 2
    const slow = openHost(kept, { key }, async (call) => {
      if (call === 'put' && (races -= 1) >= 0) await other.set('a', { [`OTHER_${races}`]: 'v' }, { mode: 'merge' })
    })
    await slow.set('a', { SLOW: 'v' }, { mode: 'merge' })
    expect((await other.describe('a'))?.keys).toEqual(['K', 'OTHER_0', 'OTHER_1', 'SLOW'])
    expect(await failureOf(() => slow.set('a', { K: 'lost' }, { ifVersion: version }))).toMatchObject({
      code: 'CONFLICT',
    })
  })
})

describe('a store that was told not to seal', () => {
  test('keeps the text as it is', async () => {
    const kept = emptyKept()
    await openPlain(kept).set('a', { K: 'the value' })
    expect(kept.rows.get(at('a'))?.versions[0].bytes.toString()).toContain('{"values":{"K":"the value"}')
    expect(kept.keyring).toBeUndefined()
  })

  test('refuses one that is sealed, with INVALID', async () => {
    const kept = emptyKept()
    await openHost(kept, { key: generateKey() }).set('a', { K: 'v' })
    for (const act of [() => openPlain(kept).get('a'), () => openPlain(kept).set('b', { K: 'v' })]) {
      expect(await failureOf(act)).toMatchObject({ code: 'INVALID' })
    }
  })

  test('refuses one that seals, with INVALID: it makes no keyring over the secrets, and deletes none', async () => {
    const kept = emptyKept()
    await openPlain(kept).set('a', { K: 'v' })
    const sealing = openHost(kept, { key: generateKey() })
    for (const act of [
      () => sealing.get('a'),
      () => sealing.describe('a'),
      () => sealing.history('a'),
      () => sealing.getMany([{ name: 'a' }]),
      () => collect(sealing.list()),
      () => sealing.set('a', { K: 'x' }),
      () => sealing.set('b', { K: 'v' }),
      () => sealing.delete('a'),
      () => sealing.rotateKey(),
    ]) {
      expect(await failureOf(act)).toMatchObject({ code: 'INVALID', store: 'memory-engine' })
    }
    expect(await sealing.delete('b')).toBe(false)
    expect(kept.keyring).toBeUndefined()
    expect((await openPlain(kept).get('a'))?.values).toEqual({ K: 'v' })
  })
})

describe('close', () => {
  test('while a write is under way seals nothing with erased keys', async () => {
    const kept = emptyKept()
    const key = generateKey()
    await openHost(kept, { key }).set('a', { K: 'before' })
    const store = openHost(kept, { key }, async (call) => {
      if (call === 'read') await store.close()
    })
    expect(await failureOf(() => store.set('a', { K: 'after' }))).toMatchObject({ code: 'CLOSED' })
    expect((await openHost(kept, { key }).get('a'))?.values['K']).toBe('before')
  })

  test('while the keyring is read makes the reader fail with CLOSED', async () => {
    const kept = emptyKept()
    const key = generateKey()
    await openHost(kept, { key }).set('a', { K: 'before' })
    const store = openHost(kept, { key }, async (call) => {
      if (call === 'readKeyring') await store.close()
    })
    expect(await failureOf(() => store.get('a'))).toMatchObject({ code: 'CLOSED' })
  })
})
