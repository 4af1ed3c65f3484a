/** `postgres:`. */
import { postgresStore } from '../../stores/postgres.ts'
import type { PostgresClient } from '../../stores/postgres.ts'
import { usageError } from '../failure.ts'
import { keyOptions } from '../keys.ts'
import { numberSetting } from './address.ts'
import type { Address, Opener } from './address.ts'
import { exportOf, loadClient } from './client.ts'
import { inTurn } from './turns.ts'

/** A client of PostgreSQL, and how it is ended. */
interface Connected {
  readonly client: PostgresClient
  end(): Promise<unknown>
}
type Pool = PostgresClient & { on(event: 'error', listener: () => void): unknown; end(): Promise<unknown> }
type MakePool = new (config: object) => Pool
/** postgres.js. */
interface Sql {
  unsafe(text: string, params: unknown[]): Promise<unknown[]>
  end(options: { timeout: number }): Promise<unknown>
}
type MakeSql = (url: string, config: object) => Sql

/** As many as pg has by default: an import far from its database waits for so many writes at a time. */
const CONNECTIONS = 10

/**
 * Opens a store in PostgreSQL, by the user's own pg or postgres.js: `postgres:` with all of it from `PGHOST`, `PGUSER`, …, or
 * `postgres://user@host/database?schema=apps`; `postgres:app` and `postgres:?sslmode=require` name a part of it. The password is that of `PGPASSWORD`.
 */
export const openPostgres: Opener = async (address, input) => {
  const { schema, prefix, history, plaintext, sslmode } = address.settings(
    ...(['schema', 'prefix', 'history', 'plaintext', 'sslmode'] as const),
  )
  if (plaintext !== undefined && plaintext !== 'true' && plaintext !== 'false') {
    throw usageError('The setting plaintext is true or false.')
  }
  const place = { schema, prefix, history: numberSetting('history', history) }
  const { client, end } = await connect(urlOf(address, sslmode))
  const store =
    plaintext === 'true'
      ? postgresStore({ client, ...place, plaintext: true })
      : postgresStore({ client, ...place, ...(await keyOptions(input)) })
  return {
    store,
    async close() {
      await store.close()
      await end()
    },
  }
}

async function connect(url: string | undefined): Promise<Connected> {
  const found = await loadClient('PostgreSQL', ['pg', 'postgres'])
  if (found.name === 'pg') {
    const config = { connectionString: url, max: CONNECTIONS, connectionTimeoutMillis: 10_000 }
    const pool = new (exportOf(found, 'Pool') as MakePool)(config)
    // What a connection that is not in use fails with is told by the next query.
    pool.on('error', () => undefined)
    return { client: inTurn(pool, CONNECTIONS), end: () => pool.end() }
  }
  const sql = (found.module['default'] as MakeSql)(url ?? '', {
    max: CONNECTIONS,
    connect_timeout: 10,
    onnotice: () => undefined,
  })
  return {
    client: { query: async (text, params) => ({ rows: await sql.unsafe(text, params) }) },
    end: () => sql.end({ timeout: 1 }),
  }
}

/** The address for the client, without the settings that are ours. `undefined`: all of it comes from the environment. */
function urlOf({ host, username, password, path }: Address, sslmode: string | undefined): string | undefined {
  if (host === '' && path === '' && sslmode === undefined) return undefined
  const user = username === '' ? '' : encodeURIComponent(username)
  const secret = password === '' ? '' : `:${encodeURIComponent(password)}`
  const settings = sslmode === undefined ? '' : `?sslmode=${encodeURIComponent(sslmode)}`
  // What is not in it comes from the environment, too.
  const database = encodeURIComponent(host === '' ? path.replace(/^\//, '') : path)
  return `postgres://${user}${secret}${user === '' ? '' : '@'}${host}/${database}${settings}`
}
