/** Calls a function. Imports name the files as they are, `.ts`: Node, tsx and the compiler all take that. */
import { strict as assert } from 'node:assert'
import { registry, store, greet, type Greeting } from './integrations.ts'

await store.set('my_github_secret', { GH_USERNAME: 'made-up-octocat' })
const { text, pid, loader }: Greeting = await greet('hello')
await registry.close()

console.log(
  `${text}, from ${pid === process.pid ? 'this process' : 'a child'}, by ${loader === undefined ? 'Node alone' : 'tsx'}`,
)
assert.equal(text, 'hello, made-up-octocat')
assert.notEqual(pid, process.pid)
