/** Looks at the processes that descend from this one: what they are started with, and what the system shows of them. */
import childProcess, { type ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import type { Readable } from 'node:stream'
import type { OutputStream, OutputTap } from './output.ts'

/** What takes what is seen. */
export interface ProcessSink {
  readonly see: (place: 'environ' | 'cmdline', where: string, text: string) => void
  /** Something could not be looked at. */
  readonly unseen: (what: string) => void
}

/** How often descendants are looked for, in milliseconds. */
const EVERY_MS = 10

/** Begins to watch. The returned functions look once more, and stop. */
export function watchProcesses(sink: ProcessSink, output: OutputTap): { look(): void; stop(): void } {
  const known = new Set<number>([process.pid])
  const seen = new Set<string>()
  const look = (): void => {
    if (process.platform !== 'linux') return
    for (const pid of descendants(known)) readProcess(pid, seen, sink)
  }
  if (process.platform !== 'linux') sink.unseen('/proc: this system has none, so grandchildren were not looked at')
  const unhook = hookSpawn(sink, output, look)
  const timer = setInterval(look, EVERY_MS)
  return {
    look,
    stop() {
      clearInterval(timer)
      unhook()
    },
  }
}

/** Finds processes whose parent is known, and goes on to know them when that has left them to another. */
function descendants(known: Set<number>): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid)) continue
    const stat = contentOf(`/proc/${pid}/stat`)
    const parent = Number(/^\d+ \(.*\) \S (\d+) /s.exec(stat ?? '')?.[1])
    if (Number.isInteger(parent)) parents.set(pid, parent)
  }
  for (let grown = true; grown;) {
    grown = false
    for (const [pid, parent] of parents) {
      if (known.has(pid) || !known.has(parent)) continue
      known.add(pid)
      grown = true
    }
  }
  for (const pid of known) if (!parents.has(pid)) known.delete(pid)
  return [...known].filter((pid) => pid !== process.pid)
}

function readProcess(pid: number, seen: Set<string>, { see, unseen }: ProcessSink): void {
  for (const place of ['environ', 'cmdline'] as const) {
    let text: string | undefined
    try {
      text = contentOf(`/proc/${pid}/${place}`)
    } catch (error) {
      unseen(`/proc/${pid}/${place}: ${codeOf(error)}`)
    }
    // A process may become another program, and may write over what it was started with.
    if (text === undefined || text === '' || seen.has(`${pid} ${place} ${text}`)) continue
    seen.add(`${pid} ${place} ${text}`)
    see(place, `/proc/${pid}/${place}`, text)
  }
}

/** The content of a file of /proc; `undefined` if the process is gone. */
function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(codeOf(error))) return undefined
    throw error
  }
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code)
}

interface SpawnOptions {
  file?: unknown
  args?: unknown
  envPairs?: unknown
  stdio?: unknown
}

/** Sees every start of a process from this one, also one that fails, and listens to those that share its streams. */
function hookSpawn(sink: ProcessSink, output: OutputTap, look: () => void): () => void {
  const { prototype } = childProcess.ChildProcess as unknown as {
    prototype: { spawn: (this: ChildProcess, options: SpawnOptions) => unknown }
  }
  const { spawn } = prototype
  prototype.spawn = function (options) {
    seeStart(sink, [options.file, options.args], options.envPairs)
    const { stdio, shared } = withoutSharing(options.stdio)
    const result: unknown = Reflect.apply(spawn, this, [shared.length === 0 ? options : { ...options, stdio }])
    for (const { index, stream } of shared) forward(this.stdio[index] as Readable | null | undefined, stream, output)
    look()
    return result
  }
  const synchronous = ['spawnSync', 'execFileSync', 'execSync'] as const
  const originals = synchronous.map((name) => childProcess[name])
  const members = childProcess as unknown as Record<string, unknown>
  synchronous.forEach((name, index) => {
    members[name] = (...args: unknown[]): unknown => {
      const options = args.find((arg) => typeof arg === 'object' && arg !== null && !Array.isArray(arg))
      const { env, stdio } = (options ?? {}) as { env?: unknown; stdio?: unknown }
      seeStart(sink, args.slice(0, 2), env ?? process.env)
      if (withoutSharing(stdio).shared.length > 0) sink.unseen(`the output of a ${name} that inherits stdio`)
      return Reflect.apply(originals[index] as (...args: unknown[]) => unknown, childProcess, args)
    }
  })
  syncBuiltinESMExports()
  return () => {
    prototype.spawn = spawn
    synchronous.forEach((name, index) => {
      members[name] = originals[index]
    })
    syncBuiltinESMExports()
  }
}

function seeStart({ see }: ProcessSink, command: readonly unknown[], env: unknown): void {
  const words = command.flat().filter((word) => typeof word === 'string')
  const pairs = Array.isArray(env)
    ? env.map(String)
    : Object.entries(Object(env) as object)
        .flat()
        .map(String)
  see('cmdline', 'a process that was started', words.join('\0'))
  see('environ', 'a process that was started', pairs.join('\0'))
}

/** Puts pipes where a child would write to this process's own streams. */
function withoutSharing(stdio: unknown): { stdio: unknown[]; shared: { index: number; stream: OutputStream }[] } {
  const list: unknown[] = Array.isArray(stdio) ? [...(stdio as unknown[])] : [stdio, stdio, stdio]
  const shared: { index: number; stream: OutputStream }[] = []
  list.forEach((item, index) => {
    const fd = item === 'inherit' ? index : typeof item === 'number' ? item : (item as { fd?: unknown } | undefined)?.fd
    if (index === 0 || (fd !== 1 && fd !== 2)) return
    list[index] = 'pipe'
    shared.push({ index, stream: fd === 1 ? 'stdout' : 'stderr' })
  })
  return { stdio: list, shared }
}

/** Passes on what a child writes to a stream that it was to share. */
function forward(from: Readable | null | undefined, stream: OutputStream, output: OutputTap): void {
  from?.on('data', (chunk: Buffer) => {
    output.take(stream, 'a child', chunk)
    process[stream].write(chunk)
  })
}
