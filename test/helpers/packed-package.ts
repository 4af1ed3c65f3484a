/** The package as its users get it: packed, and installed into an empty folder. */
import { execFile } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { WAIT_LIMIT_MS } from './limits.ts'

/** This repository's folder. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const QUICKSTART = join(ROOT, 'examples/quickstart')

/** How a program ended, and what it wrote. */
export interface Ran {
  /** `null` if a signal, or the time limit, ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end; one that hangs is ended, and has no exit code. */
export function run(file: string, args: readonly string[], cwd: string): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      file,
      [...args],
      { cwd, timeout: WAIT_LIMIT_MS, killSignal: 'SIGKILL' },
      (_, stdout, stderr) => {
        resolve({ code: child.exitCode, stdout, stderr })
      },
    )
  })
}

/** Runs Node, this one, to its end. */
export function node(args: readonly string[], cwd: string): Promise<Ran> {
  return run(process.execPath, args, cwd)
}

/** An empty folder under its real path, and how to remove it. */
export function temporaryFolder(): { folder: string; remove: () => void } {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'latchkey-package-')))
  return {
    folder,
    remove() {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Puts this package, as it is built, and some that it is developed with where a folder's programs find them, all ES modules. */
export function linkPackages(folder: string, ...names: string[]): void {
  for (const [name, target] of [
    ['latchkey', ROOT],
    ...names.map((name) => [name, join(ROOT, 'node_modules', name)]),
  ] as const) {
    const path = join(folder, 'node_modules', name)
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(target, path)
  }
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
}

/** Packs the package as it is built now into `folder`, and gives the tarball's path. */
export async function pack(folder: string): Promise<string> {
  const ran = await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], ROOT)
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  if (tarball === undefined) throw new Error(`npm pack made nothing: ${ran.stderr}`)
  return join(folder, tarball)
}

/** Installs a tarball into `folder`, with tsx beside it. */
export async function install(tarball: string, folder: string): Promise<void> {
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  const ran = await run(
    'npm',
    ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--silent', tarball],
    folder,
  )
  if (ran.code !== 0) throw new Error(`npm install failed: ${ran.stderr}`)
  symlinkSync(join(ROOT, 'node_modules/tsx'), join(folder, 'node_modules/tsx'))
}

/** Copies the quickstart into `folder`, as TypeScript or as the JavaScript that it becomes. */
export function copyQuickstart(folder: string, language: 'ts' | 'js'): void {
  // Not what the quickstart left behind, and not its package.json: the packages are installed already.
  const left = ['.data', 'node_modules', 'package.json'].map((name) => join(QUICKSTART, name))
  cpSync(QUICKSTART, folder, { recursive: true, filter: (path) => !left.includes(path) })
  if (language === 'ts') return
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.ts'))) {
    const { outputText } = ts.transpileModule(readFileSync(join(folder, name), 'utf8'), {
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ESNext,
        rewriteRelativeImportExtensions: true,
      },
    })
    rmSync(join(folder, name))
    writeFileSync(join(folder, name.replace(/\.ts$/, '.js')), outputText)
  }
}
