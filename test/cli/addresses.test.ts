/** What a client does by the address of a store, as the server sees it. */
import { once } from 'node:events'
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { onTestFinished, expect, test, vi } from 'vitest'
import { parseCommand } from '../../src/cli/arguments.ts'
import { list } from '../../src/cli/commands/list.ts'
import { parseAddress } from '../../src/cli/stores/address.ts'
import { openAddress } from '../../src/cli/stores/open.ts'
import { generateKey } from '../../src/stores/file.ts'
import { cliFolder } from '../helpers/run-cli.ts'

const VALUE = 'correct-horse-battery'

/** Asks a store for a secret, by an address among the arguments, or in `LATCHKEY_STORE`. */
async function ask(address: string, env: Record<string, string> = {}, inArguments = true): Promise<void> {
  vi.unstubAllEnvs()
  onTestFinished(() => void vi.unstubAllEnvs())
  for (const [name, value] of Object.entries({ LATCHKEY_KEY: generateKey(), ...env })) vi.stubEnv(name, value)
  const { store, close } = await openAddress(
    address,
    parseCommand('list', list, inArguments ? ['--store', address] : []),
  )
  try {
    await store.get('app')
  } finally {
    await close()
  }
}

/** A server that answers what a client sends by this, and hangs up if there is no answer. */
async function server(
  answer: (sent: Buffer) => Buffer | string | undefined,
): Promise<{ port: number; sent: Buffer[] }> {
  const sent: Buffer[] = []
  const sockets = new Set<Socket>()
  const listening = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', (data) => {
      sent.push(data)
      const text = answer(data)
      if (text === undefined) socket.destroy()
      else socket.write(text)
    })
  }).listen(0, '127.0.0.1')
  await once(listening, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    listening.close()
  })
  return { port: (listening.address() as AddressInfo).port, sent }
}

