/** Tells of changes: by what is sent on the channel, and by reading what may have been missed while nobody listened. */
import { closedError } from '../request.ts'
import type { RowChange } from '../sealing/engine.ts'
import { textOf } from './client.ts'
import type { PostgresListen, RunQuery } from './client.ts'
import { STORE } from './failure.ts'
import { openLine } from './line.ts'
import type { Line } from './line.ts'
import { readNote } from './note.ts'
import type { Statements } from './statements.ts'

/** Watches scopes until it is closed. */
export interface Watching {
  watch(listener: (change: RowChange) => void, scope: string): Promise<AsyncDisposable>
  close(): Promise<void>
}

/** One scope that is watched. */
interface Watched {
  readonly scope: string
  readonly tell: (change: RowChange) => void
  /** The versions that were there when it was looked last, with what was told since; `undefined` before the first look. */
  versions: Map<string, number> | undefined
  /** Changes that come while the versions are read: they may be in them already. */
  early: RowChange[] | undefined
  /** Resolves when no look is under way. */
  looked: Promise<unknown>
}

/**
 * Makes the watching of a store.
 *
 * @param checkMs - how often the connection is asked whether it is still there.
 */
export function postgresWatching(
  listen: PostgresListen,
  run: RunQuery,
  statements: Statements,
  channel: string,
  checkMs: number,
): Watching {
  const watched = new Set<Watched>()
  let line: Line | undefined
  let closed = false

  const read = async (one: Watched): Promise<Map<string, number>> => {
    const rows = await run('read what changed', statements.versions, [one.scope])
    return new Map(rows.map((row) => [textOf(row, 'name'), Number(textOf(row, 'version'))]))
  }

  const take = (one: Watched, known: Map<string, number>, change: RowChange): void => {
    const { name, version } = change
    if (known.get(name) === version || !watched.has(one)) return
    if (version === undefined) known.delete(name)
    else known.set(name, version)
    one.tell(change)
  }

  /** Reads the versions, while what is heard waits, and tells what was missed since the look before. */
  const look = async (one: Watched): Promise<void> => {
    one.early ??= []
    const now = await read(one)
    const { scope, versions: before } = one
    if (before !== undefined) {
      for (const name of [...before.keys()]) if (!now.has(name)) take(one, before, { scope, name })
      for (const [name, version] of now) take(one, before, { scope, name, version })
    }
    one.versions = now
    const { early } = one
    one.early = undefined
    for (const change of early) take(one, now, change)
  }

  /** Looks once nobody else does: the connection may be lost and made again while a watch begins. */
  const catchUp = (one: Watched): Promise<void> => {
    const looking = one.looked.then(() => look(one))
    one.looked = looking.catch(() => undefined)
    return looking
  }

  const heard = (payload: string | undefined): void => {
    const change = readNote(payload)
    if (change === undefined) return
    for (const one of watched) {
      if (one.scope !== change.scope) continue
      if (one.early !== undefined) one.early.push(change)
      else if (one.versions !== undefined) take(one, one.versions, change)
    }
  }

  const back = async (): Promise<void> => {
    for (const one of watched) await catchUp(one)
  }

  const leave = async (one: Watched): Promise<void> => {
    if (!watched.delete(one) || watched.size > 0) return
    const last = line
    line = undefined
    await last?.close()
  }

  return {
    async watch(tell, scope) {
      const one: Watched = { scope, tell, versions: undefined, early: [], looked: Promise.resolve() }
      watched.add(one)
      try {
        line ??= openLine({ listen, channel, checkMs, heard, back })
        await line.opened
        await catchUp(one)
        // Closed meanwhile: whoever waits for a watch must not be given one that never tells.
        if (closed) throw closedError(STORE)
      } catch (error) {
        await leave(one)
        throw error
      }
      return { [Symbol.asyncDispose]: () => leave(one) }
    },
    async close() {
      closed = true
      watched.clear()
      const last = line
      line = undefined
      await last?.close()
    },
  }
}
