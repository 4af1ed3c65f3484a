import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { VaultStore } from '../../../src/stores/vault/open.ts'
import { collect } from '../../../src/testing/suite/checks.ts'
import { startFakeVault } from '../../helpers/vault/fake.ts'
import type { FakeVault } from '../../helpers/vault/fake.ts'
import * as faults from '../../helpers/vault/faults.ts'
import { storeOn } from '../../helpers/vault/host.ts'

let vault: FakeVault
let store: VaultStore

beforeEach(async () => {
  vault = await startFakeVault()
  store = storeOn(vault)
})
afterEach(async () => {
  await store.close()
  await vault.stop()
})

/** What a read of the path answers, without latchkey. */
function stored(path: string, version?: number): unknown {
  return (JSON.parse(vault.storage().read(path, version).json ?? '{}') as { data?: { data?: unknown } }).data?.data
}

/** The requests since the last call, without their common part. */
function requests(): string[] {
  return vault.requests.splice(0).map((request) => request.replace('/v1/secret/', ''))
}

describe('a secret', () => {
  test('is the data of one path, which any other client of Vault reads', async () => {
    await store.set('my_github_secret', { GH_ACCESS_TOKEN: 'x', GH_USERNAME: 'octocat' })
    await store.set('a', { KEY: 'y' }, { scope: 'acme/production' })
    expect(stored('my_github_secret')).toEqual({ GH_ACCESS_TOKEN: 'x', GH_USERNAME: 'octocat' })
    expect(stored('acme/production/a')).toEqual({ KEY: 'y' })
  })

  test('is read, written and created with one request each', async () => {
    await store.set('a', { KEY: 'x' })
    await store.set('b', { KEY: 'x' }, { ifVersion: null })
    await store.get('a')
    await store.describe('b')
    expect(requests()).toEqual(['POST data/a', 'POST data/b', 'GET data/a', 'GET data/b'])
  })

  test('has its description beside its pairs, in the same version', async () => {
    await store.set('a', { KEY: 'x' }, { description: 'for the export' })
    expect(stored('a')).toEqual({ KEY: 'x', 'latchkey.description': 'for the export' })
    expect(await store.describe('a')).toMatchObject({ keys: ['KEY'], description: 'for the export' })
    expect(await store.describe('a')).not.toHaveProperty('skipped')
  })

  test('has the date at which Vault wrote it', async () => {
    const before = Date.now()
    await store.set('a', { KEY: 'x' })
    const createdAt = (await store.get('a'))?.createdAt?.getTime() ?? 0
    expect(createdAt).toBeGreaterThanOrEqual(before)
    expect(createdAt).toBeLessThanOrEqual(Date.now())
  })
})

describe('a secret that others deleted', () => {
  test('softly is not there, and can be created, with the cas that Vault wants then', async () => {
    const first = await store.set('a', { KEY: 'x' })
    vault.storage().softDelete('a')
    expect(await store.get('a')).toBeUndefined()
    expect(await store.history('a')).toEqual([])
    expect(await collect(store.list())).toEqual([])
    await expect(store.set('a', { KEY: 'y' }, { ifVersion: first.version })).rejects.toMatchObject({ code: 'CONFLICT' })
    await store.set('a', { KEY: 'z' }, { ifVersion: null })
    expect(stored('a')).toEqual({ KEY: 'z' })
    await store.set('a', { MORE: 'z' }, { mode: 'merge' })
    expect(stored('a')).toEqual({ KEY: 'z', MORE: 'z' })
  })

  test('softly is not there for delete, which destroys what is left of it', async () => {
    await store.set('a', { KEY: 'x' })
    vault.storage().softDelete('a')
    expect(await store.delete('a')).toBe(false)
    expect(stored('a', 1)).toBeNull()
    expect(vault.storage().metadata('a').json).toContain('"destroyed":true')
  })

  test('with its metadata begins at version 1 again, and no version token comes again', async () => {
    const first = await store.set('a', { KEY: 'x' })
    vault.storage().deleteMetadata('a')
    expect(await store.get('a')).toBeUndefined()
    const second = await store.set('a', { KEY: 'y' })
    expect(second.version).not.toBe(first.version)
    await expect(store.set('a', { KEY: 'z' }, { ifVersion: first.version })).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(store.delete('a', { ifVersion: first.version })).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(store.rollback('a', first.version)).rejects.toMatchObject({ code: 'INVALID' })
    expect(stored('a')).toEqual({ KEY: 'y' })
  })
})

