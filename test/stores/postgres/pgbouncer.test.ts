import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generateKey } from 'latchkey'
import { postgresStore } from 'latchkey/stores/postgres'
import type { SealedPostgresOptions } from 'latchkey/stores/postgres'
import { testSecretStore } from 'latchkey/testing'
import { describeEngine } from '../../helpers/engines.ts'
import { pgBouncerHere, startPgBouncer } from '../../helpers/engines/pgbouncer.ts'
import { postgresHere, startPostgres } from '../../helpers/engines/postgres.ts'
import type { StartedPostgres } from '../../helpers/engines/postgres.ts'
import { failureOf } from '../../helpers/store-folder.ts'

const server = postgresHere()
const binary = pgBouncerHere()
const here = binary !== undefined && server !== undefined && 'folder' in server ? { binary, ...server } : undefined

describeEngine('pgbouncer', here, 'pgbouncer and the programs of a PostgreSQL server', ({ binary, folder }) => {
  let started: StartedPostgres
  let count = 0
  beforeAll(async () => {
    started = await startPostgres(folder)
  })
  afterAll(() => started.remove())

  describe.each(['transaction', 'statement'] as const)('that hands out a connection for each %s', (mode) => {
    let pooler: Awaited<ReturnType<typeof startPgBouncer>>
    let pool: pg.Pool
    beforeAll(async () => {
      pooler = await startPgBouncer(binary, started.url, mode)
      pool = new pg.Pool({ connectionString: pooler.url, max: 20 })
    })
    afterAll(async () => {
      await pool.end()
      await pooler.remove()
    })

    const made = async (options: Partial<SealedPostgresOptions> = {}) => {
      const store = postgresStore({ client: pool, schema: `s_${mode}_${(count += 1)}`, key: generateKey(), ...options })
      await store.migrate()
      return store
    }

    // A connection for each statement is the same for a store that has no transactions of several: the races show it.
    if (mode === 'transaction') testSecretStore({ describe, test, factory: async () => ({ store: await made() }) })

    test('5 writers that each add one 20 times lose nothing', async () => {
      await using store = await made()
      await store.set('counter', { N: '0' })
      const addOne = async (): Promise<void> => {
        for (;;) {
          const secret = await store.get('counter')
          const next = { N: String(Number(secret?.values['N']) + 1) }
          const failure = await store.set('counter', next, { ifVersion: secret?.version ?? null }).then(
            () => undefined,
            (error: unknown) => error,
          )
          if (failure === undefined) return
          expect(failure).toMatchObject({ code: 'CONFLICT' })
        }
      }
      const writers = Array.from({ length: 5 }, async () => {
        for (let index = 0; index < 20; index += 1) await addOne()
      })
      await Promise.all(writers)
      expect((await store.get('counter'))?.values['N']).toBe('100')
    })

    test('the data key is rotated, and a change is told by a connection to the server itself', async () => {
      await using store = await made({ listen: () => new pg.Client({ connectionString: started.url }) })
      for (let index = 0; index < 30; index += 1) await store.set(`s${index}`, { K: 'before' })
      const names: string[] = []
      let told = (): void => undefined
      const first = new Promise<void>((resolve) => {
        told = resolve
      })
      const watching = await store.watch?.(({ name }) => {
        names.push(name)
        told()
      })
      await store.rotateKey()
      await store.set('s7', { K: 'after' })
      await first
      await watching?.[Symbol.asyncDispose]()
      expect(names).toEqual(['s7'])
      expect((await store.get('s7'))?.values['K']).toBe('after')
      expect((await store.get('s8'))?.values['K']).toBe('before')
    })

    test('statements with names are told to go wrong behind a version that does not follow them', async () => {
      await using store = await made({ prepare: true })
      const asks = Array.from({ length: 200 }, (_, index) => store.get(`s${index}`))
      const failures = (await Promise.allSettled(asks)).filter((one) => one.status === 'rejected')
      expect(failures.length).toBeGreaterThan(0)
      for (const { reason } of failures) {
        expect(await failureOf(Promise.reject(reason as Error))).toMatchObject({ code: 'INVALID' })
      }
    })
  })
})
