/** Tells whether newer versions of secrets can be had than those of a call that failed. */
import { isLatchkeyError } from '../errors.ts'
import { untilAborted } from '../stores/waiting.ts'
import { askStore, checkedInfo, storeOf, type StoreSource } from './answer.ts'
import { addressOf } from './findings.ts'
import type { Found, Placed, Reading } from './secrets.ts'

/** How long a store may take to tell a version, in milliseconds: others that ask wait for the same answer. */
const MOST_MS = 30_000

/** Asks for versions; calls that fail at the same time ask once. */
export interface Freshness {
  /**
   * Reads the secrets of a call again if any of them has another version now; `undefined` if none has, or if that cannot be
   * found out. Caches are passed: `describe` goes through them, and has them forget what it contradicts.
   */
  newer(before: Reading, read: () => Promise<Reading>): Promise<Reading | undefined>
}

/** One question that is under way. */
interface Look {
  /** Its number, in the order of what begins and what fails. */
  readonly begun: number
  readonly version: Promise<string | undefined>
}

/** Makes the freshness of a registry. */
export function createFreshness(source: StoreSource): Freshness {
  const looks = new Map<string, Look>()
  let count = 0

  function begin(placed: Placed, address: string): Look {
    const version = describeVersion(source, placed).finally(() => looks.delete(address))
    const look = { begun: ++count, version }
    looks.set(address, look)
    return look
  }

  async function isOther({ need, scope, secret }: Found, failed: number): Promise<boolean> {
    const address = addressOf({ need, scope })
    for (;;) {
      const look = looks.get(address) ?? begin({ need, scope }, address)
      const version = await look.version
      if (version !== secret?.version) return true
      // One that began before the call failed may have been answered before the secret changed.
      if (look.begun > failed) return false
    }
  }

  async function isOutdated(found: readonly Found[]): Promise<boolean> {
    const failed = ++count
    const distinct = new Map(found.map((item) => [addressOf(item), item]))
    const others = await Promise.all([...distinct.values()].map((item) => isOther(item, failed)))
    return others.includes(true)
  }

  return {
    async newer({ found }, read) {
      try {
        if (!(await isOutdated(found))) return undefined
        const again = await read()
        return differ(found, again.found) ? again : undefined
      } catch (error) {
        // The call has failed already, and its own error says more than that of a store that could not help it.
        if (isLatchkeyError(error)) return undefined
        throw error
      }
    },
  }
}

async function describeVersion(source: StoreSource, { need: { name }, scope }: Placed): Promise<string | undefined> {
  const store = storeOf(source, scope)
  const signal = AbortSignal.timeout(MOST_MS)
  return askStore(store, async () => {
    const info = await untilAborted(Promise.resolve(store.describe(name, { scope, signal })), signal)
    checkedInfo(store, scope, name, info)
    return info?.version
  })
}

/** Tells whether two reads of the same secrets gave different versions. */
function differ(before: readonly Found[], after: readonly Found[]): boolean {
  return after.some(({ secret }, index) => secret?.version !== before[index]?.secret?.version)
}
