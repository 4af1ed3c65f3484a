/** Uses the store as any other: by a template, and under two writers at once. */
import { strict as assert } from 'node:assert'
import { isLatchkeyError, resolveTemplate } from 'latchkey'
import { configStore } from './config-store.ts'
import { startConfigService } from './config-service.ts'

const service = await startConfigService('made-up-token')
const store = configStore({ url: service.url, token: 'made-up-token' })

await store.set('my_datadog_secret', { DATADOG_API_KEY: 'made-up-datadog-key' }, { scope: 'acme/production' })
const filled = await resolveTemplate(
  { headers: { Authorization: 'Bearer {{ SECRETS.my_datadog_secret.DATADOG_API_KEY }}' } },
  { SECRETS: store },
  { scope: 'acme/production' },
)
assert.equal(filled.headers.Authorization, 'Bearer made-up-datadog-key')
console.log('a template: filled in from the service')

// Two people open the settings page, and both save.
const before = await store.get('my_datadog_secret', { scope: 'acme/production' })
assert.ok(before)
const outcomes = await Promise.allSettled(
  ['first', 'second'].map(async (who) =>
    store.set('my_datadog_secret', { DATADOG_API_KEY: who }, { scope: 'acme/production', ifVersion: before.version }),
  ),
)
const told = outcomes.map((outcome) => {
  if (outcome.status === 'fulfilled') return 'saved'
  return isLatchkeyError(outcome.reason, 'CONFLICT') ? 'CONFLICT' : String(outcome.reason)
})
console.log('two writers of one version:', told.sort().join(', '))
assert.deepEqual(told, ['CONFLICT', 'saved'])

console.log('in the service:', [...service.texts.keys()].join())
await store.close()
await service.close()
