import assert from 'node:assert/strict'
import type { Cases } from './case.ts'
import { assertArgumentFailure, assertInfo, assertSecret, collect, record } from './checks.ts'
import { namedVerbs, verbsWithOptions } from './verbs.ts'

/** Words that every object of JavaScript answers to. As names, keys and scopes they are words like any other. */
const INHERITED = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf', '__defineGetter__']
const NO_NAMES: readonly unknown[] = [
  ...['', ' ', 'a b', 'a\n', '1a', '-a', 'a.b', 'a/b', '../a', 'a%2Fb', 'a\0', 'é', '\ud800', 'a'.repeat(129), "a'--"],
  ...[undefined, null, 1, {}, ['a'], Symbol('a')],
]
const NO_SCOPES: readonly unknown[] = [
  ...['', '/', '/a', 'a/', 'a//b', '.', '..', 'a/../b', 'a b', 'a\n', 'é', 'a\0', 'a%2Fb', 'a'.repeat(65)],
  ...[null, 1, {}, ['a']],
]

export const hostileNameCases: Cases = {
  async 'words that every object knows are not there before they are written'(open) {
    const store = await open({ default: { a: { KEY: 'x' } } })
    for (const word of INHERITED) {
      assert.equal(await store.get(word), undefined, word)
      assert.equal(await store.describe(word), undefined, word)
      assert.equal(await store.get('a', { scope: word }), undefined, word)
      assert.deepEqual(await store.getMany([{ name: word }, { name: 'a', scope: word }]), [undefined, undefined], word)
    }
  },

  async 'words that every object knows can be names, keys and scopes'(open) {
    const values = record(INHERITED.map((word) => [word, `value of ${word}`] as const))
    const names = record(INHERITED.map((word) => [word, values] as const))
    const store = await open(record(['default', ...INHERITED].map((scope) => [scope, names] as const)))
    for (const scope of ['default', ...INHERITED]) {
      for (const name of INHERITED) {
        assertSecret(await store.get(name, { scope }), { name, scope, values })
        assertInfo(await store.describe(name, { scope }), { name, scope, keys: INHERITED })
      }
      if (!store.capabilities.list) continue
      const listed = await collect(store.list({ scope }))
      assert.deepEqual(
        listed.map(({ name }) => name),
        [...INHERITED].sort(),
      )
    }
    assert.equal(({} as Record<string, unknown>)['value of __proto__'], undefined)
  },

  async 'every verb refuses what is no name'(open) {
    const store = await open({ default: { a: { KEY: 'x' } } })
    for (const name of NO_NAMES) {
      for (const { call, timing } of namedVerbs(store, name as string))
        await assertArgumentFailure('INVALID_NAME', call, timing)
    }
  },

  async 'every verb refuses what is no scope'(open) {
    const store = await open({ default: { a: { KEY: 'x' } } })
    const tooDeep = Array((store.capabilities.maxScopeSegments ?? 8) + 1)
      .fill('a')
      .join('/')
    for (const scope of [...NO_SCOPES, tooDeep]) {
      for (const { call, timing } of verbsWithOptions(store, { scope: scope as string }))
        await assertArgumentFailure('INVALID_NAME', call, timing)
    }
  },

  async 'names and keys may be as long as the grammar allows'(open) {
    const name = 'n'.repeat(128)
    const { maxScopeSegments: segments = 8 } = (await open()).capabilities
    const scope = segments === 0 ? 'default' : Array(segments).fill('s'.repeat(64)).join('/')
    const values = { ['K'.repeat(255)]: 'x' }
    const store = await open({ [scope]: { [name]: values } })
    assertSecret(await store.get(name, { scope }), { name, scope, values })
  },
}
