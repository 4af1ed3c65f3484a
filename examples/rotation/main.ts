// Rotates a token under calls, in the two orders in which services allow it; fails if a call fails.
import { strict as assert } from 'node:assert'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileStore, generateKey } from 'latchkey'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-rotation-'))
const path = join(folder, 'secrets.latchkey')
process.env.ROTATION_STORE = path
process.env.LATCHKEY_KEY = generateKey()

/** The service: it takes the tokens in here. */
const valid = new Set(['token-1'])
const refused: number[] = []
const server = createServer((request, response) => {
  const isValid = valid.has((request.headers.authorization ?? '').replace('Bearer ', ''))
  if (!isValid) refused.push(Date.now())
  response.writeHead(isValid ? 201 : 401).end(isValid ? 'opened' : '')
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as { port: number }
const url = `http://127.0.0.1:${port}/issues`

/** Another process would hold this one: it rotates, and the service's own store is not told. */
const rotating = fileStore({ path })
await rotating.set('github', { GH_ACCESS_TOKEN: 'token-1' })
const { openIssue, openIssueWithEither, registry } = await import('./integrations.ts')
await registry.ready()
console.log('before:', await openIssue(url))

// The service made a new token, and the old one is no longer valid.
valid.clear()
valid.add('token-2')
await rotating.set('github', { GH_ACCESS_TOKEN: 'token-2' })
const results = await Promise.all(Array.from({ length: 3 }, () => openIssue(url)))
console.log('after a rotation, three calls at once:', results.length, 'of them', [...new Set(results)].join())
console.log('refused by the service meanwhile:', refused.length > 0)

// The new token is stored before the service knows it: the one before is kept beside it until then.
const before = await rotating.get('github')
assert.ok(before)
await rotating.set(
  'github',
  { GH_ACCESS_TOKEN: 'token-3', GH_ACCESS_TOKEN_PREVIOUS: before.values['GH_ACCESS_TOKEN'] ?? '' },
  { ifVersion: before.version },
)
console.log('while only the previous one is valid:', await openIssueWithEither(url))
valid.add('token-3')
valid.delete('token-2')
console.log('while only the new one is valid:', await openIssueWithEither(url))

assert.deepEqual([...new Set(results)], ['opened'])
await registry.close()
await rotating.close()
server.close()
rmSync(folder, { recursive: true })
