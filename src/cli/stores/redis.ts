/** `redis:`. */
import { redisStore } from '../../stores/redis.ts'
import type { RedisClient } from '../../stores/redis.ts'
import { CliError, usageError } from '../failure.ts'
import { keyOptions } from '../keys.ts'
import { numberSetting } from './address.ts'
import type { Address, Opener } from './address.ts'
import { exportOf, loadClient } from './client.ts'

/** What to do about an address without a server. */
const HINT = 'redis: alone is the server that REDIS_URL names, or redis://127.0.0.1:6379.'

/** A client of Redis, which is not connected yet, and how it is ended. */
interface Made {
  readonly client: RedisClient
  /** Rejects, too, if the database of the address cannot be used. */
  connect(): Promise<unknown>
  end(): unknown
}
type NodeRedis = RedisClient & {
  on(event: 'error', listener: () => void): unknown
  connect(): Promise<unknown>
  destroy(): void
}
type Ioredis = RedisClient & {
  readonly options?: { readonly db?: number | string | undefined }
  call(command: string, ...args: string[]): Promise<unknown>
  on(event: 'error', listener: () => void): unknown
  connect(): Promise<unknown>
  disconnect(): void
}

/** A server, and the password for it, which its URL may have as well: that one is used then. */
interface Server {
  readonly url: string
  readonly password: string
}

type MakeNodeRedis = (config: object) => NodeRedis
type MakeIoredis = new (...place: [url: string, config: object] | [config: object]) => Ioredis

/**
 * Opens a store in Redis or Valkey, by the user's own redis, ioredis or iovalkey: `redis:` on the server that `REDIS_URL` names,
 * `redis://host:6379/0?prefix=apps` or `rediss://…`. The password is that of `REDIS_PASSWORD`.
 */
export const openRedis: Opener = async (address, input) => {
  const { prefix, history } = address.settings('prefix', 'history')
  const place = { prefix, history: numberSetting('history', history), ...(await keyOptions(input)) }
  const { client, connect, end } = await makeClient(serverOf(address))
  // Before it connects: options that cannot be leave nothing open.
  const store = redisStore({ client, ...place })
  try {
    await connect()
  } catch {
    end()
    throw notConnected()
  }
  return {
    store,
    async close() {
      await store.close()
      end()
    },
  }
}

async function makeClient(server: Server): Promise<Made> {
  const found = await loadClient('Redis', ['redis', 'ioredis', 'iovalkey'])
  try {
    return found.name === 'redis'
      ? nodeRedis(exportOf(found, 'createClient') as MakeNodeRedis, server)
      : ioredis(exportOf(found, 'Redis') as MakeIoredis, server)
  } catch {
    throw notConnected()
  }
}

/** Whatever a client says of it, its text may quote the address. */
function notConnected(): CliError {
  return new CliError(
    'UNAVAILABLE',
    'Could not connect to Redis.',
    'Check that it runs, its address (--store or REDIS_URL), the password in REDIS_PASSWORD, and that there is such a database, which takes +select of an access list.',
  )
}

function nodeRedis(createClient: MakeNodeRedis, { url, password }: Server): Made {
  const socket = { reconnectStrategy: false, connectTimeout: 10_000 }
  const place = socketOf(url)
  // Its version 6 does not take a URL of a socket that has a password.
  const config =
    place === undefined
      ? { url: withPassword(url, password), socket }
      : { socket: { ...socket, path: place.path }, database: place.database, ...loginOf(place, password) }
  const client = createClient(config)
  // It is told by the command that fails.
  client.on('error', () => undefined)
  return {
    client,
    connect: () => client.connect(),
    end: () => {
      client.destroy()
    },
  }
}

function ioredis(Redis: MakeIoredis, { url, password }: Server): Made {
  const settings = { lazyConnect: true, retryStrategy: () => null, connectTimeout: 10_000 }
  const place = socketOf(url)
  // What its URL says wins over a setting: a path alone may have a password after ?.
  const client =
    place === undefined
      ? new Redis(withPassword(url, password), {
          ...settings,
          ...(url.startsWith('/') && password !== '' && { password }),
        })
      : new Redis({ ...settings, path: place.path, db: place.database ?? 0, ...loginOf(place, password) })
  client.on('error', () => undefined)
  return {
    client,
    async connect() {
      await client.connect()
      // It stays in database 0, and only tells its listener, if it cannot use another one.
      const database = Number(client.options?.db ?? 0)
      if (database !== 0) await client.call('select', String(database))
    },
    end: () => {
      client.disconnect()
    },
  }
}

function serverOf({ host, username, password, path, variant }: Address): Server {
  const { REDIS_URL: whole, REDIS_PASSWORD: other = '' } = process.env
  if (host === '') {
    if (path !== '') throw usageError('redis: takes nothing after it but ?: write redis://HOST:PORT/NUMBER.', HINT)
    // REDIS_URL may not say so, too: what was asked for is never left out.
    if (variant === 'tls') throw usageError('rediss: does not name a server: write rediss://HOST:PORT.', HINT)
    assertDatabase(databaseOf(whole), 'REDIS_URL')
    return { url: whole || 'redis://127.0.0.1:6379', password: other }
  }
  assertDatabase(path, 'The address')
  const login = username === '' ? '' : `${encodeURIComponent(username)}@`
  const scheme = variant === 'tls' ? 'rediss' : 'redis'
  return { url: `${scheme}://${login}${host}/${encodeURIComponent(path)}`, password: password || other }
}

/** Gives what a URL says of the database; empty if it names none, or is no URL of a server. */
function databaseOf(url = ''): string {
  if (url.startsWith('unix:')) return new URLSearchParams(url.split('?')[1]).get('db') ?? ''
  const { host, pathname } = URL.canParse(url) ? new URL(url) : { host: '', pathname: '' }
  return host === '' ? '' : pathname.slice(1)
}

function assertDatabase(text: string, where: string): void {
  if (/^\d{0,9}$/.test(text)) return
  throw usageError(
    `${where} names a database of Redis that is no number.`,
    'Write redis://HOST:PORT/NUMBER?prefix=PREFIX.',
  )
}

/** Puts a password into a URL that has none. */
function withPassword(address: string, password: string): string {
  if (password === '' || !URL.canParse(address)) return address
  const url = new URL(address)
  if (url.host === '' || url.password !== '') return address
  url.password = encodeURIComponent(password)
  return url.href
}

/** A socket in the file system. */
interface Place {
  readonly path: string
  readonly database: number | undefined
  readonly username: string
  readonly password: string
}

/** Takes `unix://user:password@/path?db=1` apart, which is no URL to Node: it has a user and no host. */
function socketOf(address: string): Place | undefined {
  const [, username = '', password = '', path, query = ''] =
    /^unix:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?(\/[^?]*)(\?.*)?$/.exec(address) ?? []
  if (path === undefined) return undefined
  const [user, secret, plain] = [username, password, path].map(decodeURIComponent)
  const database = new URLSearchParams(query).get('db')
  return {
    path: plain ?? path,
    database: database === null ? undefined : Number(database),
    username: user ?? '',
    password: secret ?? '',
  }
}

function loginOf(place: Place, other: string): { readonly username?: string; readonly password?: string } {
  const password = place.password || other
  return {
    ...(place.username === '' ? {} : { username: place.username }),
    ...(password === '' ? {} : { password }),
  }
}
