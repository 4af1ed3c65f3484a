import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { generateKey } from 'latchkey'
import { postgresStore } from 'latchkey/stores/postgres'
import { describeEngine } from '../../helpers/engines.ts'
import { postgresHere, startPostgres } from '../../helpers/engines/postgres.ts'
import type { StartedPostgres } from '../../helpers/engines/postgres.ts'
import { hostsOf } from '../../helpers/engines/hosts.ts'
import { countTogether, finishKilledRotation, isHeard, useForTheFirstTime } from '../../helpers/engines/scenarios.ts'

describeEngine('postgres', postgresHere(), 'TEST_POSTGRES_URL, or the programs of a PostgreSQL server', (here) => {
  let started: StartedPostgres | undefined
  let url = ''
  let pool: pg.Pool
  let count = 0
  const hosts = hostsOf('postgres')
  beforeAll(async () => {
    started = 'folder' in here ? await startPostgres(here.folder) : undefined
    url = 'url' in here ? here.url : (started?.url ?? '')
    pool = new pg.Pool({ connectionString: url })
  })
  afterEach(() => hosts.endAll())
  afterAll(async () => {
    await pool.end()
    await started?.remove()
  })

  const host = (schema: string, key: string) => hosts.start(url, schema, key)
  const place = () => ({ schema: `h${process.pid}_${(count += 1)}`, key: generateKey() })

  test('two hosts that use it for the first time share one keyring, and a write on one is heard by the other', async () => {
    const { schema, key } = place()
    const [one, two] = [host(schema, key), host(schema, key)]
    await Promise.all([one.ask('migrate'), two.ask('migrate')])
    await useForTheFirstTime(one, two)
    await isHeard(one, two)
  })

  test('a host whose listening connection was cut hears what was written meanwhile', async () => {
    const { schema, key } = place()
    const [one, two] = [host(schema, key), host(schema, key)]
    await one.ask('migrate')
    await one.ask('watch')
    for (let cut = 0; cut < 3; cut += 1) {
      const { rowCount } = await pool.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1',
        [`listener of ${schema}`],
      )
      expect(rowCount).toBe(1)
      const version = await two.ask('set', 'a', `after cut ${cut}`)
      expect(await one.next()).toEqual({ heard: 'a', version })
    }
  })

  test('20 writers in two processes, 50 writes each: every write that was acknowledged counts, and no other', async () => {
    const { schema, key } = place()
    const [one, two] = [host(schema, key), host(schema, key)]
    await one.ask('migrate')
    await countTogether(one, two)
  })

  test('a rotation that is killed in the middle, while others write, is finished by another host', async () => {
    const { schema, key } = place()
    const open = () => postgresStore({ client: pool, schema, key })
    const store = open()
    await store.migrate()
    const names = Array.from({ length: 200 }, (_, index) => `a${String(index).padStart(3, '0')}`)
    await Promise.all(names.map((name) => store.set(name, { K: name })))
    const kids = async (): Promise<number | undefined> => {
      const { rows } = await pool.query<{ kids: number }>(
        `select count(distinct substring(sealed from 3 for 8))::int as kids from ${schema}.latchkey_secret`,
      )
      return rows[0]?.kids
    }
    await finishKilledRotation({ open, names, kids, start: () => host(schema, key), begin: 'begin to rotate' })
  })
})
