import { once } from 'node:events'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { generateKey } from '../../src/stores/file.ts'
import { describeEngine, sharedEngine } from '../helpers/engines.ts'
import { ETCD_WANTED, etcdHere, startEtcd } from '../helpers/engines/etcd.ts'
import { postgresHere, startPostgres } from '../helpers/engines/postgres.ts'
import { redisHere, startRedis } from '../helpers/engines/redis.ts'
import { CREDENTIALS, startFakeAws } from '../helpers/aws/fake.ts'
import { cliFolder } from '../helpers/run-cli.ts'
import type { Ended } from '../helpers/run-cli.ts'
import { startFakeVault } from '../helpers/vault/fake.ts'

const VALUE = 'correct-horse-battery'

function failed({ code, stdout, stderr }: Ended): [number | null, string] {
  expect(stdout).toBe('')
  expect(stderr).toMatch(/^latchkey: .* \[[A-Z_]+\]\nhint: .*\n$/m)
  expect(stderr).not.toContain(VALUE)
  return [code, /\[([A-Z_]+)\]/.exec(stderr)?.[1] ?? '']
}

/** What every store that can be written does by its address. */
async function livesThrough(store: string, env: Record<string, string>, seals: boolean): Promise<void> {
  const folder = cliFolder()
  const name = `cli_${Math.random().toString(36).slice(2)}`
  const run = (args: string[], stdin = '') => folder.run([...args, '--store', store], { stdin, env })
  expect(await run(['init'])).toMatchObject({ code: 0 })
  for (const [key, value] of Object.entries({ A: VALUE, B: '2' })) {
    expect(await run(['set', name, key, '--scope', 'cli/one'], value)).toMatchObject({ code: 0 })
  }
  const { stdout } = await run(['list', '--scope', 'cli/one', '--prefix', name, '--json'])
  expect(JSON.parse(stdout)).toMatchObject({ name, scope: 'cli/one', keys: ['A', 'B'] })
  expect(await run(['get', name, 'A', '--scope', 'cli/one', '--reveal'])).toMatchObject({
    code: 0,
    stdout: `${VALUE}\n`,
  })
  const rotated = await run(['rotate-key'])
  if (seals) expect(rotated).toMatchObject({ code: 0 })
  else expect(failed(rotated)).toEqual([1, 'UNSUPPORTED'])
  expect(failed(await run(['show', 'absent', '--scope', 'cli/one']))).toEqual([1, 'NOT_FOUND'])
  const recipients = await run(['recipients', 'list'])
  expect(failed(recipients)).toEqual([2, 'USAGE'])
  expect(recipients.stderr).toContain('This command is for store files')
  expect(recipients.stderr).toContain('latchkey rotate-key --new-key-file PATH')
  expect(await run(['rm', name, '--scope', 'cli/one', '--yes'])).toMatchObject({ code: 0 })
}

/** What `init` makes of a store that seals: its tables, and a key where one is named and not there. */
async function initMakesAKey(store: string): Promise<void> {
  const folder = cliFolder()
  const run = (args: string[], stdin = '', env = {}) => folder.run([...args, '--store', store], { stdin, env })
  expect(failed(await run(['init']))).toEqual([1, 'KEY_MISSING'])
  expect(folder.entries()).toEqual([])
  const made = await run(['init', '--key-file', 'db.key'])
  expect(made).toMatchObject({ code: 0, stderr: '' })
  expect(made.stdout).toContain(`Made its key ${folder.at('db.key')}, which only you can read.`)
  expect(made.stdout).toContain(`LATCHKEY_KEY_FILE=${folder.at('db.key')}`)
  expect(made.stdout).toContain('Next, with the same --store: latchkey set ')
  expect([folder.entries(), folder.mode('db.key'), folder.read('.gitignore')]).toEqual([
    ['.gitignore', 'db.key'],
    '600',
    'db.key\n',
  ])
  const key = folder.read('db.key')
  const again = await run(['init', '--key-file', 'db.key', '--json'])
  expect(JSON.parse(again.stdout)).toMatchObject({ keyFile: null })
  expect(folder.read('db.key')).toBe(key)
  expect(await run(['set', 'app', 'K', '--key-file', 'db.key'], VALUE)).toMatchObject({ code: 0 })
  // The store has its key: a new one would open nothing.
  expect(failed(await run(['init', '--key-file', 'other.key']))).toEqual([1, 'KEY_WRONG'])
  expect(folder.entries()).toEqual(['.gitignore', 'db.key'])
  const env = { LATCHKEY_KEY_FILE: folder.at('db.key') }
  expect((await run(['get', 'app', 'K', '--reveal'], '', env)).stdout).toBe(`${VALUE}\n`)
  expect(await run(['rotate-key', '--new-key-file', 'next.key'], '', env)).toMatchObject({ code: 0 })
  expect(failed(await run(['get', 'app', 'K', '--reveal'], '', env))).toEqual([1, 'KEY_WRONG'])
}

