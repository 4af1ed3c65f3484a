/** How one test of the suite gets its stores, and how they are put away after it. */
import type { MaybePromise, SecretStore } from '../../store.ts'
import { asWritable } from './checks.ts'
import type { Values } from './checks.ts'

/** What a store holds when a test begins: `{ scope: { name: { KEY: value } } }`. */
export type Seed = Readonly<Record<string, Readonly<Record<string, Values>>>>

/** A store, and what the suite has to know of it. */
export interface StoreUnderTest {
  readonly store: SecretStore
  /** Called after the store was closed. */
  readonly dispose?: (() => MaybePromise<void>) | undefined
  /**
   * Makes these values the whole secret, past the store, as another process does; `undefined` removes it. With it the suite
   * tests that the store reads what others changed. A store that has `watch` and cannot be written needs it.
   */
  readonly change?: ((scope: string, name: string, values: Values | undefined) => MaybePromise<void>) | undefined
  /** How long a watch may take to tell of a change, in milliseconds; a store that polls needs its interval and more. Default: 4,000. */
  readonly watchMs?: number | undefined
}

/** Makes a fresh store: empty if it can be written, with the seed in it if it cannot. */
export type StoreFactory = (seed: Seed) => MaybePromise<StoreUnderTest>

/** Opens a fresh store that holds a seed. */
export type Open = (seed?: Seed) => Promise<SecretStore>

/** Does what {@link Open} does, and gives all that the factory gave. */
type Make = (seed?: Seed) => Promise<StoreUnderTest>

/** Tests by title. */
export type Cases = Readonly<Record<string, (open: Open, make: Make) => Promise<void>>>

/** A larger seed is written this many secrets at a time: one by one takes long over a network. */
const AT_ONCE = 20

/** Runs one test, then closes and disposes of every store that it opened, also where it failed. */
export async function runCase(factory: StoreFactory, run: Cases[string]): Promise<void> {
  const opened: StoreUnderTest[] = []
  const failures: unknown[] = []
  const attempt = async (step: () => MaybePromise<void>): Promise<void> => {
    try {
      await step()
    } catch (error) {
      failures.push(error)
    }
  }
  const make: Make = async (seed = {}) => {
    const made = await factory(seed)
    opened.push(made)
    await sow(made.store, seed)
    return made
  }

  await attempt(() => run(async (seed) => (await make(seed)).store, make))
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
  const secrets = Object.entries(seed).flatMap(([scope, names]) =>
    Object.entries(names).map(([name, values]) => ({ scope, name, values })),
  )
  // Few are written in their order, so that a store which is wrong only about writes at once fails by the test of those.
  const step = secrets.length > AT_ONCE ? AT_ONCE : 1
  for (let start = 0; start < secrets.length; start += step) {
    const batch = secrets.slice(start, start + step)
    await Promise.all(batch.map(({ scope, name, values }) => writable.set(name, values, { scope })))
  }
}
