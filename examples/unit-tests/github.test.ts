/** Under vitest. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MissingSecretsError } from 'latchkey'
import { openIssue, registry } from './github.ts'
import { startServer } from './server.ts'

let server: Awaited<ReturnType<typeof startServer>>
beforeAll(async () => {
  server = await startServer()
})
afterAll(async () => {
  server.close()
  await registry.close()
})

test('open_issue sends the title, the user as assignee, and the token', async () => {
  expect(await openIssue({ server: server.url, title: 'hello' })).toEqual({ number: 1 })
  expect(server.issues).toEqual([{ title: 'hello', assignee: 'octocat' }])
})

test('it leaves no secret behind in the environment', () => {
  expect(process.env).not.toHaveProperty('GH_ACCESS_TOKEN')
})

test('it fails without words of its secrets when nobody answers', async () => {
  const failure: unknown = await openIssue({ server: 'http://127.0.0.1:1', title: 'hello' }).catch(
    (error: unknown) => error,
  )
  expect(String(failure)).toContain('fetch failed')
  expect(String(failure)).not.toContain('made-up-token')
})

test('it is told what is missing where a tenant has no such secret', async () => {
  const call = openIssue.with({ scope: 'acme' })({ server: server.url, title: 'hello' })
  await expect(call).rejects.toThrow(MissingSecretsError)
})

// What inline cannot show: that it works with nothing but the secrets that it declares. One such test is enough for a module.
test('it runs in a child of its own', async () => {
  expect(await openIssue.with({ isolation: 'call' })({ server: server.url, title: 'from a child' })).toEqual({
    number: 2,
  })
})