/** What PostgreSQL is asked first by a client that wants TLS. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f])

test('postgres: with sslmode alone asks for TLS, on the server that the environment names', async () => {
  const { port, sent } = await server(() => 'N')
  const env = { PGHOST: '127.0.0.1', PGPORT: String(port), PGUSER: 'app' }
  await expect(ask('postgres:?sslmode=verify-full', env)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(sent).toEqual([SSL_REQUEST])
})

test('postgres: may name a database alone, in both spellings; the password is that of PGPASSWORD', async () => {
  // AuthenticationCleartextPassword.
  const { port, sent } = await server((data) =>
    data[0] === 0 ? Buffer.from(['R'.charCodeAt(0), 0, 0, 0, 8, 0, 0, 0, 3]) : undefined,
  )
  const env = { PGHOST: '127.0.0.1', PGPORT: String(port), PGUSER: 'app', PGPASSWORD: VALUE }
  for (const address of ['postgres:shop', 'postgres:///shop']) {
    await expect(ask(address, env)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    const [startup, password] = sent.splice(0)
    expect(String(startup)).toContain('\0database\0shop\0')
    expect(String(password)).toContain(`${VALUE}\0`)
  }
})

test('settings that a store does not take are told before anything is connected', async () => {
  const { port, sent } = await server(() => undefined)
  const settings = 'history=999999'
  await expect(ask(`redis://127.0.0.1:${port}?${settings}`)).rejects.toMatchObject({ code: 'USAGE' })
  await expect(ask(`postgres://app@127.0.0.1:${port}/app?${settings}`)).rejects.toMatchObject({ code: 'USAGE' })
  expect(sent).toEqual([])
})

test('an address in REDIS_URL that no client understands is told without it', async () => {
  for (const REDIS_URL of [`${VALUE}:x`, `redis://:A%${VALUE}@127.0.0.1`]) {
    const asked = ask('redis:', { REDIS_URL })
    await expect(asked).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(asked).rejects.not.toThrow(VALUE)
  }
})

test('a database of Redis that is no number is told before anything is connected, and not repeated', async () => {
  const { port, sent } = await server(() => undefined)
  const place = `redis://127.0.0.1:${port}`
  for (const [address, REDIS_URL] of [
    [`${place}/${VALUE}`, ''],
    [`${place}/-1`, ''],
    ['redis:', `${place}/${VALUE}`],
    ['redis:', `unix:///tmp/redis.sock?db=${VALUE}`],
  ] as const) {
    const asked = ask(address, { REDIS_URL })
    await expect(asked).rejects.toMatchObject({ code: 'USAGE' })
    await expect(asked).rejects.not.toThrow(VALUE)
  }
  expect(sent).toEqual([])
})

test('redis: without a server takes no path, and rediss: needs a server', async () => {
  for (const address of ['redis:127.0.0.1:1', 'redis:///5', 'redis:5', 'rediss:', 'rediss:?prefix=apps']) {
    await expect(ask(address, { REDIS_URL: 'redis://127.0.0.1:1' })).rejects.toMatchObject({ code: 'USAGE' })
  }
})

test('the password of Redis is that of REDIS_PASSWORD wherever its address has none', async () => {
  const { port, sent } = await server(() => undefined)
  const place = `127.0.0.1:${port}`
  const secret = 'A%pw:@/ #'
  for (const [address, REDIS_URL, expected] of [
    [`redis://${place}`, '', secret],
    [`redis://me@${place}`, '', secret],
    ['redis:', `redis://${place}`, secret],
    ['redis:', `redis://me@${place}/1`, secret],
    ['redis:', `redis://me:${VALUE}@${place}`, VALUE],
  ] as const) {
    const asked = ask(address, { REDIS_URL, REDIS_PASSWORD: secret })
    await expect(asked).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    const text = String(Buffer.concat(sent.splice(0)))
    expect(text).toContain(`\r\n${expected}\r\n`)
    expect(text).toContain(`\r\n${`${address}${REDIS_URL}`.includes('me') ? 'me' : 'AUTH'}\r\n`)
  }
})

test.each([
  ['redis', 'unix://', ''],
  ['redis', 'unix://me@', 'me'],
  ['ioredis', 'unix://', ''],
  ['ioredis', 'unix://me@', 'me'],
  ['ioredis', '', ''],
])('REDIS_PASSWORD counts for the path of a socket: %s, %s/path', async (client, start, user) => {
  const folder = cliFolder()
  const path = folder.at('redis.sock')
  const sent: Buffer[] = []
  const listening = createServer((socket) => {
    socket.once('data', (data) => {
      sent.push(data)
      socket.destroy()
    })
  }).listen(path)
  await once(listening, 'listening')
  onTestFinished(() => void listening.close())
  chmodSync(path, 0o777)
  mkdirSync(folder.at('node_modules'))
  symlinkSync(
    fileURLToPath(new URL(`../../node_modules/${client}`, import.meta.url)),
    folder.at(`node_modules/${client}`),
  )
  const secret = 'A%pw:@/ #'
  const env = { LATCHKEY_KEY: generateKey(), REDIS_URL: `${start}${path}`, REDIS_PASSWORD: secret }
  const { code, stderr } = await folder.run(['list', '--store', 'redis:'], { env })
  expect([code, /\[([A-Z_]+)\]/.exec(stderr)?.[1]]).toEqual([1, 'UNAVAILABLE'])
  const text = String(Buffer.concat(sent))
  expect(text).toContain(`\r\n${secret}\r\n`)
  if (user !== '') expect(text).toContain(`\r\n${user}\r\n`)
})

test('a # in an address is told, for what follows it would say nothing', () => {
  for (const address of ['vault:secret/apps#2', 'dir:/etc/a#b', 'postgres://h/db?schema=a#b', 'redis://h:1/0#']) {
    for (const inArguments of [true, false]) {
      expect(() => parseAddress(address, inArguments)).toThrow(expect.objectContaining({ code: 'USAGE' }))
    }
  }
  expect(parseAddress('dir:/etc/a%23b', true).path).toBe('/etc/a#b')
})

/** An HTTP server that answers nothing of use, and what it was asked. */
async function useless(): Promise<{ place: string; asked: { request: IncomingMessage; body: string }[] }> {
  const asked: { request: IncomingMessage; body: string }[] = []
  const listening = createHttpServer((request, response) => {
    let body = ''
    request.on('data', (data: Buffer) => (body += data.toString()))
    request.on('end', () => {
      asked.push({ request, body })
      response.writeHead(500, { connection: 'close' }).end('{}')
    })
  }).listen(0, '127.0.0.1')
  await once(listening, 'listening')
  onTestFinished(() => void listening.close())
  return { place: `127.0.0.1:${(listening.address() as AddressInfo).port}`, asked }
}