describe('delete', () => {
  test('destroys every version, so that nobody reads any of them again', async () => {
    for (const KEY of ['first', 'second', 'third']) await store.set('a', { KEY })
    expect(await store.delete('a')).toBe(true)
    expect([1, 2, 3, 4].map((version) => stored('a', version))).toEqual([null, null, null, null])
    expect(await collect(store.list())).toEqual([])
    expect(await collect(store.scopes())).toEqual([])
  })

  test('keeps what another client writes while it is under way', async () => {
    const { version } = await store.set('a', { KEY: 'x' })
    vault.faults.push(faults.served, faults.served, (exchange) => {
      // Between the empty version and the end of the old ones.
      vault.storage().write('a', '{"KEY":"of another"}', undefined)
      faults.served(exchange)
    })
    expect(await store.delete('a', { ifVersion: version })).toBe(true)
    expect((await store.get('a'))?.values['KEY']).toBe('of another')
    expect(await store.history('a')).toHaveLength(1)
  })

  test('of a version that was overtaken in between deletes nothing', async () => {
    const { version } = await store.set('a', { KEY: 'x' })
    vault.faults.push(faults.served, (exchange) => {
      vault.storage().write('a', '{"KEY":"of another"}', undefined)
      faults.served(exchange)
    })
    await expect(store.delete('a', { ifVersion: version })).rejects.toMatchObject({ code: 'CONFLICT' })
    expect((await store.get('a'))?.values['KEY']).toBe('of another')
    expect(await store.history('a')).toHaveLength(2)
  })

  test('that fails half way has deleted the secret for every verb, and is finished by the next one', async () => {
    const { version } = await store.set('a', { KEY: 'x' })
    vault.faults.push(faults.served, faults.served, faults.served, faults.refused(500))
    await expect(store.delete('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(stored('a', 1)).toEqual({ KEY: 'x' })
    expect(await store.get('a')).toBeUndefined()
    expect(await store.history('a')).toEqual([])
    await store.set('a', { KEY: 'y' }, { ifVersion: null })
    expect(await store.history('a')).toHaveLength(1)
    await expect(store.rollback('a', version)).rejects.toMatchObject({ code: 'INVALID' })
    expect(await store.delete('a')).toBe(true)
    expect(stored('a', 1)).toBeNull()
  })

  test('takes what no secret can hold, too', async () => {
    vault.storage().write('a', '{"nested":{"KEY":"x"}}', undefined)
    await expect(store.get('a')).rejects.toMatchObject({ code: 'INVALID' })
    expect(await store.delete('a')).toBe(true)
    expect(await store.get('a')).toBeUndefined()
  })
})

describe('merge', () => {
  test('keeps what another client writes between its read and its write', async () => {
    await store.set('a', { KEY: 'x' })
    vault.faults.push(faults.served, (exchange) => {
      vault.storage().write('a', '{"KEY":"x","OTHER":"of another"}', undefined)
      faults.served(exchange)
    })
    await store.set('a', { MORE: 'y' }, { mode: 'merge' })
    expect(stored('a')).toEqual({ KEY: 'x', OTHER: 'of another', MORE: 'y' })
  })

  test('with ifVersion does not write over another client', async () => {
    const { version } = await store.set('a', { KEY: 'x' })
    vault.faults.push(faults.served, (exchange) => {
      vault.storage().write('a', '{"KEY":"of another"}', undefined)
      faults.served(exchange)
    })
    const merging = store.set('a', { MORE: 'y' }, { mode: 'merge', ifVersion: version })
    await expect(merging).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(stored('a')).toEqual({ KEY: 'of another' })
  })

  test('that others are always quicker than gives up as UNAVAILABLE', async () => {
    await store.set('a', { KEY: 'x' })
    vault.always = (exchange) => {
      if (exchange.method === 'POST') vault.storage().write('a', '{"KEY":"of another"}', undefined)
      faults.served(exchange)
    }
    await expect(store.set('a', { MORE: 'y' }, { mode: 'merge' })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(stored('a')).toEqual({ KEY: 'of another' })
  })
})

describe('history', () => {
  test('lists as many versions as Vault keeps, without those that others destroyed or deleted', async () => {
    for (let number = 1; number <= 12; number += 1) await store.set('a', { [`KEY_${number}`]: 'x' })
    vault.storage().destroy('a', [5])
    const keys = (await store.history('a')).map((info) => info.keys[0])
    expect(keys).toEqual([12, 11, 10, 9, 8, 7, 6, 4, 3].map((number) => `KEY_${number}`))
  })
})

describe('rollback', () => {
  test('brings back all that was in a version, also what is no pair', async () => {
    const map = { KEY: 'x', 'tls.crt': 'y', NUMBER: 5, 'latchkey.description': 'old' }
    vault.storage().write('a', JSON.stringify(map), undefined)
    const old = await store.describe('a')
    await store.set('a', { OTHER: 'z' })
    const info = await store.rollback('a', old?.version ?? '')
    expect(info).toMatchObject({ keys: ['KEY', 'NUMBER'], skipped: ['tls.crt'], description: 'old' })
    expect(stored('a')).toEqual(map)
  })
})
