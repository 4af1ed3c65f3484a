/** Asks a Standard Schema, and keeps of its answer what cannot quote the input. */
import type { SchemaFinding } from '../errors.ts'
import type { StandardResult, StandardSchema } from '../secret.ts'
import { saysNoValue } from './own.ts'

/** How long a schema of a secret's key may take to answer, in milliseconds. One that takes longer has refused. */
export const KEY_SCHEMA_MS = 10_000

/** What a schema made of a value: its output, or findings. */
export interface SchemaAnswer {
  readonly value?: unknown
  readonly issues?: readonly SchemaFinding[]
}

/**
 * Validates `value`; `issues` are paths and codes without the schema's own messages. Never rejects.
 *
 * @param limitMs - how long an answer may take that comes later. Default: any time.
 * @param signal - ends that time, where nobody wants the answer any more.
 */
export async function schemaFindings(
  schema: StandardSchema,
  value: unknown,
  limitMs?: number,
  signal?: AbortSignal,
): Promise<SchemaAnswer> {
  try {
    const answer = schema['~standard'].validate(value)
    const result = limitMs === undefined || !isLater(answer) ? await answer : await within(limitMs, answer, signal)
    if (result === LATE) return { issues: [{ path: [], code: 'schema_timeout' }] }
    // Read once: it is the schema's own object, and may be another one when it is looked at again.
    const { issues } = result
    if (issues === undefined) return { value: result.value }
    const words = saysNoValue(schema)
    return { issues: issues.map((issue) => finding(issue, words)) }
  } catch {
    // What a schema throws may quote its input; that it could not accept the value is all that is said.
    return { issues: [{ path: [], code: 'schema_threw' }] }
  }
}

function isLater<T>(answer: T | Promise<T>): answer is Promise<T> {
  return typeof (answer as { then?: unknown } | null | undefined)?.then === 'function'
}

/** What is waited with in vain. */
const LATE = Symbol('late')

/** Waits for an answer; `LATE` where it does not come in time. A later one is dropped, as is a later failure. */
async function within<T>(
  limitMs: number,
  answer: Promise<StandardResult<T>>,
  signal: AbortSignal | undefined,
): Promise<StandardResult<T> | typeof LATE> {
  let timer: NodeJS.Timeout | undefined
  let ended: (() => void) | undefined
  const late = new Promise<typeof LATE>((resolve) => {
    ended = () => {
      resolve(LATE)
    }
    timer = setTimeout(ended, limitMs)
    signal?.addEventListener('abort', ended)
    if (signal?.aborted === true) ended()
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
    if (ended !== undefined) signal?.removeEventListener('abort', ended)
  }
}

interface Issue {
  readonly message: string
  readonly path?: readonly unknown[] | undefined
}

function finding(issue: Issue, words: boolean): SchemaFinding {
  const path = (issue.path ?? []).map((segment) => {
    const key = typeof segment === 'object' && segment !== null ? (segment as { key?: unknown }).key : segment
    return typeof key === 'number' ? key : String(key)
  })
  const { code } = issue as { code?: unknown }
  const told = typeof code === 'string' && /^[a-z_]{1,60}$/i.test(code) ? { path, code } : { path }
  return words ? { ...told, message: issue.message } : told
}
