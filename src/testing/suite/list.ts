import assert from 'node:assert/strict'
import type { Cases, Open } from './case.ts'
import { assertInfo, assertStoreFailure, collect } from './checks.ts'

/** In the order of character codes: digits, capitals, `_`, small letters. */
const SORTED = ['B', '_a', 'a', 'a-b', 'a1', 'aB', 'a_b', 'ab', 'b']
const SEED = {
  default: Object.fromEntries([...SORTED].reverse().map((name) => [name, { Z: 'x', A: 'y' }])),
  acme: { c: { KEY: 'x' } },
}

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
}
