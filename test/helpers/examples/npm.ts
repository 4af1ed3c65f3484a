/** npm as a child process, with all that it starts. */
import { spawn, type ChildProcess } from 'node:child_process'
import { basename } from 'node:path'

export interface NpmOptions {
  /** Variables beside this process's own. */
  readonly env?: Readonly<Record<string, string>>
  /** Ends it, with everything that it has started. */
  readonly signal?: AbortSignal
}

/** Runs npm to its end, with this process's output, and gives its exit code. */
export function npm(args: readonly string[], cwd: string, { env, signal }: NpmOptions = {}): Promise<number> {
  // The npm that runs this, if one does: a program of that name is not found everywhere.
  const path = process.env['npm_execpath'] ?? ''
  const [file, before] = basename(path) === 'npm-cli.js' ? [process.execPath, [path]] : ['npm', []]
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...before, ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
      // A group of its own: npm passes no signal on to what its scripts start.
      detached: process.platform !== 'win32',
    })
    // So neither Ctrl-C nor the end of this process reaches it by itself.
    const end = (): void => {
      endGroup(child)
    }
    const endAndExit = (): void => {
      end()
      process.exit(1)
    }
    signal?.addEventListener('abort', end, { once: true })
    const interrupts = ['SIGINT', 'SIGTERM'] as const
    for (const name of interrupts) process.once(name, endAndExit)
    child.once('error', reject)
    child.once('close', (code) => {
      signal?.removeEventListener('abort', end)
      for (const name of interrupts) process.off(name, endAndExit)
      resolve(code ?? 1)
    })
  })
}

/** Ends a process and its group, if it has begun and has not ended. */
function endGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  if (process.platform === 'win32') child.kill('SIGKILL')
  else process.kill(-child.pid, 'SIGKILL')
}
