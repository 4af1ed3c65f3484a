import { createRegistry } from 'latchkey'
import type { RegistryOptions } from 'latchkey'
import { expect, test } from 'vitest'
import { store } from '../fixtures/worker/functions.mjs'

const module = new URL('../fixtures/worker/functions.mjs', import.meta.url)

/** A registry of its own, and the function that gives its process's id. */
function setUp(pool: RegistryOptions['pool']) {
  const registry = createRegistry({ store, pool, onLog: false })
  const pid = registry.register({ name: 'pid', secrets: ['api'], module })(() => Promise.resolve(0))
  return { registry, pid }
}

test("100 calls under isolation 'call' are served by 100 processes", async () => {
  const { registry, pid } = setUp({ maxProcesses: 4, spares: 2 })
  const calls = Array.from({ length: 100 }, () => pid.with({ isolation: 'call' })())
  expect(new Set(await Promise.all(calls)).size).toBe(100)
  await registry.close()
})

test('4 callers of 4 keys on 4 workers evict in under 5 % of their calls', async () => {
  const { registry, pid } = setUp({ maxProcesses: 4, spares: 0 })
  const keys = Array.from({ length: 4 }, (_, index) => pid.with({ partition: `key${index}` }))
  const pids = new Set<number>()
  const callers = Array.from({ length: 4 }, async (_, caller) => {
    for (let index = 0; index < 250; index++) pids.add((await keys[(index * (caller + 1) + caller) % 4]?.()) ?? 0)
  })
  await Promise.all(callers)
  expect(pids.size - 4).toBeLessThan(50)
  await registry.close()
})

test('a call is served before the 50th of another key that has queued 1,000 of them', async () => {
  const { registry, pid } = setUp({ maxProcesses: 1, spares: 0 })
  let served = 0
  const many = Array.from({ length: 1_000 }, async () => {
    await pid.with({ partition: 'many' })()
    served++
  })
  await pid.with({ partition: 'one' })()
  expect(served).toBeLessThan(50)
  await Promise.all(many)
  await registry.close()
})

test('more busy keys than workers are served by far fewer processes than calls', async () => {
  const { registry, pid } = setUp({ maxProcesses: 2, spares: 0 })
  const pids = new Set<number>()
  const callers = Array.from({ length: 3 }, async (_, caller) => {
    const call = pid.with({ partition: `key${caller}` })
    for (let index = 0; index < 60; index++) pids.add(await call())
  })
  await Promise.all(callers)
  expect(pids.size).toBeLessThan(60)
  await registry.close()
})
