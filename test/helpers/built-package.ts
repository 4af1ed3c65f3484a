/** What Node loads of the built package when a program imports one of its entries: how much, and what of others. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, type Plugin } from 'esbuild'
import { ROOT } from './packed-package.ts'

export const DIST = join(ROOT, 'dist')

/** What is loaded with some files, and all that they import. */
export interface Loaded {
  /** Bytes of all of it as one file, minified and then gzipped. Packages of others are not among them. */
  readonly bytes: number
  /** The packages, and the modules of Node as `node:…`, that are loaded with it. Sorted. */
  readonly imports: readonly string[]
  /** Those that it loads when it comes to need them. Sorted. */
  readonly later: readonly string[]
}

/** Leaves `import()` as it is: what it names is not loaded with the entry. */
const dynamicImportsStay: Plugin = {
  name: 'dynamic-imports-stay',
  setup({ onResolve }) {
    onResolve({ filter: /./ }, ({ kind, path }) => (kind === 'dynamic-import' ? { path, external: true } : undefined))
  },
}

/** Tells what is loaded with files of `dist`. */
export async function loadedWith(files: readonly string[]): Promise<Loaded> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: files.map((file) => `import './${file}'`).join('\n'), resolveDir: DIST },
    absWorkingDir: ROOT,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    minify: true,
    // Node loads files, not the exports that are used.
    treeShaking: false,
    ignoreAnnotations: true,
    write: false,
    metafile: true,
    logLevel: 'silent',
    plugins: [dynamicImportsStay],
  })
  const [{ text, contents } = { text: '', contents: new Uint8Array() }] = outputFiles
  const imported = Object.values(metafile.outputs).flatMap((output) => output.imports)
  const byName = [...text.matchAll(/getBuiltinModule\("([^"]+)"\)/g)].map(([, name = '']) => name)
  const dynamic = imported.filter(({ kind }) => kind === 'dynamic-import').map(({ path }) => path)
  return {
    bytes: gzipSync(contents).length,
    imports: named(imported.filter(({ kind }) => kind !== 'dynamic-import').map(({ path }) => path)),
    later: named([...dynamic, ...byName]),
  }
}

/** The packages, and modules of Node, that these specifiers name. */
function named(specifiers: readonly string[]): string[] {
  const names = specifiers.filter((specifier) => !specifier.startsWith('.')).map(nameOf)
  return [...new Set(names)].sort()
}

function nameOf(specifier: string): string {
  const plain = specifier.replace('node:', '')
  if (builtinModules.includes(plain)) return `node:${plain}`
  return plain.split('/', plain.startsWith('@') ? 2 : 1).join('/')
}

/** Tells what the bin loads for a command, up to where the command would begin: by starting it. */
export function loadedByBin(command: readonly string[]): Loaded {
  using folder = temporary()
  const [preload, to] = [join(ROOT, 'test/fixtures/cli/loaded.cjs'), join(folder.path, 'loaded')]
  const args = ['--require', preload, join(DIST, 'cli.cjs'), ...command, '--version']
  const { status } = spawnSync(process.execPath, args, { env: { LOADED: to } })
  if (status !== 0) throw new Error(`latchkey ${command.join(' ')} --version ended with ${status}`)
  const { files, modules } = JSON.parse(readFileSync(to, 'utf8')) as { files: string[]; modules: string[] }
  const bytes = gzipSync(
    Buffer.concat(files.filter((file) => file.startsWith(DIST)).map((file) => readFileSync(file))),
  ).length
  const packages = files.flatMap((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? [])
  return { bytes, imports: [...new Set(packages), ...modules], later: [] }
}

function temporary(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-loaded-'))
  return {
    path,
    [Symbol.dispose]() {
      rmSync(path, { recursive: true })
    },
  }
}

/** The texts of all programs of `dist`, by their names. */
export function builtFiles(): Readonly<Record<string, string>> {
  const files = readdirSync(DIST, { recursive: true, encoding: 'utf8' }).filter((file) => /\.c?js$/.test(file))
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(DIST, file), 'utf8')]))
}
