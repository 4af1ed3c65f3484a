import assert from 'node:assert/strict'
import type { Secret } from '../../secret.ts'
import type { StoreChange } from '../../store.ts'
import type { Cases, StoreUnderTest } from './case.ts'
import { assertStoreFailure, asWritable, withHistory, withWatch } from './checks.ts'
import { changeLog } from './change-log.ts'

/** A store that is watched, and changed: by its own verbs, or, where it has none, as others do. */
interface Watched {
  /** Watches a scope. `told` gives what comes next of a secret. */
  watch(scope?: string): Promise<ReturnType<typeof changeLog> & { watch: AsyncDisposable }>
  write(name: string, scope?: string): Promise<void>
  remove(name: string): Promise<void>
  read(name: string): Promise<Secret | undefined>
}

function watched({ store, change, watchMs = 4_000 }: StoreUnderTest): Watched | undefined {
  const watching = withWatch(store)
  if (watching === undefined) return undefined
  const writable = asWritable(store)
  assert.ok(
    writable ?? change,
    'the store has watch and no set: the factory must give `change`, so that it can be tested',
  )
  let writes = 0
  return {
    async watch(scope = 'default') {
      const log = changeLog(scope, watchMs)
      return { ...log, watch: await watching.watch(log.listener, scope === 'default' ? {} : { scope }) }
    },
    async write(name, scope = 'default') {
      writes += 1
      const values = { KEY: `write ${writes}` }
      if (writable) await writable.set(name, values, { scope })
      else await change?.(scope, name, values)
    },
    async remove(name) {
      if (writable) await writable.delete(name)
      else await change?.('default', name, undefined)
    },
    read: (name) => store.get(name),
  }
}

export const watchCases: Cases = {
  async 'watch tells of a write and of a delete'(_, make) {
    const store = watched(await make())
    if (store === undefined) return
    const { told } = await store.watch()
    await store.write('a')
    await told('a', (await store.read('a'))?.version)
    await store.remove('a')
    await told('a', undefined)
  },

  async 'watch tells of every rewrite, and what it tells of can be read by then'(_, make) {
    const store = watched(await make({ default: { a: { KEY: 'x' } } }))
    if (store === undefined) return
    const { told } = await store.watch()
    let before = (await store.read('a'))?.version
    for (let rewrite = 0; rewrite < 3; rewrite += 1) {
      await store.write('a')
      const { version } = await told('a', (await store.read('a'))?.version)
      const live: Secret | undefined = await store.read('a')
      assert.notEqual(live?.version, before)
      if (version !== undefined) assert.equal(live?.version, version)
      before = live?.version
    }
  },

  async 'watch tells of its own scope only'(_, make) {
    const store = watched(await make())
    if (store === undefined) return
    const inAcme = await store.watch('acme')
    const inDefault = await store.watch()
    await store.write('a')
    await store.write('b', 'acme')
    await store.write('c')
    await store.write('d', 'acme')
    for (const name of ['b', 'd']) await inAcme.told(name)
    for (const name of ['a', 'c']) await inDefault.told(name)
    assert.deepEqual(names(inAcme.seen), ['b', 'd'])
    assert.deepEqual(names(inDefault.seen), ['a', 'c'])
  },

  async 'watch tells nothing after it was disposed of, which may be done again'(_, make) {
    const store = watched(await make())
    if (store === undefined) return
    const { told } = await store.watch()
    const other = await store.watch()
    await other.watch[Symbol.asyncDispose]()
    await other.watch[Symbol.asyncDispose]()
    await store.write('a')
    await told('a')
    assert.deepEqual(other.seen, [])
  },

  async 'watch tells several listeners, and none can change what another is told'(_, make) {
    const store = watched(await make())
    if (store === undefined) return
    const [first, second] = [await store.watch(), await store.watch()]
    await store.write('a')
    const [one, other] = [await first.told('a'), await second.told('a')]
    assert.ok(one !== other || Object.isFrozen(one), 'two listeners share a change that is not frozen')
  },

  async 'watch tells nothing of a write that was refused'(_, make) {
    const made = await make({ default: { a: { KEY: 'x' } } })
    const writable = asWritable(made.store)
    if (writable === undefined) return
    const store = watched(made)
    if (store === undefined) return
    const { told, seen } = await store.watch()
    await assertStoreFailure('INVALID', () => writable.set('a', { KEY: 'a\0' }))
    if (writable.capabilities.cas)
      await assertStoreFailure('CONFLICT', () => writable.set('a', { KEY: 'y' }, { ifVersion: null }))
    await store.write('b')
    await told('b')
    assert.deepEqual(names(seen), ['b'])
  },

  async 'watch tells of a rollback'(_, make) {
    const made = await make()
    const versioned = withHistory(made.store)
    if (versioned === undefined) return
    const store = watched(made)
    if (store === undefined) return
    const { version } = await versioned.set('a', { KEY: 'x' })
    await store.write('a')
    const { told } = await store.watch()
    await told('a', (await versioned.rollback('a', version)).version)
  },

  async 'watch tells of what others change, and of what they remove'(_, make) {
    const made = await make({ default: { a: { KEY: 'x' } } })
    const store = watched(made)
    if (store === undefined || made.change === undefined) return
    const { told } = await store.watch()
    await made.change('default', 'a', { KEY: 'y' })
    await told('a', (await store.read('a'))?.version)
    await made.change('default', 'a', undefined)
    await told('a', undefined)
  },
}

function names(changes: readonly StoreChange[]): string[] {
  return [...new Set(changes.map(({ name }) => name))].sort()
}
