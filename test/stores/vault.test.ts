import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { vaultStore } from '../../src/stores/vault.ts'
import { testSecretStore } from '../../src/testing/index.ts'
import { describeEngine, environment } from '../helpers/engines.ts'
import { startFakeVault } from '../helpers/vault/fake.ts'

describe('the conformance suite, over the fake', () => {
  testSecretStore({
    describe,
    test,
    factory: async () => {
      const vault = await startFakeVault()
      const store = vaultStore({ address: vault.address, token: vault.token, pollMs: 5 })
      return { store, dispose: () => vault.stop() }
    },
  })
})

describe('the conformance suite, over the fake, in a namespace, under a prefix, on a mount that wants cas', () => {
  testSecretStore({
    describe,
    test,
    factory: async () => {
      const vault = await startFakeVault()
      vault.storage('team/a').casRequired = true
      const options = { address: vault.address, namespace: 'team/a', prefix: 'apps/billing', pollMs: 5 }
      return { store: vaultStore({ ...options, token: () => vault.token }), dispose: () => vault.stop() }
    },
  })
})

describeEngine('vault', environment('VAULT_ADDR', 'VAULT_TOKEN'), 'VAULT_ADDR and VAULT_TOKEN', (engine) => {
  const mount = process.env['VAULT_TEST_MOUNT'] ?? 'secret'
  const options = { address: engine.VAULT_ADDR, token: engine.VAULT_TOKEN, mount, pollMs: 50 }

  /** Removes a folder with everything in it. */
  const removeAll = async (folder: string): Promise<void> => {
    const path = folder.split('/').map(encodeURIComponent).join('/')
    const url = `${engine.VAULT_ADDR}/v1/${mount}/metadata/${path}`
    const headers = { 'x-vault-token': engine.VAULT_TOKEN, 'x-vault-request': 'true' }
    const listed = await fetch(`${url}/?list=true`, { headers })
    if (listed.status === 404) return
    const { data } = (await listed.json()) as { data: { keys: string[] } }
    for (const key of data.keys) {
      if (key.endsWith('/')) await removeAll(`${folder}/${key.slice(0, -1)}`)
      else await fetch(`${url}/${encodeURIComponent(key)}`, { method: 'DELETE', headers })
    }
  }

  testSecretStore({
    describe,
    test,
    factory: () => {
      const prefix = `latchkey-test/${randomUUID()}`
      return { store: vaultStore({ ...options, prefix }), dispose: () => removeAll(prefix) }
    },
  })

  test('names that contain what a URL could take for something else are one path each', async () => {
    const prefix = `latchkey-test/${randomUUID()}`
    await using store = vaultStore({ ...options, prefix: `${prefix}/a b+é` })
    await store.set('a', { KEY: 'x' }, { scope: 'a.b-c/_' })
    expect((await store.get('a', { scope: 'a.b-c/_' }))?.values['KEY']).toBe('x')
    await removeAll(prefix)
  })

  test('a mount that is not there, and a token that nobody knows, are errors with codes', async () => {
    await using nowhere = vaultStore({ ...options, mount: `none-${randomUUID()}` })
    await expect(nowhere.get('a')).rejects.toMatchObject({
      name: 'StoreError',
      code: expect.stringMatching(/INVALID|DENIED/) as string,
    })
    await using stranger = vaultStore({ ...options, token: 'hvs.nobody' })
    await expect(stranger.get('a')).rejects.toMatchObject({ code: 'DENIED' })
  })
})

test('a hundred reads at once under one signal bring no warning of leaking listeners', async () => {
  const warnings: Error[] = []
  const note = (warning: Error): number => warnings.push(warning)
  process.on('warning', note)
  const vault = await startFakeVault()
  const store = vaultStore({ address: vault.address, token: () => vault.token })
  await store.set('a', { KEY: 'x' })
  const { signal } = new AbortController()
  await Promise.all(Array.from({ length: 100 }, () => store.get('a', { signal })))
  await store.close()
  await vault.stop()
  process.off('warning', note)
  expect(warnings).toEqual([])
})

test('making a store connects to nothing, and the store shows no credential', async () => {
  const options = { address: 'http://127.0.0.1:1', fetch: () => Promise.reject(new Error('no request was expected')) }
  const stores = [
    vaultStore({ ...options, token: 'hvs.canary' }),
    vaultStore({ ...options, auth: { method: 'approle', roleId: 'canary-role', secretId: 'canary-secret' } }),
  ]
  for (const store of stores) {
    expect(`${inspect(store, { depth: 10, showHidden: true })} ${JSON.stringify(store)}`).not.toContain('canary')
    await store.close()
  }
})
