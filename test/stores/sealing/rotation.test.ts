import { describe, expect, test } from 'vitest'
import { generateKey } from '../../../src/crypto/raw-key.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import { sealedStore } from '../../../src/stores/sealed.ts'
import type { RotationProgress } from '../../../src/stores/sealing/rotation.ts'
import { at, emptyKept, kidOf, kidsOf, openHost, tamper } from '../../helpers/sealed-engine.ts'
import type { Before, Kept } from '../../helpers/sealed-engine.ts'
import { failureOf } from '../../helpers/store-folder.ts'

const COUNT = 40
const STOP = new Error('stopped here')

/** A store with some secrets in two scopes, and older versions of some. */
async function sown(key = generateKey()): Promise<{ kept: Kept; key: string }> {
  const kept = emptyKept()
  const store = openHost(kept, { key })
  for (let index = 0; index < COUNT; index += 1) {
    const scope = index % 2 === 0 ? 'default' : 'acme'
    await store.set(`a${index}`, { K: 'older' }, { scope })
    await store.set(`a${index}`, { K: `${index}` }, { scope })
  }
  return { kept, key }
}

async function assertAllReadable(kept: Kept, key: string): Promise<void> {
  const store = openHost(kept, { key })
  for (let index = 0; index < COUNT; index += 1) {
    const scope = index % 2 === 0 ? 'default' : 'acme'
    expect((await store.get(`a${index}`, { scope }))?.values['K']).toBe(`${index}`)
    expect((await store.history(`a${index}`, { scope })).length).toBe(2)
  }
}

function kidsInUse(kept: Kept): Set<string> {
  return new Set([...kept.rows.values()].flatMap(({ versions }) => versions.map(kidOf)))
}

test('every version of every secret is sealed under one new key, and the version tokens stay', async () => {
  const { kept, key } = await sown()
  const [before] = kidsOf(kept)
  const host = openHost(kept, { key })
  const token = (await host.get('a0'))?.version
  const told: RotationProgress[] = []
  await host.rotateKey({ onProgress: (progress) => told.push(progress) })
  const kids = kidsOf(kept)
  expect(kids.length).toBe(1)
  expect(kids).not.toContain(before)
  expect([...kidsInUse(kept)]).toEqual(kids)
  expect((await host.get('a0'))?.version).toBe(token)
  expect(told.at(-1)).toEqual({ checked: COUNT, resealed: COUNT })
  expect(told.map(({ checked }) => checked)).toEqual([16, 32, COUNT])
  await assertAllReadable(kept, key)
})

test('fewer secrets are sealed at the same time where they are large', async () => {
  const kept = emptyKept()
  const key = generateKey()
  const store = openHost(kept, { key })
  for (let index = 0; index < 12; index += 1) {
    for (const K of ['o', 'v']) await store.set(`a${index}`, { K: K.repeat(1_000_000) })
  }
  const told: number[] = []
  await store.rotateKey({ onProgress: ({ checked }) => told.push(checked) })
  expect(told[0]).toBeLessThan(12)
  expect(told.at(-1)).toBe(12)
  expect([...kidsInUse(kept)]).toEqual(kidsOf(kept))
  expect((await store.get('a11'))?.values['K']).toBe('v'.repeat(1_000_000))
})

test('of a store without secrets makes its keyring, and then a new key', async () => {
  const kept = emptyKept()
  const key = generateKey()
  await openHost(kept, { key }).rotateKey()
  expect(kidsOf(kept).length).toBe(1)
  await openHost(kept, { key }).set('a', { K: 'v' })
})

