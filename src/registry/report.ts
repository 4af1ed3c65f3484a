/** What `check()` tells, as data. */
import { isLatchkeyError, StoreError } from '../errors.ts'
import type { Refusal } from './collect.ts'
import type { Findings } from './findings.ts'
import type { CheckReport } from './check-types.ts'

/** Makes a report of what was found, and of what was refused before, in a process that only collects. */
export function report(found: readonly Findings[], refused: readonly Refusal[]): CheckReport {
  const missing = distinct(found.flatMap((one) => one.missing))
  const invalid = distinct(found.flatMap((one) => one.invalid))
  const failures = distinct(
    found.flatMap(({ entry, failures: failed }) => {
      return failed.map(({ placed: { scope, need }, error }) => {
        return { function: entry.name, scope, secret: need.name, ...told(error) }
      })
    }),
  )
  // What was refused stands wherever the function is called: found again in a scope, it is no other conflict.
  const known = new Set(refused.map(refusalKey))
  const conflicts = found.flatMap(({ entry, scope, conflict }) => {
    if (conflict === undefined) return []
    const told = { function: entry.name, scope, code: conflict.code, message: conflict.message }
    return known.has(refusalKey(told)) ? [] : [told]
  })
  const all = [...refused, ...conflicts]
  const ok = [missing, invalid, failures, all].every((list) => list.length === 0)
  return { ok, missing, invalid, failures, conflicts: all }
}

function refusalKey({ function: of, code, message }: Refusal): string {
  return JSON.stringify([of, code, message])
}

/** A secret of a fixed scope is the same one whatever scope is looked at. */
function distinct<T extends object>(items: readonly T[]): T[] {
  const seen = new Map(items.map((item) => [JSON.stringify(item), item]))
  return [...seen.values()]
}

/** What an error may say of itself: what a store that is none of ours throws may quote a value. */
export function told(error: unknown): { code: string; message: string } {
  const known = isLatchkeyError(error)
    ? error
    : new StoreError('STORE_FAILED', 'A store failed. Its own words are withheld: they may hold values.')
  return { code: String(known.code), message: known.message }
}
