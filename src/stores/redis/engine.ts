/** Sealed rows in Redis: reads of one command, writes of one script. */
import { ATTEMPTS, tooBusy } from '../sealing/attempts.ts'
import type { Place, RowOptions, SealedEngine, SealedRow, WriteOutcome } from '../sealing/engine.ts'
import type { Connection } from './connection.ts'
import { badAnswer, emptied, STORE, unlisted } from './failure.ts'
import { fieldOf, itemOf, newRevision, placeOf, readRow, splitValue } from './rows.ts'
import { KEYRING_FIELD, MARK_FIELD, NONE, PAGE, READ, REMOVE, SCOPES, WRITE, WRITE_KEYRING } from './scripts.ts'

/** How many secrets, and how many scopes, are read at once. */
const ROWS = 50
const SCOPES_AT_ONCE = 100
/** Greater than every character of a name. */
const BEYOND = '\x7f'

/** A page of the names. */
interface Page<T> {
  readonly rows: readonly T[]
  /** The mark when the page was read. */
  readonly mark: string
  /** Where the next page begins; `undefined`: there are no more. */
  readonly next: string | undefined
}

/** An engine in Redis, and what its watch reads. */
export interface RedisEngine extends SealedEngine {
  /** Reads a page of the versions of one scope; `-` for a secret that has none, since it is damaged. */
  versions(scope: string, from: string | undefined): Promise<Page<{ readonly name: string; readonly version: string }>>
  /** Reads the mark; `-`: there is none yet. */
  mark(): Promise<string>
}

/** Makes the engine. `channel` is where its scripts publish changes. */
export function redisEngine(redis: Connection, channel: string, history: number): RedisEngine {
  /** Once there was a mark there always is one, unless Redis has lost its data: then nothing that is missing is an answer. */
  let marked = false
  const see = (mark: string | undefined): void => {
    if (mark !== undefined && mark !== NONE) marked = true
    else if (marked) throw emptied()
  }

  const outcomeOf = ([outcome]: (string | undefined)[], what: string): WriteOutcome => {
    if (outcome !== 'done' && outcome !== 'conflict' && outcome !== 'rekeyed') throw badAnswer(what)
    if (outcome === 'done') marked = true
    return outcome
  }

  const rowOf = (place: Place, live: string | undefined, older?: string): SealedRow | undefined =>
    live === undefined ? undefined : readRow(place, live, older)

  const read = async (places: readonly Place[], older: boolean): Promise<(SealedRow | undefined)[]> => {
    if (places.length === 0) return []
    const fields = places.map(fieldOf)
    if (!older) {
      const answer = await redis.fields('read', [MARK_FIELD, ...fields])
      see(answer[0])
      return places.map((place, index) => rowOf(place, answer[1 + index]))
    }
    const answer = await redis.run('read', READ, fields)
    see(answer[0])
    return places.map((place, index) => rowOf(place, answer[1 + 2 * index], answer[2 + 2 * index]))
  }

  const page = async <T>(
    range: { readonly from: string; readonly to: string; readonly count: number; readonly what: string },
    rowFrom: (place: Place, live: string, older: string | undefined) => T,
  ): Promise<Page<T>> => {
    const [state, mark = NONE, next, ...cells] = await redis.run('list', PAGE, [
      range.from,
      range.to,
      String(range.count),
      range.what,
    ])
    see(mark)
    if (state !== 'complete') throw unlisted()
    const rows: T[] = []
    for (let at = 0; at + 2 < cells.length; at += 3) {
      const [field, live, older] = cells.slice(at, at + 3)
      if (field !== undefined && live !== undefined) rows.push(rowFrom(placeOf(field), live, older))
    }
    return { rows, mark, next: next === '' ? undefined : next }
  }

  const write = async (
    place: Place,
    item: string,
    expected: string | undefined,
    keyring: string | undefined,
    version: number,
    older: readonly string[],
  ): Promise<WriteOutcome> => {
    const text = `${fieldOf(place)} ${version}`
    const compared = [expectedOf(expected), keyring ?? '']
    const args = [fieldOf(place), ...compared, newRevision(), item, channel, text, ...older]
    return outcomeOf(await redis.run('write', WRITE, args), 'write')
  }

  const revisionOf = async (place: Place): Promise<string | undefined> => (await read([place], false))[0]?.revision

  const removeIf = async (place: Place, revision: string): Promise<boolean> => {
    const text = `${fieldOf(place)} ${NONE}`
    const args = [fieldOf(place), expectedOf(revision), newRevision(), channel, text]
    return outcomeOf(await redis.run('delete', REMOVE, args), 'delete') === 'done'
  }

  return {
    name: STORE,
    fenced: true,

    async readKeyring() {
      const [value, mark] = await redis.fields('read the keyring', [KEYRING_FIELD, MARK_FIELD])
      see(mark)
      if (value === undefined) return undefined
      const { revision, rest } = splitValue(value)
      return { bytes: Buffer.from(rest), revision }
    },

    async writeKeyring(bytes, revision) {
      const args = [expectedOf(revision), newRevision(), bytes.toString()]
      const [outcome] = await redis.run('write the keyring', WRITE_KEYRING, args)
      return outcome === 'done'
    },

    read: (places, { older }) => read(places, older),

    async *list(scope, prefix, { older }: RowOptions) {
      const begin = `${scope} ${prefix}`
      const what = older ? 'all' : 'live'
      let from: string | undefined = `[${begin}`
      while (from !== undefined) {
        const { rows, next }: Page<SealedRow> = await page(
          { from, to: `(${begin}${BEYOND}`, count: ROWS, what },
          readRow,
        )
        yield* rows
        from = next === undefined ? undefined : `(${next}`
      }
    },

    async *scopes() {
      let from = '-'
      for (;;) {
        const [state, mark, ...scopes] = await redis.run('list', SCOPES, [from, String(SCOPES_AT_ONCE)])
        see(mark)
        if (state !== 'complete') throw unlisted()
        const found = scopes.filter((scope) => scope !== undefined)
        yield* found
        if (found.length < SCOPES_AT_ONCE) return
        // The character after the space that stands between a scope and a name.
        from = `[${found[found.length - 1] ?? ''}!`
      }
    },

    put(place, next, before, keyring) {
      const keepsLive = before !== undefined && before.versions[0].bytes.length > 0
      const older = ['push', String(history), keepsLive ? '1' : '0']
      return write(place, itemOf(next), before?.revision, keyring, next.version, older)
    },

    replace(row, [live, ...older], keyring) {
      const items = ['put', older.map(itemOf).join(' ')]
      return write(row, itemOf(live), row.revision, keyring, live.version, items)
    },

    async remove(place, revision) {
      if (revision !== undefined) return removeIf(place, revision)
      // Compared in any case: a command that waits for a connection, and is sent long after its caller has given up, must not
      // remove what was written since.
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const now = await revisionOf(place)
        if (now === undefined) return false
        if (await removeIf(place, now)) return true
      }
      throw tooBusy(STORE, place)
    },

    versions: (scope, from) =>
      page(
        {
          from: from === undefined ? `[${scope} ` : `(${from}`,
          to: `(${scope} ${BEYOND}`,
          count: 10 * ROWS,
          what: 'versions',
        },
        ({ name }, version) => ({ name, version }),
      ),

    async mark() {
      const [mark = NONE] = await redis.fields('watch', [MARK_FIELD])
      return mark
    },

    close: () => Promise.resolve(),
  }
}

/** What a script compares a row with. */
function expectedOf(revision: string | undefined): string {
  return revision === undefined ? '' : `=${revision}`
}