describe('hosts that know the old keyring', () => {
  test('read what was sealed again, and write under the new key', async () => {
    const { kept, key } = await sown()
    const other = openHost(kept, { key })
    await other.get('a0')
    await openHost(kept, { key }).rotateKey()
    expect((await other.get('a2'))?.values['K']).toBe('2')
    const late = openHost(kept, { key })
    await late.get('a0')
    await openHost(kept, { key }).rotateKey()
    for (const name of ['a4', 'new']) await late.set(name, { K: 'late' })
    expect([...kidsInUse(kept)]).toEqual(kidsOf(kept))
  })

  test('see every secret at every moment of a rotation', async () => {
    const { kept, key } = await sown()
    const readers = [openHost(kept, { key }), openHost(kept, { key })]
    await readers[0]!.get('a0')
    const wrong: string[] = []
    const look: Before = async () => {
      for (const reader of [...readers, openHost(kept, { key })]) {
        const found = await reader.getMany(['a0', 'a20', 'a38'].map((name) => ({ name })))
        if (found.map((secret) => secret?.values['K']).join() !== '0,20,38') wrong.push('missing')
      }
    }
    await openHost(kept, { key }, look).rotateKey()
    expect(wrong).toEqual([])
  })

  test('lose no write, whatever moment of a rotation it falls into', async () => {
    const { kept, key } = await sown()
    let writes = 0
    const stale = openHost(kept, { key })
    await stale.get('a0')
    const write: Before = async (call) => {
      if (call === 'readKeyring' || call === 'scopes') return
      writes += 1
      const K = `write ${writes}`
      await stale.set(`made_${writes}`, { K })
      await stale.set('a0', { K })
      await stale.delete('a1', { scope: 'acme' })
      await stale.set('a1', { K }, { scope: 'acme' })
    }
    await openHost(kept, { key }, write).rotateKey()
    expect(kidsOf(kept).length).toBe(1)
    expect([...kidsInUse(kept)]).toEqual(kidsOf(kept))
    const fresh = openHost(kept, { key })
    expect(writes).toBeGreaterThan(COUNT)
    for (let index = 1; index <= writes; index += 1) {
      expect((await fresh.get(`made_${index}`))?.values['K']).toBe(`write ${index}`)
    }
    expect((await fresh.get('a0'))?.values['K']).toBe(`write ${writes}`)
    expect((await fresh.get('a1', { scope: 'acme' }))?.values['K']).toBe(`write ${writes}`)
  })

  test('that stall between reading and writing for the whole of a rotation write under the new key', async () => {
    const { kept, key } = await sown()
    let rotated = false
    const stalled = openHost(kept, { key }, async (call) => {
      if (call !== 'put' || rotated) return
      rotated = true
      await openHost(kept, { key }).rotateKey()
    })
    await stalled.get('a0')
    await stalled.set('new', { K: 'v' })
    expect((await openHost(kept, { key }).get('new'))?.values['K']).toBe('v')
    expect([...kidsInUse(kept)]).toEqual(kidsOf(kept))
  })
})

describe('a rotation that is stopped', () => {
  test.each([
    ['writeKeyring', 1],
    ['scopes', 1],
    ['list', 9],
    ['replace', 9],
  ] as const)('at any %s leaves everything readable, and another host finishes it', async (where, step) => {
    for (let nth = 1; ; nth += step) {
      const { kept, key } = await sown()
      let count = 0
      const dying = openHost(kept, { key }, (call) => {
        if (call !== where) return
        count += 1
        if (count >= nth) throw STOP
      })
      const failure = await dying.rotateKey().then(
        () => undefined,
        (error: unknown) => error,
      )
      await assertAllReadable(kept, key)
      if (failure === undefined) break
      expect(failure).toBe(STOP)
      await openHost(kept, { key }).rotateKey()
      expect(kidsOf(kept).length).toBe(1)
      expect([...kidsInUse(kept)]).toEqual(kidsOf(kept))
      await assertAllReadable(kept, key)
    }
  })

  test('by what onProgress throws', async () => {
    const { kept, key } = await sown()
    const stop = () => {
      throw STOP
    }
    expect(await failureOf(() => openHost(kept, { key }).rotateKey({ onProgress: stop }))).toBe(STOP)
    expect(kidsOf(kept).length).toBe(2)
    await assertAllReadable(kept, key)
  })

  test('by one bad record keeps the old key, and tells which record it is', async () => {
    const { kept, key } = await sown()
    const bad = kept.rows.get(at('a20'))!.versions
    const bytes = Buffer.from(bad[1]!.bytes)
    bytes[70]! ^= 1
    tamper(kept, at('a20'), [bad[0], { ...bad[1]!, bytes }])
    const before = kidsOf(kept)
    const failure = await failureOf(() => openHost(kept, { key }).rotateKey())
    expect(failure).toMatchObject({ code: 'CORRUPT', secret: 'a20', scope: 'default' })
    expect(kidsOf(kept)).toEqual(expect.arrayContaining(before))
    expect((await openHost(kept, { key }).get('a38'))?.values['K']).toBe('38')
    tamper(kept, at('a20'), bad)
    await openHost(kept, { key }).rotateKey()
    expect(kidsOf(kept).length).toBe(1)
    await assertAllReadable(kept, key)
  })

  test('again and again, more often than a keyring holds keys, can still be finished', async () => {
    const { kept, key } = await sown()
    for (let attempt = 0; attempt < 15; attempt += 1) {
      const stopped = openHost(kept, { key }, (call) => {
        if (call === 'scopes') throw STOP
      })
      await failureOf(() => stopped.rotateKey())
    }
    expect(kidsOf(kept).length).toBe(16)
    await assertAllReadable(kept, key)
    await openHost(kept, { key }).rotateKey()
    expect(kidsOf(kept).length).toBe(1)
    await assertAllReadable(kept, key)
  })

  test('by nothing but another rotation at the same time: both end, with one key and every secret', async () => {
    const { kept, key } = await sown()
    await Promise.all([openHost(kept, { key }).rotateKey(), openHost(kept, { key }).rotateKey()])
    expect(kidsOf(kept).length).toBe(1)
    expect([...kidsInUse(kept)]).toEqual(kidsOf(kept))
    await assertAllReadable(kept, key)
  })
})

