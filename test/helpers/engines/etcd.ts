/** An etcd for tests: the one that TEST_ETCD_URL names, else one that is started in a folder of its own. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { WAIT_LIMIT_MS } from '../limits.ts'
import { freePort, programOnPath } from './finding.ts'

/** A member, alone, that a test can kill. */
export interface StartedEtcd {
  readonly url: string
  /** Ends it by SIGKILL. */
  kill(): Promise<void>
  /** Starts it again, on the same ports. */
  start(): Promise<void>
  /** Ends it and removes its folder. */
  remove(): Promise<void>
}

export const ETCD_WANTED = 'TEST_ETCD_URL, or etcd on PATH'

/** How the tests reach an etcd, if there is one. */
export function etcdHere(): { url: string } | { binary: string } | undefined {
  const url = process.env['TEST_ETCD_URL']
  if (url !== undefined && url !== '') return { url }
  const binary = etcdBinary()
  return binary === undefined ? undefined : { binary }
}

/** The program, if it is on PATH. */
export function etcdBinary(): string | undefined {
  return programOnPath('etcd')
}

/** Starts a member from a binary. */
export async function startEtcd(binary: string, flags: readonly string[] = []): Promise<StartedEtcd> {
  const place = mkdtempSync(join(tmpdir(), 'latchkey-etcd-'))
  const [url, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`]
  let server: ChildProcess | undefined
  const start = async (): Promise<void> => {
    const options = [
      ...['--data-dir', join(place, 'data'), '--listen-client-urls', url, '--advertise-client-urls', url],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`],
      ...flags,
    ]
    server = spawn(binary, options, { cwd: place, stdio: 'ignore' })
    await answering(url)
  }
  const kill = async (): Promise<void> => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const gone = once(server, 'exit')
    server.kill('SIGKILL')
    await gone
  }
  await start()
  return {
    url,
    kill,
    start,
    async remove() {
      await kill()
      rmSync(place, { recursive: true, force: true })
    },
  }
}

/** Sends a request to the gateway as an administrator does. */
export async function ask(url: string, path: string, body: unknown, token?: string): Promise<Record<string, unknown>> {
  const headers = token === undefined ? {} : { authorization: token }
  const response = await fetch(`${url}/v3/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  const answer = (await response.json()) as Record<string, unknown>
  if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`)
  return answer
}

export function base64(text: string | Buffer): string {
  return Buffer.from(text as string).toString('base64')
}

/** Resolves when the member has a leader, which is itself. */
async function answering(url: string): Promise<void> {
  const end = performance.now() + WAIT_LIMIT_MS
  for (;;) {
    try {
      await ask(url, 'kv/range', { key: base64('a') })
      return
    } catch (error) {
      // It has a leader, and lets nobody in who does not log in.
      if (String(error).includes('user name is empty')) return
      // Not yet, or still without a leader.
      if (performance.now() > end) throw error
      await delay(20)
    }
  }
}
