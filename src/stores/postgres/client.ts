/** What the store needs of a PostgreSQL client: pg, PGlite, or anything else with the same two functions. */
import { createHash } from 'node:crypto'
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

/** A statement that a connection of pg parses once, and keeps under its name. */
interface PreparedStatement {
  readonly name: string
  readonly text: string
  readonly values: unknown[]
}

/**
 * Makes the function that runs statements.
 *
 * @param prepare - whether statements with parameters are given to the client with a name, as pg takes them.
 */
export function queryRunner(client: PostgresClient, prepare: boolean): RunQuery {
  const names = new Map<string, string>()
  /** Another text never has the same name, not even that of another version of latchkey on the same connection. */
  const nameOf = (text: string): string => {
    const known = names.get(text)
    if (known !== undefined) return known
    const name = `latchkey_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
    names.set(text, name)
    return name
  }
  const ask = (text: string, values: unknown[]): Promise<unknown> => {
    if (!prepare || values.length === 0) return client.query(text, values)
    const naming = client as unknown as { query(statement: PreparedStatement): Promise<unknown> }
    return naming.query({ name: nameOf(text), text, values })
  }
  return async (doing, text, params) => {
    let answer: unknown
    try {
      answer = await ask(text, params)
    } catch (error) {
      if (prepare && error instanceof TypeError) throw badAnswer('it takes no prepared statement', PREPARE_HINT)
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

/** Gives a column of a whole number, in digits; drivers give them as text, and what fits as numbers. */
export function digitsOf(row: AnswerRow | undefined, column: string): string {
  const value = row?.[column]
  if (typeof value === 'string') return value
  if (Number.isSafeInteger(value) || typeof value === 'bigint') return String(value)
  throw badAnswer(`column ${column} is not a whole number`)
}

/** Gives a column of bytes; drivers give them as bytes, or as PostgreSQL writes them. `undefined`: NULL. */
export function bytesOf(row: AnswerRow | undefined, column: string): Buffer | undefined {
  const value = row?.[column]
  if (value === null || value === undefined) return undefined
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  if (typeof value === 'string' && value.startsWith('\\x')) return Buffer.from(value.slice(2), 'hex')
  throw badAnswer(`column ${column} is not bytes`)
}

const CLIENT_HINT = 'Give a pool or client of pg, a PGlite, or the shim that docs/stores/postgres.md shows.'
const PREPARE_HINT = 'Only a pool or client of pg can be given with prepare: true.'

function badAnswer(what: string, hint = CLIENT_HINT): StoreError {
  const message = `The client of the postgres store did not answer as one does: ${what}.`
  return new StoreError('BAD_ANSWER', message, { store: STORE, hint })
}
