/** What every host runs: the same store, the same registry, the same function. */
import { cachedStore, createRegistry } from 'latchkey'
import { postgresStore } from 'latchkey/stores/postgres'
import pg from 'pg'
import { connectionString, SCHEMA } from './database.ts'

const pool = new pg.Pool({ connectionString })
// An idle connection was lost; the pool makes another.
pool.on('error', () => undefined)

/** The key that seals the secrets is in LATCHKEY_KEY, the same on each host. */
export const database = postgresStore({
  client: pool,
  schema: SCHEMA,
  listen: () => new pg.Client({ connectionString }),
})

/** PostgreSQL tells of changes, so that what is held in memory is never older than the last notice. */
export const store = cachedStore(database)
export const registry = createRegistry({ store, missing: 'defer', watch: true })

export const deploy = registry.register({ name: 'deploy', secrets: ['cloud'] })(async (url: string) => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { Authorization: `Bearer ${process.env['CLOUD_TOKEN'] ?? ''}` },
  })
  if (!response.ok) throw new Error(`The cloud answered ${response.status}`)
  return { token: await response.text(), pid: process.pid }
})

export async function close(): Promise<void> {
  await registry.close()
  await store.close()
  await pool.end()
}
