/** PgBouncer in front of a PostgreSQL, for tests. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, programOnPath } from './finding.ts'
import { answering } from './postgres.ts'

/** It does not run as root. */
const NOBODY = 65534

/** The path of its program, if it is here. */
export function pgBouncerHere(): string | undefined {
  return programOnPath('pgbouncer') ?? programOnPath('/usr/sbin/pgbouncer')
}

/**
 * Starts it with two connections to a server, which it hands out for each transaction or each statement. It follows no prepared
 * statements.
 *
 * @param server - the server's URL.
 */
export async function startPgBouncer(
  binary: string,
  server: string,
  mode: 'transaction' | 'statement',
): Promise<{ readonly url: string; remove(): Promise<void> }> {
  const { hostname, port: serverPort } = new URL(server)
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-pgbouncer-'))
  const port = await freePort()
  const users = join(folder, 'users')
  writeFileSync(users, '"postgres" ""\n')
  const settings = join(folder, 'settings')
  writeFileSync(
    settings,
    [
      '[databases]',
      `postgres = host=${hostname} port=${serverPort}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = trust',
      `auth_file = ${users}`,
      `pool_mode = ${mode}`,
      'default_pool_size = 2',
      'ignore_startup_parameters = extra_float_digits',
      // Earlier versions follow no prepared statements, and do not know the setting.
      ...(followsStatements(binary) ? ['max_prepared_statements = 0'] : []),
    ].join('\n'),
  )
  const asUser = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
  for (const path of [folder, users, settings]) if ('uid' in asUser) chownSync(path, NOBODY, NOBODY)
  const program = spawn(binary, [settings], { stdio: 'ignore', ...asUser })
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  await answering(url)
  return {
    url,
    async remove() {
      const gone = once(program, 'exit')
      program.kill('SIGKILL')
      await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Whether its version is 1.21 or later. */
function followsStatements(binary: string): boolean {
  const { stdout } = spawnSync(binary, ['--version'], { encoding: 'utf8' })
  const [, major, minor] = /(\d+)\.(\d+)/.exec(stdout) ?? []
  return Number(major) > 1 || Number(minor) >= 21
}
