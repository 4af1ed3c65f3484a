/** What the walk through all errors is made of. */
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LeakProbe } from 'latchkey/testing'

/** Ends in an error: throws it or rejects with it. Canaries stand wherever values do. */
export type Provocation = (probe: LeakProbe) => unknown

/** For each code the ways that lead to it, by what happens. */
export type Provocations<Code extends string> = Readonly<Record<Code, Readonly<Record<string, Provocation>>>>

/** The folder of everything that provocations write. */
export const BASE = mkdtempSync(join(tmpdir(), 'latchkey-walk-'))
const WATCHED = join(BASE, 'watched')
mkdirSync(WATCHED)
// What the probe takes for the folder of temporary files.
process.env['TMPDIR'] = WATCHED

/** Makes a folder in which the probe looks at every file. */
export function watchedFolder(): string {
  return mkdtempSync(join(WATCHED, 'folder-'))
}

/** Makes a folder in which it does not: for files that hold a value by right, such as a key file. */
export function privateFolder(): string {
  return mkdtempSync(join(BASE, 'private-'))
}

/** Gives the values of a secret that holds the canary. */
export function canaryValues(probe: LeakProbe): Record<string, string> {
  return { TOKEN: probe.canary('token') }
}
