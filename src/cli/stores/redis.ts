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
  readonly client: RedisClient & { connect(): Promise<unknown> }
  end(): unknown
}
type NodeRedis = RedisClient & {
  on(event: 'error', listener: () => void): unknown
  connect(): Promise<unknown>
  destroy(): void
}
type Ioredis = RedisClient & {
  on(event: 'error', listener: () => void): unknown
  connect(): Promise<unknown>
  disconnect(): void
}

type MakeNodeRedis = (config: object) => NodeRedis
type MakeIoredis = new (url: string, config: object) => Ioredis

/**
 * Opens a store in Redis or Valkey, by the user's own redis, ioredis or iovalkey: `redis:` on the server that `REDIS_URL` names,
 * `redis://host:6379/0?prefix=apps` or `rediss://…`. The password is that of `REDIS_PASSWORD`.
 */
export const openRedis: Opener = async (address, input) => {
  const { prefix, history } = address.settings('prefix', 'history')
  const place = { prefix, history: numberSetting('history', history), ...(await keyOptions(input)) }
  const { client, end } = await makeClient(urlOf(address))
  // Before it connects: options that cannot be leave nothing open.
  const store = redisStore({ client, ...place })
  try {
    await client.connect()
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

async function makeClient(url: string): Promise<Made> {
  const found = await loadClient('Redis', ['redis', 'ioredis', 'iovalkey'])
  try {
    return found.name === 'redis'
      ? nodeRedis(exportOf(found, 'createClient') as MakeNodeRedis, url)
      : ioredis(exportOf(found, 'Redis') as MakeIoredis, url)
  } catch {
    throw notConnected()
  }
}

/** Whatever a client says of it, its text may quote the address. */
function notConnected(): CliError {
  return new CliError(
    'UNAVAILABLE',
    'Could not connect to Redis.',
    'Check that it runs, its address (--store or REDIS_URL), and the password in REDIS_PASSWORD.',
  )
}

function nodeRedis(createClient: MakeNodeRedis, url: string): { client: NodeRedis; end: () => void } {
  const client = createClient({ url, socket: { reconnectStrategy: false, connectTimeout: 10_000 } })
  // It is told by the command that fails.
  client.on('error', () => undefined)
  return {
    client,
    end: () => {
      client.destroy()
    },
  }
}

function ioredis(Redis: MakeIoredis, url: string): { client: Ioredis; end: () => void } {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 10_000 })
  client.on('error', () => undefined)
  return {
    client,
    end: () => {
      client.disconnect()
    },
  }
}

function urlOf({ host, username, password, path, variant }: Address): string {
  const { REDIS_URL: whole, REDIS_PASSWORD: other = '' } = process.env
  if (host === '') {
    if (path !== '') throw usageError('redis: takes nothing after it but ?: write redis://HOST:PORT/NUMBER.', HINT)
    // REDIS_URL may not say so, too: what was asked for is never left out.
    if (variant === 'tls') throw usageError('rediss: does not name a server: write rediss://HOST:PORT.', HINT)
    return withPassword(whole || 'redis://127.0.0.1:6379', other)
  }
  const secret = password || other
  const login = username === '' && secret === '' ? '' : `${encodeURIComponent(username)}:${encodeURIComponent(secret)}@`
  return `${variant === 'tls' ? 'rediss' : 'redis'}://${login}${host}/${encodeURIComponent(path)}`
}

/** Puts a password into an address that has none. Any other is left to the client, as is the path of a socket. */
function withPassword(address: string, password: string): string {
  if (password === '' || !URL.canParse(address)) return address
  const url = new URL(address)
  if (url.host === '' || url.password !== '') return address
  url.password = encodeURIComponent(password)
  return url.href
}
