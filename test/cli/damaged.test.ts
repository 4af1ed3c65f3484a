/** What the command line does about secrets that are there and cannot be read, or hold names that are no keys. */
import { mkdirSync, writeFileSync } from 'node:fs'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { generateKey } from '../../src/stores/file.ts'
import { describeEngine, sharedEngine } from '../helpers/engines.ts'
import { ask, base64, ETCD_WANTED, etcdHere, startEtcd } from '../helpers/engines/etcd.ts'
import { postgresHere, startPostgres } from '../helpers/engines/postgres.ts'
import { clientOfTest, nodeRedis, redisHere, startRedis } from '../helpers/engines/redis.ts'
import { OTHERS_STORES } from '../helpers/others-stores.ts'
import { cliFolder, failureOf } from '../helpers/run-cli.ts'

const VALUE = 'correct-horse-battery'
const KEY = { LATCHKEY_KEY: generateKey() }

interface Finding {
  state: string
  about: string
  found: string
  next?: string
}

/** The program on one store. */
function on(store: string, env: Record<string, string> = {}) {
  const folder = cliFolder()
  const run = (args: string[], stdin = '') => folder.run([...args, '--store', store], { stdin, env })
  return {
    folder,
    run,
    async doctor(): Promise<{ code: number | null; findings: Finding[] }> {
      const { code, stdout, stderr } = await run(['doctor', '--json'])
      expect(stdout + stderr).not.toContain(VALUE)
      const findings = stdout.trimEnd().split('\n')
      return { code, findings: findings.map((line) => JSON.parse(line) as Finding) }
    },
  }
}

/** Has a store of three secrets, of which somebody damages two, one of them in another scope. */
async function findsTheDamaged(
  store: string,
  env: Record<string, string>,
  damage: (scope: string, name: string) => Promise<unknown>,
): Promise<void> {
  const { run, doctor } = on(store, env)
  expect(await run(['init'])).toMatchObject({ code: 0 })
  for (const [name, scope] of [
    ['a_bad', 'default'],
    ['b_sound', 'default'],
    ['c_bad', 'acme/one'],
    ['d_sound', 'acme/one'],
  ] as const) {
    expect(await run(['set', name, 'K', '--scope', scope], VALUE)).toMatchObject({ code: 0 })
  }
  await damage('default', 'a_bad')
  await damage('acme/one', 'c_bad')

  const { code, findings } = await doctor()
  expect(code).toBe(1)
  const next = expect.stringContaining('latchkey set NAME KEY --replace') as string
  expect(findings).toEqual([
    expect.objectContaining({ state: 'fail', about: 'secrets', found: 'Of 4 in 2 scopes, 2 can be read.' }),
    {
      state: 'fail',
      about: 'secret',
      found: 'c_bad (scope acme/one): The record of secret c_bad (scope acme/one) does not open. [CORRUPT]',
      next,
    },
    {
      state: 'fail',
      about: 'secret',
      found: 'a_bad: The record of secret a_bad (scope default) does not open. [CORRUPT]',
      next,
    },
  ])

  // What it says to do can be done.
  const merged = await run(['set', 'a_bad', 'K'], VALUE)
  expect(failureOf(merged, VALUE)).toEqual([1, 'CORRUPT'])
  expect(merged.stderr).toContain('latchkey set NAME KEY --replace')
  expect(await run(['set', 'a_bad', 'K', '--replace'], VALUE)).toMatchObject({ code: 0, stderr: '' })
  // Where it was kept as an older version, the next write pushes it out.
  expect(await run(['set', 'a_bad', 'K'], VALUE)).toMatchObject({ code: 0, stderr: '' })
  expect(await run(['rm', 'c_bad', '--scope', 'acme/one', '--yes'])).toMatchObject({ code: 0, stderr: '' })
  const mended = { state: 'ok', about: 'secrets', found: '3 in 2 scopes can be read.' }
  expect(await doctor()).toEqual({ code: 0, findings: [mended] })
}

