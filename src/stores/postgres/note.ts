/** What is told on the channel: `[scope, name, version]`, or `[scope, name]` after a delete. At most 1 KB. */
import { isScope, isSecretName } from '../../secret.ts'
import type { Place, RowChange } from '../sealing/engine.ts'

const VERSION = /^[1-9]\d{0,15}$/

/** Writes a note. */
export function noteOf({ scope, name }: Place, version?: string): string {
  return JSON.stringify(version === undefined ? [scope, name] : [scope, name, version])
}

/** Reads a note, `undefined` if it is none: whoever may connect to the database may write to its channels. */
export function readNote(payload: string | undefined): RowChange | undefined {
  let note: unknown
  try {
    note = JSON.parse(payload ?? '')
  } catch {
    // SyntaxError: somebody else's text.
    return undefined
  }
  if (!Array.isArray(note)) return undefined
  const [scope, name, version] = note as unknown[]
  if (!isScope(scope) || !isSecretName(name)) return undefined
  if (version === undefined) return { scope, name }
  return typeof version === 'string' && VERSION.test(version) ? { scope, name, version: Number(version) } : undefined
}
