import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generateKey, isLatchkeyError } from 'latchkey'
import type { StoreChange } from 'latchkey'
import { postgresStore } from 'latchkey/stores/postgres'
import type { PostgresClient, PostgresConnection, PostgresStore, SealedPostgresOptions } from 'latchkey/stores/postgres'
import { testSecretStore } from 'latchkey/testing'
import { describeEngine } from '../helpers/engines.ts'
import { postgresHere, startPostgres } from '../helpers/engines/postgres.ts'
import type { StartedPostgres } from '../helpers/engines/postgres.ts'
import { mendsAnOlderVersion } from '../helpers/damaged-version.ts'
import { failureOf } from '../helpers/store-folder.ts'

let count = 0
/** A schema for each store, so that all can share a database. */
const newSchema = (): string => `s${process.pid}_${(count += 1)}`

/** PGlite's one connection as the connection that the store listens on, as the page shows it. */
function listenOf(db: PGlite): PostgresConnection {
  return {
    query: (text) => db.query(text),
    on(event, listener: (message: { channel: string; payload: string }) => void) {
      if (event === 'notification')
        db.onNotification((channel, payload) => {
          listener({ channel, payload })
        })
    },
    end: () => Promise.resolve(),
  }
}

describe('PGlite', () => {
  let db: PGlite
  beforeAll(async () => {
    db = await PGlite.create()
  })
  afterAll(() => db.close())
  const place = () => ({ client: db, schema: newSchema(), listen: () => listenOf(db) })

  describe('sealed', () => {
    testSecretStore({
      describe,
      test,
      factory: async () => {
        const store = postgresStore({ ...place(), key: generateKey() })
        await store.migrate()
        return { store }
      },
    })
  })

  describe('in plain text', () => {
    testSecretStore({
      describe,
      test,
      factory: async () => {
        const store = postgresStore({ ...place(), plaintext: true })
        await store.migrate()
        return { store }
      },
    })
  })
})