describe('the keys that open the store', () => {
  test('can be others after a rotation, also while it is not finished', async () => {
    const { kept, key } = await sown()
    const next = generateKey()
    let looked = false
    const rotating = openHost(kept, { key }, async (call) => {
      if (call !== 'replace' || looked) return
      looked = true
      await assertAllReadable(kept, next)
    })
    await rotating.rotateKey({ keys: [{ key: next }] })
    expect(looked).toBe(true)
    await assertAllReadable(kept, next)
    await rotating.set('a0', { K: 'still open' })
    expect(await failureOf(() => openHost(kept, { key }).get('a0'))).toMatchObject({ code: 'KEY_WRONG' })
  })

  test('must all be given to a rotation that keeps them', async () => {
    const kept = emptyKept()
    const [key, other] = [generateKey(), generateKey()]
    await openHost(kept, { keys: [{ key }, { key: other }] }).set('a', { K: 'v' })
    const { writes } = kept
    expect(await failureOf(() => openHost(kept, { key }).rotateKey())).toMatchObject({ code: 'KEY_MISSING' })
    expect(kept.writes).toBe(writes)
    await openHost(kept, { keys: [{ key: other }, { key }] }).rotateKey()
    for (const one of [key, other]) expect((await openHost(kept, { key: one }).get('a'))?.values['K']).toBe('v')
  })

  test.each([
    [{ keys: [] }, 'INVALID_OPTION'],
    [{ keys: [{}] }, 'INVALID_OPTION'],
    [{ onProgress: 'often' }, 'INVALID_OPTION'],
    [{ key: 'k' }, 'UNKNOWN_OPTION'],
  ])('are refused as %j, and nothing is written', async (options, code) => {
    const { kept, key } = await sown()
    const { writes } = kept
    expect(await failureOf(() => openHost(kept, { key }).rotateKey(options as never))).toMatchObject({ code })
    expect(kept.writes).toBe(writes)
  })
})

test('an older keyring that is put back is ROLLED_BACK for who has seen the newer one', async () => {
  const { kept, key } = await sown()
  const old = kept.keyring!
  const host = openHost(kept, { key })
  await host.rotateKey()
  kept.keyring = { ...old, revision: 'put back' }
  expect(await failureOf(() => host.set('a0', { K: 'v' }))).toMatchObject({ code: 'ROLLED_BACK' })
  expect(await failureOf(() => openHost(kept, { key }).get('a0'))).toMatchObject({ code: 'CORRUPT' })
})

test('after close it is CLOSED', async () => {
  const { kept, key } = await sown()
  const store = openHost(kept, { key })
  await store.close()
  expect(await failureOf(() => store.rotateKey())).toMatchObject({ code: 'CLOSED' })
})

describe('where the keyring cannot be compared with each write', () => {
  test('a secret that is made while a rotation passes by is sealed again before it is acknowledged', async () => {
    const inner = memoryStore()
    const key = generateKey()
    const shared = { ...inner, close: () => Promise.resolve() }
    let stall: (() => Promise<void>) | undefined
    const stalling = {
      ...shared,
      set: async (...args: Parameters<typeof inner.set>) => {
        const run = stall
        stall = undefined
        await run?.()
        return inner.set(...args)
      },
    }
    const writer = sealedStore(stalling, { key })
    await writer.set('a', { K: 'v' })
    for (const name of ['a', 'new']) {
      stall = () => sealedStore(shared, { key }).rotateKey()
      await writer.set(name, { K: `of ${name}` })
      expect((await sealedStore(shared, { key }).get(name))?.values['K']).toBe(`of ${name}`)
    }
  })
})
