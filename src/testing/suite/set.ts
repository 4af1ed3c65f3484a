import assert from 'node:assert/strict'
import type { Cases } from './case.ts'
import {
  assertArgumentFailure,
  assertInfo,
  assertInfoForm,
  assertRefused,
  assertSecret,
  assertStoreFailure,
  asWritable,
  record,
} from './checks.ts'

const BEFORE = { KEY: 'before', OTHER: 'y' }
const MIB = 1024 * 1024

/** What no secret can hold, by what is wrong with it. Each also has a good pair, which must not be written either. */
const UNHOLDABLE: Readonly<Record<string, unknown>> = {
  'a lone high surrogate': { GOOD: 'x', KEY: 'a\ud800' },
  'a lone low surrogate': { GOOD: 'x', KEY: '\udc00a' },
  'a NUL': { GOOD: 'x', KEY: 'a\0b' },
  'a number': { GOOD: 'x', KEY: 1 },
  null: { GOOD: 'x', KEY: null },
  undefined: { GOOD: 'x', KEY: undefined },
  'an object': { GOOD: 'x', KEY: { toString: () => 'x' } },
  'a key with a dot': { GOOD: 'x', 'tls.crt': 'x' },
  'an empty key': { GOOD: 'x', '': 'x' },
  'a key that begins with a digit': { GOOD: 'x', '1A': 'x' },
  'no key': {},
  'more keys than there may be': record(Array.from({ length: 101 }, (_, i) => [`KEY_${i}`, 'x'] as const)),
  'no object': 'text',
  'an array': ['x'],
}

