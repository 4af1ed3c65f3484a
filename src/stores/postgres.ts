/** A store in PostgreSQL: for many hosts, with values that the database never sees. */
import { queryRunner } from './postgres/client.ts'
import { postgresEngine } from './postgres/engine.ts'
import { STORE } from './postgres/failure.ts'
import { postgresSettings } from './postgres/settings.ts'
import type { PlainPostgresOptions, PostgresStoreOptions, SealedPostgresOptions } from './postgres/settings.ts'
import { statementsOf } from './postgres/statements.ts'
import { migration, tablesOf } from './postgres/tables.ts'
import { postgresWatching } from './postgres/watching.ts'
import { closedError } from './request.ts'
import type { SealedEngine } from './sealing/engine.ts'
import { plainStore, sealingStore } from './sealing/open.ts'
import type { EngineStore, SealingStore } from './sealing/open.ts'

export type { PostgresClient, PostgresConnection, PostgresListen } from './postgres/client.ts'
export type { PlainPostgresOptions, PostgresStoreOptions, SealedPostgresOptions } from './postgres/settings.ts'
export type { EngineStore, SealingStore } from './sealing/open.ts'
export type { RotateKeyOptions, RotationProgress } from './sealing/rotation.ts'

/** What a store in PostgreSQL has beside the verbs of a store. */
export interface Migration {
  /**
   * Makes the tables, if they are not there. May be called again, and by several hosts at once. The role must be allowed to
   * create tables in the schema; afterwards another one, which may only read and write them, can use the store.
   */
  migrate(): Promise<void>
}

/** A store in PostgreSQL whose secrets are sealed. It has `watch` if it was given `listen`. */
export interface PostgresStore extends SealingStore, Migration {}

/** A store in PostgreSQL whose secrets can be read by whoever reads the database. */
export interface PlainPostgresStore extends EngineStore, Migration {}

/**
 * Makes a store in PostgreSQL, by the client that a program has already. Connects to nothing and needs no key before it is
 * used. Its tables are made by `migrate()`.
 *
 * @throws TypeError UNKNOWN_OPTION or INVALID_OPTION for options that cannot be. What is wrong with a key or the database is
 * a StoreError of the first use.
 * @example
 * ```ts
 * const store = postgresStore({ client: new PGlite(), key: generateKey() })
 * await store.migrate()
 * await store.set('my_github_secret', { GH_ACCESS_TOKEN: 'from the settings page', GH_USERNAME: 'octocat' })
 * ```
 */
export function postgresStore(options: SealedPostgresOptions): PostgresStore
export function postgresStore(options: PlainPostgresOptions): PlainPostgresStore
export function postgresStore(options: PostgresStoreOptions): PostgresStore | PlainPostgresStore {
  const settings = postgresSettings(options)
  const { client, prepare, schema, prefix, listen, listenCheckMs, history, sealing } = settings
  const tables = tablesOf(schema, prefix)
  const statements = statementsOf(tables)
  const run = queryRunner(client, prepare)
  const watching = listen && postgresWatching(listen, run, statements, tables.channel, listenCheckMs)
  let closed = false

  const engine: SealedEngine = {
    ...postgresEngine(run, statements, history),
    watch: watching?.watch,
    async close() {
      closed = true
      await watching?.close()
    },
  }
  const verbs: Migration = {
    async migrate() {
      if (closed) throw closedError(STORE)
      await run('make the tables', migration(schema, tables), [])
    },
  }
  return sealing === undefined
    ? Object.assign(plainStore(engine), verbs)
    : Object.assign(sealingStore(engine, sealing), verbs)
}
