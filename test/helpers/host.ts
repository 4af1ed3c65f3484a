/** Runs programs as hosts of latchkey, in processes of their own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A host that runs. */
export interface Host {
  readonly child: ChildProcess
  /** Resolves with the first line that begins with `start`, less that. */
  line(start: string): Promise<string>
  /** Resolves when the host is gone, with everything that it wrote. */
  readonly ended: Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>
}

/** Where the hosts are. */
export const HOSTS = fileURLToPath(new URL('../fixtures/hosts/', import.meta.url))

/** Flags with which Node does not read TypeScript by itself. */
export const WITHOUT_TYPES: readonly string[] = ['--no-strip-types', '--no-experimental-strip-types']
  .filter((flag) => process.allowedNodeEnvironmentFlags.has(flag.replace('--no-', '--')))
  .slice(0, 1)

/** Starts `node`, or another program, with these arguments in the folder of hosts. */
export function startHost(
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string; file?: string } = {},
): Host {
  const child = spawn(options.file ?? process.execPath, args, {
    cwd: options.cwd ?? HOSTS,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '',
      SECRET_OF_THE_HOST: 'hidden',
      ...options.env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const seen: string[] = []
  const waiting: { start: string; resolve: (rest: string) => void }[] = []
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += String(chunk)))
  createInterface({ input: child.stdout }).on('line', (line) => {
    seen.push(line)
    for (const { start, resolve } of waiting) if (line.startsWith(start)) resolve(line.slice(start.length))
  })
  return {
    child,
    line(start) {
      const found = seen.find((line) => line.startsWith(start))
      if (found !== undefined) return Promise.resolve(found.slice(start.length))
      return new Promise((resolve, reject) => {
        waiting.push({ start, resolve })
        child.once('close', () => {
          reject(new Error(`the host ended before it wrote ${start}: ${stderr}`))
        })
      })
    },
    ended: new Promise((resolve) => {
      child.once('close', (code, signal) => {
        resolve({ code, signal, stdout: seen.join('\n'), stderr })
      })
    }),
  }
}
