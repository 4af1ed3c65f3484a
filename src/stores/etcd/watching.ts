/**
 * Tells of changes. A stream is resumed at the revision after the last one that was told, however it ended; where that one is
 * compacted away, the secrets that are there are compared with those that were known. So nothing is missed.
 */
import { closedError } from '../request.ts'
import { unpackVersions } from '../sealing/packing.ts'
import type { Place, RowChange } from '../sealing/engine.ts'
import type { EtcdClient } from './client.ts'
import type { EtcdEngine } from './engine.ts'
import type { Kept } from './answers.ts'
import { STORE } from './failure.ts'
import { placeOf, rangeOf } from './keys.ts'
import type { Keys } from './keys.ts'
import type { EtcdSettings } from './settings.ts'
import { followStream } from './stream.ts'
import type { StreamChange } from './stream.ts'

/** The watches of one store. */
export interface Watching {
  watch(listener: (change: RowChange) => void, scope: string): Promise<AsyncDisposable>
  /** Ends all of them. */
  close(): void
}

/** What a watch knows of its scope. */
interface Known {
  /** The revision of each secret. */
  readonly revisions: Map<string, string>
  /** Everything up to this revision was told. */
  revision: bigint
}

const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 5_000

/** Makes the watches of a store, with a stream for each. */
export function etcdWatching(client: EtcdClient, engine: EtcdEngine, keys: Keys, settings: EtcdSettings): Watching {
  const { timeoutMs, watchCheckMs, host } = settings
  const ends = new Set<AbortController>()
  let closed = false

  const look = async (scope: string): Promise<Known> => {
    const { revision, secrets } = await engine.seen(scope)
    return { revision: BigInt(revision), revisions: new Map(secrets.map((one) => [one.name, one.revision])) }
  }

  /** Compares what is there with what was known, tells of the difference, and knows it from then on. */
  const catchUp = async (known: Known, scope: string, tell: (change: RowChange) => void): Promise<void> => {
    const now = await look(scope)
    const changed = [...now.revisions].filter(([name, revision]) => known.revisions.get(name) !== revision)
    const places = changed.map(([name]): Place => ({ scope, name }))
    const rows = await engine.read(places, { older: false })
    for (const name of [...known.revisions.keys()]) {
      if (!now.revisions.has(name)) tell({ scope, name })
    }
    for (const [index, { name }] of places.entries()) {
      const row = rows[index]
      // One that is gone again by now is told by the stream.
      if (row !== undefined) tell({ scope, name, version: liveOf(row.versions) })
    }
    known.revision = now.revision
    known.revisions.clear()
    for (const [name, revision] of now.revisions) known.revisions.set(name, revision)
  }

  const take = (known: Known, change: StreamChange, tell: (change: RowChange) => void): void => {
    const { kept, deleted, before } = change
    const revision = BigInt(kept.revision)
    // Several changes have one revision, where a transaction made them or a range was deleted.
    if (revision < known.revision) return
    known.revision = revision
    const place = placeOf(keys, kept.key)
    if (place === undefined) return
    if (deleted) {
      known.revisions.delete(place.name)
      tell(place)
      return
    }
    known.revisions.set(place.name, kept.revision)
    const version = versionOf(kept)
    // Sealed again under another key: the secret is the same.
    if (before !== undefined && version !== undefined && versionOf(before) === version) return
    tell({ ...place, version })
  }

  const follow = async (
    known: Known,
    scope: string,
    tell: (change: RowChange) => void,
    signal: AbortSignal,
  ): Promise<void> => {
    let failures = 0
    let isLost = false
    while (!signal.aborted) {
      if (isLost) {
        isLost = await catchUp(known, scope, tell).then(
          () => false,
          // Nobody can be told. What changed is found by the next attempt.
          () => true,
        )
      }
      const began = performance.now()
      const end = isLost
        ? 'failed'
        : await followStream(client, {
            range: rangeOf(keys, scope, ''),
            from: known.revision + 1n,
            openMs: timeoutMs,
            idleMs: watchCheckMs,
            signal,
            heard: (change) => {
              if (!signal.aborted) take(known, change, tell)
            },
          })
      if (end === 'lost') isLost = true
      // A stream that ends at once, again and again, must not be opened as often as that is possible.
      if (end === 'idle' || performance.now() - began >= LONGEST_PAUSE_MS) failures = 0
      if (end === 'idle') continue
      // The token may have ended.
      client.forgetToken()
      const pause = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(failures, 10), LONGEST_PAUSE_MS)
      failures += 1
      await host.delay(pause / 2 + (host.random() * pause) / 2, signal)
    }
  }

  return {
    async watch(listener, scope) {
      const known = await look(scope)
      const ending = new AbortController()
      if (closed) throw closedError(STORE)
      ends.add(ending)
      const tell = (change: RowChange): void => {
        if (!ending.signal.aborted) listener(change)
      }
      void follow(known, scope, tell, ending.signal)
      return {
        // eslint-disable-next-line @typescript-eslint/require-await -- the contract's disposal is awaited
        async [Symbol.asyncDispose]() {
          ends.delete(ending)
          ending.abort()
        },
      }
    },
    close() {
      closed = true
      for (const ending of ends) ending.abort()
      ends.clear()
    },
  }
}

function versionOf(kept: Kept): number | undefined {
  return liveOf(unpackVersions(kept.value))
}

/** Gives the live version; `undefined` for what is damaged, which has none. */
function liveOf(versions: ReturnType<typeof unpackVersions>): number | undefined {
  return versions[0].version === 0 ? undefined : versions[0].version
}
