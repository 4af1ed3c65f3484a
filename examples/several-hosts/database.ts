/** The PostgreSQL that the hosts share. Their tables are in a schema of their own, which an earlier run may have left. */
import pg from 'pg'

/** For pg: where it is. A child that imports this file does not need to know. */
export const connectionString = process.env['POSTGRES_URL']
export const SCHEMA = 'latchkey_several_hosts'

/** Removes what the hosts have made. */
export async function dropSchema(): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  await client.query(`drop schema if exists ${SCHEMA} cascade`)
  await client.end()
}
