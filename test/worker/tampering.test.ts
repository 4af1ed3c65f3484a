import { createRegistry } from 'latchkey'
import { afterAll, describe, expect, test } from 'vitest'
import * as fixture from '../fixtures/worker/tampering.mjs'

const { registry, seen } = fixture
afterAll(() => registry.close())

describe('a function that puts something in the place of process.env', () => {
  test.each(['plain', 'proxy'])('(%s) changes nothing for the next call, in the same process', async (kind) => {
    const before = await seen()
    await fixture.replaceEnv(kind)
    expect(await seen()).toEqual(before)
  })

  test.each(['frozen', 'accessor'])('(%s) that cannot be taken away has its process ended', async (kind) => {
    const before = await seen()
    await fixture.replaceEnv(kind)
    const { pid, ...after } = await seen()
    expect(pid).not.toBe(before.pid)
    expect(after).toEqual({ api: before.api, names: before.names, inherited: before.inherited })
  })
})

test('a function that takes away the listeners one by one, or by the prototype, is followed by a call that is served', async () => {
  for (const way of ['off', 'prototype']) {
    const pid = await fixture.takeListeners(way)
    expect((await seen()).pid).toBe(pid)
  }
})

test('maxOldSpaceMb limits the heap of a child', async () => {
  const { store } = fixture
  const small = createRegistry({ store, pool: { maxOldSpaceMb: 64 }, onLog: false })
  const module = new URL('../fixtures/worker/tampering.mjs', import.meta.url)
  const limit = small.register({ name: 'heap_limit', secrets: ['api'], module })(() => Promise.resolve(0))
  const limited = await limit()
  await small.close()
  // Young space counts too, and differs between versions of Node; a child without the limit has gigabytes.
  expect(limited).toBeLessThan(500)
  expect(await fixture.heapLimit()).toBeGreaterThan(2 * limited)
})
