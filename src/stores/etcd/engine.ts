/** Sealed rows in etcd: one key for each secret, which holds all its versions; each write is one transaction. */
import { isLatchkeyError } from '../../errors.ts'
import { packVersions, unpackVersions, withNext } from '../sealing/packing.ts'
import type { Place, SealedEngine, SealedRow, WriteOutcome } from '../sealing/engine.ts'
import { encoded, readRange, readRanges, revisionOf } from './answers.ts'
import type { Kept } from './answers.ts'
import type { Call, EtcdClient } from './client.ts'
import { badAnswer, STORE } from './failure.ts'
import { after, keyOf, placeOf, rangeOf, startingWith } from './keys.ts'
import type { Keys, Range } from './keys.ts'

/** A secret that is there, and when it was written last. */
interface Seen {
  readonly name: string
  readonly revision: string
}

/** An engine in etcd, and what its watch reads. */
export interface EtcdEngine extends Omit<SealedEngine, 'watch' | 'close'> {
  /** Gives the secrets of one scope, all as they were at one revision. */
  seen(scope: string): Promise<{ readonly revision: string; readonly secrets: readonly Seen[] }>
}

/** The largest secret: with its padding, and one older version, it fits into a request. */
const MAX_BYTES = 512 * 1024
/** The largest value; older versions that do not fit are not kept. A request, of 1.5 MiB, has room for more than that. */
const MAX_VALUE = 1_400_000
/** How many operations a transaction may have. */
const OPERATIONS = 128
/** How many secrets, and how many names, are read at once. */
const ROWS = 64
const NAMES = 1_000
/** The largest answer for one key: base64 makes 4 bytes of 3. */
const ROW_ANSWER = 2 * 1024 * 1024
const NAME_ANSWER = 2 * 1024
/** What every beginning of a name looks like. */
const NAME_START = /^[A-Za-z0-9_-]{0,128}$/

