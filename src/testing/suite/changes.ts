import assert from 'node:assert/strict'
import type { Cases } from './case.ts'
import { assertInfo, assertSecret, assertStoreFailure, asWritable, collect } from './checks.ts'

const SEED = { default: { a: { KEY: 'before' }, b: { KEY: 'y' } } }

/** What others do to the same data, where the factory has a `change`. */
export const changeCases: Cases = {
  async 'what others write is read, under a new version'(_, make) {
    const { store, change } = await make(SEED)
    if (change === undefined) return
    const before = await store.get('a')
    await change('default', 'a', { KEY: 'after', NEW: 'x' })
    const after = await store.get('a')
    assertSecret(after, { name: 'a', values: { KEY: 'after', NEW: 'x' } })
    assert.notEqual(after.version, before?.version)
    const info = await store.describe('a')
    assertInfo(info, { name: 'a', keys: ['KEY', 'NEW'] })
    assert.equal(info.version, after.version)
    assertSecret((await store.getMany([{ name: 'a' }]))[0], { name: 'a', values: { KEY: 'after', NEW: 'x' } })
  },

  async 'what others add is there, and what others remove is not'(_, make) {
    const { store, change } = await make(SEED)
    if (change === undefined) return
    // Asked before, so that a store which remembers that it found nothing is seen.
    assert.equal(await store.get('new'), undefined)
    await change('default', 'new', { KEY: 'x' })
    assertSecret(await store.get('new'), { name: 'new', values: { KEY: 'x' } })
    await change('default', 'a', undefined)
    assert.equal(await store.get('a'), undefined)
    assert.equal(await store.describe('a'), undefined)
    if (!store.capabilities.list) return
    const listed = await collect(store.list())
    assert.deepEqual(
      listed.map(({ name }) => name),
      ['b', 'new'],
    )
  },

  async 'a version from before others wrote is a conflict'(_, make) {
    const { store, change } = await make(SEED)
    const writable = asWritable(store)
    if (change === undefined || !writable?.capabilities.cas) return
    const before = await store.get('a')
    await change('default', 'a', { KEY: 'after' })
    await assertStoreFailure('CONFLICT', () => writable.set('a', { KEY: 'lost' }, { ifVersion: before?.version }))
    await assertStoreFailure('CONFLICT', () => writable.delete('a', { ifVersion: before?.version }))
    assertSecret(await store.get('a'), { name: 'a', values: { KEY: 'after' } })
  },
}
