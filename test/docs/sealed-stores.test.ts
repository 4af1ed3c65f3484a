import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generateKey } from '../../src/crypto/raw-key.ts'
import { describeEngine } from '../helpers/engines.ts'
import { ETCD_WANTED, etcdHere, startEtcd } from '../helpers/engines/etcd.ts'
import type { StartedEtcd } from '../helpers/engines/etcd.ts'
import { postgresHere, startPostgres } from '../helpers/engines/postgres.ts'
import type { StartedPostgres } from '../helpers/engines/postgres.ts'
import { linkPackages, run, temporaryFolder } from '../helpers/packed-package.ts'
import { programsOf } from '../helpers/page-blocks.ts'

const sealed = programsOf('docs/stores/sealed.md')
const postgres = programsOf('docs/stores/postgres.md')

const { folder, remove } = temporaryFolder()
beforeAll(() => {
  linkPackages(folder, 'pg', 'postgres', '@electric-sql/pglite')
})
afterAll(remove)

async function expectOutput(program: string, output: string, variables: Record<string, string> = {}): Promise<void> {
  const environment = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
  const command = [...environment, process.execPath, '--input-type=module', '-e', program]
  const { code, stdout, stderr } = await run('env', command, folder)
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: output, stderr: '' })
}

const KEYS = "[ 'GH_ACCESS_TOKEN', 'GH_USERNAME' ]\n"
const READ_BACK = "\nconsole.log((await store.describe('my_github_secret')).keys)"

describe('docs/stores/sealed.md', () => {
  test('the program at its beginning prints what the page says', () => expectOutput(sealed[0] ?? '', KEYS))
  test('the rotation tells how far it is', () => expectOutput(sealed[1] ?? '', '1 1\n'))
  test('has no other program', () => {
    expect(sealed).toHaveLength(2)
  })
})

test('docs/stores/postgres.md: the program for PGlite runs', () =>
  expectOutput(`${postgres[1] ?? ''}${READ_BACK}`, "[ 'GH_ACCESS_TOKEN' ]\n"))

describeEngine('postgres', postgresHere(), 'TEST_POSTGRES_URL, or the programs of a PostgreSQL server', (here) => {
  let started: StartedPostgres | undefined
  beforeAll(async () => {
    started = 'folder' in here ? await startPostgres(here.folder) : undefined
  })
  afterAll(() => started?.remove())
  const url = () => ('url' in here ? here.url : (started?.url ?? ''))

  test('docs/stores/postgres.md: the program at its beginning prints what the page says', () =>
    expectOutput(postgres[0] ?? '', KEYS, { DATABASE_URL: url() }))

  test('docs/stores/postgres.md: the program for postgres.js runs', () => {
    const program = (postgres[2] ?? '').replace('await sql.end()', `${READ_BACK}\nawait sql.end()`)
    return expectOutput(
      program.replace('DATABASE_URL)', 'DATABASE_URL, { onnotice: () => {} })'),
      "[ 'GH_ACCESS_TOKEN' ]\n",
      { DATABASE_URL: url() },
    )
  })

  test('docs/stores/postgres.md: has no other program', () => {
    expect(postgres).toHaveLength(3)
  })
})

describeEngine('etcd', etcdHere(), ETCD_WANTED, (here) => {
  let started: StartedEtcd | undefined
  beforeAll(async () => {
    started = 'binary' in here ? await startEtcd(here.binary) : undefined
  })
  afterAll(() => started?.remove())

  test('docs/stores/etcd.md: its one program prints what the page says, and ends', async () => {
    const programs = programsOf('docs/stores/etcd.md')
    expect(programs).toHaveLength(1)
    const url = 'url' in here ? here.url : (started?.url ?? '')
    await expectOutput(programs[0] ?? '', KEYS, { ETCD_URL: url, LATCHKEY_KEY: generateKey() })
  })
})
