/** What went wrong in PostgreSQL, as the store says it: by SQLSTATE and system code, never in the driver's words. */
import { StoreError } from '../../errors.ts'
import type { StoreErrorCode } from '../../errors.ts'

/** The store's name. */
export const STORE = 'postgres'

const MIGRATE = 'Call migrate() once, as a role that may create tables.'
const OTHERS =
  'Another version of latchkey, or somebody else, has made tables of these names, which migrate() leaves alone: give another schema or prefix.'
const POOLER = 'A pooler between the store and the server does not follow them: leave out prepare: true.'

/** What the SQLSTATEs mean for the caller, by their beginnings; docs/stores/postgres.md lists them. */
const MEANINGS: readonly (readonly [prefix: string, code: StoreErrorCode, reason: string, hint?: string])[] = [
  ['25006', 'READ_ONLY', 'this server, or this session, only reads', 'Connect to the primary server.'],
  ['28', 'DENIED', 'the credentials were refused', 'Look at user, password and pg_hba.conf.'],
  ['42501', 'DENIED', 'the role may not do this', 'Look at what the role is granted on the tables of the store.'],
  ['42P01', 'INVALID', 'the tables of the store are not there', MIGRATE],
  ['3F000', 'INVALID', 'the schema is not there', MIGRATE],
  ['42703', 'INVALID', 'the tables are not those of this version of latchkey', OTHERS],
  ['26000', 'INVALID', 'a prepared statement is not where the client left it', POOLER],
  ['42P05', 'INVALID', 'a prepared statement is where the client left none', POOLER],
  ['3D000', 'INVALID', 'there is no such database', 'Look at the options of the client.'],
  ['XX00', 'CORRUPT', 'PostgreSQL found its own data damaged', 'Look at its log, and restore a backup.'],
  ['08', 'UNAVAILABLE', 'the connection failed'],
  ['57', 'UNAVAILABLE', 'the server is starting or stopping, or cancelled the query'],
  ['53', 'UNAVAILABLE', 'the server has no room, no memory or too many connections'],
  ['58', 'UNAVAILABLE', 'the server failed to read or write'],
  ['40', 'UNAVAILABLE', 'the server rolled the query back to end a deadlock or conflict'],
  ['55', 'UNAVAILABLE', 'something that is needed is locked'],
]
const SQLSTATE = /^[0-9A-Z]{5}$/
const SYSTEM = /^E[A-Z0-9_]{2,40}$|^CONNECT[A-Z_]{1,40}$/

/** Gives a failure of the client as the store's error; an error of the store's own is passed through. */
export function postgresFailure(error: unknown, doing: string): unknown {
  if (error instanceof StoreError) return error
  const given = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined
  const code = typeof given === 'string' ? given : ''
  // No cause: the driver's error quotes rows and parameters.
  if (SQLSTATE.test(code) && !/^E/.test(code)) {
    const meaning = MEANINGS.find(([prefix]) => code.startsWith(prefix))
    const [, as, reason, hint] = meaning ?? ['', 'STORE_FAILED' as const, 'PostgreSQL refused the query']
    return new StoreError(as, `Could not ${doing}: ${reason} (SQLSTATE ${code}).`, { store: STORE, hint })
  }
  const shown = SYSTEM.test(code) ? ` (${code})` : ''
  return new StoreError('UNAVAILABLE', `Could not ${doing}: the connection failed${shown}.`, {
    store: STORE,
    hint: 'Look at the database and the network. A single client that lost its connection stays lost: give a pool.',
  })
}