const KEY = { LATCHKEY_KEY: generateKey() }

const redis = redisHere()
describeEngine('redis', redis, 'TEST_REDIS_URL, or redis-server on PATH', (here) => {
  const server = sharedEngine(here, startRedis)
  test('is used by its address', () => livesThrough(`${server.url}?prefix=cli`, KEY, true))
  test('gets a key from init where one is named', () => initMakesAKey(`${server.url}?prefix=cli_key`))

  test.each(['redis', 'ioredis', 'iovalkey'])('by %s, is the database that is named, or none', async (client) => {
    const folder = cliFolder()
    const module = fileURLToPath(new URL(`../../node_modules/${client}`, import.meta.url))
    mkdirSync(folder.at('node_modules'))
    symlinkSync(module, folder.at(`node_modules/${client}`))
    const prefix = `cli_${client}_${Math.random().toString(36).slice(2)}`
    const run = (args: string[], database: string) => {
      const store = `${new URL(`/${database}`, server.url).href}?prefix=${prefix}`
      return folder.run([...args, '--store', store], { stdin: VALUE, env: KEY })
    }
    expect(failed(await run(['set', 'app', 'K'], '999999'))).toEqual([1, 'UNAVAILABLE'])
    expect(await run(['list', '--json'], '0')).toMatchObject({ code: 0, stdout: '' })
    expect(await run(['set', 'app', 'K'], '1')).toMatchObject({ code: 0, stderr: '' })
    expect((await run(['get', 'app', 'K', '--reveal'], '1')).stdout).toBe(`${VALUE}\n`)
    expect(await run(['list', '--json'], '0')).toMatchObject({ code: 0, stdout: '' })
    expect(await run(['rm', 'app', '--yes'], '1')).toMatchObject({ code: 0 })
  })
})

const postgres = postgresHere()
describeEngine('postgres', postgres, 'TEST_POSTGRES_URL, or postgres', (here) => {
  const server = sharedEngine('url' in here ? here : { binary: here.folder }, startPostgres)
  test('is used by its address', () => livesThrough(`${server.url}?prefix=cli`, KEY, true))
  test('gets its tables and a key from init where one is named', () => initMakesAKey(`${server.url}?prefix=cli_key`))

  test('is written over ten connections by an import, so that one far away is not waited for write by write', async () => {
    const { hostname, port } = new URL(server.url)
    let open = 0
    let most = 0
    const proxy = createServer((near) => {
      open += 1
      most = Math.max(most, open)
      const onward = connect(Number(port || 5432), hostname)
      near.pipe(onward).pipe(near)
      near.on('close', () => {
        open -= 1
        onward.destroy()
      })
      for (const socket of [near, onward]) socket.on('error', () => near.destroy())
    }).listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    onTestFinished(() => void proxy.close())
    const far = new URL(server.url)
    far.hostname = '127.0.0.1'
    far.port = String((proxy.address() as AddressInfo).port)
    const folder = cliFolder()
    const run = (args: string[]) => folder.run([...args, '--store', `${far.href}?prefix=cli_far`], { env: KEY })
    expect(await run(['init'])).toMatchObject({ code: 0 })
    const secrets = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`s${index}`, { K: VALUE }]))
    writeFileSync(folder.at('secrets.json'), JSON.stringify(secrets))
    most = 0
    expect(await run(['import', 'secrets.json'])).toMatchObject({ code: 0, stderr: '' })
    expect(most).toBe(10)
    expect((await run(['list', '--json'])).stdout.trimEnd().split('\n')).toHaveLength(40)
  })
})

