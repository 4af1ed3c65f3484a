import assert from 'node:assert/strict'
import type { Cases } from './case.ts'
import { assertInfo, assertInfoForm, assertSecret, assertStoreFailure, failureOf, withHistory } from './checks.ts'

export const historyCases: Cases = {
  async 'history lists the versions that are kept, the live one first'(open) {
    const store = withHistory(await open())
    if (store === undefined) return
    const first = await store.set('a', { FIRST: 'x' })
    assert.deepEqual(await store.history('a'), [first])
    const second = await store.set('a', { SECOND: 'x' })
    const [live, older] = await store.history('a')
    assertInfo(live, { name: 'a', keys: ['SECOND'] })
    assertInfo(older, { name: 'a', keys: ['FIRST'] })
    assert.deepEqual([live.version, older.version], [second.version, first.version])
    for (const info of [live, older]) assertInfoForm(info)
  },

  async 'history lists nothing for what is not there, and keeps scopes apart'(open) {
    const store = withHistory(await open({ acme: { a: { KEY: 'x' } } }))
    if (store === undefined) return
    assert.deepEqual(await store.history('a'), [])
    assert.equal((await store.history('a', { scope: 'acme' })).length, 1)
  },

  async 'rollback makes an older version the newest, under a new version'(open) {
    const store = withHistory(await open())
    if (store === undefined) return
    const first = await store.set('a', { FIRST: 'x' }, { description: 'the first' })
    const second = await store.set('a', { SECOND: 'y' })
    const third = await store.rollback('a', first.version)
    assertInfo(third, { name: 'a', keys: ['FIRST'] })
    assertInfoForm(third)
    assert.ok(third.version !== first.version && third.version !== second.version, 'rollback gave an old version')
    const live = await store.get('a')
    assertSecret(live, { name: 'a', values: { FIRST: 'x' } })
    assert.equal(live.version, third.version)
    assert.equal(live.description, 'the first')
    assert.deepEqual(
      (await store.history('a')).slice(0, 2).map(({ version }) => version),
      [third.version, second.version],
    )
  },

  async 'rollback refuses a version that is not kept, and changes nothing'(open) {
    const store = withHistory(await open())
    if (store === undefined) return
    await assertStoreFailure('INVALID', () => store.rollback('a', 'none'))
    const { version } = await store.set('a', { KEY: 'x' })
    const other = await store.set('b', { KEY: 'x' })
    for (const none of ['none', '', `${version}0`, other.version]) {
      if (none !== version) await assertStoreFailure('INVALID', () => store.rollback('a', none))
    }
    await assertStoreFailure('INVALID', () => store.rollback('a', version, { scope: 'acme' }))
    assert.equal((await store.get('a'))?.version, version)
  },

  async 'delete removes the history too'(open) {
    const store = withHistory(await open())
    if (store === undefined) return
    const { version } = await store.set('a', { KEY: 'x' })
    await store.set('a', { KEY: 'y' })
    await store.delete('a')
    assert.deepEqual(await store.history('a'), [])
    await store.set('a', { KEY: 'z' })
    assert.equal((await store.history('a')).length, 1)
    await assertStoreFailure('INVALID', () => store.rollback('a', version))
  },

  async 'history rejects with the reason of an aborted signal'(open) {
    const store = withHistory(await open())
    if (store === undefined) return
    await store.set('a', { KEY: 'x' })
    const reason = new Error('enough')
    assert.equal(await failureOf(() => store.history('a', { signal: AbortSignal.abort(reason) })), reason)
  },

  async 'history gives dates of its own each time, and keeps descriptions'(open) {
    const store = withHistory(await open())
    if (store === undefined) return
    await store.set('a', { KEY: 'x' }, { description: 'the first' })
    await store.set('a', { KEY: 'y' }, { description: 'the second' })
    const before = await store.history('a')
    const times = before.map(({ createdAt }) => createdAt?.getTime())
    for (const { createdAt } of before) createdAt?.setTime(0)
    const after = await store.history('a')
    assert.deepEqual(
      after.map(({ createdAt }) => createdAt?.getTime()),
      times,
    )
    assert.deepEqual(
      after.map(({ description }) => description),
      ['the second', 'the first'],
    )
  },
}