describeEngine('postgres', postgresHere(), 'TEST_POSTGRES_URL, or the programs of a PostgreSQL server', (here) => {
  let started: StartedPostgres | undefined
  let url = ''
  let pool: pg.Pool
  let sql: postgres.Sql
  beforeAll(async () => {
    started = 'folder' in here ? await startPostgres(here.folder) : undefined
    url = 'url' in here ? here.url : (started?.url ?? '')
    pool = new pg.Pool({ connectionString: url, max: 20 })
    sql = postgres(url, { max: 10, onnotice: () => undefined })
  })
  afterAll(async () => {
    await pool.end()
    await sql.end()
    await started?.remove()
  })

  const listen = () => new pg.Client({ connectionString: url })
  /** postgres.js by the shim that the page shows. */
  const shim = (): PostgresClient => ({
    query: async (text, params) => ({ rows: await sql.unsafe(text, params as never[]) }),
  })
  const made = async ({ schema = newSchema(), ...options }: Partial<SealedPostgresOptions> = {}) => {
    const key = generateKey()
    const store = postgresStore({ client: pool, schema, key, ...options })
    await store.migrate()
    return { store, schema, key, table: (name: string) => `${schema}.latchkey_${name}` }
  }
  const again = ({ schema, key }: { schema: string; key: string }): PostgresStore =>
    postgresStore({ client: pool, schema, key })

  describe('with a pool of pg', () => {
    testSecretStore({
      describe,
      test,
      factory: async () => {
        const here = await made({ listen })
        const other = again(here)
        return {
          store: here.store,
          change: async (scope, name, values) => {
            await (values === undefined ? other.delete(name, { scope }) : other.set(name, values, { scope }))
          },
        }
      },
    })
  })

  describe('with postgres.js, in plain text', () => {
    testSecretStore({
      describe,
      test,
      factory: async () => {
        const store = postgresStore({ client: shim(), schema: newSchema(), plaintext: true, listen })
        await store.migrate()
        return { store }
      },
    })
  })

  test.each<[string, () => Promise<{ client: PostgresClient; end: () => Promise<void> }>]>([
    [
      'one client of pg',
      async () => {
        const client = new pg.Client({ connectionString: url })
        await client.connect()
        return { client, end: () => client.end() }
      },
    ],
    ['postgres.js', () => Promise.resolve({ client: shim(), end: () => Promise.resolve() })],
    ...[Number, BigInt].map((parse): [string, () => Promise<{ client: PostgresClient; end: () => Promise<void> }>] => [
      `a pool of pg that reads whole numbers by ${parse.name}`,
      () => {
        const types = new pg.TypeOverrides()
        const int8: number = pg.types.builtins.INT8
        types.setTypeParser(int8, (text: string) => parse(text))
        const client = new pg.Pool({ connectionString: url, max: 2, types })
        return Promise.resolve({ client, end: () => client.end() })
      },
    ]),
  ])('with %s, what is sealed is written, read, listed, rotated and deleted', async (_, connect) => {
    const { client, end } = await connect()
    const { store } = await made({ client })
    const first = await store.set('a', { K: 'first' })
    await store.set('a', { OTHER: 'second' }, { mode: 'merge', ifVersion: first.version })
    await store.rotateKey()
    expect((await store.get('a'))?.values).toEqual({ K: 'first', OTHER: 'second' })
    expect(await store.history('a')).toHaveLength(2)
    await store.rollback('a', first.version)
    expect((await store.getMany([{ name: 'a', keys: ['K'] }, { name: 'b' }])).map((secret) => secret?.values)).toEqual([
      { K: 'first' },
      undefined,
    ])
    const names: string[] = []
    for await (const { name } of store.list()) names.push(name)
    expect(names).toEqual(['a'])
    expect(await store.delete('a')).toBe(true)
    await end()
  })

  test('migrate may be called again, and by many at once', async () => {
    const place = { client: pool, schema: newSchema(), key: generateKey() }
    const stores = Array.from({ length: 8 }, () => postgresStore(place))
    await Promise.all(stores.map((store) => store.migrate()))
    await stores[0]!.set('a', { K: 'v' })
    await Promise.all(stores.map((store) => store.migrate()))
    expect((await stores[1]!.get('a'))?.values['K']).toBe('v')
    await stores[0]!.close()
    expect(await failureOf(() => stores[0]!.migrate())).toMatchObject({ code: 'CLOSED' })
  })

  test('keeps as many older versions as history says, and none of a secret that is deleted', async () => {
    for (const history of [0, 2]) {
      const { store, table } = await made({ history })
      for (const K of ['1', '2', '3', '4']) await store.set('a', { K }, { description: K })
      const expected = ['4', '3', '2'].slice(0, history + 1)
      expect((await store.history('a')).map(({ description }) => description)).toEqual(expected)
      const rows = async () => (await pool.query(`select 1 from ${table('version')}`)).rowCount
      expect(await rows()).toBe(history)
      await store.delete('a')
      expect(await rows()).toBe(0)
    }
  })

  test('a prefix sets stores of one schema apart', async () => {
    const one = await made()
    const other = await made({ schema: one.schema, prefix: 'other' })
    await one.store.set('a', { K: 'one' })
    expect(await other.store.get('a')).toBeUndefined()
  })

  test('the database holds names, and neither keys, values nor descriptions', async () => {
    const { store, table } = await made()
    for (const value of ['the value', 'the value after it']) {
      await store.set('a', { KEY_NAME: value }, { description: 'the description' })
    }
    for (const kept of ['secret', 'version']) {
      const { rows } = await pool.query<{ name: string; sealed: Buffer }>(`select * from ${table(kept)}`)
      expect(rows.map(({ name }) => name)).toEqual(['a'])
      for (const text of ['KEY_NAME', 'the value', 'the description']) {
        expect(rows[0]!.sealed.toString('latin1')).not.toContain(text)
      }
    }
  })

  test('getMany finds secrets whose names are words of SQL', async () => {
    const { store } = await made()
    for (const name of ['null', 'NULL', 'select']) await store.set(name, { K: name })
    const found = await store.getMany(['NULL', 'none', 'select', 'null'].map((name) => ({ name })))
    expect(found.map((secret) => secret?.values['K'])).toEqual(['NULL', undefined, 'select', 'null'])
  })

  test('getMany of 50 is one query, and so is get', async () => {
    const { store, schema, key } = await made()
    const names = Array.from({ length: 50 }, (_, index) => `a${index}`)
    await Promise.all(names.map((name) => store.set(name, { K: name })))
    let queries = 0
    const client = { query: (text: string, params: unknown[]) => ((queries += 1), pool.query(text, params)) }
    const counting = postgresStore({ client, schema, key })
    await counting.get('a0')
    queries = 0
    const found = await counting.getMany(names.map((name) => ({ name })))
    expect(found.map((secret) => secret?.values['K'])).toEqual(names)
    expect(queries).toBe(1)
    await counting.get('a0')
    expect(queries).toBe(2)
  })

  test('20 writers who each count to 50 on four hosts lose no write', async () => {
    const here = await made()
    const hosts = [here.store, again(here), again(here), again(here)]
    await here.store.set('a', { COUNT: '0' })
    let conflicts = 0
    const write = async (store: PostgresStore): Promise<void> => {
      for (let written = 0; written < 50;) {
        const live = await store.get('a')
        const next = String(Number(live?.values['COUNT']) + 1)
        try {
          await store.set('a', { COUNT: next }, { ifVersion: live?.version })
          written += 1
        } catch (error) {
          if (!isLatchkeyError(error, 'CONFLICT')) throw error
          conflicts += 1
        }
      }
    }
    await Promise.all(Array.from({ length: 20 }, (_, writer) => write(hosts[writer % 4]!)))
    expect((await here.store.get('a'))?.values['COUNT']).toBe('1000')
    expect(conflicts).toBeGreaterThan(0)
  })

  test('10,000 secrets are listed over pages, each once and in order, while others write', async () => {
    const here = await made()
    const { store } = here
    await store.set('template', { K: 'v' })
    // Only the names count here: setting 10,000 secrets one by one would take most of the test.
    const names = Array.from({ length: 10_000 }, (_, index) => `a${String(index).padStart(5, '0')}`)
    await sealInto(here, names)
    const other = again(here)
    const listed: string[] = []
    let writing = true
    const writes = (async () => {
      for (let write = 0; writing; write += 1) {
        await other.set(`a${String((write * 37) % 10_000).padStart(5, '0')}`, { K: 'written meanwhile' })
        await other.set(`b${write}`, { K: 'v' })
      }
    })()
    for await (const { name } of store.list({ prefix: 'a' })) listed.push(name)
    writing = false
    await writes
    expect(listed).toEqual(names)
  })

  /** Seals a secret for each name, as the store does it, and inserts them in one statement. */
  async function sealInto(
    { schema, key, table }: Awaited<ReturnType<typeof made>>,
    names: readonly string[],
  ): Promise<void> {
    const { deriveDataKey } = await import('../../src/crypto/data-key.ts')
    const { sealEnvelope } = await import('../../src/crypto/envelope.ts')
    const { rawKeyBytes } = await import('../../src/crypto/raw-key.ts')
    const { readReference, unwrapReference } = await import('../helpers/reference-decoder.ts')
    const kept = await pool.query<{ document: Buffer }>(`select document from ${schema}.latchkey_keyring`)
    const raw = { raw: rawKeyBytes(key, 'the test', 'file') }
    const { header } = readReference(kept.rows[0]!.document, raw)
    const storeId = Buffer.from(header.store, 'base64url')
    const dataKey = deriveDataKey(unwrapReference(header.keys[0]!, storeId, raw), storeId)
    const sealed = names.map((name, index) => ({
      name,
      version: index + 1,
      sealed: sealEnvelope(dataKey, { storeId, scope: 'default', name }, index + 1, '{"values":{"K":"v"}}').toString(
        'hex',
      ),
    }))
    await pool.query(
      `insert into ${table('secret')} select 'default', name, version, decode(sealed, 'hex')
         from jsonb_to_recordset($1::jsonb) as r(name text, version bigint, sealed text)`,
      [JSON.stringify(sealed)],
    )
  }

  describe('what an administrator changes', () => {
    const sown = async () => {
      const here = await made()
      await here.store.set('a', { K: 'first' })
      await here.store.set('a', { K: 'second' })
      await here.store.set('b', { K: 'of b' })
      await here.store.set('a', { K: 'of acme' }, { scope: 'acme' })
      return here
    }

    test.each<[string, (table: (name: string) => string) => string]>([
      [
        'the bytes of another secret',
        (table) => `update ${table('secret')} s set sealed = o.sealed from ${table('secret')} o
            where s.name = 'a' and s.scope = 'default' and o.name = 'b'`,
      ],
      [
        'the bytes of another scope',
        (table) => `update ${table('secret')} s set sealed = o.sealed from ${table('secret')} o
            where s.scope = 'default' and s.name = 'a' and o.scope = 'acme'`,
      ],
      [
        'the bytes of its older version',
        (table) => `update ${table('secret')} s set sealed = v.sealed from ${table('version')} v
            where s.scope = 'default' and s.name = 'a' and v.scope = 'default' and v.name = 'a'`,
      ],
      [
        'one bit',
        (table) => `update ${table('secret')} set sealed = set_bit(sealed, 500, 1 - get_bit(sealed, 500))
            where scope = 'default' and name = 'a'`,
      ],
      [
        'another number of the live version',
        (table) => `update ${table('secret')} set version = version + 1 where scope = 'default' and name = 'a'`,
      ],
      [
        'the number of its older version',
        (table) => `update ${table('secret')} s set version = v.version from ${table('version')} v
            where s.scope = 'default' and s.name = 'a' and v.scope = 'default' and v.name = 'a'`,
      ],
      ['no bytes', (table) => `update ${table('secret')} set sealed = '' where scope = 'default' and name = 'a'`],
    ])('to %s is CORRUPT, and can be set again', async (_, change) => {
      const here = await sown()
      await pool.query(change(here.table))
      for (const store of [here.store, again(here)]) {
        for (const act of [
          () => store.get('a'),
          () => store.history('a'),
          () => store.getMany([{ name: 'b' }, { name: 'a' }]),
        ]) {
          expect(await failureOf(act)).toMatchObject({ code: 'CORRUPT', store: 'postgres', secret: 'a' })
        }
        expect((await store.get('b'))?.values['K']).toBe('of b')
      }
      await here.store.set('a', { K: 'again' })
      expect((await again(here).get('a'))?.values['K']).toBe('again')
    })

    test.each<[string, string]>([
      ['the bytes', `sealed = (select sealed from SECRET o where o.name = 'b')`],
      ['one bit', 'sealed = set_bit(sealed, 500, 1 - get_bit(sealed, 500))'],
      ['the number', 'version = version - 1'],
    ])('to %s of an older version is CORRUPT for who asks for that one', async (_, change) => {
      const here = await sown()
      const set = change.replace('SECRET', here.table('secret'))
      const { rowCount } = await pool.query(`update ${here.table('version')} set ${set} where name = 'a'`)
      expect(rowCount).toBe(1)
      const fresh = again(here)
      const version = String(Number((await fresh.get('a'))?.version) - 1)
      for (const act of [() => fresh.history('a'), () => fresh.rollback('a', version), () => fresh.rotateKey()]) {
        expect(await failureOf(act)).toMatchObject({ code: 'CORRUPT', store: 'postgres', secret: 'a' })
      }
      expect((await fresh.get('a'))?.values['K']).toBe('second')
    })

    test('to an older version is told with its number, and a write or a delete is rid of it', async () => {
      const here = await made()
      await mendsAnOlderVersion(here.store, () =>
        pool.query(`update ${here.table('version')} set sealed = set_bit(sealed, 500, 1 - get_bit(sealed, 500))`),
      )
    })

    test('to the number and bytes of an older version is not noticed, as the page says', async () => {
      const here = await sown()
      const { rows } = await pool.query(
        `update ${here.table('secret')} s set version = v.version, sealed = v.sealed from ${here.table('version')} v
            where v.scope = s.scope and v.name = s.name returning 1`,
      )
      expect(rows.length).toBe(1)
      expect((await here.store.get('a'))?.values['K']).toBe('first')
      await here.store.set('a', { K: 'third' }, { description: 'third' })
      expect((await here.store.get('a'))?.values['K']).toBe('third')
      expect((await here.store.history('a')).map(({ description }) => description)).toEqual(['third', undefined])
    })

    test('by deleting the keyring is KEY_MISSING; one that was put back after a rotation is ROLLED_BACK', async () => {
      const here = await sown()
      const { rows } = await pool.query<{ document: Buffer }>(`select document from ${here.table('keyring')}`)
      await here.store.rotateKey()
      await pool.query(`update ${here.table('keyring')} set revision = 7, document = $1`, [rows[0]!.document])
      expect(await failureOf(() => here.store.set('a', { K: 'v' }))).toMatchObject({ code: 'ROLLED_BACK' })
      expect(await failureOf(() => again(here).get('a'))).toMatchObject({ code: 'CORRUPT' })
      await pool.query(`delete from ${here.table('keyring')}`)
      for (const act of [
        () => here.store.set('new', { K: 'v' }),
        () => again(here).get('a'),
        () => again(here).set('new', { K: 'v' }),
      ]) {
        expect(await failureOf(act)).toMatchObject({ code: 'KEY_MISSING', store: 'postgres' })
      }
    })
  })

  describe('prepare', () => {
    const connected = async () => {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      const statements = async () => {
        const { rows } = await client.query<{ name: string }>(
          `select name from pg_prepared_statements where name like 'latchkey%'`,
        )
        return rows.map(({ name }) => name)
      }
      return { client, statements }
    }

    test('true has a connection parse each statement once; without it, none is kept', async () => {
      const { client, statements } = await connected()
      const here = await made({ client })
      await here.store.set('a', { K: 'v' })
      expect(await statements()).toEqual([])
      const store = postgresStore({ client, schema: here.schema, key: here.key, prepare: true })
      await store.migrate()
      await store.get('a')
      const once = await statements()
      expect(once).toHaveLength(1)
      await store.get('a')
      expect(await statements()).toEqual(once)
      const first = await store.set('a', { K: 'second' })
      await store.getMany([{ name: 'a' }, { name: 'b' }])
      await store.rotateKey()
      await store.set('a', { K: 'third' }, { ifVersion: first.version })
      expect(await store.history('a')).toHaveLength(2)
      expect((await statements()).length).toBeGreaterThan(once.length)
      await client.end()
    })

    test('true with a statement that is not where it was left, as behind a pooler, is INVALID and says what to do', async () => {
      const here = await made()
      await here.store.set('a', { K: 'v' })
      const first = await connected()
      const of = (client: pg.Client) => postgresStore({ client, schema: here.schema, key: here.key, prepare: true })
      const store = of(first.client)
      await store.get('a')
      const [name] = await first.statements()
      await first.client.query('deallocate all')
      const second = await connected()
      await second.client.query(`prepare ${name} as select 1`)
      for (const act of [() => store.get('a'), () => of(second.client).get('a')]) {
        const error = await failureOf(act)
        expect(error).toMatchObject({ code: 'INVALID', store: 'postgres' })
        expect((error as { hint?: string }).hint).toContain('leave out prepare')
      }
      await first.client.end()
      await second.client.end()
    })
  })

  describe('rotating the data key', () => {
    test('makes a host that stalls for the whole of it write under the new key', async () => {
      const here = await made()
      await here.store.set('a', { K: 'v' })
      let rotate = true
      const client = {
        async query(text: string, params: unknown[]) {
          if (rotate && text.includes('pg_notify')) {
            rotate = false
            await again(here).rotateKey()
          }
          return pool.query(text, params)
        },
      }
      const stalling = postgresStore({ client, schema: here.schema, key: here.key })
      for (const name of ['new', 'a']) {
        rotate = true
        await stalling.set(name, { K: `of ${name}` })
        expect((await again(here).get(name))?.values['K']).toBe(`of ${name}`)
      }
    })

    test('waits for a write that is under way, and finds what it wrote', async () => {
      const here = await made()
      await here.store.set('a', { K: 'v' })
      const client = await pool.connect()
      const writing = postgresStore({ client, schema: here.schema, key: here.key })
      await writing.get('a')
      await client.query('begin')
      await writing.set('new', { K: 'of the write under way' })
      const rotating = again(here).rotateKey()
      let waiting = 0
      while (waiting === 0) {
        const { rows } = await pool.query<{ waiting: number }>(
          `select count(*)::int as waiting from pg_stat_activity
           where wait_event_type = 'Lock' and query like 'update "${here.schema}".%keyring%'`,
        )
        waiting = rows[0]?.waiting ?? 0
      }
      await client.query('commit')
      client.release()
      await rotating
      expect((await again(here).get('new'))?.values['K']).toBe('of the write under way')
    })

    test('reads 100 versions at once, however many of a secret are kept', async () => {
      const pages: number[] = []
      const client = {
        async query(text: string, params: unknown[]) {
          const answer = await pool.query(text, params)
          if (text.includes('order by s.name limit')) pages.push(answer.rows.length)
          return answer
        },
      }
      const { store } = await made({ client, history: 9 })
      const names = Array.from({ length: 25 }, (_, index) => `a${index}`)
      for (const K of ['older', 'v']) await Promise.all(names.map((name) => store.set(name, { K })))
      await store.rotateKey()
      expect(pages).toEqual([10, 10, 5])
      for (const name of names) expect(await store.history(name)).toHaveLength(2)
    })

    test('goes on where another rotation has passed by since it read its rows', async () => {
      const here = await made()
      const names = Array.from({ length: 40 }, (_, index) => `a${index}`)
      for (const K of ['older', 'v']) await Promise.all(names.map((name) => here.store.set(name, { K })))
      let passed = 0
      const client = {
        async query(text: string, params: unknown[]) {
          const answer = await pool.query(text, params)
          // The first page of rows.
          if (text.includes('order by s.name limit') && (passed += 1) === 1) await again(here).rotateKey()
          return answer
        },
      }
      await postgresStore({ client, schema: here.schema, key: here.key }).rotateKey()
      expect(passed).toBeGreaterThan(0)
      for (const name of names) expect(await again(here).history(name)).toHaveLength(2)
    })

    test('of older versions too, while four hosts write', async () => {
      const here = await made({ history: 2 })
      const names = Array.from({ length: 60 }, (_, index) => `a${index}`)
      for (const K of ['1', '2', '3']) await Promise.all(names.map((name) => here.store.set(name, { K })))
      const hosts = [again(here), again(here), again(here)]
      for (const host of hosts) await host.get('a0')
      let rotating = true
      const writes = hosts.map(async (host, index) => {
        let written = 0
        for (; rotating; written += 1) {
          await host.set(`new_${index}_${written}`, { K: `${written}` })
          await host.set('a0', { K: `${written}` })
        }
        return written
      })
      await here.store.rotateKey()
      rotating = false
      const written = await Promise.all(writes)
      const fresh = again(here)
      for (const name of names) expect(await fresh.history(name)).toHaveLength(name === 'a0' ? 2 : 3)
      for (const [index, count] of written.entries()) {
        for (let write = 0; write < count; write += 1) {
          expect((await fresh.get(`new_${index}_${write}`))?.values['K']).toBe(`${write}`)
        }
      }
      const { rows } = await pool.query<{ kids: number }>(
        `select count(distinct substring(sealed from 3 for 8))::int as kids
         from (select sealed from ${here.table('secret')} union all select sealed from ${here.table('version')}) as kept`,
      )
      expect(rows[0]?.kids).toBe(1)
    })
  })

  describe('watch', () => {
    test('tells of what happened while its connection was lost, also of a delete', async () => {
      const schema = newSchema()
      const here = await made({
        schema,
        listen: () => new pg.Client({ connectionString: url, application_name: `watch of ${schema}` }),
      })
      await here.store.set('kept', { K: 'v' })
      await here.store.set('gone', { K: 'v' })
      const told: StoreChange[] = []
      let wake = (): void => undefined
      await here.store.watch?.((change) => {
        told.push(change)
        wake()
      })
      const until = async (length: number): Promise<void> => {
        while (told.length < length) await new Promise<void>((resolve) => (wake = resolve))
      }
      const other = again(here)
      // Whether the watch is back before these writes or after them, it must tell of both.
      await pool.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [
        `watch of ${schema}`,
      ])
      const { version } = await other.set('new', { K: 'v' })
      await other.delete('gone')
      await until(2)
      expect(told).toContainEqual({ scope: 'default', name: 'new', version })
      expect(told).toContainEqual({ scope: 'default', name: 'gone' })
      const after = await other.set('kept', { K: 'after' })
      await until(3)
      expect(told.at(-1)).toEqual({ scope: 'default', name: 'kept', version: after.version })
      await here.store.close()
    })

    test('begins also where its connection is lost and made again while it looks at what is there', async () => {
      const { store, schema, key } = await made()
      await store.set('a', { K: 'v' })
      const lines: pg.Client[] = []
      let listening = (): void => undefined
      const looks: { readonly release: () => void; readonly ended: Promise<void> }[] = []
      let looked = (): void => undefined
      let hold = true
      const client = {
        async query(text: string, params: unknown[]) {
          if (!hold || !text.startsWith('select name, version::text')) return pool.query(text, params)
          let release = (): void => undefined
          let end = (): void => undefined
          const released = new Promise<void>((resolve) => (release = resolve))
          looks.push({ release, ended: new Promise((resolve) => (end = resolve)) })
          looked()
          const answer = await pool.query(text, params)
          await released
          end()
          return answer
        },
      }
      const watching = postgresStore({
        ...{ client, schema, key },
        listen() {
          const line = new pg.Client({ connectionString: url })
          lines.push(line)
          const query = line.query.bind(line) as (text: string) => Promise<unknown>
          return Object.assign(line, {
            query: (text: string) =>
              query(text).finally(() => {
                listening()
              }),
          })
        },
      })
      const told: StoreChange[] = []
      const first = new Promise<void>((resolve) => (looked = resolve))
      const begun = watching.watch?.((change) => told.push(change))
      await first
      const listensAgain = new Promise<void>((resolve) => (listening = resolve))
      lines[0]?.emit('end')
      await listensAgain
      // What the connection that is there again asks for is asked by now, or waits for the look that is held.
      await new Promise(setImmediate)
      hold = false
      for (const { release, ended } of looks.toReversed()) {
        release()
        await ended
        await new Promise(setImmediate)
      }
      await begun
      const { version } = await store.set('b', { K: 'v' })
      while (!told.some((change) => change.version === version)) await new Promise(setImmediate)
      expect(told).toEqual([{ scope: 'default', name: 'b', version }])
      await watching.close()
    })

    test('rejects where nothing can be connected to, and passes over what others write to the channel', async () => {
      const nowhere = await made({ listen: () => new pg.Client({ connectionString: 'postgres://127.0.0.1:1/x' }) })
      expect(await failureOf(async () => nowhere.store.watch?.(() => undefined))).toMatchObject({
        code: 'UNAVAILABLE',
        store: 'postgres',
      })
      const here = await made({ listen })
      const told = new Promise<StoreChange>((resolve) => {
        void here.store.watch?.(resolve).then(async () => {
          const { rows } = await pool.query<{ channel: string }>('select 1')
          expect(rows.length).toBe(1)
          const { tablesOf } = await import('../../src/stores/postgres/tables.ts')
          const { channel } = tablesOf(here.schema, 'latchkey')
          for (const text of ['', 'text', '{}', '[1]', '["default","a b"]', '["default","a","x"]']) {
            await pool.query('select pg_notify($1, $2)', [channel, text])
          }
          await again(here).set('a', { K: 'v' })
        })
      })
      expect((await told).name).toBe('a')
      await here.store.close()
    })
  })

  describe('failures', () => {
    test('without tables are INVALID and say what to do', async () => {
      const store = postgresStore({ client: pool, schema: newSchema(), key: generateKey() })
      for (const act of [() => store.get('a'), () => store.set('a', { K: 'v' })]) {
        const error = await failureOf(act)
        expect(error).toMatchObject({ code: 'INVALID', store: 'postgres', retryable: false })
        expect((error as { hint?: string }).hint).toContain('migrate()')
      }
    })

    test('with tables of the same names that are not ours are INVALID, and say what to do: migrate() leaves them alone', async () => {
      const schema = newSchema()
      await pool.query(`create schema ${schema}`)
      const columns = 'scope text collate "C", name text collate "C", version bigint, primary key (scope, name)'
      await pool.query(`create table ${schema}.latchkey_secret (${columns})`)
      const store = postgresStore({ client: pool, schema, plaintext: true })
      await store.migrate()
      const error = await failureOf(() => store.get('a'))
      expect(error).toMatchObject({ code: 'INVALID', store: 'postgres', retryable: false })
      expect((error as { hint?: string }).hint).toContain('give another schema or prefix')
    })

    test('of a role that may not are DENIED, of a session that only reads READ_ONLY', async () => {
      const here = await made()
      await here.store.set('a', { K: 'v' })
      const role = `r${here.schema}`
      await pool.query(`create role ${role} login; grant usage on schema ${here.schema} to ${role}`)
      const poor = new pg.Pool({ connectionString: url.replace('postgres@', `${role}@`), max: 1 })
      const reading = new pg.Pool({ connectionString: url, max: 1, options: '-c default_transaction_read_only=on' })
      const of = (client: pg.Pool) => postgresStore({ client, schema: here.schema, key: here.key })
      expect(await failureOf(() => of(poor).get('a'))).toMatchObject({ code: 'DENIED' })
      expect((await of(reading).get('a'))?.values['K']).toBe('v')
      expect(await failureOf(() => of(reading).set('a', { K: 'v' }))).toMatchObject({ code: 'READ_ONLY' })
      await poor.end()
      await reading.end()
    })

    test('of a query that takes too long are UNAVAILABLE', async () => {
      const here = await made()
      await here.store.set('a', { K: 'v' })
      const locking = await pool.connect()
      await locking.query(`begin; lock table ${here.table('secret')}`)
      const hasty = new pg.Pool({ connectionString: url, max: 1, options: '-c statement_timeout=100' })
      const store = postgresStore({ client: hasty, schema: here.schema, key: here.key })
      expect(await failureOf(() => store.get('a'))).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
      await locking.query('rollback')
      locking.release()
      expect((await store.get('a'))?.values['K']).toBe('v')
      await hasty.end()
    })
  })
})
