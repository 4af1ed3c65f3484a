/** A Redis, or a Valkey, for tests: the one that TEST_REDIS_URL names, else one that is started in a folder of its own. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { createClient } from 'redis'
import { Redis } from 'ioredis'
import { Redis as Valkey } from 'iovalkey'
import { freePort, programOnPath } from './finding.ts'

/** A server that a test can end as a crash does. */
export interface StartedRedis {
  readonly url: string
  readonly port: number
  /** Ends the server at once, with SIGKILL. */
  crash(): Promise<void>
  /** Starts it again, on the same port and in the same folder. */
  start(): Promise<void>
  /** Stops the process, which keeps its connections, until it is told to go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  /** Ends it and removes its folder. */
  remove(): Promise<void>
}

/** What a server needs to lose nothing that it has acknowledged. */
export const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always']

/** The server on PATH, if there is one. */
export function redisBinary(): string | undefined {
  return programOnPath('redis-server', 'valkey-server')
}

/** What the tests need to have a Redis, if it is here. */
export function redisHere(): { url: string } | { binary: string } | undefined {
  const url = process.env['TEST_REDIS_URL']
  if (url !== undefined && url !== '') return { url }
  const binary = redisBinary()
  return binary === undefined ? undefined : { binary }
}

/** Starts a server on a free port. It keeps nothing unless `args` say otherwise. */
export async function startRedis(binary: string, args: readonly string[] = []): Promise<StartedRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-redis-'))
  const port = await freePort()
  let server: ChildProcess | undefined
  const start = async (): Promise<void> => {
    const given = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', ...args]
    const child = spawn(binary, given, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
    server = child
    await new Promise<void>((resolve, reject) => {
      const lines: string[] = []
      createInterface(child.stdout).on('line', (line) => {
        lines.push(line)
        if (line.includes('Ready to accept connections')) resolve()
      })
      child.once('error', reject)
      child.once('exit', () => {
        reject(new Error(`${binary} ended:\n${lines.join('\n')}`))
      })
    })
  }
  const crash = async (): Promise<void> => {
    const child = server
    server = undefined
    if (child === undefined || child.exitCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    crash,
    start,
    signal: (signal) => void server?.kill(signal),
    async remove() {
      await crash()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A client of one of the libraries, connected, and how to end it. */
export interface OpenClient<Client> {
  readonly client: Client
  end(): void
}

function nodeRedisClient(url: string) {
  return createClient({ url, socket: { reconnectStrategy: () => 20 } })
}

/** Connects by node-redis. */
export async function nodeRedis(url: string): Promise<OpenClient<ReturnType<typeof nodeRedisClient>>> {
  const client = nodeRedisClient(url)
  client.on('error', () => undefined)
  await client.connect()
  return {
    client,
    end: () => {
      client.destroy()
    },
  }
}

/** Connects by ioredis. */
export async function ioredis(url: string): Promise<OpenClient<Redis>> {
  const client = new Redis(url, { retryStrategy: () => 20, maxRetriesPerRequest: null })
  client.on('error', () => undefined)
  await client.ping()
  return {
    client,
    end: () => {
      client.disconnect()
    },
  }
}

/** Connects by iovalkey. */
async function iovalkey(url: string): Promise<OpenClient<Valkey>> {
  const client = new Valkey(url, { retryStrategy: () => 20, maxRetriesPerRequest: null })
  client.on('error', () => undefined)
  await client.ping()
  return {
    client,
    end: () => {
      client.disconnect()
    },
  }
}

/** The libraries, by name. */
export const CLIENTS = { 'node-redis': nodeRedis, ioredis, iovalkey }

/** Starts a server that is removed when the test is over. */
export async function redisOfTest(binary: string, args: readonly string[] = []): Promise<StartedRedis> {
  const server = await startRedis(binary, args)
  onTestFinished(() => server.remove())
  return server
}

/** Connects a client that is ended when the test is over. */
export async function clientOfTest<Client>(opening: Promise<OpenClient<Client>>): Promise<Client> {
  const { client, end } = await opening
  onTestFinished(end)
  return client
}
