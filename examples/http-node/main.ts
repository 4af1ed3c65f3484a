/** Runs a stored node against a server of its own, as a workflow engine would; then one that its author got wrong. */
import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { memoryStore, TemplateError } from 'latchkey'
import { runHttpNode, validate, type HttpNode } from './http-node.ts'

const key = 'made-up-datadog-key'
const store = memoryStore()
const scope = 'acme/production'
await store.set('my_datadog_secret', { DATADOG_API_KEY: key }, { scope })
await store.set('my_github_secret', { GH_ACCESS_TOKEN: 'made-up-github-token' }, { scope })

// It says what it was sent, the key too, as some services do.
const received: unknown[] = []
const server = createServer((request, response) => {
  const { authorization } = request.headers
  void json(request).then((body) => {
    received.push(body)
    response.writeHead(authorization === `Bearer ${key}` ? 202 : 401, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ sent: authorization, body }))
  })
})
await once(server.listen(0, '127.0.0.1'), 'listening')
const { port } = server.address() as AddressInfo

const lines: string[] = []
const run = {
  store,
  scope,
  inputs: { server: `http://127.0.0.1:${port}`, name: 'jobs.done', points: [[1, 42]] },
  log: (line: string) => {
    lines.push(line)
    console.log(line)
  },
}

console.log('post-metric.json:')
const node = readNode('post-metric')
assert.deepEqual(await validate(node, run), [])
const answer = await runHttpNode(node, run)
server.close()
assert.equal(answer.status, 202)
// A string that is one reference keeps the type of what it stands for.
assert.deepEqual(received, [{ name: 'jobs.done', points: [[1, 42]], note: 'from jobs.done' }])

console.log('\nThe same node, when nobody answers:')
const refused: unknown = await runHttpNode(node, run).catch((error: unknown) => error)
assert.match(String(refused), /fetch failed/)
assert.ok(lines.join().includes('Bearer ***'))
assert.ok(!lines.join().includes(key))

console.log('\nmistaken.json:')
const mistaken = readNode('mistaken')
const findings = await validate(mistaken, run)
for (const finding of findings) console.log(finding)
assert.deepEqual(findings, [
  '/url: NOT_FOUND INPUTS.sever',
  '/headers/Authorization: KEY_NOT_FOUND SECRETS.my_datadog_secret.DATADOG_APIKEY',
])
const unsent: unknown = await runHttpNode(mistaken, run).catch((error: unknown) => error)
assert.ok(unsent instanceof TemplateError && unsent.issues.length === findings.length)

console.log('\npost-metric.json by somebody who may not use its secret:')
const others = await validate({ ...node, secrets: [] }, run)
console.log(others.join('\n'))
assert.deepEqual(others, ['/headers/Authorization: NOT_ALLOWED SECRETS.my_datadog_secret.DATADOG_API_KEY'])
assert.equal(received.length, 1)

function readNode(name: string): HttpNode {
  return JSON.parse(readFileSync(new URL(`nodes/${name}.json`, import.meta.url), 'utf8')) as HttpNode
}
