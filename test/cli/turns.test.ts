import pg from 'pg'
import { expect, test } from 'vitest'
import { inTurn } from '../../src/cli/stores/turns.ts'
import { describeEngine, sharedEngine } from '../helpers/engines.ts'
import { postgresHere, startPostgres } from '../helpers/engines/postgres.ts'

describeEngine('postgres', postgresHere(), 'TEST_POSTGRES_URL, or the programs of a PostgreSQL server', (here) => {
  const server = sharedEngine('url' in here ? here : { binary: here.folder }, startPostgres)

  test('no query of many waits in the queue of the pool, whose time is limited; one that fails gives its place to the next', async () => {
    const pool = new pg.Pool({ connectionString: server.url, max: 4 })
    let inQueue = 0
    let most = 0
    let underWay = 0
    const client = inTurn(
      {
        async query(text, params) {
          underWay += 1
          most = Math.max(most, underWay)
          const asked = pool.query(text, params)
          // One for which a connection is idle leaves the queue at once.
          inQueue = Math.max(inQueue, pool.waitingCount - pool.idleCount)
          try {
            return await asked
          } finally {
            underWay -= 1
          }
        },
      },
      4,
    )
    const queries = Array.from({ length: 100 }, (_, index) => client.query('select 100 / $1::int as n', [index % 10]))
    const ended = await Promise.allSettled(queries)
    expect(ended.filter(({ status }) => status === 'rejected')).toHaveLength(10)
    expect(ended[1]).toMatchObject({ value: { rows: [{ n: 100 }] } })
    expect([most, inQueue]).toEqual([4, 0])
    await pool.end()
  })
})
