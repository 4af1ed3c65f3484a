import assert from 'node:assert/strict'
import { isLatchkeyError } from '../../errors.ts'
import type { Cases } from './case.ts'
import { assertStoreFailure, asWritable, collect, describeTiming, withHistory, withWatch } from './checks.ts'

function present<T>(answer: T | undefined): T {
  assert.ok(answer !== undefined)
  return answer
}

export const closeCases: Cases = {
  async 'after close every verb fails with CLOSED'(open) {
    const store = await open({ default: { a: { KEY: 'x' } } })
    const writable = asWritable(store)
    const versioned = withHistory(store)
    const watching = withWatch(store)
    const timing = describeTiming(store)
    await store.close()
    await assertStoreFailure('CLOSED', () => store.describe('a'), timing === 'throws' ? timing : 'any')
    await assertStoreFailure('CLOSED', () => store.get('a'))
    await assertStoreFailure('CLOSED', () => store.getMany([{ name: 'a' }]))
    await assertStoreFailure('CLOSED', () => store.getMany([]))
    if (store.capabilities.list) await assertStoreFailure('CLOSED', () => collect(store.list()))
    if (store.scopes) await assertStoreFailure('CLOSED', () => collect(present(store.scopes?.())))
    if (watching) await assertStoreFailure('CLOSED', () => watching.watch(() => undefined))
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

  async 'close ends watches, which may be disposed of after it'(open) {
    const store = await open({ default: { a: { KEY: 'x' } } })
    const watch = await withWatch(store)?.watch(() => undefined)
    await store.close()
    await watch?.[Symbol.asyncDispose]()
  },

  async 'close lets calls that are underway answer, or fails them as a store fails'(open) {
    const store = await open({ default: { a: { KEY: 'x' } } })
    const listing = store.capabilities.list ? store.list()[Symbol.asyncIterator]() : undefined
    await listing?.next()
    const underway = [store.get('a'), store.getMany([{ name: 'a' }]), asWritable(store)?.set('b', { KEY: 'y' })]
    const closing = store.close()
    const results = await Promise.allSettled([...underway, listing?.next()])
    await closing
    for (const result of results) {
      if (result.status === 'rejected') assertStoreError(result.reason)
    }
  },
}

function assertStoreError(error: unknown): void {
  assert.ok(isLatchkeyError(error) && error.name === 'StoreError', 'it failed with something else than a StoreError')
}
