/** Starts the service, and calls it as its customers do. */
import { strict as assert } from 'node:assert'
import { store } from './integrations.ts'
import { startGitHub } from './github.ts'
import { createService } from './service.ts'

// Made-up tokens. Initech has brought none yet.
const owners = new Map([
  ['made-up-acme-token', 'acme'],
  ['made-up-globex-token', 'globex'],
])
for (const [token, owner] of owners)
  await store.set('my_github_secret', { GH_ACCESS_TOKEN: token, GH_USERNAME: owner }, { scope: `${owner}/production` })

const github = await startGitHub(owners)
const service = createService(github.url)
const url = await service.listen({ host: '127.0.0.1', port: 0 })

const acme = await ask('POST', '/issues', 'key-of-acme', { title: 'hello' })
const globex = await ask('POST', '/issues', 'key-of-globex', { title: 'hello' })
const initech = await ask('POST', '/issues', 'key-of-initech', { title: 'hello' })
const settings = await ask('GET', '/missing', 'key-of-initech')
const stranger = await ask('POST', '/issues', 'key-of-nobody', { title: 'hello' })
const untitled = await ask('POST', '/issues', 'key-of-acme', {})

// Globex's token is no longer valid: what GitHub and the function say of it stays in the service.
owners.delete('made-up-globex-token')
const revoked = await ask('POST', '/issues', 'key-of-globex', { title: 'hello' })

await service.close()
github.close()

assert.deepEqual([acme.status, acme.body.number, acme.body.owner], [201, 1, 'acme'])
assert.deepEqual([globex.status, globex.body.number, globex.body.owner], [201, 2, 'globex'])
assert.notEqual(acme.body.pid, globex.body.pid)
assert.equal(initech.status, 409)
assert.deepEqual(initech.body, { error: 'Bring these secrets first.', missing: [{ secret: 'my_github_secret' }] })
assert.deepEqual([settings.status, settings.body], [200, [{ secret: 'my_github_secret' }]])
assert.deepEqual([stranger.status, untitled.status, revoked.status], [401, 400, 502])
assert.deepEqual(revoked.body, { error: 'The integration failed.' })

async function ask(method: string, path: string, key: string, input?: object) {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { 'x-api-key': key, ...(input && { 'content-type': 'application/json' }) },
    ...(input && { body: JSON.stringify(input) }),
  })
  const body = (await response.json()) as Record<string, unknown>
  console.log(`${method} ${path} by ${key}: ${response.status}`, body)
  return { status: response.status, body }
}
