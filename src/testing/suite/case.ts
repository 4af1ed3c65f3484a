/** How one test of the suite gets its stores, and how they are put away after it. */
import type { MaybePromise, SecretStore } from '../../store.ts'
import { asWritable } from './checks.ts'

/** What a store holds when a test begins: `{ scope: { name: { KEY: value } } }`. */
export type Seed = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>

/** A store, and how to remove what was made for it. */
export interface StoreUnderTest {
  readonly store: SecretStore
  /** Called after the store was closed. */
  readonly dispose?: (() => MaybePromise<void>) | undefined
}

/** Makes a fresh store: empty if it can be written, with the seed in it if it cannot. */
export type StoreFactory = (seed: Seed) => MaybePromise<StoreUnderTest>

/** Opens a fresh store that holds a seed. */
export type Open = (seed?: Seed) => Promise<SecretStore>

/** Tests by title. */
export type Cases = Readonly<Record<string, (open: Open) => Promise<void>>>

/** Runs one test, then closes and disposes of every store that it opened, also where it failed. */
export async function runCase(factory: StoreFactory, run: (open: Open) => Promise<void>): Promise<void> {
  const opened: StoreUnderTest[] = []
  const failures: unknown[] = []
  const attempt = async (step: () => MaybePromise<void>): Promise<void> => {
    try {
      await step()
    } catch (error) {
      failures.push(error)
    }
  }

  await attempt(() =>
    run(async (seed = {}) => {
      const made = await factory(seed)
      opened.push(made)
      await sow(made.store, seed)
      return made.store
    }),
  )
  for (const { store, dispose } of opened.reverse()) {
    await attempt(() => store.close())
    await attempt(() => dispose?.())
  }
  // The first is the test's own, if the test failed: what goes wrong while putting away is often only its consequence.
  if (failures.length > 0) throw failures[0]
}

async function sow(store: SecretStore, seed: Seed): Promise<void> {
  const writable = asWritable(store)
  if (writable === undefined) return
  for (const [scope, names] of Object.entries(seed)) {
    for (const [name, values] of Object.entries(names)) await writable.set(name, values, { scope })
  }
}
