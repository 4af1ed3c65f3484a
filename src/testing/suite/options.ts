import assert from 'node:assert/strict'
import type { Cases } from './case.ts'
import { assertArgumentFailure, assertSecret, asWritable } from './checks.ts'
import { verbsWithOptions, verbsWithSignal } from './verbs.ts'

const SEED = { default: { a: { KEY: 'before', OTHER: 'y' } }, acme: { a: { KEY: 'z' } } }

export const optionCases: Cases = {
  async 'every verb refuses an option that it does not know'(open) {
    const store = await open(SEED)
    // What it means was written by somebody; to go on without it would read or write another scope.
    const misspelt = { Scope: 'acme' } as { scope?: string }
    for (const { call, timing } of verbsWithOptions(store, misspelt))
      await assertArgumentFailure('UNKNOWN_OPTION', call, timing)
    await assertArgumentFailure('UNKNOWN_OPTION', () => store.getMany([{ name: 'a' }], misspelt as object))
    assertSecret(await store.get('a'), { name: 'a', values: SEED.default.a })
  },

  async 'every verb that takes a signal refuses what is none'(open) {
    const store = await open(SEED)
    // A controller in the place of its signal would never give up.
    for (const none of [new AbortController(), null, true]) {
      const options = { signal: none as unknown as AbortSignal }
      for (const { call, timing } of verbsWithSignal(store, options))
        await assertArgumentFailure('INVALID_OPTION', call, timing)
    }
    assertSecret(await store.get('a'), { name: 'a', values: SEED.default.a })
  },

  async 'an option that is undefined is one that is left out'(open) {
    const store = await open(SEED)
    const scope = undefined
    assertSecret(await store.get('a', { scope, signal: undefined }), { name: 'a', values: SEED.default.a })
    const [secret] = await store.getMany([{ name: 'a', keys: undefined, scope }], { signal: undefined })
    assertSecret(secret, { name: 'a', values: SEED.default.a })
    assert.equal((await store.describe('a', { scope, signal: undefined }))?.scope, 'default')
    const writable = asWritable(store)
    if (writable === undefined) return
    await writable.set('a', { KEY: 'x' }, { scope, ifVersion: undefined, mode: undefined, description: undefined })
    assertSecret(await store.get('a'), { name: 'a', values: { KEY: 'x' } })
    assert.equal(await writable.delete('a', { scope, ifVersion: undefined }), true)
  },

  async 'arguments may be frozen'(open) {
    const store = await open(SEED)
    const options = Object.freeze({ scope: 'acme' })
    assert.ok(await store.get('a', options))
    assert.ok(await store.describe('a', options))
    const requests = Object.freeze([Object.freeze({ name: 'a', keys: Object.freeze(['KEY']) })])
    assertSecret((await store.getMany(requests))[0], { name: 'a', values: { KEY: 'before' } })
    const writable = asWritable(store)
    if (writable === undefined) return
    await writable.set('a', Object.freeze({ KEY: 'x' }), options)
    assertSecret(await store.get('a', options), { name: 'a', scope: 'acme', values: { KEY: 'x' } })
    assert.equal(await writable.delete('a', options), true)
  },
}
