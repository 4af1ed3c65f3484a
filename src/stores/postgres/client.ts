/** What the store needs of a PostgreSQL client: pg, PGlite, or anything else with the same two functions. */
import { StoreError } from '../../errors.ts'
import type { MaybePromise } from '../../store.ts'
import { postgresFailure, STORE } from './failure.ts'

/** Runs one SQL statement with parameters `$1`, `$2`, …: a `Pool` or `Client` of pg, a PGlite, or a shim. */
export interface PostgresClient {
  query(text: string, params: unknown[]): Promise<{ rows: unknown[] }>
}

/** A connection of its own, for `LISTEN`: a `Client` of pg that is not connected yet, or a shim. */
export interface PostgresConnection {
  /** Called once, before anything else, if it is there. */
  connect?(): Promise<unknown>
  query(text: string): Promise<unknown>
  on(
    event: 'notification',
    listener: (message: { readonly channel: string; readonly payload?: string | undefined }) => void,
  ): unknown
  /** The connection is lost, or ended. */
  on(event: 'error' | 'end', listener: () => void): unknown
  end(): Promise<unknown>
}

/** Makes a connection for `LISTEN`. Called again when one is lost. */
export type PostgresListen = () => MaybePromise<PostgresConnection>

/** One row of an answer. */
export type AnswerRow = Readonly<Record<string, unknown>>

/** Runs a statement, and says what went wrong in the store's words. */
export type RunQuery = (doing: string, text: string, params: unknown[]) => Promise<AnswerRow[]>

/** Makes the function that runs statements. */
export function queryRunner(client: PostgresClient): RunQuery {
  return async (doing, text, params) => {
    let answer: unknown
    try {
      answer = await client.query(text, params)
    } catch (error) {
      throw postgresFailure(error, doing)
    }
    const rows: unknown = (answer as { rows?: unknown } | null | undefined)?.rows
    if (Array.isArray(rows)) return rows as AnswerRow[]
    throw badAnswer('its answer has no rows')
  }
}

/** Gives a column that is text. */
export function textOf(row: AnswerRow | undefined, column: string): string {
  const value = row?.[column]
  if (typeof value === 'string') return value
  throw badAnswer(`column ${column} is not text`)
}

/** Gives a column of bytes; drivers give them as bytes, or as PostgreSQL writes them. `undefined`: NULL. */
export function bytesOf(row: AnswerRow | undefined, column: string): Buffer | undefined {
  const value = row?.[column]
  if (value === null || value === undefined) return undefined
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  if (typeof value === 'string' && value.startsWith('\\x')) return Buffer.from(value.slice(2), 'hex')
  throw badAnswer(`column ${column} is not bytes`)
}

function badAnswer(what: string): StoreError {
  return new StoreError('BAD_ANSWER', `The client of the postgres store did not answer as one does: ${what}.`, {
    store: STORE,
    hint: 'Give a pool or client of pg, a PGlite, or the shim that docs/stores/postgres.md shows.',
  })
}