describeEngine('redis', redisHere(), 'TEST_REDIS_URL, or redis-server on PATH', (here) => {
  const server = sharedEngine(here, startRedis)
  test('doctor tells each damaged secret, and set --replace and rm mend them', async () => {
    const redis = await clientOfTest(nodeRedis(server.url))
    await findsTheDamaged(`${server.url}?prefix=damaged`, KEY, (scope, name) =>
      redis.hSet('{damaged}:secrets', `${scope} ${name}`, 'nothing that anybody sealed'),
    )
  })

  test('doctor tells of an older version that is damaged, for which no rotation is possible, and a write pushes it out', async () => {
    const redis = await clientOfTest(nodeRedis(server.url))
    const { run, doctor } = on(`${server.url}?prefix=damaged_older`, KEY)
    for (const value of ['1', '2']) expect(await run(['set', 'app', 'K'], value)).toMatchObject({ code: 0 })
    await redis.hSet('{damaged_older}:older', 'default app', 'nothing that anybody sealed')
    expect(failureOf(await run(['rotate-key']), VALUE)).toEqual([1, 'CORRUPT'])
    expect(await doctor()).toMatchObject({
      code: 1,
      findings: [
        { state: 'ok', about: 'secrets', found: '1 in 1 scope can be read.' },
        {
          state: 'fail',
          about: 'history',
          found: 'app: An older version of secret app (scope default) does not open. [CORRUPT]',
          next: expect.stringContaining('latchkey set NAME KEY, with the value that it has') as string,
        },
      ],
    })
    expect(await run(['set', 'app', 'K'], '2')).toMatchObject({ code: 0 })
    expect(await doctor()).toMatchObject({ code: 0, findings: [{ state: 'ok' }] })
  })
})

const postgres = postgresHere()
describeEngine('postgres', postgres, 'TEST_POSTGRES_URL, or postgres', (here) => {
  const server = sharedEngine('url' in here ? here : { binary: here.folder }, startPostgres)
  test('doctor tells each damaged secret, and set --replace and rm mend them', async () => {
    const client = new pg.Client(server.url)
    await client.connect()
    onTestFinished(() => client.end())
    const text = 'update damaged_secret set sealed = $3 where scope = $1 and name = $2'
    await findsTheDamaged(`${server.url}?prefix=damaged`, KEY, (scope, name) =>
      client.query(text, [scope, name, Buffer.from('nothing that anybody sealed')]),
    )
  })

  test('that the tables are not there is told with what makes them', async () => {
    const { run } = on(`${server.url}?prefix=absent`, KEY)
    const ended = await run(['list'])
    expect(failureOf(ended, VALUE)).toEqual([1, 'INVALID'])
    expect(ended.stderr).toContain('hint: Make them, as a role that may create tables: latchkey init')
  })
})

describeEngine('etcd', etcdHere(), ETCD_WANTED, (here) => {
  const server = sharedEngine(here, startEtcd)
  test('doctor tells each damaged secret, and set --replace and rm mend them', async () => {
    const env = { ...KEY, ETCDCTL_ENDPOINTS: server.url }
    await findsTheDamaged('etcd:?prefix=damaged/', env, (scope, name) => {
      const key = base64(`damaged/secrets/${scope},${name}`)
      return ask(server.url, 'kv/put', { key, value: base64('nothing that anybody sealed') })
    })
  })
})

test.each(OTHERS_STORES)(
  'in %s, doctor tells what is no secret, what holds foreign names, and counts what can be read',
  async (_, open) => {
    const { store, env, write } = await open()
    const { run, doctor } = on(store, env)
    write('a_nested', JSON.stringify({ K: { deep: VALUE } }))
    write('b_mixed', JSON.stringify({ K: VALUE, 'tls.crt': VALUE }))
    write('c_foreign', JSON.stringify({ 'tls.crt': VALUE, 'tls.key': VALUE }))
    write('d_sound', JSON.stringify({ K: VALUE }))
    const { code, findings } = await doctor()
    expect(code).toBe(1)
    expect(findings).toMatchObject([
      { state: 'fail', about: 'secrets', found: 'Of 4 in 1 scope, 3 can be read.' },
      {
        state: 'fail',
        about: 'secret',
        found: expect.stringMatching(/^a_nested: .*the value of K.*\[INVALID\]$/) as string,
      },
      { state: 'warn', about: 'names', found: 'Some names are no keys, in b_mixed, c_foreign.' },
    ])
    const foreign = await run(['get', 'c_foreign', '--reveal'])
    expect(failureOf(foreign, VALUE)).toEqual([1, 'INVALID'])
    expect(foreign.stderr).toContain('latchkey show NAME lists them as skipped.')
  },
)

