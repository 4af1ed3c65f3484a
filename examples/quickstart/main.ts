/** Calls a function whose secrets are in its own process only, and fills a template from the same store. */
import { resolveTemplate } from 'latchkey/template'
import { createIssue, registry, store, variableNames } from './integrations.ts'
import { startServer } from './server.ts'

// What the real services know of your keys.
const server = await startServer({
  '/issues': (await store.get('my_github_secret'))?.values['GH_ACCESS_TOKEN'],
  '/metrics': (await store.get('my_datadog_secret'))?.values['DATADOG_API_KEY'],
})
const before = { ...process.env }

// 1. A function reads its secret from process.env, in a child process.
await registry.ready()
const issue = await createIssue({ server: server.url, title: 'hello' })
console.log(`create_issue: ${issue.status}, issue ${issue.number}, ${where(issue.pid)}`)
const stranger = await fetch(`${server.url}/issues`, { method: 'POST' })
console.log(`the same request without the key: ${stranger.status}`)

// 2. The child has the keys that it declared and the allow-list, and none of this process's other variables.
const inChild = await variableNames()
const here = Object.keys(before)
console.log(`only in the child: ${inChild.filter((name) => !here.includes(name)).join(', ')}`)
console.log(`passed on to it: ${inChild.filter((name) => here.includes(name)).join(', ')}`)
console.log(`kept from it: ${here.filter((name) => !inChild.includes(name)).length} variables`)
console.log(`this process's environment: ${same(before, process.env) ? 'unchanged' : 'CHANGED'}`)

// 3. A template is filled from the same store.
const request = await resolveTemplate(
  {
    url: `${server.url}/metrics`,
    headers: { Authorization: 'Bearer {{ SECRETS.my_datadog_secret.DATADOG_API_KEY }}' },
  },
  { SECRETS: store },
)
const metrics = await fetch(request.url, { headers: request.headers })
console.log(`the template's request: ${metrics.status}`)

await registry.close()
await store.close()
server.close()
if (issue.status !== 200 || stranger.status !== 401 || metrics.status !== 200) process.exitCode = 1

function where(pid: number): string {
  return pid === process.pid ? 'in this process' : 'in a child process'
}

function same(one: NodeJS.ProcessEnv, other: NodeJS.ProcessEnv): boolean {
  return JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(other).sort())
}
