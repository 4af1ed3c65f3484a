/** Three hosts on one PostgreSQL: what one writes, the others have, while they run, and when one of them is killed. */
import { strict as assert } from 'node:assert'
import { generateKey } from 'latchkey'
import { startCloud } from './cloud.ts'
import { connectionString, dropSchema } from './database.ts'
import { startHost } from './hosts.ts'

assert.ok(connectionString, 'POSTGRES_URL must name a PostgreSQL')
await dropSchema()
const cloud = await startCloud()
// The one key that every host needs, and where the cloud is.
const env = { ...process.env, LATCHKEY_KEY: generateKey(), CLOUD_URL: cloud.url }
const [first, second, third] = [startHost('host 1', env), startHost('host 2', env), startHost('host 3', env)]
const others = [second, third]
for (const host of [first, ...others]) await host.next('ready')

console.log('Host 1 writes a token; the others have never heard of it.')
cloud.valid.set('made-up-token-1', 'token 1')
first.do('set', 'made-up-token-1')
for (const host of others) {
  await host.next('heard')
  host.do('call')
  const { token, pid } = await host.next('called')
  console.log(`  ${host.name}: heard of it; a call, in process ${pid}, used ${token}`)
  assert.equal(token, 'token 1')
}

console.log('Host 1 rotates it; the others are at rest.')
cloud.valid.set('made-up-token-2', 'token 2')
first.do('set', 'made-up-token-2')
for (const host of others) {
  await host.next('heard')
  await host.next('renewed')
  host.do('call')
  const { token, pid } = await host.next('called')
  console.log(`  ${host.name}: heard of it, and started a process with it; a call, in process ${pid}, used ${token}`)
  assert.equal(token, 'token 2')
}

console.log('Host 1 rotates it again; the others make one call after the other.')
for (const host of others) {
  host.do('keep calling')
  assert.equal((await host.next('uses')).token, 'token 2')
}
cloud.valid.set('made-up-token-3', 'token 3')
first.do('set', 'made-up-token-3')
for (const host of others) assert.equal((await host.next('uses')).token, 'token 3')

console.log('Host 1 seals all secrets under a new data key, and is killed in the middle; host 2 finishes it.')
first.do('rotate and die')
await first.next('ended')
console.log(`  host 1: ended by ${first.child.signalCode}`)
second.do('rotate')
const { checked } = await second.next('rotated')
console.log(`  host 2: sealed ${checked} secrets again, those that host 1 had not come to as well`)
assert.equal(first.child.signalCode, 'SIGKILL')
assert.equal(checked, 41)

console.log('What became of the calls meanwhile:')
for (const host of others) {
  host.do('stop calling')
  const { counts = {} } = await host.next('stopped')
  console.log(`  ${host.name}:`, counts)
  assert.deepEqual(Object.keys(counts), ['token 2', 'token 3'], 'no call failed')
  host.do('leave')
  await host.next('ended')
  assert.equal(host.child.exitCode, 0)
}
cloud.close()
await dropSchema()
