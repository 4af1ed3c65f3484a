import assert from 'node:assert/strict'
import type { Cases, Open } from './case.ts'
import { assertInfo, assertInfoForm, assertStoreFailure, asWritable, collect, record } from './checks.ts'

/** In the order of character codes: digits, capitals, `_`, small letters. */
const SORTED = ['B', '_a', 'a', 'a-b', 'a1', 'aB', 'a_b', 'ab', 'b']
const SEED = {
  default: Object.fromEntries([...SORTED].reverse().map((name) => [name, { Z: 'x', A: 'y' }])),
  acme: { c: { KEY: 'x' } },
}

/** More than a page of any engine holds, in their order. */
const MANY = Array.from({ length: 120 }, (_, i) => `many_${String(i).padStart(3, '0')}`)
const MANY_SEED = { default: record(MANY.map((name) => [name, { KEY: name }] as const)) }

async function names(open: Open, options?: { scope?: string; prefix?: string }): Promise<string[] | undefined> {
  const store = await open(SEED)
  if (store.capabilities.list) return (await collect(store.list(options))).map(({ name }) => name)
  await assertStoreFailure('INVALID', () => collect(store.list(options)))
  return undefined
}

export const listCases: Cases = {
  async 'list gives every secret of scope default, sorted by name'(open) {
    assert.deepEqual((await names(open)) ?? SORTED, SORTED)
  },

  async 'list gives every secret of the scope that is given'(open) {
    assert.deepEqual((await names(open, { scope: 'acme' })) ?? ['c'], ['c'])
  },

  async 'list gives only names that begin with the prefix'(open) {
    const expected = SORTED.filter((name) => name.startsWith('a'))
    assert.deepEqual((await names(open, { prefix: 'a' })) ?? expected, expected)
    assert.deepEqual((await names(open, { prefix: 'a_' })) ?? ['a_b'], ['a_b'])
    assert.deepEqual((await names(open, { prefix: '%' })) ?? [], [])
    assert.deepEqual((await names(open, { prefix: '' })) ?? SORTED, SORTED)
  },

  async 'list gives nothing where nothing is'(open) {
    assert.deepEqual((await names(open, { scope: 'empty' })) ?? [], [])
  },

  async 'list tells keys and versions as describe does, frozen, and no values'(open) {
    const store = await open(SEED)
    if (!store.capabilities.list) return
    for await (const info of store.list()) {
      assertInfo(info, { name: info.name, keys: ['A', 'Z'] })
      assertInfoForm(info)
      assert.deepEqual(info, await store.describe(info.name))
    }
  },

  async 'list can be left before its end'(open) {
    const store = await open(SEED)
    if (!store.capabilities.list) return
    for await (const info of store.list()) {
      assert.equal(info.name, SORTED[0])
      break
    }
    assert.equal((await collect(store.list())).length, SORTED.length)
  },

  async 'list gives all of many secrets, each once and in order, also by prefix'(open) {
    const store = await open(MANY_SEED)
    if (!store.capabilities.list) return
    for (const prefix of ['', 'many_', 'many_1', 'many_05', 'many_119']) {
      const listed = await collect(store.list({ prefix }))
      assert.deepEqual(
        listed.map(({ name }) => name),
        MANY.filter((name) => name.startsWith(prefix)),
      )
    }
  },

  async 'list gives each secret that was there all the while once, whatever is written meanwhile'(open) {
    const store = asWritable(await open(MANY_SEED))
    if (!store?.capabilities.list) return
    const listed: string[] = []
    for await (const { name } of store.list()) {
      listed.push(name)
      if (listed.length % 20 !== 1) continue
      const turn = String(listed.length).padStart(3, '0')
      await Promise.all([
        store.set(`many_${turn}_new`, { KEY: 'x' }),
        store.set('many_060', { KEY: turn }),
        store.delete(`many_0${90 - Math.floor(listed.length / 20)}`),
      ])
    }
    assert.deepEqual(listed, [...new Set(listed)].sort(), 'the names are not in order, or one was given twice')
    const gone = /^many_0(8[4-9]|90)$/
    const stayed = MANY.filter((name) => !gone.test(name))
    assert.deepEqual(
      listed.filter((name) => stayed.includes(name)),
      stayed,
    )
  },

  async 'two lists at the same time are each whole'(open) {
    const store = await open(SEED)
    if (!store.capabilities.list) return
    const [first, second] = [store.list()[Symbol.asyncIterator](), store.list()[Symbol.asyncIterator]()]
    for (const name of SORTED) {
      const steps = await Promise.all([first.next(), second.next()])
      for (const { value, done } of steps) assert.equal(done === true ? undefined : value.name, name)
    }
    assert.deepEqual([(await first.next()).done, (await second.next()).done], [true, true])
  },
}
