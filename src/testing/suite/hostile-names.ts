import assert from 'node:assert/strict'
import type { SecretStore } from '../../store.ts'
import type { Cases } from './case.ts'
import {
  assertArgumentFailure,
  assertInfo,
  assertSecret,
  assertStoreFailure,
  asWritable,
  collect,
  describeSecret,
  describeTiming,
  record,
  withHistory,
} from './checks.ts'

/** Words that every object of JavaScript answers to. As names, keys and scopes they are words like any other. */
const INHERITED = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf', '__defineGetter__']
const NO_NAMES: readonly unknown[] = [
  ...['', ' ', 'a b', 'a\n', '1a', '-a', 'a.b', 'a/b', '../a', 'a%2Fb', 'a\0', 'é', '\ud800', 'a'.repeat(129), "a'--"],
  ...[undefined, null, 1, {}, ['a'], Symbol('a')],
]
const NO_SCOPES: readonly unknown[] = [
  ...['', '/', '/a', 'a/', 'a//b', '.', '..', 'a/../b', 'a b', 'a\n', 'é', 'a\0', 'a%2Fb', 'a'.repeat(65)],
  ...['a/a/a/a/a/a/a/a/a', null, 1, {}, ['a']],
]

/** Every verb, called with a name and a scope, and when it throws. */
function calls(
  store: SecretStore,
  name: string,
  scope?: string,
): (readonly [() => unknown, 'rejects' | 'throws' | 'any'])[] {
  const options = scope === undefined ? {} : { scope }
  const writable = asWritable(store)
  const versioned = withHistory(store)
  return [
    [() => store.describe(name, options), describeTiming(store)],
    [() => store.get(name, options), 'rejects'],
    [() => store.getMany([{ name, ...options }]), 'rejects'],
    ...(writable
      ? [
          [() => writable.set(name, { KEY: 'x' }, options), 'rejects'] as const,
          [() => writable.delete(name, options), 'rejects'] as const,
        ]
      : []),
    ...(versioned
      ? [
          [() => versioned.history(name, options), 'rejects'] as const,
          [() => versioned.rollback(name, 'none', options), 'rejects'] as const,
        ]
      : []),
  ]
}

export const hostileNameCases: Cases = {
  async 'words that every object knows are not there before they are written'(open) {
    const store = await open({ default: { a: { KEY: 'x' } } })
    for (const word of INHERITED) {
      assert.equal(await store.get(word), undefined, word)
      assert.equal(await describeSecret(store, word), undefined, word)
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
        assertInfo(await describeSecret(store, name, { scope }), { name, scope, keys: INHERITED })
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
      for (const [call, timing] of calls(store, name as string))
        await assertArgumentFailure('INVALID_NAME', call, timing)
    }
  },

  async 'every verb refuses what is no scope'(open) {
    const store = await open({ default: { a: { KEY: 'x' } } })
    for (const scope of NO_SCOPES) {
      const all = calls(store, 'a', scope as string)
      if (store.capabilities.list) all.push([() => collect(store.list({ scope: scope as string })), 'rejects'])
      if (store.watch) all.push([() => store.watch?.(() => undefined, { scope: scope as string }), 'rejects'])
      for (const [call, timing] of all) await assertArgumentFailure('INVALID_NAME', call, timing)
    }
  },

  async 'names and keys may be as long as the grammar, or the store, allows'(open) {
    const name = 'n'.repeat(128)
    const longest = Array(8).fill('s'.repeat(64)).join('/')
    const values = { ['K'.repeat(255)]: 'x' }
    const { maxPath } = (await open()).capabilities
    const scope = maxPath === undefined ? longest : longest.slice(0, maxPath - name.length - 1).replace(/\/$/, '')
    const store = await open({ [scope]: { [name]: values } })
    assertSecret(await store.get(name, { scope }), { name, scope, values })
    if (scope === longest) return
    for (const [call] of calls(store, name, longest)) await assertStoreFailure('INVALID', call, 'any')
  },
}
