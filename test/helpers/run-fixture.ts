/** Runs a small program of test/fixtures as a process of its own, on the built package. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chmodSync, chownSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface FixtureOptions {
  /** The folder of test/fixtures that the program is in. Default: `file`. */
  of?: string
  args?: string[]
  env?: Record<string, string>
  /** Arguments of node, e.g. a module to load before. */
  node?: string[]
  /** The program that runs node, and its arguments, e.g. strace. */
  through?: string[]
  /** Set by the shell that starts the program. */
  umask?: string
  /** Run as nobody, if this process is root; then `folder`, with what is in it, is given to nobody. */
  unprivileged?: boolean
  folder?: string
  folderMode?: number
}

export interface Fixture {
  child: ChildProcess
  /** Gives the next line that the program writes; rejects if it ends before. */
  next: () => Promise<string>
  /** All lines, once it has ended. */
  ended: Promise<{ lines: string[]; stderr: string; code: number | null; signal: NodeJS.Signals | null }>
}

const NOBODY = 65534

/** Starts a program. */
export function startFixture(name: string, options: FixtureOptions = {}): Fixture {
  const program = fileURLToPath(new URL(`../fixtures/${options.of ?? 'file'}/${name}`, import.meta.url))
  const command = [
    ...(options.through ?? []),
    process.execPath,
    ...(options.node ?? []),
    program,
    ...(options.args ?? []),
  ]
  const wrapped =
    options.umask === undefined ? command : ['sh', '-c', `umask ${options.umask}; exec "$@"`, 'sh', ...command]
  const asNobody = options.unprivileged === true && process.getuid?.() === 0
  if (options.folder !== undefined) {
    const paths = [options.folder, ...readdirSync(options.folder).map((entry) => join(options.folder!, entry))]
    if (asNobody) for (const path of paths) chownSync(path, NOBODY, NOBODY)
    if (options.folderMode !== undefined) chmodSync(options.folder, options.folderMode)
  }
  const [file = '', ...args] = wrapped
  const { PATH = '' } = process.env
  const child = spawn(file, args, {
    env: { PATH, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(asNobody ? { uid: NOBODY, gid: NOBODY } : {}),
  })
  const lines: string[] = []
  const waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = []
  let given = 0
  let over = false
  createInterface(child.stdout).on('line', (line) => {
    lines.push(line)
    const first = waiting.shift()
    if (first === undefined) return
    given += 1
    first.resolve(line)
  })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const ended = new Promise<Awaited<Fixture['ended']>>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      over = true
      for (const { reject: fail } of waiting) fail(new Error(`${name} ended: ${stderr}`))
      resolve({ lines, stderr, code, signal })
    })
  })
  const next = () =>
    new Promise<string>((resolve, reject) => {
      const line = lines[given]
      if (line !== undefined && waiting.length === 0) {
        given += 1
        resolve(line)
      } else if (over) reject(new Error(`${name} ended: ${stderr}`))
      else waiting.push({ resolve, reject })
    })
  return { child, next, ended }
}

/** Runs a program to its end. Fails if it fails. */
export async function runFixture(name: string, options: FixtureOptions = {}): Promise<{ lines: string[] }> {
  const { lines, stderr, code, signal } = await startFixture(name, options).ended
  if (code === 0) return { lines }
  throw new Error(`${name} ended with ${String(code ?? signal)}: ${stderr}`)
}
