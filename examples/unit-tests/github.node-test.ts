/** The same under node:test. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openIssue, registry } from './github.ts'
import { startServer } from './server.ts'

let server: Awaited<ReturnType<typeof startServer>>
before(async () => {
  server = await startServer()
})
after(async () => {
  server.close()
  await registry.close()
})

test('open_issue sends the title, the user as assignee, and the token', async () => {
  assert.deepEqual(await openIssue({ server: server.url, title: 'hello' }), { number: 1 })
  assert.deepEqual(server.issues, [{ title: 'hello', assignee: 'octocat' }])
})

test('it leaves no secret behind in the environment', () => {
  assert.equal(process.env.GH_ACCESS_TOKEN, undefined)
})
