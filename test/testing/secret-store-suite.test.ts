import { describe, expect, test } from 'vitest'
import { StoreError } from '../../src/errors.ts'
import type { SecretStore, WritableSecretStore } from '../../src/store.ts'
import { envStore } from '../../src/stores/env.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { MemoryStore } from '../../src/stores/memory.ts'
import { BREAKAGES } from '../helpers/broken-stores/index.ts'
import { runSuite } from '../helpers/suite-run.ts'

describe('a store that', () => {
  test.each(BREAKAGES)('$what fails the suite', async ({ broken, fails }) => {
    const { titles, failures } = await runSuite(() => ({ store: broken(memoryStore()) }))
    expect(titles).toContain(fails)
    expect([...failures.keys()]).toContain(fails)
  })
})

describe('the suite', () => {
  test('passes for stores that keep the contract, whichever capabilities they have', async () => {
    const failures = new Map<string, string>()
    const factories = [
      () => ({ store: memoryStore() }),
      (seed: unknown) => ({ store: envStore({ env: { LATCHKEY_SECRETS: JSON.stringify(seed) } }) }),
      () => ({ store: withoutExtras(memoryStore()) }),
    ]
    for (const factory of factories)
      for (const [title, message] of (await runSuite(factory)).failures) failures.set(title, message)
    expect(failures).toEqual(new Map())
  })

  test('has a title of its own for each test', async () => {
    const { titles } = await runSuite(() => ({ store: memoryStore() }))
    expect(new Set(titles).size).toBe(titles.length)
    expect(titles.length).toBeGreaterThan(60)
  })

  test('closes and disposes of every store, also where a test fails', async () => {
    const open = new Set<SecretStore>()
    const undisposed = new Set<SecretStore>()
    await runSuite(() => {
      const inner = memoryStore()
      const store: SecretStore = {
        ...inner,
        get: () => Promise.reject(new Error('broken')),
        close: async () => {
          open.delete(store)
          await inner.close()
        },
      }
      open.add(store)
      undisposed.add(store)
      return {
        store,
        dispose: () => {
          expect(open.has(store)).toBe(false)
          undisposed.delete(store)
        },
      }
    })
    expect([open.size, undisposed.size]).toEqual([0, 0])
  })

  test("tells a test's own failure, not that of putting its store away", async () => {
    const { failures } = await runSuite(() => ({
      store: { ...memoryStore(), get: () => Promise.reject(new Error('the cause')) },
      dispose: () => {
        throw new Error('the consequence')
      },
    }))
    expect(failures.get('get: get answers undefined for what is not there')).toBe('the cause')
    expect(failures.get('close: close may be called again, and at the same time')).toBe('the consequence')
  })
})

/** A store with the least that the contract asks of one that can be written. */
function withoutExtras(store: MemoryStore): WritableSecretStore {
  const rest: Partial<MemoryStore> = { ...store }
  for (const verb of ['watch', 'history', 'rollback', 'scopes'] as const) Reflect.deleteProperty(rest, verb)
  return {
    ...rest,
    capabilities: {
      write: true,
      cas: false,
      history: false,
      watch: false,
      list: false,
      syncDescribe: false,
      maxBytes: 16_384,
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- an engine's describe does wait
    describe: async (name, options) => store.describe(name, options),
    set: async (name, values, options) => {
      const given = { ...values }
      const before = await store.get(name, { scope: options?.scope })
      const info = await store.set(name, given, options)
      const bytes = Object.values((await store.get(name, { scope: options?.scope }))?.values ?? {}).join('').length
      if (bytes <= 16_384) return info
      if (before === undefined) await store.delete(name, { scope: options?.scope })
      else await store.rollback(name, before.version, { scope: options?.scope })
      throw new StoreError('TOO_LARGE', 'Too large.')
    },
    // eslint-disable-next-line @typescript-eslint/require-await, require-yield -- it fails at its first step
    async *list(options): AsyncGenerator<never> {
      store.describe('a', { scope: options?.scope })
      throw new StoreError('INVALID', 'This store cannot list.')
    },
  } as WritableSecretStore
}
