/** The parts of the machine that a Vault store uses: time, chance, and a file. */
import { readFile } from 'node:fs/promises'
import { nodeHttpHost } from '../http-host.ts'
import type { HttpHost } from '../http.ts'

/** The parts of the machine that a store uses. */
export interface VaultHost extends HttpHost {
  /** Milliseconds that only ever grow. */
  readonly now: () => number
  /** Calls later, without keeping the process alive. Gives what cancels it. */
  readonly after: (ms: number, call: () => void) => () => void
  readonly readFile: (path: string) => Promise<string>
}

/** The machine as it is. */
export const nodeVaultHost: VaultHost = {
  ...nodeHttpHost,
  now: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms).unref()
    return () => {
      clearTimeout(timer)
    }
  },
  readFile: (path) => readFile(path, 'utf8'),
}
