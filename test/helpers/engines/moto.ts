/** A Secrets Manager of others for tests: the one that TEST_AWS_ENDPOINT names, else a moto_server that is started. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { freePort, programOnPath } from './finding.ts'

/** One that runs. */
export interface StartedMoto {
  readonly endpoint: string
  /** Ends it, if it was started here. */
  stop(): Promise<void>
}

/** What the tests need to have one, if it is here. */
export function motoHere(): { endpoint: string } | { binary: string } | undefined {
  const endpoint = process.env['TEST_AWS_ENDPOINT']
  if (endpoint !== undefined && endpoint !== '') return { endpoint }
  const binary = programOnPath('moto_server')
  return binary === undefined ? undefined : { binary }
}

/** Gives the one that is here, started on a free port if it has to be. */
export async function startMoto(here: { endpoint: string } | { binary: string }): Promise<StartedMoto> {
  if ('endpoint' in here) return { endpoint: here.endpoint, stop: () => Promise.resolve() }
  const port = await freePort()
  const child = spawn(here.binary, ['-H', '127.0.0.1', '-p', String(port)], { stdio: ['ignore', 'ignore', 'pipe'] })
  await new Promise<void>((resolve, reject) => {
    createInterface(child.stderr).on('line', (line) => {
      if (line.includes('Running on')) resolve()
    })
    child.once('error', reject)
    child.once('exit', () => {
      reject(new Error(`${here.binary} ended before it ran`))
    })
  })
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async stop() {
      const gone = once(child, 'exit')
      if (child.exitCode === null && child.kill('SIGKILL')) await gone
    },
  }
}
