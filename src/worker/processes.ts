/** Finds the processes that a child has started, so that they end with it. Linux only: elsewhere there are none to find. */
import { readdir, readFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { WORKER_MARKER } from './protocol.ts'

/** The direct children of a process that is still alive: pids. Empty where the system does not tell. */
export function directChildren(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch (error) {
    if (isGone(error)) return []
    throw error
  }
}

/** Every process whose environment carries `marker`, also those that left the child's group or session: pids. */
export async function markedProcesses(marker: string): Promise<number[]> {
  const wanted = `${WORKER_MARKER}=${marker}\0`
  const pids = process.platform === 'linux' ? (await readdir('/proc')).filter((name) => /^\d+$/.test(name)) : []
  const marked = await Promise.all(
    pids.map(async (pid) => {
      try {
        return (await readFile(`/proc/${pid}/environ`, 'latin1')).includes(wanted)
      } catch (error) {
        if (isGone(error)) return false
        throw error
      }
    }),
  )
  return pids.filter((_pid, index) => marked[index]).map(Number)
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
