/** The store held to the contract of all stores, against the real service; and what it says when the service fails. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { testSecretStore } from 'latchkey/testing'
import { configStore } from './config-store.ts'
import { startConfigService } from './config-service.ts'

testSecretStore({
  describe,
  test,
  async factory() {
    const service = await startConfigService('made-up-token')
    return {
      store: configStore({ url: service.url, token: 'made-up-token' }),
      dispose: () => service.close(),
    }
  },
})

test('a token that the service does not know is DENIED, not an empty store', async () => {
  const service = await startConfigService('made-up-token')
  const store = configStore({ url: service.url, token: 'another' })
  await assert.rejects(async () => store.get('my_github_secret'), { name: 'StoreError', code: 'DENIED' })
  await service.close()
})

test('a service that is away is UNAVAILABLE, and may be asked again', async () => {
  const service = await startConfigService('made-up-token')
  const store = configStore({ url: service.url, token: 'made-up-token' })
  await service.close()
  await assert.rejects(async () => store.get('my_github_secret'), { code: 'UNAVAILABLE', retryable: true })
})

test('a text that is not JSON is CORRUPT, and is not quoted', async () => {
  const service = await startConfigService('made-up-token')
  const store = configStore({ url: service.url, token: 'made-up-token' })
  await store.set('my_github_secret', { GH_USERNAME: 'octocat' })
  for (const key of service.texts.keys()) service.texts.set(key, 'made-up-value')
  const error: unknown = await Promise.resolve(store.get('my_github_secret')).catch((thrown: unknown) => thrown)
  assert.match(JSON.stringify(error), /"CORRUPT"/)
  assert.doesNotMatch(`${JSON.stringify(error)} ${String(error)}`, /made-up/)
  await service.close()
})
