import assert from 'node:assert/strict'
import type { Cases } from './case.ts'
import { assertStoreFailure, asWritable, collect, describeTiming, withHistory } from './checks.ts'

function present<T>(answer: T | undefined): T {
  assert.ok(answer !== undefined)
  return answer
}

export const closeCases: Cases = {
  async 'after close every verb fails with CLOSED'(open) {
    const store = await open({ default: { a: { KEY: 'x' } } })
    const writable = asWritable(store)
    const versioned = withHistory(store)
    const timing = describeTiming(store)
    await store.close()
    await assertStoreFailure('CLOSED', () => store.describe('a'), timing === 'throws' ? timing : 'any')
    await assertStoreFailure('CLOSED', () => store.get('a'))
    await assertStoreFailure('CLOSED', () => store.getMany([{ name: 'a' }]))
    await assertStoreFailure('CLOSED', () => store.getMany([]))
    if (store.capabilities.list) await assertStoreFailure('CLOSED', () => collect(store.list()))
    if (store.scopes) await assertStoreFailure('CLOSED', () => collect(present(store.scopes?.())))
    if (store.watch) await assertStoreFailure('CLOSED', () => store.watch?.(() => undefined))
    if (writable) {
      await assertStoreFailure('CLOSED', () => writable.set('a', { KEY: 'y' }))
      await assertStoreFailure('CLOSED', () => writable.delete('a'))
    }
    if (versioned) {
      await assertStoreFailure('CLOSED', () => versioned.history('a'))
      await assertStoreFailure('CLOSED', () => versioned.rollback('a', 'none'))
    }
  },

  async 'close may be called again, and at the same time'(open) {
    const store = await open({ default: { a: { KEY: 'x' } } })
    await Promise.all([store.close(), store.close()])
    await store.close()
  },

  async 'close may be called before anything else'(open) {
    const store = await open()
    await store.close()
    await assertStoreFailure('CLOSED', () => store.get('a'))
  },

  async 'await using closes the store'(open) {
    const store = await open({ default: { a: { KEY: 'x' } } })
    {
      await using used = store
      assert.ok(await used.get('a'))
    }
    await assertStoreFailure('CLOSED', () => store.get('a'))
  },
}
