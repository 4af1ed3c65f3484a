import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { rawKeyBytes } from '../../../src/crypto/raw-key.ts'
import { cases, fc } from '../../helpers/property.ts'
import { readReference } from '../../helpers/reference-decoder.ts'
import { failureOf, shownBy, storeFolder } from '../../helpers/store-folder.ts'

test('names such as __proto__, and values of every kind, come back exact', async () => {
  const { open } = storeFolder()
  const odd = {
    a: '',
    b: 'line\r\nline\ttab "quote" \\ \u2028 \u0001',
    c: '🔑 Ω é',
    d: '  ',
    e: '{{ x }}',
    f: '\ufeff',
  }
  const own = Object.fromEntries([
    ['__proto__', 'own'],
    ['constructor', 'own'],
    ['toString', 'own'],
  ])
  const store = open()
  for (const name of ['__proto__', 'constructor', 'hasOwnProperty']) await store.set(name, { ...odd })
  await store.set('keys', own, { scope: '__proto__' })
  const other = open()
  for (const name of ['__proto__', 'constructor', 'hasOwnProperty']) {
    expect({ ...(await other.get(name))?.values }).toEqual(odd)
  }
  const values = (await other.get('keys', { scope: '__proto__' }))?.values
  expect(Object.entries(values ?? {}).sort()).toEqual(Object.entries(own).sort())
  expect(await other.get('valueOf')).toBeUndefined()
})

test('1 MiB in one value and 100 keys fit; one byte or one key more do not', async () => {
  const { open, path } = storeFolder()
  const store = open()
  const big = 'é'.repeat(512 * 1024)
  await store.set('big', { K: big })
  expect((await open().get('big'))?.values['K'] === big).toBe(true)
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`K${index}`, String(index)]))
  await store.set('many', many)
  expect({ ...(await open().get('many'))?.values }).toEqual(many)
  const before = readFileSync(path)
  expect(await failureOf(store.set('big', { K: `${big}a` }))).toMatchObject({ code: 'TOO_LARGE' })
  expect(await failureOf(store.set('many', { ...many, ONE: 'more' }))).toMatchObject({ code: 'INVALID' })
  expect(await failureOf(store.set('big', { L: 'a' }, { mode: 'merge' }))).toMatchObject({ code: 'TOO_LARGE' })
  expect(await failureOf(store.set('many', { ONE: 'more' }, { mode: 'merge' }))).toMatchObject({ code: 'INVALID' })
  expect(readFileSync(path).equals(before)).toBe(true)
})

test('lone surrogates, NUL and what is no string are INVALID, never changed, and not told', async () => {
  const { open, path } = storeFolder()
  const store = open()
  for (const value of ['canary\ud800', 'canary\0', 7, null, undefined, ['canary'], { canary: 1 }]) {
    const error = await failureOf(store.set('a', { K: value as string }))
    expect(error).toMatchObject({ code: 'INVALID', secret: 'a', key: 'K' })
    expect(shownBy(error)).not.toContain('canary')
  }
  for (const values of [{}, [], null, 'canary', new Map([['K', 'canary']])]) {
    expect(await failureOf(store.set('a', values as never))).toMatchObject({ code: 'INVALID' })
  }
  expect(await failureOf(store.set('a', { K: 'v' }, { description: 'a\0' }))).toMatchObject({ code: 'INVALID' })
  expect(existsSync(path)).toBe(false)
})

test('random stores: what is read is what a plain map holds, and the reference decoder reads the same file', async () => {
  const { open, path, key } = storeFolder()
  const name = fc.constantFrom('a', 'b', 'b-1', 'b_1', '__proto__', 'Z', 'long_'.repeat(20))
  const scope = fc.constantFrom('default', 'acme', 'acme/production', 'acme-1')
  const values = fc.dictionary(fc.constantFrom('K', 'L', 'M_1', '__proto__'), fc.string({ unit: 'grapheme' }), {
    minKeys: 1,
    noNullPrototype: true,
  })
  const operation = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('set' as const), name, scope, values }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), name, scope }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('rotate' as const) }) },
  )
  const model = new Map<string, Record<string, string>>()
  const store = open()
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 12 }), async (operations) => {
      await Promise.all(
        operations.map(async (one) => {
          if (one.kind === 'rotate') return store.rotateKey().catch((error: unknown) => error)
          const address = `${one.scope} ${one.name}`
          if (one.kind === 'set') model.set(address, one.values)
          else model.delete(address)
          return one.kind === 'set'
            ? store.set(one.name, one.values, { scope: one.scope })
            : store.delete(one.name, { scope: one.scope })
        }),
      )
      const other = open()
      for (const [address, expected] of model) {
        const [inScope = '', named = ''] = address.split(' ')
        const found = await other.get(named, { scope: inScope })
        expect(Object.entries(found?.values ?? {}).sort()).toEqual(Object.entries(expected).sort())
      }
      await other.close()
      if (!existsSync(path)) return
      const file = readReference(readFileSync(path), { raw: rawKeyBytes(key, 'the test', 'file') })
      const live = new Map(file.records.map((record) => [`${record.scope} ${record.name}`, record.values]))
      expect([...live.keys()].sort()).toEqual([...model.keys()].sort())
      for (const [address, expected] of model) expect(live.get(address)).toEqual(expected)
    }),
    { numRuns: cases(25, 500) },
  )
})
