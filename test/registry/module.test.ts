import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import vm from 'node:vm'
import { createRegistry, memoryStore } from 'latchkey'
import { afterAll, describe, expect, test } from 'vitest'
import * as absent from '../fixtures/registry/absent.mjs'
import * as wrapped from '../fixtures/registry/wrapped.mjs'

const fixture = (name: string) => new URL(`../fixtures/registry/${name}`, import.meta.url)

afterAll(() => Promise.all([absent.registry.close(), wrapped.registry.close()]))

describe('the module of a function', () => {
  test('is the call site', () => {
    const f = createRegistry({ store: memoryStore() }).register({ name: 'f' })(() => 1)
    expect(f.definition.module).toBe(import.meta.url)
  })

  test('is found whatever the stack trace settings are, and leaves them as they were', () => {
    const { stackTraceLimit, prepareStackTrace } = Error
    const prepare = () => 'mine'
    Object.assign(Error, { stackTraceLimit: 0, prepareStackTrace: prepare })
    try {
      const f = createRegistry({ store: memoryStore() }).register({ name: 'f' })(() => 1)
      expect(f.definition.module).toBe(import.meta.url)
      expect([Error.stackTraceLimit, Error.prepareStackTrace]).toEqual([0, prepare])
    } finally {
      Object.assign(Error, { stackTraceLimit, prepareStackTrace })
    }
  })

  test('that cannot be told is MODULE_UNKNOWN at the call and for ready(), and a child is not started', async () => {
    const registry = createRegistry({ store: memoryStore() })
    const register = registry.register({ name: 'f' })
    const f = vm.runInNewContext('register(() => 1)', { register }, { filename: 'evaluated' }) as ReturnType<
      typeof register<() => number>
    >
    expect(f.definition).not.toHaveProperty('module')
    await expect(f()).rejects.toMatchObject({
      code: 'MODULE_UNKNOWN',
      hint: expect.stringContaining('module: import.meta.url') as string,
    })
    await expect(registry.ready()).rejects.toMatchObject({ code: 'MODULE_UNKNOWN' })
    expect(await f.with({ isolation: 'inline' })()).toBe(1)
    expect(registry.stats().processes).toBe(0)
    await registry.close()
  })
})

test('a registry can be made where no module can be told', async () => {
  const context = { createRegistry, store: memoryStore() }
  const registry = vm.runInNewContext('createRegistry({ store })', context, { filename: 'evaluated' }) as ReturnType<
    typeof createRegistry
  >
  const f = registry.register({ name: 'f', isolation: 'inline' })(() => 1)
  expect(await f()).toBe(1)
})

describe('a module that does not register the function when a child imports it', () => {
  test("is named, be it a wrapper's, with the way out: module", async () => {
    await expect(wrapped.lost()).rejects.toMatchObject({
      code: 'NOT_REGISTERED_IN_CHILD',
      message: `lost was not registered when a child imported ${fixture('wrapper.mjs').href}.`,
      hint: expect.stringContaining('module: import.meta.url') as string,
    })
    expect(await wrapped.found()).toBe(2)
  })

  test('is named where only the host registers it', async () => {
    await expect(absent.register()()).rejects.toMatchObject({
      code: 'NOT_REGISTERED_IN_CHILD',
      message: expect.stringContaining('absent.mjs') as string,
    })
  })
})

test("a function of the program's main module is refused before a child starts, also by ready(), and can be called inline", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(fixture('main.mjs'))])
  expect(stdout.trim().split('\n')).toEqual([
    'started',
    'inline t',
    'checked true',
    'MAIN_MODULE true Move the function to a module of its own, and import that from the main module.',
    'ready MAIN_MODULE',
    'inline ready',
    'processes 0',
  ])
})
