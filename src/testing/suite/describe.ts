import assert from 'node:assert/strict'
import type { Cases } from './case.ts'
import { assertInfo, describeSecret, describeTiming, failureOf } from './checks.ts'

export const describeCases: Cases = {
  async 'describe tells sorted keys, scope and version, frozen, and no values'(open) {
    const store = await open({ default: { a: { Z: 'x', A: 'x', _: 'x', a: 'x' } }, acme: { a: { KEY: 'x' } } })
    assertInfo(await describeSecret(store, 'a'), { name: 'a', keys: ['Z', 'A', '_', 'a'] })
    assertInfo(await describeSecret(store, 'a', { scope: 'acme' }), { name: 'a', scope: 'acme', keys: ['KEY'] })
  },

  async 'describe answers undefined for what is not there, and falls back to no other scope'(open) {
    const store = await open({ default: { a: { KEY: 'x' } } })
    assert.equal(await describeSecret(store, 'b'), undefined)
    assert.equal(await describeSecret(store, 'a', { scope: 'acme' }), undefined)
  },

  async 'describe answers at once where the store declares it'(open) {
    const store = await open({ default: { a: { KEY: 'x' } } })
    // The first answer opens a store that can tell only then; the capability is read after it.
    await store.describe('a')
    await describeSecret(store, 'a')
    await describeSecret(store, 'b')
  },

  async 'describe gives the version, the date and the description that get gives'(open) {
    const store = await open({ default: { a: { KEY: 'x' } } })
    const info = await describeSecret(store, 'a')
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
}
