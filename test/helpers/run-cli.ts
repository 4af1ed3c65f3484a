/** Runs the built command line as a process of its own, in a folder of its own, with or without a terminal. */
import { spawn } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'
import { fileStore } from '../../src/stores/file.ts'
import type { FileStore } from '../../src/stores/file.ts'

export const CLI = fileURLToPath(new URL('../../dist/cli.cjs', import.meta.url))
const TERMINAL = fileURLToPath(new URL('../fixtures/cli/terminal.py', import.meta.url))
const NOBODY = 65534

export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

export interface RunOptions {
  /** What comes on stdin; `null` closes it as the shell's `<&-` does. Default: nothing. */
  stdin?: string | Buffer | null
  env?: Record<string, string>
  umask?: string
  /** Shell text after the command, e.g. `| head -n 1`. */
  after?: string
}

export interface CliFolder {
  folder: string
  /** The path of a file in the folder. */
  at: (name: string) => string
  read: (name: string) => string
  /** The permission bits of a file, in octal. */
  mode: (name: string) => string
  entries: () => string[]
  run: (args: string[], options?: RunOptions) => Promise<Ended>
  /** Runs on a terminal; each step waits for a text on the screen, then types. */
  onTerminal: (args: string[], steps?: Step[], columns?: number, env?: Record<string, string>) => Promise<Screen>
  /** Runs command lines of a shell in one session on a terminal, in which `latchkey` is the program. */
  session: (
    lines: string[],
    options?: { steps?: Step[]; columns?: number; env?: Record<string, string> },
  ) => Promise<Session>
}

/**
 * Waits for a text on the screen, then types a text, gives the terminal so many columns, sends the program a signal, or, for `null`,
 * closes the terminal.
 */
export type Step = [string, string | number | { signal: number } | null]

/** What was seen of each command line of a session. */
export interface Session {
  parts: { line: string; screen: string; code: number }[]
  /** All of it. */
  screen: string
  /** Whether the terminal was as before after each of them, by `stty -a`. */
  restored: boolean
}

/** What runs on a terminal. */
export interface TerminalJob {
  command: string[]
  steps: Step[]
  columns: number
  cwd: string
  env: Record<string, string>
}

export interface Screen {
  screen: string
  code: number
  /** `null` of a terminal that was closed. */
  restored: boolean | null
}

/**
 * Makes the folder, which nobody owns if this process is root: root may do everything. Call it inside a test.
 *
 * @param within - `package`: run the program of a copy of the package in this folder of it, not that of this repository.
 */
export function cliFolder({ package: within }: { package?: string } = {}): CliFolder {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-cli-'))
  const asNobody = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
  if (asNobody.uid !== undefined) chownSync(folder, NOBODY, NOBODY)
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  if (!existsSync(CLI)) throw new Error('dist/cli.cjs is not there: build first')
  const { PATH = '' } = process.env
  const at = (name: string) => join(folder, name)
  const program = within === undefined ? CLI : join(folder, within, 'dist/cli.cjs')

  return {
    folder,
    at,
    read: (name) => readFileSync(at(name), 'utf8'),
    mode: (name) => (statSync(at(name)).mode & 0o777).toString(8),
    entries: () => readdirSync(folder).sort(),
    run(args, { stdin = '', env = {}, umask = '022', after = '' } = {}) {
      const script = `umask ${umask}; "$@" ${stdin === null ? '<&-' : ''} ${after}`
      return ended(
        spawn('sh', ['-c', script, 'sh', process.execPath, program, ...args], {
          cwd: folder,
          env: { PATH, ...env },
          ...asNobody,
        }),
        stdin ?? '',
      )
    },
    onTerminal: (args, steps = [], columns = 120, env = {}) =>
      onTerminal({
        command: [process.execPath, CLI, ...args],
        steps,
        columns,
        cwd: folder,
        env: { PATH, TERM: 'xterm', ...env },
      }),
    session: (lines, { steps = [], columns = 120, env = {} } = {}) =>
      session(lines, {
        steps,
        columns,
        cwd: folder,
        env: { PATH, TERM: 'xterm', ...env },
      }),
  }
}

async function session(lines: string[], job: Omit<TerminalJob, 'command'>): Promise<Session> {
  // What ends one of them with Ctrl-C ends the shell, too, unless that hears it.
  const before = `trap : INT; latchkey() { '${process.execPath}' '${CLI}' "$@"; }; was=$(stty -a)`
  const each = lines.map((line) => `${line}\necho "<ended $?>"; test "$(stty -a)" = "$was" || echo '<changed>'`)
  const { screen } = await onTerminal({ command: ['/bin/sh', '-c', [before, ...each].join('\n')], ...job })
  const parts = [...screen.replaceAll('<changed>\r\n', '').matchAll(/([^]*?)<ended (\d+)>\r\n/g)]
  return {
    parts: parts.map(([, text = '', code], index) => ({ line: lines[index] ?? '', screen: text, code: Number(code) })),
    screen,
    restored: parts.length === lines.length && !screen.includes('<changed>'),
  }
}

/** Runs any program on a terminal of its own. */
export async function onTerminal(job: TerminalJob): Promise<Screen> {
  const { PATH = '' } = process.env
  const { code, stdout, stderr } = await ended(
    spawn('/usr/bin/env', ['python3', TERMINAL, JSON.stringify(job)], { env: { PATH } }),
    '',
  )
  if (code !== 0) throw new Error(`no terminal (these tests need python3), or not to its end: ${stderr}`)
  return JSON.parse(stdout) as Screen
}

/** A folder with a store and its key, which holds these secrets of scope `default`. */
export async function cliFolderWithStore(
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
): Promise<CliFolder> {
  const folder = cliFolder()
  const { code, stderr } = await folder.run(['init'])
  if (code !== 0) throw new Error(stderr)
  await using store = storeOf(folder)
  for (const [name, values] of Object.entries(secrets)) await store.set(name, values)
  return folder
}

/** The store of a folder, as a program opens it. */
export function storeOf(folder: CliFolder): FileStore {
  return fileStore({ path: folder.at('secrets.latchkey') })
}

function ended(child: ReturnType<typeof spawn>, stdin: string | Buffer): Promise<Ended> {
  return new Promise((resolve, reject) => {
    let stdout = ''
    let stderr = ''
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    // EPIPE: the program ended without reading all of it.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(stdin)
    child.on('error', reject)
    child.on('close', (code) => {
      resolve({ code, stdout, stderr })
    })
  })
}

/** Gives the values of a secret in a folder's store. */
export async function valuesOf(
  folder: CliFolder,
  name: string,
  scope?: string,
): Promise<Record<string, string> | undefined> {
  await using store = storeOf(folder)
  const secret = await store.get(name, { scope })
  return secret && { ...secret.values }
}

/** Gives exit code and error code of a command that failed: it says what is wrong and what to do, prints nothing else, and no value. */
export function failureOf({ code, stdout, stderr }: Ended, value: string): [number | null, string] {
  expect(stdout).toBe('')
  expect(stderr).toMatch(/^latchkey: .* \[[A-Z_]+\]\nhint: .*\n$/)
  expect(stderr).not.toContain(value)
  return [code, /\[([A-Z_]+)\]/.exec(stderr)?.[1] ?? '']
}
