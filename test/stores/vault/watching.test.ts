import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StoreChange } from '../../../src/store.ts'
import type { VaultStore } from '../../../src/stores/vault/open.ts'
import { startFakeVault } from '../../helpers/vault/fake.ts'
import type { FakeVault } from '../../helpers/vault/fake.ts'
import * as faults from '../../helpers/vault/faults.ts'
import { failureOf } from '../../helpers/store-folder.ts'
import { manualHost, storeOn } from '../../helpers/vault/host.ts'
import type { ManualHost } from '../../helpers/vault/host.ts'

let vault: FakeVault
let host: ManualHost
let store: VaultStore
let changes: StoreChange[]

beforeEach(async () => {
  vault = await startFakeVault()
  host = manualHost()
  store = storeOn(vault, { pollMs: 7_000, retries: 0 }, host)
  changes = []
  await store.set('a', { KEY: 'x' })
})
afterEach(async () => {
  await store.close()
  await vault.stop()
})

/** Lets the watch look once. */
async function poll(): Promise<void> {
  const [timer] = host.timers
  expect(timer?.ms).toBe(7_000)
  timer?.fire()
  await expect.poll(() => host.timers.size).toBe(1)
}

test('a watch tells what was written and deleted since it last looked, once each, sorted by name', async () => {
  await store.watch((change) => changes.push(change))
  await poll()
  expect(changes).toEqual([])
  const c = await store.set('c', { KEY: 'x' })
  await store.set('b', { KEY: 'x' })
  const b = await store.set('b', { KEY: 'y' })
  await store.delete('a')
  await poll()
  expect(changes).toEqual([
    { scope: 'default', name: 'a' },
    { scope: 'default', name: 'b', version: b.version },
    { scope: 'default', name: 'c', version: c.version },
  ])
  for (const change of changes) expect(Object.isFrozen(change)).toBe(true)
  await poll()
  expect(changes.length).toBe(3)
})

test('a watch sees what others delete softly, and with its metadata', async () => {
  await store.set('b', { KEY: 'x' })
  await store.watch((change) => changes.push(change))
  vault.storage().softDelete('a')
  vault.storage().deleteMetadata('b')
  await poll()
  expect(changes.map(({ name, version }) => [name, version])).toEqual([
    ['a', undefined],
    ['b', undefined],
  ])
})

test('that a version is deleted at a time to come is told when that time has come by the clock of Vault, not by that of the host', async () => {
  const HOUR = 3_600_000
  const storage = vault.storage()
  for (const [name, at] of [
    ['early', -HOUR],
    ['late', HOUR],
  ] as const) {
    await store.set(name, { KEY: 'x' })
    storage.softDelete(name, Date.now() + at)
  }
  storage.clock = () => Date.now() - 2 * HOUR
  await store.watch((change) => changes.push(change))
  await poll()
  expect(changes).toEqual([])
  expect((await store.history('early')).length).toBe(1)
  storage.clock = () => Date.now() + 2 * HOUR
  await poll()
  expect(changes).toEqual([
    { scope: 'default', name: 'early' },
    { scope: 'default', name: 'late' },
  ])
  expect(await store.history('late')).toEqual([])
})

test('a watch reads no values where nothing was written', async () => {
  await store.watch((change) => changes.push(change))
  vault.requests.length = 0
  await poll()
  expect(vault.requests).toEqual(['GET /v1/secret/metadata/?list=true', 'GET /v1/secret/metadata/a'])
})

test('a watch takes a delete that is under way for a delete', async () => {
  await store.watch((change) => changes.push(change))
  vault.faults.push(faults.served, faults.served, faults.served, faults.refused(500))
  await expect(store.delete('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await poll()
  expect(changes).toEqual([{ scope: 'default', name: 'a' }])
})

test('a watch that cannot look goes on, and then tells what it missed; nothing was taken for deleted', async () => {
  await store.watch((change) => changes.push(change))
  for (const fault of [faults.sealed, faults.page(404), faults.cut, faults.refused(403)]) {
    vault.always = fault
    await poll()
  }
  expect(changes).toEqual([])
  vault.always = undefined
  const { version } = await store.set('a', { KEY: 'y' })
  await poll()
  expect(changes).toEqual([{ scope: 'default', name: 'a', version }])
})

test('a watch fails at once where it cannot look in the first place', async () => {
  vault.always = faults.sealed
  await expect(store.watch(() => undefined)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(host.timers.size).toBe(0)
})

test('a watch tells of the other secrets where one cannot be read, which is neither new nor deleted meanwhile', async () => {
  const may = (forbidden: RegExp) => vault.tokens.set('limited', { ttl: 0, renewable: false, forbidden })
  may(/admins_only/)
  const limited = storeOn(vault, { pollMs: 7_000, retries: 0, token: 'limited' }, host)
  await store.set('admins_only', { KEY: 'x' })
  await store.set('b', { KEY: 'x' })
  await limited.watch((change) => changes.push(change))
  const a = await store.set('a', { KEY: 'y' })
  await store.set('admins_only', { KEY: 'y' })
  await poll()
  expect(changes.splice(0)).toEqual([{ scope: 'default', name: 'a', version: a.version }])
  may(/admins_only|\/b$/)
  const c = await store.set('c', { KEY: 'x' })
  const b = await store.set('b', { KEY: 'y' })
  await poll()
  expect(changes.splice(0)).toEqual([{ scope: 'default', name: 'c', version: c.version }])
  may(/admins_only/)
  await poll()
  expect(changes).toEqual([{ scope: 'default', name: 'b', version: b.version }])
  await limited.close()
})

test('a watch fails at once where it may list secrets and read none of them', async () => {
  vault.tokens.set('lists', { ttl: 0, renewable: false, forbidden: /\/(metadata|data)\/\w+$/ })
  const limited = storeOn(vault, { retries: 0, token: 'lists' }, host)
  expect(await failureOf(() => limited.watch(() => undefined))).toMatchObject({ code: 'DENIED', secret: 'a' })
  expect(host.timers.size).toBe(0)
  await limited.close()
})

test('a watch ends with its disposal, and with the store', async () => {
  const first = await store.watch((change) => changes.push(change))
  await store.watch((change) => changes.push(change))
  expect(host.timers.size).toBe(2)
  await first[Symbol.asyncDispose]()
  await first[Symbol.asyncDispose]()
  expect(host.timers.size).toBe(1)
  await store.close()
  expect(host.timers.size).toBe(0)
})

test('a watch takes nothing but a function', async () => {
  await expect(store.watch('a' as unknown as () => void)).rejects.toMatchObject({ code: 'INVALID_OPTION' })
})
