import assert from 'node:assert/strict'
import type { Cases } from './case.ts'
import { asWritable, collect } from './checks.ts'

export const scopesCases: Cases = {
  async 'scopes gives each scope that holds something, once'(open) {
    const store = await open({
      default: { a: { KEY: 'x' }, b: { KEY: 'x' } },
      'acme/production': { a: { KEY: 'x' } },
      acme: { a: { KEY: 'x' } },
    })
    if (store.scopes === undefined) return
    assert.deepEqual((await collect(store.scopes())).sort(), ['acme', 'acme/production', 'default'])
  },

  async 'scopes gives nothing where nothing is'(open) {
    const store = await open()
    if (store.scopes === undefined) return
    assert.deepEqual(await collect(store.scopes()), [])
  },

  async 'scopes gives no scope whose last secret was deleted'(open) {
    const store = await open({ acme: { a: { KEY: 'x' } }, other: { a: { KEY: 'x' }, b: { KEY: 'x' } } })
    const writable = asWritable(store)
    if (store.scopes === undefined || writable === undefined) return
    await writable.delete('a', { scope: 'acme' })
    await writable.delete('a', { scope: 'other' })
    assert.deepEqual(await collect(store.scopes()), ['other'])
  },
}