test('the login of etcd is that of ETCDCTL_USER and ETCDCTL_PASSWORD', async () => {
  const { place, asked } = await useless()
  for (const [address, env, name] of [
    ['etcd:', { ETCDCTL_ENDPOINTS: place, ETCDCTL_USER: 'app', ETCDCTL_PASSWORD: VALUE }, 'app'],
    ['etcd:', { ETCDCTL_ENDPOINTS: place, ETCDCTL_USER: `app:${VALUE}` }, 'app'],
    [`etcd+http://me@${place}`, { ETCDCTL_PASSWORD: VALUE }, 'me'],
  ] as const) {
    await expect(ask(address, env)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    const [first] = asked.splice(0)
    expect(first?.request.url).toBe('/v3/auth/authenticate')
    expect(JSON.parse(first?.body ?? '')).toEqual({ name, password: VALUE })
  }
})

test('the namespace of Vault is that of VAULT_NAMESPACE, unless the address has one', async () => {
  const { place, asked } = await useless()
  const env = { VAULT_NAMESPACE: 'team', VAULT_TOKEN: VALUE }
  for (const [setting, namespace] of [
    ['', 'team'],
    ['?namespace=other', 'other'],
  ]) {
    await expect(ask(`vault+http://${place}/secret${setting}`, env)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(asked.splice(0)[0]?.request.headers).toMatchObject({
      'x-vault-namespace': namespace,
      'x-vault-token': VALUE,
    })
  }
})

test('the mount of Vault is the one that the address names, with a slash before it or without', async () => {
  const { place, asked } = await useless()
  const env = { VAULT_ADDR: `http://${place}`, VAULT_TOKEN: VALUE }
  for (const address of ['vault:kv/apps', 'vault:/kv/apps', 'vault:///kv/apps', `vault+http://${place}/kv/apps`]) {
    await expect(ask(address, env)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(asked.splice(0)[0]?.request.url).toBe('/v1/kv/data/apps/app')
  }
  for (const address of ['vault://///kv/apps', 'vault:////kv', `vault+http://${place}//kv/apps`]) {
    await expect(ask(address, env)).rejects.toMatchObject({ code: 'USAGE', exitCode: 2 })
  }
  expect(asked).toEqual([])
})

test('a password in --store is refused as one however the address is mistyped', () => {
  for (const address of [
    `redis:user:${VALUE}@h:1`,
    `redis:\\\\user:${VALUE}@h`,
    `redis:////user:${VALUE}@h`,
    `redis://user:1#${VALUE}@h`,
    `redis://user:1?${VALUE}@h`,
    `redis://user:${VALUE}/2@h`,
    `postgres:user:${VALUE}@h/db`,
    `postgres://h/db?password=${VALUE}`,
    `postgres://user:${VALUE}@h`,
    `vault:user:${VALUE}@h/x`,
    `vault://${VALUE}@host/secret`,
    `vault://host/secret?token=${VALUE}`,
    `etcd:user:${VALUE}@h`,
    `dir://${VALUE}@h/x`,
    `user:${VALUE}@h`,
  ]) {
    const parse = () => parseAddress(address, true)
    expect(parse).toThrow(expect.objectContaining({ code: 'VALUE_IN_ARGV', exitCode: 2 }))
    expect(parse).not.toThrow(VALUE)
  }
})

test('an @ that belongs to a folder or a name is no password, and a user is none', () => {
  expect(parseAddress('dir:/run/credentials/app@1.service', true).path).toBe('/run/credentials/app@1.service')
  expect(parseAddress('aws:team%401', true).path).toBe('team@1')
  expect(parseAddress('postgres://me@h/db', true)).toMatchObject({ username: 'me', password: '' })
})

test('a user of Vault is not left out in silence', async () => {
  const withUser = ask(`vault://${VALUE}@127.0.0.1:1/secret`, {}, false)
  await expect(withUser).rejects.toMatchObject({ code: 'USAGE', message: 'vault: takes no user.' })
})

test('a % that begins no character, and a kind with the name of a method, are mistakes in the command line', async () => {
  for (const address of [`redis://:A%${VALUE}@h`, 'redis://h/%zz', 'dir:/tmp/x%y', 'constructor:x', 'toString:']) {
    const asked = ask(address, { LATCHKEY_STORE: address }, false)
    await expect(asked).rejects.toMatchObject({ code: 'USAGE', exitCode: 2 })
    await expect(asked).rejects.not.toThrow(VALUE)
  }
})
