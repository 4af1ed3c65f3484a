/** A PostgreSQL for tests: the one that TEST_POSTGRES_URL names, else one that is started in a folder of its own. */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { WAIT_LIMIT_MS } from '../limits.ts'
import { freePort, pathFolders } from './finding.ts'

/** A server that a test can stop as a crash does. */
export interface StartedPostgres {
  readonly url: string
  /** Ends every server process at once, as `pg_ctl stop -m immediate` does. What was committed is in its log. */
  crash(): Promise<void>
  /** Starts it again, on the same port. */
  start(): Promise<void>
  /** Ends it and removes its folder. */
  remove(): Promise<void>
}

/** PostgreSQL does not run as root. */
const NOBODY = 65534
/** Runs a program until the input ends: by the test, or because the process that runs the tests is gone, however it ended. */
const UNTIL_END_OF_INPUT = '"$@" </dev/null & pid=$!; read -r line; kill -QUIT $pid; wait $pid'

/** How the tests reach a PostgreSQL, if there is one. */
export function postgresHere(): { url: string } | { folder: string } | undefined {
  const url = process.env['TEST_POSTGRES_URL']
  if (url !== undefined && url !== '') return { url }
  const folder = postgresPrograms()
  return folder === undefined ? undefined : { folder }
}

/** The folder of the programs `postgres` and `initdb`, on PATH or where Debian puts them. */
export function postgresPrograms(): string | undefined {
  const installed = '/usr/lib/postgresql'
  const versions = existsSync(installed) ? readdirSync(installed).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [...pathFolders(), ...versions.map((version) => join(installed, version, 'bin'))]
  return folders.find((folder) => existsSync(join(folder, 'postgres')) && existsSync(join(folder, 'initdb')))
}

/** Starts a server from the binaries in a folder. */
export async function startPostgres(folder: string): Promise<StartedPostgres> {
  const asUser = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
  const place = mkdtempSync(join(tmpdir(), 'latchkey-postgres-'))
  if ('uid' in asUser) chownSync(place, NOBODY, NOBODY)
  const data = join(place, 'data')
  const made = spawnSync(
    join(folder, 'initdb'),
    ['-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync', '-E', 'UTF8', '--locale=C'],
    { cwd: place, encoding: 'utf8', ...asUser },
  )
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`)
  const port = await freePort()
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  let server: ChildProcess | undefined

  const start = async (): Promise<void> => {
    const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off', 'max_connections=200']
    const options = settings.flatMap((setting) => ['-c', setting])
    const command = [join(folder, 'postgres'), '-D', data, '-p', String(port), ...options]
    server = spawn('sh', ['-c', UNTIL_END_OF_INPUT, 'sh', ...command], {
      cwd: place,
      stdio: ['pipe', 'ignore', 'ignore'],
      ...asUser,
    })
    await answering(url)
  }
  const crash = async (): Promise<void> => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const gone = once(server, 'exit')
    server.stdin?.end()
    await gone
  }
  await start()
  return {
    url,
    crash,
    start,
    async remove() {
      await crash()
      rmSync(place, { recursive: true, force: true })
    },
  }
}

/** Resolves when the server answers a query. */
export async function answering(url: string): Promise<void> {
  const end = performance.now() + WAIT_LIMIT_MS
  for (;;) {
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.query('select 1')
      await client.end()
      return
    } catch (error) {
      // Not yet, or still recovering.
      if (performance.now() > end) throw error
      await delay(20)
    }
  }
}