/** A directory with a TLS secret as Kubernetes mounts it, one with a name that is no key beside a key, and sound ones. */
function mounted(files: readonly string[]) {
  const { folder, ...store } = on('dir:mounted')
  for (const file of files) {
    mkdirSync(folder.at(`mounted/${file.slice(0, file.lastIndexOf('/'))}`), { recursive: true })
    writeFileSync(folder.at(`mounted/${file}`), VALUE)
  }
  return { folder, ...store }
}

test('a TLS secret of Kubernetes is no damage to doctor: it warns of names that are no keys', async () => {
  const { doctor } = mounted(['web/tls.crt', 'web/tls.key', 'mixed/K', 'mixed/ca.crt', 'db/K'])
  expect(await doctor()).toEqual({
    code: 0,
    findings: [
      { state: 'ok', about: 'secrets', found: '3 in 1 scope can be read.' },
      {
        state: 'warn',
        about: 'names',
        found: 'Some names are no keys, in mixed, web.',
        next: expect.stringContaining('latchkey show') as string,
      },
    ],
  })
})

test('get of a secret with names that are no keys prints its keys, tells each such name on stderr, and ends with 1', async () => {
  const { run } = mounted(['mixed/K', 'mixed/ca.crt', 'db/K'])
  const left = 'Names that are no keys were not printed.\nmixed: ca.crt'
  const { code, stdout, stderr } = await run(['get', 'mixed', '--reveal'])
  expect([code, stdout]).toEqual([1, `K=${VALUE}\n`])
  expect(stderr).toMatch(
    /^latchkey: Names that are no keys were not printed\.\nmixed: ca\.crt \[INCOMPLETE\]\nhint: Copy them/,
  )
  expect(stderr).not.toContain(VALUE)
  const json = await run(['get', 'mixed', '--reveal', '--json'])
  expect(JSON.parse(json.stdout)).toMatchObject({ name: 'mixed', values: { K: VALUE } })
  expect(json.code).toBe(1)
  expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: 'INCOMPLETE', message: left } })
  expect(await run(['get', 'mixed', 'K', '--reveal'])).toEqual({ code: 0, stdout: `${VALUE}\n`, stderr: '' })
  expect(await run(['get', 'db', '--reveal'])).toEqual({ code: 0, stdout: `K=${VALUE}\n`, stderr: '' })
})

test('export writes what has keys, tells each name that is none on stderr, and ends with 1', async () => {
  const { folder, run } = mounted(['web/tls.crt', 'web/tls.key', 'mixed/K', 'mixed/ca.crt', 'acme/db/K'])
  const left = ['Names that are no keys were not exported.', 'mixed: ca.crt', 'web: tls.crt, tls.key [INCOMPLETE]']
  const namesIn = (text: string) =>
    (JSON.parse(text) as { secrets: { scope: string; name: string; values: object }[] }).secrets.map(
      ({ scope, name, values }) => `${scope} ${name} ${Object.keys(values).join(' ')}`,
    )

  const all = await run(['export', '--all-scopes', '--reveal'])
  expect(all.code).toBe(1)
  expect(namesIn(all.stdout)).toEqual(['acme db K', 'default mixed K'])
  expect(all.stderr.split('\n')).toEqual([
    `latchkey: ${left[0] ?? ''}`,
    ...left.slice(1),
    expect.stringMatching(/^hint: Copy them with what keeps them/),
    '',
  ])

  const file = await run(['export', '--all-scopes', '--reveal', '-o', 'backup.json', '--json'])
  expect({ code: file.code, answer: JSON.parse(file.stdout) as unknown }).toEqual({
    code: 1,
    answer: { path: 'backup.json', secrets: 2 },
  })
  const { error } = JSON.parse(file.stderr) as { error: { code: string; message: string } }
  expect([error.code, error.message]).toEqual(['INCOMPLETE', left.join('\n').replace(' [INCOMPLETE]', '')])
  expect(namesIn(folder.read('backup.json'))).toEqual(['acme db K', 'default mixed K'])

  expect(await run(['export', 'mixed', '--reveal'])).toMatchObject({ code: 1, stdout: `K=${VALUE}\n` })
  const nothing = await run(['export', 'web', '--reveal', '-o', 'web.env'])
  expect(nothing).toMatchObject({ code: 1, stdout: '' })
  expect(nothing.stderr).toContain('web: tls.crt, tls.key [INCOMPLETE]')
  expect(folder.entries()).toEqual(['backup.json', 'mounted'])
  expect(await run(['export', 'db', '--scope', 'acme', '--reveal'])).toMatchObject({ code: 0, stderr: '' })
})
