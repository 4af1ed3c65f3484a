/**
 * Tells of changes, also of those that nobody could hear.
 *
 * Each write publishes its own mark and the one before it. So a message that was missed shows in the next one, and, where
 * there is none, in the mark that is read now and then. What was missed is found by reading all versions again.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { closedError } from '../request.ts'
import type { RowChange } from '../sealing/engine.ts'
import type { Subscribe } from './client.ts'
import { within } from './connection.ts'
import type { RedisEngine } from './engine.ts'
import { redisFailure, STORE } from './failure.ts'
import { NONE } from './scripts.ts'

/** How long after a mark was read its message may still come. */
const GRACE_MS = 1_000

/** No mark is empty. */
const NOWHERE = ''

/** What a script publishes. */
interface Message {
  readonly mark: string
  /** The mark before. */
  readonly before: string
  readonly scope: string
  readonly name: string
  /** Absent after a delete. */
  readonly version: string | undefined
}

/** The watches of one store. */
export interface Watching {
  watch(listener: (change: RowChange) => void, scope: string): Promise<AsyncDisposable>
  /** Ends all of them. */
  close(): Promise<void>
}

/** One watch. */
interface Watcher {
  /** Reads what is there, without telling. */
  begin(): Promise<void>
  hear(message: Message): void
  end(): void
}

/** How a store is watched. */
export interface WatchSettings {
  readonly subscribe: Subscribe
  readonly channel: string
  readonly timeoutMs: number
  readonly watchCheckMs: number
}

/** Makes the watches of a store, which share one connection. It is opened with the first and closed with the last. */
export function redisWatching(
  engine: Pick<RedisEngine, 'versions' | 'mark'>,
  { subscribe, channel, timeoutMs, watchCheckMs }: WatchSettings,
): Watching {
  const watchers = new Set<Watcher>()
  let connected: Promise<() => Promise<void>> | undefined
  let closed = false

  const connect = async (): Promise<() => Promise<void>> => {
    let close = (): unknown => undefined
    const end = async (): Promise<void> => {
      // Where this fails the connection is not there any more, or is dropped by the client.
      await within('end a watch', timeoutMs, () => Promise.resolve().then(close)).catch(() => undefined)
    }
    const heard = (text: string): void => {
      const message = readMessage(text)
      if (message !== undefined) for (const watcher of watchers) watcher.hear(message)
    }
    try {
      await within('watch', timeoutMs, () =>
        subscribe(channel, heard, (opened) => {
          close = opened
        }),
      )
    } catch (error) {
      await end()
      throw redisFailure('watch', error)
    }
    return end
  }

  const leave = async (watcher: Watcher): Promise<void> => {
    watcher.end()
    if (!watchers.delete(watcher) || watchers.size > 0) return
    const last = connected
    connected = undefined
    const end = await last?.catch(() => undefined)
    await end?.()
  }

  return {
    async watch(listener, scope) {
      const watcher = watcherOf(engine, scope, listener, watchCheckMs)
      watchers.add(watcher)
      try {
        connected ??= connect()
        await connected
        await watcher.begin()
        if (closed) throw closedError(STORE)
      } catch (error) {
        await leave(watcher)
        throw error
      }
      return { [Symbol.asyncDispose]: () => leave(watcher) }
    },
    async close() {
      closed = true
      await Promise.all([...watchers].map(leave))
    },
  }
}

function watcherOf(
  engine: Pick<RedisEngine, 'versions' | 'mark'>,
  scope: string,
  listener: (change: RowChange) => void,
  checkMs: number,
): Watcher {
  /** The version of each secret, as it was told. */
  const known = new Map<string, string>()
  /** Up to which mark everything was told. */
  let told = NOWHERE
  /** The marks that `told` has passed since the last check began. */
  const passed = new Set<string>()
  /** While all is read again: what was heard. */
  let meanwhile: Message[] | undefined
  let rereading: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let begun = false
  const ended = new AbortController()

  const learn = (name: string, version: string | undefined): void => {
    if (known.get(name) === version) return
    if (version === undefined) known.delete(name)
    else known.set(name, version)
    if (!begun || ended.signal.aborted) return
    const counter = version === undefined || version === NONE ? undefined : Number(version)
    listener({ scope, name, version: counter })
  }

  const pass = (mark: string): void => {
    told = mark
    passed.add(mark)
  }

  const readAll = async (): Promise<void> => {
    const heard: Message[] = []
    meanwhile = heard
    try {
      const there = new Map<string, string>()
      let page = await engine.versions(scope, undefined)
      pass(page.mark)
      for (;;) {
        for (const { name, version } of page.rows) there.set(name, version)
        if (page.next === undefined) break
        page = await engine.versions(scope, page.next)
      }
      // What was published before the first page was read is in the pages, and must not go over them: it may be older.
      const following = new Map(heard.map((message) => [message.before, message]))
      for (let next = following.get(told); next !== undefined; next = following.get(told)) {
        // Whoever can publish by hand could make a circle.
        following.delete(told)
        pass(next.mark)
        if (next.scope !== scope) continue
        if (next.version === undefined) there.delete(next.name)
        else there.set(next.name, next.version)
      }
      for (const name of known.keys()) if (!there.has(name)) learn(name, undefined)
      for (const [name, version] of there) learn(name, version)
    } catch (error) {
      told = NOWHERE
      for (const message of heard) if (message.scope === scope) learn(message.name, message.version)
      throw error
    } finally {
      meanwhile = undefined
    }
  }

  const reread = (): Promise<void> => {
    rereading ??= readAll().finally(() => {
      rereading = undefined
    })
    return rereading
  }

  const check = async (): Promise<void> => {
    passed.clear()
    const mark = await engine.mark()
    const isTold = (): boolean => mark === told || passed.has(mark)
    if (!isTold()) await delay(GRACE_MS, undefined, { ref: false, signal: ended.signal })
    if (!isTold()) await reread()
  }

  const checkLater = (): void => {
    timer = setTimeout(() => {
      // Redis cannot be asked now, or the watch has ended. What was missed shows in the next check.
      const again = (): void => {
        if (!ended.signal.aborted) checkLater()
      }
      check().then(again, again)
    }, checkMs)
    // The connection keeps the process alive, or nothing does.
    timer.unref()
  }

  return {
    async begin() {
      await reread()
      begun = true
      if (!ended.signal.aborted) checkLater()
    },
    hear(message) {
      if (meanwhile !== undefined) {
        meanwhile.push(message)
        return
      }
      // A message that is heard twice says nothing new.
      const missed = message.before !== told && message.mark !== told
      if (!missed) pass(message.mark)
      if (message.scope === scope) learn(message.name, message.version)
      // What fails here is found by the next check.
      if (missed && begun) reread().catch(() => undefined)
    },
    end() {
      ended.abort()
      clearTimeout(timer)
    },
  }
}

/** Gives what a script published; `undefined` for what others did. */
function readMessage(text: string): Message | undefined {
  const [mark, before, scope, name, version, ...more] = text.split(' ')
  if (mark === undefined || before === undefined || scope === undefined || name === undefined) return undefined
  if (version === undefined || more.length > 0) return undefined
  return { mark, before, scope, name, version: version === NONE ? undefined : version }
}
