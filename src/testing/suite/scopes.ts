import assert from 'node:assert/strict'
import type { Cases } from './case.ts'
import { assertSecret, asWritable, collect, record } from './checks.ts'

/** Scopes and names that a store which joins them to a path, or folds their case, takes for one another. */
const ALIKE = [
  'default',
  'acme',
  'ACME',
  'acme.',
  'acme/default',
  'acme/acme',
  'acme-acme',
  'acme_acme',
  'default/acme',
]

export const scopesCases: Cases = {
  async 'scopes and names that look alike are kept apart'(open) {
    const names = ['acme', 'default', 'acme_acme', 'acme-acme', 'Acme']
    const pairs = ALIKE.flatMap((scope) => names.map((name) => ({ scope, name, values: { KEY: `${scope} ${name}` } })))
    const store = await open(
      record(ALIKE.map((scope) => [scope, record(names.map((name) => [name, { KEY: `${scope} ${name}` }]))] as const)),
    )
    for (const { scope, name, values } of pairs) assertSecret(await store.get(name, { scope }), { scope, name, values })
    if (!store.capabilities.list) return
    for (const scope of ALIKE) {
      const listed = await collect(store.list({ scope }))
      assert.deepEqual(
        listed.map(({ name }) => name),
        [...names].sort(),
      )
    }
  },

  async 'scopes gives each scope that holds something, once'(open) {
    const store = await open({
      default: { a: { KEY: 'x' }, b: { KEY: 'x' } },
      'acme/production': { a: { KEY: 'x' } },
      acme: { a: { KEY: 'x' } },
    })
    if (store.scopes === undefined) return
    assert.deepEqual((await collect(store.scopes())).sort(), ['acme', 'acme/production', 'default'])
  },

  async 'scopes gives each of many'(open) {
    const many = Array.from({ length: 120 }, (_, i) => `tenant_${i}/production`)
    const store = await open(record(many.map((scope) => [scope, { a: { KEY: 'x' } }] as const)))
    if (store.scopes === undefined) return
    assert.deepEqual((await collect(store.scopes())).sort(), many.sort())
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
