import assert from 'node:assert/strict'
import type { Cases } from './case.ts'
import { assertInfo, assertRefused, assertSecret, assertStoreFailure, asWritable, collect } from './checks.ts'

const SEED = { default: { a: { KEY: 'x' }, b: { KEY: 'y' } }, acme: { a: { KEY: 'z' } } }

export const deleteCases: Cases = {
  async 'delete removes a secret for every verb, and tells whether it was there'(open) {
    const store = asWritable(await open(SEED))
    if (store === undefined) return
    assert.equal(await store.delete('a'), true)
    assert.equal(await store.get('a'), undefined)
    assert.equal(await store.describe('a'), undefined)
    assert.deepEqual(await store.getMany([{ name: 'a' }]), [undefined])
    if (store.capabilities.list)
      assert.deepEqual(
        (await collect(store.list())).map(({ name }) => name),
        ['b'],
      )
    assert.equal(await store.delete('a'), false)
    assert.equal(await store.delete('never'), false)
  },

  async 'delete removes from one scope'(open) {
    const store = asWritable(await open(SEED))
    if (store === undefined) return
    assert.equal(await store.delete('a', { scope: 'acme' }), true)
    assert.equal(await store.get('a', { scope: 'acme' }), undefined)
    assertSecret(await store.get('a'), { name: 'a', values: { KEY: 'x' } })
    assert.equal(await store.delete('b', { scope: 'acme' }), false)
    assertSecret(await store.get('b'), { name: 'b', values: { KEY: 'y' } })
  },

  async 'delete removes the version that ifVersion names, and no other'(open) {
    const store = asWritable(await open(SEED))
    if (!store?.capabilities.cas) return
    const first = await store.get('a')
    const second = await store.set('a', { KEY: 'second' })
    await assertStoreFailure('CONFLICT', () => store.delete('a', { ifVersion: first?.version }))
    assertSecret(await store.get('a'), { name: 'a', values: { KEY: 'second' } })
    assert.equal(await store.delete('a', { ifVersion: second.version }), true)
    await assertStoreFailure('CONFLICT', () => store.delete('a', { ifVersion: second.version }))
    assert.equal(await store.get('a'), undefined)
  },

  async 'delete leaves nothing that a later write brings back'(open) {
    const store = asWritable(await open())
    if (store === undefined) return
    await store.set('a', { OLD: 'x' }, { description: 'the old one' })
    await store.delete('a')
    const info = await store.set('a', { NEW: 'y' }, { mode: 'merge' })
    assertInfo(info, { name: 'a', keys: ['NEW'] })
    assert.equal(info.description, undefined)
    assertSecret(await store.get('a'), { name: 'a', values: { NEW: 'y' } })
  },

  async 'delete without compare-and-set refuses ifVersion, rather than ignore it'(open) {
    const store = asWritable(await open(SEED))
    if (store === undefined || store.capabilities.cas) return
    await assertRefused(() => store.delete('a', { ifVersion: 'none' }))
    assertSecret(await store.get('a'), { name: 'a', values: { KEY: 'x' } })
  },
}
