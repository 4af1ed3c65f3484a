/** Looks at processes from outside. */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { WAIT_LIMIT_MS } from './limits.ts'

/** Tells whether reading a file of a process failed because it is gone: ESRCH where it went after the file was opened. */
function isGone(error: unknown): boolean {
  return ['ENOENT', 'ESRCH'].includes(String((error as NodeJS.ErrnoException).code))
}

/** Tells whether a process is there and is no zombie. */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch (error) {
    if (isGone(error)) return false
    throw error
  }
}

/** Resolves when `condition` holds. A process that is not ours has no event to wait for. */
export async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + WAIT_LIMIT_MS
  while (!condition()) {
    if (performance.now() > end) throw new Error(`did not come true within ${WAIT_LIMIT_MS} ms`)
    await delay(5)
  }
}

/** The living children of this process, but for the reaper's shell: pids. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return new RegExp(`^\\d+ \\(.*\\) [^Z] ${parent} `, 's').test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
      } catch (error) {
        if (isGone(error)) return false
        throw error
      }
    })
    .map(Number)
}
