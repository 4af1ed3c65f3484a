import { describe, expect, test } from 'vitest'
import { isLatchkeyError } from '../../src/errors.ts'
import type { SecretStore, WritableSecretStore } from '../../src/store.ts'
import type { HeldSecret } from '../../src/stores/answer.ts'
import { customStore } from '../../src/stores/custom.ts'
import type { SecretPlace } from '../../src/stores/engine.ts'
import { envStore } from '../../src/stores/env.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { MemoryStore } from '../../src/stores/memory.ts'
import { BREAKAGES } from '../helpers/broken-stores/index.ts'
import type { Seed, StoreUnderTest } from '../../src/testing/index.ts'
import { runSuite } from '../helpers/suite-run.ts'

describe('a store that', () => {
  test.each(BREAKAGES)('$what fails the tests that are about it, and no others', async ({ broken, fails }) => {
    const { failures } = await runSuite(async (seed) => {
      const inner = memoryStore()
      const store = broken(inner)
      if (!store.capabilities.write) await sow(seed, changeOf(inner))
      // A change that is never told is waited for this long.
      return { store, change: changeOf(inner), watchMs: 100 }
    })
    expect([...failures.keys()].sort()).toEqual([...fails].sort())
  })
})

describe('the suite', () => {
  test('passes for stores that keep the contract, whichever capabilities they have', async () => {
    const failures = new Map<string, string>()
    const factories = [
      () => ({ store: memoryStore() }),
      (seed: Seed) => ({ store: envStore({ env: { LATCHKEY_SECRETS: JSON.stringify(seed) } }) }),
      () => ({ store: smallStore() }),
      async (seed: Seed) => {
        const made = pollingStore()
        await sow(seed, made.change)
        return made
      },
    ]
    for (const factory of factories)
      for (const [title, message] of (await runSuite(factory)).failures) failures.set(title, message)
    expect(failures).toEqual(new Map())
  })

  test('has a title of its own for each test', async () => {
    const { titles } = await runSuite(() => ({ store: memoryStore() }))
    expect(new Set(titles).size).toBe(titles.length)
    expect(titles.length).toBeGreaterThan(100)
  })

  test('does not skip the watch of a store that it has no way to change, but asks for one', async () => {
    const { failures } = await runSuite(() => ({ store: pollingStore().store }))
    expect(failures.get('watch: watch tells of a write and of a delete')).toContain('the factory must give `change`')
  })

  test('waits for a watch no longer than the factory says, and says so', async () => {
    const { failures } = await runSuite(() => {
      const inner = memoryStore()
      return { store: { ...inner, watch: (_, options) => inner.watch(() => undefined, options) }, watchMs: 20 }
    })
    expect(failures.get('watch: watch tells of a write and of a delete')).toBe(
      'no such change of a was told within 20 ms',
    )
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

/** Writes past a store: into the memory store below it. */
function changeOf(inner: MemoryStore): NonNullable<StoreUnderTest['change']> {
  return async (scope, name, values) => {
    await (values === undefined ? inner.delete(name, { scope }) : inner.set(name, values, { scope }))
  }
}

async function sow(seed: Seed, change: ReturnType<typeof changeOf>): Promise<void> {
  for (const [scope, names] of Object.entries(seed))
    for (const [name, values] of Object.entries(names)) await change(scope, name, values)
}

/** A store with the least that the contract asks of one that can be written. */
function smallStore(): WritableSecretStore {
  const rows = new Map<string, HeldSecret>()
  const at = ({ scope, name }: SecretPlace): string => `${scope}:${name}`
  return customStore({
    name: 'small',
    read: (places) => places.map((place) => rows.get(at(place))),
    write: (secret) => rows.set(at(secret), secret) === rows,
    remove: (place) => rows.delete(at(place)),
    maxBytes: 16_384,
  })
}

/** A store that is only read, polls for changes, and sees them in its own order. */
function pollingStore(): { store: SecretStore; change: ReturnType<typeof changeOf> } {
  const inner = memoryStore()
  const polls = new Set<() => Promise<void>>()
  const timer = setInterval(() => {
    for (const poll of polls) poll().catch(unlessClosed)
  }, 5)
  const store: SecretStore = {
    name: 'polling',
    capabilities: { ...inner.capabilities, write: false, cas: false, history: false },
    describe: inner.describe,
    get: inner.get,
    getMany: inner.getMany,
    list: inner.list,
    watch: async (listener, options) => {
      const versions = async (): Promise<Map<string, string>> => {
        const found = new Map<string, string>()
        for await (const { name, version } of inner.list(options)) found.set(name, version)
        return found
      }
      // Refuses what it should refuse.
      await (await inner.watch(() => undefined, options))[Symbol.asyncDispose]()
      const scope = options?.scope ?? 'default'
      let before = await versions()
      const poll = async (): Promise<void> => {
        const now = await versions()
        for (const name of new Set([...now.keys(), ...before.keys()])) {
          const version = now.get(name)
          if (before.get(name) !== version) listener({ scope, name, ...(version === undefined ? {} : { version }) })
        }
        before = now
      }
      polls.add(poll)
      return {
        [Symbol.asyncDispose]: () => {
          polls.delete(poll)
          return Promise.resolve()
        },
      }
    },
    close: () => {
      clearInterval(timer)
      polls.clear()
      return inner.close()
    },
    [Symbol.asyncDispose]: () => store.close(),
  }
  return { store, change: changeOf(inner) }
}

/** A poll may be underway when its store is closed. */
function unlessClosed(error: unknown): void {
  if (!isLatchkeyError(error, 'CLOSED')) throw error
}
