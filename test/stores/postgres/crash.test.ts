import pg from 'pg'
import { afterAll, beforeAll, test } from 'vitest'
import { generateKey } from 'latchkey'
import { postgresStore } from 'latchkey/stores/postgres'
import type { PostgresStore } from 'latchkey/stores/postgres'
import { describeEngine } from '../../helpers/engines.ts'
import { postgresPrograms, startPostgres } from '../../helpers/engines/postgres.ts'
import type { StartedPostgres } from '../../helpers/engines/postgres.ts'
import { liveThroughCrashes } from '../../helpers/engines/scenarios.ts'

describeEngine('postgres', postgresPrograms(), 'the programs of a PostgreSQL server', (folder) => {
  let server: StartedPostgres
  let pool: pg.Pool
  beforeAll(async () => {
    server = await startPostgres(folder)
    pool = new pg.Pool({ connectionString: server.url, max: 20 })
    // An idle connection that is lost says so; without a listener it would end the process.
    pool.on('error', () => undefined)
  })
  afterAll(async () => {
    await pool.end()
    await server.remove()
  })

  test('crashes and comes back: no acknowledged write is lost, nothing there is read as absent, nobody restarts', async () => {
    const key = generateKey()
    const open = (): PostgresStore =>
      postgresStore({ client: pool, key, listen: () => new pg.Client({ connectionString: server.url }) })
    await open().migrate()
    await liveThroughCrashes({
      open,
      secrets: 6,
      writes: 50,
      failures: 20,
      crash: () => server.crash(),
      restart: () => server.start(),
    })
  })
})
