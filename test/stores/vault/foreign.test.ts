import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { VaultStore } from '../../../src/stores/vault/open.ts'
import type { Rename } from '../../../src/stores/vault.ts'
import { collect } from '../../../src/testing/suite/checks.ts'
import { allTextOf, rejection } from '../../helpers/thrown.ts'
import { startFakeVault } from '../../helpers/vault/fake.ts'
import type { FakeVault } from '../../helpers/vault/fake.ts'
import { storeOn } from '../../helpers/vault/host.ts'

let vault: FakeVault
const stores: VaultStore[] = []

/** Opens a store that is closed after the test. */
function open(rename?: Rename): VaultStore {
  const store = storeOn(vault, rename === undefined ? {} : { rename })
  stores.push(store)
  return store
}

/** Lets another client write. */
function others(path: string, json: string): void {
  vault.storage().write(path, json, undefined)
}

function stored(path: string): string {
  return /"data":\{"data":(.*),"metadata"/.exec(vault.storage().read(path).json ?? '')?.[1] ?? ''
}

beforeEach(async () => {
  vault = await startFakeVault()
})
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
  await vault.stop()
})

describe('a secret of others', () => {
  test('is read with booleans and integers as text, and with the names that are no keys left out and told', async () => {
    others('rds', '{"host":"db","port":5432,"ssl":true,"tls.crt":"x","tags":["y"]}')
    await expect(open().get('rds')).rejects.toMatchObject({ code: 'INVALID', key: 'tags' })
    others('rds', '{"host":"db","port":5432,"ssl":true,"tls.crt":"x","the tags":["y"]}')
    expect((await open().get('rds'))?.values).toEqual({ host: 'db', port: '5432', ssl: 'true' })
    expect(await open().describe('rds')).toMatchObject({
      keys: ['host', 'port', 'ssl'],
      skipped: ['the tags', 'tls.crt'],
    })
  })

  test.each(['9007199254740993', '1.5', 'null', '{"a":"canary"}', '["canary"]', '"canary\\u0000"'])(
    'is refused for a value %s, naming the key and showing nothing',
    async (value) => {
      others('a', `{"KEY":${value}}`)
      const error = await rejection(open().get('a'))
      expect(error).toMatchObject({ code: 'INVALID', key: 'KEY', secret: 'a', scope: 'default', store: 'vault' })
      expect(allTextOf(error)).not.toMatch(/canary|90071/)
    },
  )

  test('whose every name was left out is told by describe, and refused by get', async () => {
    others('web', '{"tls.crt":"x"}')
    expect(await open().describe('web')).toMatchObject({ keys: [], skipped: ['tls.crt'] })
    await expect(open().get('web')).rejects.toMatchObject({ code: 'INVALID' })
    await expect(open().getMany([{ name: 'web' }])).rejects.toMatchObject({ code: 'INVALID' })
  })

  test('without pairs is not there', async () => {
    others('a', '{}')
    expect(await open().get('a')).toBeUndefined()
    expect(await collect(open().list())).toEqual([])
    await open().set('a', { KEY: 'x' }, { ifVersion: null })
  })
})

describe('rename', () => {
  const rename = { 'tls.crt': 'TLS_CRT', token: 'API_TOKEN' }

  test('reads the names of the engine as keys, and writes them back under the same names', async () => {
    const store = open(rename)
    others('web', '{"tls.crt":"x","token":"y","tls.key":"z"}')
    expect((await store.get('web'))?.values).toEqual({ TLS_CRT: 'x', API_TOKEN: 'y' })
    await store.set('web', { TLS_CRT: 'new' }, { mode: 'merge' })
    expect(stored('web')).toBe('{"tls.crt":"new","token":"y","tls.key":"z"}')
    await store.set('web', { TLS_CRT: 'whole', KEY: 'x' })
    expect(stored('web')).toBe('{"tls.crt":"whole","KEY":"x"}')
  })

  test('keeps a key under the name that it has, where it could have either', async () => {
    others('web', '{"TLS_CRT":"x"}')
    await open(rename).set('web', { TLS_CRT: 'y' }, { mode: 'merge' })
    expect(stored('web')).toBe('{"TLS_CRT":"y"}')
  })

  test('refuses to write a key that would be read as another one', async () => {
    const error = await rejection(open(rename).set('web', { token: 'canary' }))
    expect(error).toMatchObject({ code: 'INVALID', key: 'token' })
    expect(vault.requests).toEqual([])
  })
})

