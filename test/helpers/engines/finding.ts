/** What it takes to start an engine: its program, and a port. */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'

/** The folders of PATH. */
export function pathFolders(): string[] {
  return (process.env['PATH'] ?? '').split(delimiter)
}

/** Gives the first of these programs that is on PATH, if one is. */
export function programOnPath(...names: readonly string[]): string | undefined {
  return names.flatMap((name) => pathFolders().map((folder) => join(folder, name))).find((path) => existsSync(path))
}

/** Gives a port of the loopback address that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
