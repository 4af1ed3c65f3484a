/** A connection that listens on a channel, and is made again when it is lost. */
import type { PostgresConnection, PostgresListen } from './client.ts'
import { postgresFailure } from './failure.ts'

/** How to listen. */
export interface LineSettings {
  readonly listen: PostgresListen
  readonly channel: string
  /** How often the connection is asked whether it is still there, in milliseconds: one that is cut off silently says nothing. */
  readonly checkMs: number
  /** Told what is sent on the channel. */
  readonly heard: (payload: string | undefined) => void
  /** Called whenever the connection is there again. If it rejects, the connection is given up and made once more. */
  readonly back: () => Promise<void>
}

/** A connection that listens. */
export interface Line {
  /** Resolves when it listens for the first time; rejects if it cannot. */
  readonly opened: Promise<void>
  close(): Promise<void>
}

interface Live {
  /** Resolves when the connection is lost. */
  readonly lost: Promise<void>
  end(): Promise<void>
}

const FIRST_DELAY_MS = 50
const LONGEST_DELAY_MS = 2_000
/** How long the end of something is waited for: a connection that is cut off never says that it ended. */
const END_MS = 1_000

/** Opens a line. */
export function openLine(settings: LineSettings): Line {
  const ending = new AbortController()
  const { signal } = ending
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => {
      resolve()
    })
  })

  const isOver = (): boolean => signal.aborted

  const keep = async (first: Live): Promise<void> => {
    for (let live: Live | undefined = first; live !== undefined; live = await again()) {
      await Promise.race([live.lost, aborted])
      await live.end()
    }
  }

  const again = async (): Promise<Live | undefined> => {
    for (let most = FIRST_DELAY_MS; !signal.aborted; most = Math.min(most * 2, LONGEST_DELAY_MS)) {
      // Not all hosts at the same time, when a server is there again.
      await pause(most * (0.5 + Math.random() / 2), signal)
      const live = await attempt()
      if (live !== undefined) return live
    }
    return undefined
  }

  /** `undefined`: it is not there yet, or not wanted any more. */
  const attempt = async (): Promise<Live | undefined> => {
    if (isOver()) return undefined
    let live: Live | undefined
    try {
      live = await connect(settings)
      await settings.back()
      if (!isOver()) return live
    } catch {
      // Whatever it was, the next attempt will tell: a watch has nobody to tell it to.
    }
    await live?.end()
    return undefined
  }

  const first = connect(settings)
  const kept = first.then(keep, () => undefined)
  return {
    opened: first.then(() => undefined),
    async close() {
      ending.abort()
      // An attempt may hang; what comes of it is ended then, whenever it comes.
      await Promise.race([kept, pause(END_MS)])
    },
  }
}

/** @throws StoreError as the store's reads do. */
async function connect({ listen, channel, checkMs, heard }: LineSettings): Promise<Live> {
  let connection: PostgresConnection | undefined
  let lose = (): void => undefined
  const lost = new Promise<void>((resolve) => {
    lose = resolve
  })
  let stopChecking = (): void => undefined
  const end = async (): Promise<void> => {
    stopChecking()
    await Promise.race([quietly(async () => connection?.end()), pause(END_MS)])
  }
  try {
    connection = await listen()
    connection.on('error', lose)
    connection.on('end', lose)
    connection.on('notification', (message) => {
      if (message.channel === channel) heard(message.payload)
    })
    await connection.connect?.()
    await connection.query(`listen ${channel}`)
  } catch (error) {
    await end()
    throw postgresFailure(error, 'listen for changes')
  }
  const made = connection
  const check = setInterval(() => {
    const late = pause(checkMs).then(() => true)
    void Promise.race([late, quietly(async () => made.query('select 1'))]).then((gone) => {
      if (gone) lose()
    })
  }, checkMs)
  check.unref()
  stopChecking = () => {
    clearInterval(check)
  }
  return { lost, end }
}

/** Waits; with a signal, no longer than until it is aborted. Without one, it keeps no process alive. */
function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    if (signal === undefined) timer.unref()
    signal?.addEventListener('abort', done)
  })
}

/** Does something whose failure means no more than that the connection is gone. True: it failed. */
async function quietly(act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act()
    return false
  } catch {
    // The driver's error, about a connection that is given up in any case.
    return true
  }
}