describe('what others put beside the pairs', () => {
  test('is a number or a boolean as it was, where a replace with ifVersion gives what it is read as', async () => {
    const store = open()
    others('rds', '{"host":"db","port":5432,"ssl":true,"old":1}')
    const { version, values } = (await store.get('rds')) ?? {}
    await store.set('rds', { host: 'db', port: values?.['port'] ?? '', ssl: 'false' }, { ifVersion: version })
    expect(stored('rds')).toBe('{"host":"db","port":5432,"ssl":"false"}')
    await store.set('rds', { port: '5432' })
    expect(stored('rds')).toBe('{"port":"5432"}')
  })

  test('is kept by a merge exactly as it is', async () => {
    others('a', '{"KEY":"x","the list":[1,true,null,{"a":"b"}],"__proto__":"y"}')
    await open().set('a', { MORE: 'z' }, { mode: 'merge' })
    expect(stored('a')).toBe('{"KEY":"x","the list":[1,true,null,{"a":"b"}],"__proto__":"y","MORE":"z"}')
  })

  test.each(['9007199254740993', '0.1000000000000000055', '[{"a":1e400}]'])(
    'stops a merge and a rollback if it holds %s, which JavaScript may not write as it was',
    async (value) => {
      others('a', `{"KEY":"x","the number":${value}}`)
      const before = stored('a')
      const version = (await open().describe('a'))?.version ?? ''
      await expect(open().set('a', { MORE: 'z' }, { mode: 'merge' })).rejects.toMatchObject({ code: 'INVALID' })
      expect(stored('a')).toBe(before)
      await open().set('a', { KEY: 'whole' })
      await expect(open().rollback('a', version)).rejects.toMatchObject({ code: 'INVALID' })
      expect(stored('a')).toBe('{"KEY":"whole"}')
    },
  )
})

describe('paths of others', () => {
  test('that no name or scope can have are left out of list and scopes', async () => {
    for (const path of ['a', '1a', 'a b', 'deep/b', 'de ep/c', '.hidden/d', 'a/b/c/d/e/f/g/h/i/j'])
      others(path, '{"KEY":"x"}')
    expect((await collect(open().list())).map(({ name }) => name)).toEqual(['a'])
    expect(await collect(open().scopes())).toEqual(['default', 'deep'])
  })

  test('under a folder `default` are those of no scope, but for deeper ones', async () => {
    others('default/a', '{"KEY":"x"}')
    others('default/acme/b', '{"KEY":"y"}')
    expect(await collect(open().scopes())).toEqual(['default/acme'])
    expect(await open().get('a')).toBeUndefined()
    expect((await open().get('b', { scope: 'default/acme' }))?.values['KEY']).toBe('y')
  })

  test('a secret and a folder of one name stand beside each other', async () => {
    const store = open()
    await store.set('acme', { KEY: 'x' })
    await store.set('b', { KEY: 'y' }, { scope: 'acme' })
    expect((await collect(store.list())).map(({ name }) => name)).toEqual(['acme'])
    expect(await collect(store.scopes())).toEqual(['default', 'acme'])
  })

  test('a scope whose first secrets no secret can hold is one', async () => {
    others('acme/a', '{"KEY":{}}')
    expect(await collect(open().scopes())).toEqual(['acme'])
  })
})
