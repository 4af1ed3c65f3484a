import assert from 'node:assert/strict'
import type { StoreChange } from '../../store.ts'
import type { Cases } from './case.ts'
import { asWritable } from './checks.ts'

/** Collects changes, and lets a test wait for the next one. */
function changeLog(): { listener: (change: StoreChange) => void; next: () => Promise<StoreChange> } {
  const seen: StoreChange[] = []
  const waiting: ((change: StoreChange) => void)[] = []
  return {
    listener(change) {
      const resolve = waiting.shift()
      if (resolve) resolve(change)
      else seen.push(change)
    },
    next() {
      const change = seen.shift()
      return change ? Promise.resolve(change) : new Promise((resolve) => waiting.push(resolve))
    },
  }
}

export const watchCases: Cases = {
  async 'watch tells of a write and of a delete'(open) {
    const store = asWritable(await open())
    if (store?.watch === undefined) return
    const { listener, next } = changeLog()
    await store.watch(listener)
    const info = await store.set('a', { KEY: 'x' })
    const written = await next()
    assert.deepEqual([written.scope, written.name], ['default', 'a'])
    if (written.version !== undefined) assert.equal(written.version, info.version)
    await store.delete('a')
    const deleted = await next()
    assert.deepEqual([deleted.scope, deleted.name, deleted.version], ['default', 'a', undefined])
  },

  async 'watch tells of its own scope only'(open) {
    const store = asWritable(await open())
    if (store?.watch === undefined) return
    const inAcme = changeLog()
    const inDefault = changeLog()
    await store.watch(inAcme.listener, { scope: 'acme' })
    await store.watch(inDefault.listener)
    await store.set('a', { KEY: 'x' })
    await store.set('b', { KEY: 'x' }, { scope: 'acme' })
    await store.set('c', { KEY: 'x' })
    assert.equal((await inAcme.next()).name, 'b')
    assert.deepEqual([(await inDefault.next()).name, (await inDefault.next()).name], ['a', 'c'])
  },

  async 'watch tells nothing after it was disposed of'(open) {
    const store = asWritable(await open())
    if (store?.watch === undefined) return
    const gone: StoreChange[] = []
    const { listener, next } = changeLog()
    await store.watch(listener)
    const other = await store.watch((change) => gone.push(change))
    await other[Symbol.asyncDispose]()
    await store.set('a', { KEY: 'x' })
    await next()
    assert.deepEqual(gone, [])
  },
}
