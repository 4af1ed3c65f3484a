/** The parts of the machine that a Vault store uses: time, chance, and a file. */
import { readFile } from 'node:fs/promises'
import { nodeTiming } from '../timing.ts'
import type { Timing } from '../timing.ts'

/** The parts of the machine that a store uses. */
export interface VaultHost extends Timing {
  /** Milliseconds that only ever grow. */
  readonly now: () => number
  readonly readFile: (path: string) => Promise<string>
}

/** The machine as it is. */
export const nodeVaultHost: VaultHost = {
  ...nodeTiming,
  now: () => performance.now(),
  readFile: (path) => readFile(path, 'utf8'),
}
