/** Listens to what this process, and processes that share its streams, write to stdout and stderr. */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { formatWithOptions } from 'node:util'

/** What was written, while it was listened. */
export interface OutputTap {
  /** Takes what a process writes that shares a stream of this one. */
  take(stream: OutputStream, source: string, bytes: string | Uint8Array): void
  /** Everything so far, by stream and source. */
  written(): { stream: OutputStream; source: string; text: string }[]
  stop(): void
}

export type OutputStream = 'stdout' | 'stderr'

const CONSOLE_STREAMS: Readonly<Record<string, OutputStream>> = {
  ...{ log: 'stdout', info: 'stdout', debug: 'stdout', dir: 'stdout', table: 'stdout', group: 'stdout' },
  ...{ error: 'stderr', warn: 'stderr', trace: 'stderr', assert: 'stderr' },
}

/** Begins to listen. A test runner may have put its own console in place, so that is listened to as well. */
export function tapOutput(): OutputTap {
  const pieces = new Map<string, { stream: OutputStream; source: string; parts: Buffer[] }>()
  const undo: (() => void)[] = []

  function take(stream: OutputStream, source: string, bytes: unknown): void {
    const key = `${stream} ${source}`
    const known = pieces.get(key) ?? { stream, source, parts: [] }
    pieces.set(key, known)
    if (typeof bytes === 'string') known.parts.push(Buffer.from(bytes))
    else if (bytes instanceof Uint8Array) known.parts.push(Buffer.from(bytes))
  }

  /** Puts a function in the place of another that does the same after `before`. */
  function wrap(holder: object, name: string, before: (args: unknown[]) => void): void {
    const members = holder as Record<string, unknown>
    const original = members[name]
    if (typeof original !== 'function') return
    const wrapped = function (this: unknown, ...args: unknown[]): unknown {
      before(args)
      return Reflect.apply(original, this, args)
    }
    members[name] = wrapped
    undo.push(() => {
      if (members[name] === wrapped) members[name] = original
    })
  }

  for (const stream of ['stdout', 'stderr'] as const) {
    wrap(process[stream], 'write', ([bytes]) => {
      take(stream, 'stream', bytes)
    })
  }
  const byNumber = ([fd, bytes]: unknown[]): void => {
    if (fd === 1 || fd === 2) take(fd === 1 ? 'stdout' : 'stderr', 'descriptor', bytes)
  }
  const many = ([fd, list]: unknown[]): void => {
    if (Array.isArray(list)) for (const bytes of list as unknown[]) byNumber([fd, bytes])
  }
  for (const name of ['write', 'writeSync', 'writeFile', 'writeFileSync', 'appendFileSync']) wrap(fs, name, byNumber)
  for (const name of ['writev', 'writevSync']) wrap(fs, name, many)
  wrap(process, '_rawDebug', (args) => {
    take('stderr', 'raw debug', `${formatWithOptions({}, ...args)}\n`)
  })
  for (const [name, stream] of Object.entries(CONSOLE_STREAMS)) {
    wrap(console, name, (args) => {
      take(stream, 'console', `${formatWithOptions({}, ...args)}\n`)
    })
  }
  syncBuiltinESMExports()

  return {
    take,
    written: () =>
      [...pieces.values()].map(({ stream, source, parts }) => ({
        stream,
        source,
        text: Buffer.concat(parts).toString(),
      })),
    stop() {
      for (const restore of undo.reverse()) restore()
      syncBuiltinESMExports()
    },
  }
}
