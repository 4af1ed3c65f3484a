/** Runs a function with values that must not show, and tells where they do. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { argumentError } from '../errors.ts'
import { assertOptions } from '../stores/request.ts'
import { type Canaries, createCanaries, textsOf } from './probe/canaries.ts'
import { watchEvents } from './probe/events.ts'
import { changes, snapshot } from './probe/files.ts'
import { tapOutput } from './probe/output.ts'
import { watchProcesses } from './probe/processes.ts'

/** Options of {@link probeLeaks}. */
export interface LeakProbeOptions {
  /** Values of your own by name, each of at least 12 characters. Default: `canary(name)` makes one. */
  readonly canaries?: Readonly<Record<string, string>> | undefined
  /** Folders to look for new and changed files in, beside `os.tmpdir()`. They must exist. Default: none. */
  readonly folders?: readonly string[] | undefined
  /** Names of further channels of `node:diagnostics_channel` to listen to. Default: none. */
  readonly channels?: readonly string[] | undefined
  /** True: the function is meant to fail. What it throws is looked at either way. Default: false. */
  readonly throws?: boolean | undefined
}

/** What {@link probeLeaks} gives its function. */
export interface LeakProbe {
  /** Gives the value of a name: one of the options' `canaries`, or a random one that has a form of its own in each encoding. */
  canary(name: string): string
  /** Looks for the canaries in a value of yours, e.g. a log's lines. `place` names it in the report. */
  look(place: string, value: unknown): void
  /** Looks for the canaries in what a process writes to its piped stdout and stderr; the probe waits for its end. */
  watch(child: ChildProcess): void
}

/** One place where a canary showed. Holds no value, nor a part of one. */
export interface Leak {
  /** `stdout`, `stderr`, `error`, `result`, `event`, `file`, `environ`, `cmdline`, or a place given to `look`. */
  readonly place: string
  /** The canary's name. */
  readonly canary: string
  /** Where in that place: a file, a channel, a property's path. Canaries in it are masked. */
  readonly where: string
}

/** What {@link probeLeaks} found. */
export interface LeakReport {
  /** True if no canary showed and nothing was left unseen. */
  readonly ok: boolean
  readonly leaks: readonly Leak[]
  /** What could not be looked at, or means that the probe proves nothing: no canary was used, the function failed. */
  readonly unseen: readonly string[]
}

let running = false

/**
 * Runs a function with canary values, and reports every place where one of them shows in any form that a redactor
 * knows: what this process and those that share its streams write, what the function returns or throws, events of
 * `node:diagnostics_channel`, new and changed files, and environment and command line of every descendant process.
 *
 * Close what you open within the function: what happens after it is not seen. One probe runs at a time in a process, as
 * it listens to streams and starts of processes that all code shares. What can be seen, and what cannot, is listed in
 * docs/testing-for-leaks.md.
 *
 * @param run - the function; put the canaries where secrets stand, and do what must not leak them.
 * @throws TypeError UNKNOWN_OPTION or INVALID_OPTION for wrong options, and where another probe is running.
 * @example
 * ```ts
 * const report = await probeLeaks(async (probe) => {
 *   await store.set('github', { GITHUB_TOKEN: probe.canary('token') })
 *   return createIssue({ repo: 'a/b', title: 'hello' })
 * })
 * assert.deepEqual(report, { ok: true, leaks: [], unseen: [] })
 * ```
 */
export async function probeLeaks(
  run: (probe: LeakProbe) => unknown,
  options: LeakProbeOptions = {},
): Promise<LeakReport> {
  assertOptions('probeLeaks', options, ['canaries', 'folders', 'channels', 'throws'])
  const { folders: further = [], channels = [], throws = false } = options
  const canaries = createCanaries(options.canaries ?? {})
  if (further.some((folder) => !existsSync(folder))) {
    throw argumentError('INVALID_OPTION', 'probeLeaks: every folder must exist.')
  }
  if (running) throw argumentError('INVALID_OPTION', 'probeLeaks: another probe is running in this process.')
  running = true
  try {
    return await probe(run, canaries, [tmpdir(), ...further], channels, throws)
  } finally {
    running = false
  }
}

async function probe(
  run: (probe: LeakProbe) => unknown,
  canaries: Canaries,
  folders: readonly string[],
  channels: readonly string[],
  throws: boolean,
): Promise<LeakReport> {
  const { leaks, unseen, see, look } = createFindings(canaries)
  const before = snapshot(folders, unseen)
  const ends: Promise<unknown>[] = []
  const output = tapOutput()
  const events = watchEvents(channels, look)
  // Values are known to the canaries once they are asked for; what was seen before holds none.
  const processes = watchProcesses({ see, unseen }, output)
  try {
    const watch = (child: ChildProcess): void => {
      for (const stream of ['stdout', 'stderr'] as const) {
        if (child[stream] === null) unseen(`${stream} of a watched process: it is no pipe`)
        child[stream]?.on('data', (chunk: Buffer) => {
          output.take(stream, 'a watched process', chunk)
        })
      }
      if (child.exitCode === null && child.signalCode === null) ends.push(once(child, 'close'))
    }
    const failed = await settled(() => run({ canary: canaries.value, look, watch }), look)
    processes.look()
    await Promise.all(ends)
    // What was written on the way has been passed on a turn later.
    await setImmediate()
    if (failed && !throws) unseen('what comes after the failure of the function')
    if (!failed && throws) unseen('a failure: the function was meant to throw')
    if (canaries.used() === 0) unseen('any leak: the function asked for no canary')
  } finally {
    processes.stop()
    events.stop()
    output.stop()
  }
  for (const { stream, source, text } of output.written()) see(stream, source, text)
  for (const { path, text } of changes(folders, before, unseen)) see('file', path, `${path}\n${text}`)
  return report()

  function report(): LeakReport {
    const { found, missed } = leaks()
    return { ok: found.length === 0 && missed.length === 0, leaks: found, unseen: missed }
  }
}

/** Runs the function and looks at what comes of it. Answers whether it failed. */
async function settled(run: () => unknown, look: LeakProbe['look']): Promise<boolean> {
  let result: unknown
  try {
    result = await run()
  } catch (error) {
    look('error', error)
    return true
  }
  look('result', result)
  return false
}

interface Findings {
  see(place: string, where: string, text: string): void
  look(place: string, value: unknown): void
  unseen(what: string): void
  leaks(): { found: Leak[]; missed: string[] }
}

/** Gathers what is found, each place once. */
function createFindings(canaries: Canaries): Findings {
  const found = new Map<string, Leak>()
  const missed = new Set<string>()
  function see(place: string, where: string, text: string): void {
    for (const canary of canaries.within(text)) {
      const leak = { place, canary, where: canaries.masked(where) }
      found.set(JSON.stringify(leak), leak)
    }
  }
  return {
    see,
    look(place, value) {
      try {
        for (const { path, text } of textsOf(value)) see(place, path, text)
      } catch {
        // Whatever failed: a part of the value was not looked at.
        missed.add(`a part of ${canaries.masked(place)}`)
      }
    },
    unseen(what) {
      missed.add(canaries.masked(what))
    },
    leaks: () => ({ found: [...found.values()], missed: [...missed] }),
  }
}
