import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { generateKey } from 'latchkey'
import { postgresStore } from 'latchkey/stores/postgres'
import type { PostgresStore } from 'latchkey/stores/postgres'
import { describeEngine } from '../../helpers/engines.ts'
import { postgresPrograms, startPostgres } from '../../helpers/engines/postgres.ts'
import type { StartedPostgres } from '../../helpers/engines/postgres.ts'
import { until } from '../../helpers/processes.ts'

describeEngine('postgres', postgresPrograms(), 'the programs of a PostgreSQL server', (folder) => {
  let server: StartedPostgres
  let pool: pg.Pool
  beforeAll(async () => {
    server = await startPostgres(folder)
    pool = new pg.Pool({ connectionString: server.url, max: 20 })
    // An idle connection that is lost says so; without a listener it would end the process.
    pool.on('error', () => undefined)
  }, 120_000)
  afterAll(async () => {
    await pool.end()
    await server.remove()
  })

  test('crashes and comes back: no acknowledged write is lost, nothing there is read as absent, nobody restarts', async () => {
    const key = generateKey()
    const open = (): PostgresStore =>
      postgresStore({ client: pool, key, listen: () => new pg.Client({ connectionString: server.url }) })
    const [writer, reader] = [open(), open()]
    await writer.migrate()
    const names = Array.from({ length: 6 }, (_, index) => `a${index}`)
    const acknowledged = new Map(names.map((name) => [name, 0]))
    for (const name of names) await writer.set(name, { COUNT: '0' })
    const told = new Map<string, string | undefined>()
    await reader.watch?.(({ name, version }) => told.set(name, version))

    const wrong: string[] = []
    let over = false
    let failures = 0
    let writes = 0
    const expected = (error: unknown): void => {
      failures += 1
      const { code, message } = error as { code?: unknown; message: string }
      if (code !== 'UNAVAILABLE') wrong.push(`${String(code)}: ${message}`)
    }
    const write = async (name: string): Promise<void> => {
      for (let count = 1; !over; count += 1) {
        try {
          await writer.set(name, { COUNT: String(count) })
          acknowledged.set(name, count)
          writes += 1
        } catch (error) {
          expected(error)
        }
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    const read = async (name: string): Promise<void> => {
      while (!over) {
        const least = acknowledged.get(name) ?? 0
        try {
          const secret = await reader.get(name)
          if (secret === undefined) wrong.push(`${name} was not there`)
          else if (Number(secret.values['COUNT']) < least) wrong.push(`${name} was older than what was acknowledged`)
        } catch (error) {
          expected(error)
        }
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    const running = names.flatMap((name) => [write(name), read(name)])
    for (let crash = 0; crash < 3; crash += 1) {
      const before = writes
      await until(() => writes > before + 50, 60_000)
      await server.crash()
      const failed = failures
      await until(() => failures > failed + 20, 60_000)
      await server.start()
    }
    const before = writes
    await until(() => writes > before + 50, 60_000)
    over = true
    await Promise.all(running)
    expect(wrong).toEqual([])
    for (const name of names) {
      expect(Number((await open().get(name))?.values['COUNT'])).toBeGreaterThanOrEqual(acknowledged.get(name) ?? 0)
    }
    // The watch is there again by itself, and has told of the last version of each.
    const last = await reader.getMany(names.map((name) => ({ name })))
    await until(() => last.every((secret) => secret !== undefined && told.get(secret.name) === secret.version), 60_000)
    await writer.set('after', { K: 'v' })
    await until(() => told.has('after'), 60_000)
    for (const store of [writer, reader]) await store.close()
  }, 240_000)
})