const etcd = etcdHere()
describeEngine('etcd', etcd, ETCD_WANTED, (here) => {
  const server = sharedEngine(here, startEtcd)
  test('is used by its address', () =>
    livesThrough('etcd:?prefix=cli/', { ...KEY, ETCDCTL_ENDPOINTS: server.url }, true))
})

test('Vault is used by its address, with the token of the environment', async () => {
  const vault = await startFakeVault()
  try {
    await livesThrough('vault:secret/apps', { VAULT_ADDR: vault.address, VAULT_TOKEN: vault.token }, false)
    const folder = cliFolder()
    const address = vault.address.replace('http:', 'vault+http:')
    const bare = await folder.run(['list', '--store', `${address}/secret`], { env: { HOME: folder.folder } })
    expect(failed(bare)).toEqual([1, 'DENIED'])
  } finally {
    await vault.stop()
  }
})

test('AWS is used by its address, with the credentials of the environment', async () => {
  const aws = await startFakeAws()
  try {
    const env = { AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId, AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey }
    await livesThrough(`aws:billing?region=${aws.region}&endpoint=${encodeURIComponent(aws.endpoint)}`, env, false)
  } finally {
    await aws.stop()
  }
})

test('a directory and the environment are read, and say that they cannot be written or keep no versions', async () => {
  const folder = cliFolder()
  mkdirSync(folder.at('mounted/app'), { recursive: true })
  writeFileSync(folder.at('mounted/app/K'), `${VALUE}\n`)
  const run = (...args: string[]) => folder.run([...args, '--store', 'dir:mounted?trim=true'])
  expect((await run('get', 'app', 'K', '--reveal')).stdout).toBe(`${VALUE}\n`)
  expect(failed(await run('set', 'app', 'K'))).toEqual([1, 'UNSUPPORTED'])
  expect(failed(await run('history', 'app'))).toEqual([1, 'UNSUPPORTED'])
  expect(failed(await run('init'))).toEqual([1, 'UNSUPPORTED'])
  const env = { LATCHKEY_STORE: 'env:', LATCHKEY_SECRET__app__K: VALUE }
  expect((await folder.run(['list', '--json'], { env })).stdout).toContain('"name":"app"')
  expect(failed(await folder.run(['recipients', 'list'], { env }))).toEqual([1, 'UNSUPPORTED'])
  // An option is nearer than the environment.
  expect(failed(await folder.run(['list', '--file', 'absent'], { env }))).toEqual([1, 'NOT_FOUND'])
})

test('an address that is wrong is a mistake in the command line, and not repeated', async () => {
  const folder = cliFolder()
  for (const [address, code] of [
    [`postgres://me:${VALUE}@db.example.org/app`, 'VALUE_IN_ARGV'],
    [VALUE, 'USAGE'],
    [`${VALUE}:x`, 'USAGE'],
    [`env:${VALUE}`, 'USAGE'],
    [`redis:?${VALUE}=1`, 'USAGE'],
    [`redis:?history=${VALUE}`, 'USAGE'],
    ['dir:', 'USAGE'],
    [`dir:/etc?layout=${VALUE}`, 'USAGE'],
    [`vault:`, 'USAGE'],
    [`postgres:?plaintext=${VALUE}`, 'USAGE'],
    [`etcd://127.0.0.1:2379/${VALUE}`, 'USAGE'],
    [`aws://${VALUE}/x`, 'USAGE'],
  ] as const) {
    expect(failed(await folder.run(['list', '--store', address]))).toEqual([2, code])
  }
  expect(failed(await folder.run(['list', '--store', 'env:', '--file', 'x']))).toEqual([2, 'USAGE'])
})

test('a server that is not there is told without its address’s password', async () => {
  const folder = cliFolder()
  for (const LATCHKEY_STORE of [`redis://me:${VALUE}@127.0.0.1:1`, `postgres://me:${VALUE}@127.0.0.1:1/app`]) {
    expect(failed(await folder.run(['list'], { env: { ...KEY, LATCHKEY_STORE } }))).toEqual([1, 'UNAVAILABLE'])
  }
})
