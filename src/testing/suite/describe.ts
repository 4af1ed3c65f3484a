import assert from 'node:assert/strict'
import type { Cases } from './case.ts'
import { assertEndsWhenAborted, assertInfo, assertInfoForm, describeTiming, failureOf } from './checks.ts'

export const describeCases: Cases = {
  async 'describe tells sorted keys, scope and version, frozen, and no values'(open) {
    const store = await open({ default: { a: { Z: 'x', A: 'x', _: 'x', a: 'x' } }, acme: { a: { KEY: 'x' } } })
    const info = await store.describe('a')
    assertInfo(info, { name: 'a', keys: ['Z', 'A', '_', 'a'] })
    assertInfoForm(info)
    assertInfo(await store.describe('a', { scope: 'acme' }), { name: 'a', scope: 'acme', keys: ['KEY'] })
  },

  async 'describe answers undefined for what is not there, and falls back to no other scope'(open) {
    const store = await open({ default: { a: { KEY: 'x' } } })
    assert.equal(await store.describe('b'), undefined)
    assert.equal(await store.describe('a', { scope: 'acme' }), undefined)
  },

  async 'describe answers at once where the store declares it'(open) {
    const store = await open({ default: { a: { KEY: 'x' } } })
    // The first answer opens a store that can tell only then; the capability is read after it.
    await store.describe('a')
    if (!store.capabilities.syncDescribe) return
    for (const name of ['a', 'b']) {
      assert.ok(!(store.describe(name) instanceof Promise), 'it answered with a promise, though syncDescribe is true')
    }
  },

  async 'describe gives the version, the date and the description that get gives'(open) {
    const store = await open({ default: { a: { KEY: 'x' } } })
    const info = await store.describe('a')
    const secret = await store.get('a')
    assert.ok(info && secret)
    assert.equal(info.version, secret.version)
    assert.deepEqual(info.createdAt, secret.createdAt)
    assert.equal(info.description, secret.description)
  },

  async 'describe fails with the reason of an aborted signal'(open) {
    const store = await open({ default: { a: { KEY: 'x' } } })
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    assert.equal(await failureOf(() => store.describe('a', { signal }), describeTiming(store)), reason)
  },

  async 'describe that is aborted while it runs ends with the reason or the answer, and the next one answers'(open) {
    const store = await open({ default: { a: { KEY: 'x' } } })
    await assertEndsWhenAborted(async (signal) => store.describe('a', { signal }))
    assertInfo(await store.describe('a'), { name: 'a', keys: ['KEY'] })
  },
}
