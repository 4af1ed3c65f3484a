import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { generateKey } from 'latchkey'
import { postgresStore } from 'latchkey/stores/postgres'
import { describeEngine } from '../../helpers/engines.ts'
import { postgresHere, startPostgres } from '../../helpers/engines/postgres.ts'
import type { StartedPostgres } from '../../helpers/engines/postgres.ts'
import { startFixture } from '../../helpers/run-fixture.ts'
import type { Fixture } from '../../helpers/run-fixture.ts'

type Answer = { done?: unknown; failed?: string; heard?: string; version?: string; checked?: number }

describeEngine('postgres', postgresHere(), 'TEST_POSTGRES_URL, or the programs of a PostgreSQL server', (here) => {
  let started: StartedPostgres | undefined
  let url = ''
  let pool: pg.Pool
  let count = 0
  const hosts: Fixture[] = []
  beforeAll(async () => {
    started = 'folder' in here ? await startPostgres(here.folder) : undefined
    url = 'url' in here ? here.url : (started?.url ?? '')
    pool = new pg.Pool({ connectionString: url })
  }, 120_000)
  afterEach(async () => {
    for (const { child } of hosts) child.kill('SIGKILL')
    await Promise.all(hosts.splice(0).map(({ ended }) => ended))
  })
  afterAll(async () => {
    await pool.end()
    await started?.remove()
  })

  /** Starts a host; `ask` gives the next line that it writes after a command, `heard` the next that is about a watch. */
  const host = (schema: string, key: string) => {
    const fixture = startFixture('host.mjs', { of: 'postgres', args: [url, schema, key] })
    hosts.push(fixture)
    const next = async (): Promise<Answer> => JSON.parse(await fixture.next()) as Answer
    return {
      fixture,
      next,
      send: (...command: string[]) => fixture.child.stdin?.write(`${JSON.stringify(command)}\n`),
      async ask(...command: string[]) {
        this.send(...command)
        const answer = await next()
        expect(answer).toHaveProperty('done')
        return answer.done
      },
    }
  }
  const place = () => ({ schema: `h${process.pid}_${(count += 1)}`, key: generateKey() })

  test('two hosts that use it for the first time share one keyring, and a write on one is heard by the other', async () => {
    const { schema, key } = place()
    const [one, two] = [host(schema, key), host(schema, key)]
    await Promise.all([one.ask('migrate'), two.ask('migrate')])
    await Promise.all([one.ask('set', 'a', 'of one'), two.ask('set', 'b', 'of two')])
    expect(await one.ask('get', 'b')).toBe('of two')
    expect(await two.ask('get', 'a')).toBe('of one')
    await one.ask('watch')
    const version = await two.ask('set', 'a', 'again')
    expect(await one.next()).toEqual({ heard: 'a', version })
    expect(await one.ask('get', 'a')).toBe('again')
  }, 60_000)

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
  }, 60_000)

  test('a rotation that is killed in the middle, while others write, is finished by another host', async () => {
    const { schema, key } = place()
    const rotating = host(schema, key)
    await rotating.ask('migrate')
    const store = postgresStore({ client: pool, schema, key })
    const names = Array.from({ length: 200 }, (_, index) => `a${String(index).padStart(3, '0')}`)
    await Promise.all(names.map((name) => store.set(name, { K: name })))
    const kids = async (): Promise<number | undefined> => {
      const { rows } = await pool.query<{ kids: number }>(
        `select count(distinct substring(sealed from 3 for 8))::int as kids from ${schema}.latchkey_version`,
      )
      return rows[0]?.kids
    }
    let over = false
    const writes = (async () => {
      let written = 0
      for (; !over; written += 1) {
        await store.set(`b${written}`, { K: `${written}` })
        await store.set('a000', { K: 'a000' })
      }
      return written
    })()

    rotating.send('begin to rotate')
    expect((await rotating.next()).checked).toBe(16)
    rotating.fixture.child.kill('SIGKILL')
    await rotating.fixture.ended
    expect(await kids()).toBe(2)
    const fresh = postgresStore({ client: pool, schema, key })
    const found = await fresh.getMany(names.map((name) => ({ name })))
    expect(found.map((secret) => secret?.values['K'])).toEqual(names)

    const finishing = host(schema, key)
    finishing.send('rotate')
    let answer = await finishing.next()
    while (answer.checked !== undefined) answer = await finishing.next()
    expect(answer).toEqual({ done: null })
    over = true
    const written = await writes
    expect(written).toBeGreaterThan(0)
    const last = postgresStore({ client: pool, schema, key })
    const all = [...names, ...Array.from({ length: written }, (_, index) => `b${index}`)]
    const kept = await last.getMany(all.map((name) => ({ name })))
    expect(kept.map((secret) => secret?.values['K'])).toEqual(all.map((name) => name.replace(/^b/, '')))
    expect(await kids()).toBe(1)
  }, 120_000)
})