export const setCases: Cases = {
  async 'set answers what describe answers afterwards'(open) {
    const store = asWritable(await open())
    if (store === undefined) return
    const info = await store.set('a', { Z: 'x', A: 'y' })
    assertInfo(info, { name: 'a', keys: ['A', 'Z'] })
    assertInfoForm(info)
    assert.deepEqual(info, await store.describe('a'))
    assertSecret(await store.get('a'), { name: 'a', values: { Z: 'x', A: 'y' } })
  },

  async 'set makes the values the whole secret, or keeps other keys with mode merge'(open) {
    const store = asWritable(await open({ default: { a: BEFORE } }))
    if (store === undefined) return
    await store.set('a', { KEY: 'after', NEW: 'z' }, { mode: 'merge' })
    assertSecret(await store.get('a'), { name: 'a', values: { KEY: 'after', OTHER: 'y', NEW: 'z' } })
    await store.set('a', { ONLY: 'x' })
    assertSecret(await store.get('a'), { name: 'a', values: { ONLY: 'x' } })
    await store.set('a', { LAST: 'x' }, { mode: 'replace' })
    assertSecret(await store.get('a'), { name: 'a', values: { LAST: 'x' } })
  },

  async 'set with mode merge makes a secret that is not there'(open) {
    const store = asWritable(await open())
    if (store === undefined) return
    await store.set('a', { KEY: 'x' }, { mode: 'merge' })
    assertSecret(await store.get('a'), { name: 'a', values: { KEY: 'x' } })
  },

  async 'set gives a new version with every write, also of equal values'(open) {
    const store = asWritable(await open())
    if (store === undefined) return
    const versions = new Set<string>()
    for (const values of [{ KEY: 'x' }, { KEY: 'x' }, { KEY: 'y' }, { KEY: 'x' }]) {
      versions.add((await store.set('a', values)).version)
    }
    assert.equal(versions.size, 4)
  },

  async 'set never gives a version again, also after a delete'(open) {
    const store = asWritable(await open())
    if (store === undefined) return
    const first = await store.set('a', { KEY: 'x' })
    await store.delete('a')
    const second = await store.set('a', { KEY: 'x' })
    assert.notEqual(second.version, first.version)
  },

  async 'set writes into one scope'(open) {
    const store = asWritable(await open({ default: { a: BEFORE } }))
    if (store === undefined) return
    assertInfo(await store.set('a', { KEY: 'z' }, { scope: 'acme' }), { name: 'a', scope: 'acme', keys: ['KEY'] })
    assertSecret(await store.get('a'), { name: 'a', values: BEFORE })
    assertSecret(await store.get('a', { scope: 'acme' }), { name: 'a', scope: 'acme', values: { KEY: 'z' } })
    assert.equal(await store.get('a', { scope: 'other' }), undefined)
  },

  async 'set takes the values as they are when it is called'(open) {
    const store = asWritable(await open())
    if (store === undefined) return
    const values = { KEY: 'x' }
    const writing = store.set('a', values)
    values.KEY = 'changed'
    await writing
    assertSecret(await store.get('a'), { name: 'a', values: { KEY: 'x' } })
  },

  async 'set keeps a description; merge keeps the one that is there, replace drops it'(open) {
    const store = asWritable(await open())
    if (store === undefined) return
    const description = 'For the nightly export 🔑'
    assert.equal((await store.set('a', { KEY: 'x' }, { description })).description, description)
    assert.equal((await store.get('a'))?.description, description)
    assert.equal((await store.set('a', { KEY: 'y' }, { mode: 'merge' })).description, description)
    assert.equal((await store.set('a', { KEY: 'z' })).description, undefined)
    assert.equal((await store.describe('a'))?.description, undefined)
  },

  async 'set refuses what no secret can hold, and changes nothing'(open) {
    const store = asWritable(await open({ default: { a: BEFORE } }))
    if (store === undefined) return
    const version = (await store.get('a'))?.version
    for (const [what, values] of Object.entries(UNHOLDABLE)) {
      for (const mode of ['replace', 'merge'] as const) {
        for (const name of ['a', 'new']) {
          try {
            await assertStoreFailure('INVALID', () => store.set(name, values as Record<string, string>, { mode }))
          } catch (error) {
            throw new assert.AssertionError({
              message: `${what}: ${error instanceof Error ? error.message : 'failed'}`,
            })
          }
        }
      }
    }
    const after = await store.get('a')
    assertSecret(after, { name: 'a', values: BEFORE })
    assert.equal(after.version, version)
    assert.equal(await store.get('new'), undefined)
  },

  async 'set refuses a secret that is too large, also when merging makes it so, and changes nothing'(open) {
    const store = asWritable(await open())
    if (store === undefined) return
    const limit = Math.min(store.capabilities.maxBytes ?? MIB, MIB)
    const values = { KEY: 'x'.repeat(limit) }
    await assertStoreFailure('TOO_LARGE', () => store.set('a', { ...values, MORE: 'x' }))
    // Bytes count, not characters.
    await assertStoreFailure('TOO_LARGE', () => store.set('a', { KEY: 'é'.repeat(Math.floor(limit / 2) + 1) }))
    assert.equal(await store.get('a'), undefined)
    await store.set('a', values)
    await assertStoreFailure('TOO_LARGE', () => store.set('a', { MORE: 'x' }, { mode: 'merge' }))
    assertSecret(await store.get('a'), { name: 'a', values })
  },

  async 'set writes with the live version as ifVersion, and with no other'(open) {
    const store = asWritable(await open())
    if (!store?.capabilities.cas) return
    const first = await store.set('a', { KEY: 'first' })
    const second = await store.set('a', { KEY: 'second' }, { ifVersion: first.version })
    for (const ifVersion of [first.version, '', '0', `${second.version}0`, null]) {
      await assertStoreFailure('CONFLICT', () => store.set('a', { KEY: 'lost' }, { ifVersion }))
      await assertStoreFailure('CONFLICT', () => store.set('a', { KEY: 'lost' }, { ifVersion, mode: 'merge' }))
    }
    const live = await store.get('a')
    assertSecret(live, { name: 'a', values: { KEY: 'second' } })
    assert.equal(live.version, second.version)
    await store.set('a', { KEY: 'third' }, { ifVersion: undefined })
    assertSecret(await store.get('a'), { name: 'a', values: { KEY: 'third' } })
  },

  async 'set with ifVersion null writes only where nothing is'(open) {
    const store = asWritable(await open({ default: { a: BEFORE } }))
    if (!store?.capabilities.cas) return
    await store.set('b', { KEY: 'x' }, { ifVersion: null })
    await store.set('a', { KEY: 'x' }, { ifVersion: null, scope: 'acme' })
    await assertStoreFailure('CONFLICT', () => store.set('b', { KEY: 'y' }, { ifVersion: null }))
    assertSecret(await store.get('b'), { name: 'b', values: { KEY: 'x' } })
    await store.delete('b')
    await store.set('b', { KEY: 'z' }, { ifVersion: null })
  },

  async 'set with the version of a secret that is no longer there is a conflict'(open) {
    const store = asWritable(await open())
    if (!store?.capabilities.cas) return
    const { version } = await store.set('a', { KEY: 'x' })
    await store.delete('a')
    await assertStoreFailure('CONFLICT', () => store.set('a', { KEY: 'y' }, { ifVersion: version }))
    assert.equal(await store.get('a'), undefined)
    await store.set('a', { KEY: 'z' })
    await assertStoreFailure('CONFLICT', () => store.set('a', { KEY: 'y' }, { ifVersion: version }))
    assertSecret(await store.get('a'), { name: 'a', values: { KEY: 'z' } })
  },

  async 'set without compare-and-set refuses ifVersion, rather than ignore it'(open) {
    const store = asWritable(await open({ default: { a: BEFORE } }))
    if (store === undefined || store.capabilities.cas) return
    for (const ifVersion of [null, 'none']) await assertRefused(() => store.set('a', { KEY: 'x' }, { ifVersion }))
    assertSecret(await store.get('a'), { name: 'a', values: BEFORE })
  },

  async 'set refuses a mode that it does not know'(open) {
    const store = asWritable(await open({ default: { a: BEFORE } }))
    if (store === undefined) return
    await assertArgumentFailure('INVALID_OPTION', () => store.set('a', { KEY: 'x' }, { mode: 'append' as 'merge' }))
    assertSecret(await store.get('a'), { name: 'a', values: BEFORE })
  },

  async 'set refuses a description that is no well-formed text, and changes nothing'(open) {
    const store = asWritable(await open({ default: { a: BEFORE } }))
    if (store === undefined) return
    for (const description of ['a\0', 'a\ud800', 1, null, ['x']] as string[]) {
      await assertStoreFailure('INVALID', () => store.set('a', { KEY: 'x' }, { description }))
    }
    assertSecret(await store.get('a'), { name: 'a', values: BEFORE })
  },

  async 'set writes the own pairs of what it is given, and leaves that as it is'(open) {
    const store = asWritable(await open())
    if (store === undefined) return
    const inheriting = Object.create({ INHERITED: 'x' }) as Record<string, string>
    inheriting['KEY'] = 'y'
    const bare = Object.assign(Object.create(null) as Record<string, string>, { KEY: 'y' })
    for (const values of [inheriting, bare]) {
      await store.set('a', values)
      assert.ok(!Object.isFrozen(values), 'set froze the values that it was given')
      assertSecret(await store.get('a'), { name: 'a', values: { KEY: 'y' } })
    }
  },
}
