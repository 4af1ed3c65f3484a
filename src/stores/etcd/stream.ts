/** One stream of changes: what etcd sends until it ends, is cut off, or says nothing for too long. */
import { isRecord } from '../http-body.ts'
import { encoded, readInt64, readKept, revisionOf } from './answers.ts'
import type { Kept } from './answers.ts'
import type { EtcdClient } from './client.ts'
import type { Range } from './keys.ts'

/** A change of a key, as the stream tells it. */
export interface StreamChange {
  readonly kept: Kept
  readonly deleted: boolean
  /** What was there before, if it still is known. */
  readonly before: Kept | undefined
}

/**
 * How a stream ended. `idle`: nothing came for a while. `lost`: what it was to begin with is gone, or it did not begin, or not
 * speak as etcd does: everything must be looked at again. `failed`: it could not be opened, or it was ended.
 */
export type StreamEnd = 'idle' | 'lost' | 'failed'

/** What a stream is to tell, and how patient its reader is. */
export interface StreamSettings {
  readonly range: Range
  /** The first revision that is wanted. */
  readonly from: bigint
  /** How long etcd may take to answer: milliseconds. */
  readonly openMs: number
  /** How long it may say nothing: milliseconds. */
  readonly idleMs: number
  readonly signal: AbortSignal
  readonly heard: (change: StreamChange) => void
}

/** After this many characters without a line break, looking at everything again costs less than reading on. */
const MAX_LINE = 64 * 1024 * 1024

/** Follows a stream to its end. Never rejects. */
export async function followStream(client: EtcdClient, settings: StreamSettings): Promise<StreamEnd> {
  const { range, from, openMs, idleMs, signal } = settings
  const ending = new AbortController()
  const time = { isUp: false }
  const end = (): void => {
    ending.abort()
  }
  const wait = (ms: number): NodeJS.Timeout =>
    setTimeout(() => {
      time.isUp = true
      end()
    }, ms)
  signal.addEventListener('abort', end)
  if (signal.aborted) end()
  let timer = wait(openMs)
  let isOpen = false
  try {
    const create = {
      key: encoded(range.key),
      range_end: encoded(range.end),
      start_revision: String(from),
      prev_kv: true,
    }
    const stopped = new Promise<never>((_, reject) => {
      ending.signal.addEventListener('abort', () => {
        reject(new Error('stopped'))
      })
    })
    stopped.catch(() => undefined)
    const response = await Promise.race([client.open('watch', { create_request: create }, ending.signal), stopped])
    if (response.status !== 200 || response.body === null) return 'failed'
    const lines = linesOf(response.body)
    for (;;) {
      const { value: line, done } = await Promise.race([lines.next(), stopped])
      if (done === true) return 'failed'
      const result = resultIn(line)
      if (result === undefined) return isOpen ? 'lost' : 'failed'
      clearTimeout(timer)
      timer = wait(idleMs)
      if (result['created'] === true && result['canceled'] !== true) {
        isOpen = true
        // Where a backup was restored, the revisions begin anew, and what comes would be taken for old.
        if (BigInt(revisionOf(result) ?? '0') < from - 1n) return 'lost'
      }
      if (readInt64(result['compact_revision']) !== undefined) return 'lost'
      if (result['canceled'] === true) return 'failed'
      if (!tell(result['events'] ?? [], settings)) return 'lost'
    }
  } catch {
    // Whatever it was, a watch has nobody to tell it to: the next stream will show.
    // One that never begins is held back on its way: until it comes through, looking again is all that can be done.
    if (time.isUp) return isOpen ? 'idle' : 'lost'
    return 'failed'
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
    end()
  }
}

/** Tells of what a line holds; false if it is not what etcd sends. */
function tell(events: unknown, { heard }: StreamSettings): boolean {
  if (!Array.isArray(events)) return false
  for (const event of events as unknown[]) {
    const kept = isRecord(event) ? readKept(event['kv']) : undefined
    if (!isRecord(event) || kept === undefined) return false
    heard({ kept, deleted: event['type'] === 'DELETE', before: readKept(event['prev_kv']) })
  }
  return true
}

function resultIn(line: string): Record<string, unknown> | undefined {
  try {
    const message: unknown = JSON.parse(line)
    const result = isRecord(message) ? message['result'] : undefined
    return isRecord(result) ? result : undefined
  } catch {
    // SyntaxError: a line that was cut off, or no JSON. It quotes the text.
    return undefined
  }
}

/** Reads lines; one that is too long, and what is left at the end, comes as it is. */
async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder()
  let parts: string[] = []
  let length = 0
  for await (const bytes of body as AsyncIterable<Uint8Array>) {
    const [first = '', ...rest] = decoder.decode(bytes, { stream: true }).split('\n')
    parts.push(first)
    length += first.length
    for (const next of rest) {
      yield parts.join('')
      parts = [next]
      length = next.length
    }
    if (length > MAX_LINE) break
  }
  if (length > 0) yield parts.join('')
  return undefined
}
