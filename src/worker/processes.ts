/** Finds the processes that a child has started, so that they end with it. Linux only: elsewhere there are none to find. */
import { readdir, readFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { WORKER_MARKER } from './protocol.ts'

/** The direct children of a process that is still alive: pids. Empty where the system does not tell. */
export function directChildren(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch (error) {
    if (isGone(error) || isOutOfDescriptors(error)) return []
    throw error
  }
}

/** Files that are read at once: a machine has more processes than a host may open files. */
const AT_ONCE = 16
/** How long the search waits for a descriptor, and how often. */
const RETRY_MS = 100
const MOST_RETRIES = 50

/**
 * Every process whose environment carries `marker`, also those that left the child's group or session: pids. Where the
 * host stays out of descriptors, those that could be found.
 */
export async function markedProcesses(marker: string): Promise<number[]> {
  if (process.platform !== 'linux') return []
  const wanted = `${WORKER_MARKER}=${marker}\0`
  const pids = ((await patiently(() => readdir('/proc'))) ?? []).filter((name) => /^\d+$/.test(name))
  const marked: number[] = []
  for (let start = 0; start < pids.length; start += AT_ONCE) {
    const batch = pids.slice(start, start + AT_ONCE).map(async (pid) => {
      const environment = await patiently(() => readFile(`/proc/${pid}/environ`, 'latin1'))
      if (environment?.includes(wanted) === true) marked.push(Number(pid))
    })
    await Promise.all(batch)
  }
  return marked
}

/** Reads, and waits while the host has no descriptor left; `undefined` if what is read is gone, or not ours to read. */
async function patiently<T>(read: () => Promise<T>): Promise<T | undefined> {
  for (let retries = 0; ; retries++) {
    try {
      return await read()
    } catch (error) {
      if (isGone(error)) return undefined
      if (!isOutOfDescriptors(error)) throw error
      if (retries === MOST_RETRIES) return undefined
      await delay(RETRY_MS)
    }
  }
}

/** Kills a process; one that is gone or not ours to kill is left alone. */
export function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!isGone(error)) throw error
  }
}

function isGone(error: unknown): boolean {
  return ['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ENOTDIR'].includes(String((error as { code?: unknown }).code))
}

function isOutOfDescriptors(error: unknown): boolean {
  return ['EMFILE', 'ENFILE'].includes(String((error as { code?: unknown }).code))
}