/** Makes the engine of a store in etcd, but for watching and closing. */
export function etcdEngine(client: EtcdClient, keys: Keys, history: number): EtcdEngine {
  /** Reads a range page by page, all at the revision of the first; on with the newest one if that is gone meanwhile. */
  const pages = async function* (
    range: Range,
    doing: string,
    how: { readonly namesOnly: boolean; readonly limit: number; readonly scope?: string },
  ): AsyncGenerator<{ readonly kept: readonly Kept[]; readonly revision: string }> {
    let from = range.key
    let revision: string | undefined
    const about = how.scope === undefined ? {} : { about: { scope: how.scope } }
    for (;;) {
      const answer = await client.ask({
        path: 'kv/range',
        body: {
          key: encoded(from),
          range_end: encoded(range.end),
          limit: String(how.limit),
          ...(how.namesOnly ? { keys_only: true } : {}),
          ...(revision === undefined ? {} : { revision }),
        },
        reads: true,
        maxBytes: how.limit * (how.namesOnly ? NAME_ANSWER : ROW_ANSWER),
        doing,
        ...about,
      })
      if (answer === undefined) {
        if (revision === undefined) throw badAnswer(doing, about.about)
        revision = undefined
        continue
      }
      const kept = readRange(answer)
      revision ??= revisionOf(answer)
      if (kept === undefined || revision === undefined) throw badAnswer(doing, about.about)
      yield { kept, revision }
      const last = kept.at(-1)
      if (last === undefined || answer['more'] !== true) return
      from = after(last.key)
    }
  }

  /** An answer about another key must not be taken for one about this. */
  const isOf = (kept: Kept | undefined, place: Place | undefined): boolean =>
    kept === undefined || place === undefined || kept.key === keyOf(keys, place)

  /** Reads one key; a transaction of one read would take etcd longer. */
  const readOne = async (place: Place, signal: AbortSignal | undefined): Promise<Kept | undefined> => {
    const { scope, name } = place
    const doing = `read secret ${name} (scope ${scope})`
    const about = { scope, secret: name }
    const body = { key: encoded(keyOf(keys, place)) }
    const call = { path: 'kv/range', body, reads: true, maxBytes: ROW_ANSWER, doing, about, signal }
    const range = readRange(await client.ask(call))
    if (range === undefined || !isOf(range[0], place)) throw badAnswer(doing, about)
    return range[0]
  }

  const readSome = async (places: readonly Place[], signal: AbortSignal | undefined): Promise<(Kept | undefined)[]> => {
    const doing = 'read secrets'
    const success = places.map((place) => ({ request_range: { key: encoded(keyOf(keys, place)) } }))
    const maxBytes = places.length * ROW_ANSWER
    const answer = await client.ask({ path: 'kv/txn', body: { success }, reads: true, maxBytes, doing, signal })
    const ranges = answer && readRanges(answer, places.length)
    const found = ranges?.map(([kept]) => kept)
    if (found?.every((kept, index) => isOf(kept, places[index])) !== true) throw badAnswer(doing, undefined)
    return found
  }

  /** Writes, if nothing that is compared has changed. Gives what stands there now if something has. */
  const transact = async (
    doing: string,
    about: Call['about'],
    compared: readonly { readonly key: string; readonly revision: string | undefined }[],
    write: Record<string, unknown>,
  ): Promise<'done' | (string | undefined)[]> => {
    const answer = await client.ask({
      path: 'kv/txn',
      body: {
        compare: compared.map(({ key, revision = '0' }) => ({
          key: encoded(key),
          target: 'MOD',
          result: 'EQUAL',
          mod_revision: revision,
        })),
        success: [write],
        failure: compared.map(({ key }) => ({ request_range: { key: encoded(key), keys_only: true } })),
      },
      reads: false,
      maxBytes: ROW_ANSWER,
      doing,
      about,
    })
    if (answer?.['succeeded'] === true) return 'done'
    const ranges = answer && readRanges(answer, compared.length)
    if (ranges === undefined) throw badAnswer(doing, about, true)
    return ranges.map(([kept]) => kept?.revision)
  }

  const write = async (
    place: Place,
    versions: SealedRow['versions'],
    before: string | undefined,
    keyring: string | undefined,
  ): Promise<WriteOutcome> => {
    const { scope, name } = place
    const key = keyOf(keys, place)
    const fence = keyring === undefined ? [] : [{ key: keys.keyring, revision: keyring }]
    const put = { request_put: { key: encoded(key), value: encoded(fitting(versions)) } }
    const about = { scope, secret: name }
    const doing = `write secret ${name} (scope ${scope})`
    try {
      const now = await transact(doing, about, [{ key, revision: before }, ...fence], put)
      if (now === 'done') return 'done'
      return now[0] === before ? 'rekeyed' : 'conflict'
    } catch (error) {
      const [live, ...older] = versions
      if (older.length === 0 || !isLatchkeyError(error, 'TOO_LARGE')) throw error
      // This etcd, or what stands before it, takes less than others: older versions are kept where they fit.
      return write(place, [live], before, keyring)
    }
  }

  return {
    name: STORE,
    maxBytes: MAX_BYTES,
    fenced: true,

    async readKeyring() {
      const doing = 'read the keyring'
      const body = { key: encoded(keys.keyring) }
      const answer = await client.ask({ path: 'kv/range', body, reads: true, maxBytes: ROW_ANSWER, doing })
      const kept = readRange(answer)
      if (kept === undefined) throw badAnswer(doing, undefined)
      return kept[0] && { bytes: kept[0].value, revision: kept[0].revision }
    },

    async writeKeyring(bytes, revision) {
      const put = { request_put: { key: encoded(keys.keyring), value: encoded(bytes) } }
      return (await transact('write the keyring', undefined, [{ key: keys.keyring, revision }], put)) === 'done'
    },

    async read(places, { signal }) {
      const [only] = places
      if (only !== undefined && places.length === 1) return [rowOf(only, await readOne(only, signal))]
      const parts: Promise<(Kept | undefined)[]>[] = []
      for (let at = 0; at < places.length; at += OPERATIONS) {
        parts.push(readSome(places.slice(at, at + OPERATIONS), signal))
      }
      const found = (await Promise.all(parts)).flat()
      return places.map((place, index) => rowOf(place, found[index]))
    },

    async *list(scope, prefix) {
      if (!NAME_START.test(prefix)) return
      const how = { namesOnly: false, limit: ROWS, scope }
      for await (const { kept } of pages(rangeOf(keys, scope, prefix), 'list secrets', how)) {
        for (const one of kept) {
          const place = placeOf(keys, one.key)
          const row = place && rowOf(place, one)
          if (row !== undefined) yield row
        }
      }
    },

    async *scopes() {
      const { end, key } = startingWith(keys.secrets)
      for (let from = key; ;) {
        const [page] = await firstOf(pages({ key: from, end }, 'list scopes', { namesOnly: true, limit: 1 }))
        const [one] = page?.kept ?? []
        if (one === undefined) return
        const place = placeOf(keys, one.key)
        if (place !== undefined) yield place.scope
        from = place === undefined ? after(one.key) : rangeOf(keys, place.scope, '').end
      }
    },

    put: (place, next, before, keyring) => write(place, withNext(next, before, history), before?.revision, keyring),

    replace: (row, versions, keyring) => write(row, versions, row.revision, keyring),

    async remove(place, revision) {
      const { scope, name } = place
      const key = keyOf(keys, place)
      const doing = `delete secret ${name} (scope ${scope})`
      const about = { scope, secret: name }
      const removal = { key: encoded(key) }
      if (revision !== undefined) {
        return (await transact(doing, about, [{ key, revision }], { request_delete_range: removal })) === 'done'
      }
      const call = { path: 'kv/deleterange', body: removal, reads: false, maxBytes: ROW_ANSWER, doing, about }
      const answer = await client.ask(call)
      return answer?.['deleted'] === '1'
    },

    async seen(scope) {
      const secrets: Seen[] = []
      let first: string | undefined
      const how = { namesOnly: true, limit: NAMES, scope }
      for await (const { kept, revision } of pages(rangeOf(keys, scope, ''), 'look for changes', how)) {
        first ??= revision
        for (const one of kept) {
          const place = placeOf(keys, one.key)
          if (place !== undefined) secrets.push({ name: place.name, revision: one.revision })
        }
      }
      return { secrets, revision: first ?? '0' }
    },
  }
}

function rowOf({ scope, name }: Place, kept: Kept | undefined): SealedRow | undefined {
  return kept && { scope, name, revision: kept.revision, versions: unpackVersions(kept.value) }
}

/** Packs versions, without the oldest of them where a request has no room. */
function fitting(versions: SealedRow['versions']): Buffer {
  const [live, ...older] = versions
  let packed = packVersions(versions)
  while (packed.length > MAX_VALUE && older.pop() !== undefined) packed = packVersions([live, ...older])
  return packed
}

async function firstOf<T>(all: AsyncGenerator<T>): Promise<T[]> {
  for await (const one of all) return [one]
  return []
}
