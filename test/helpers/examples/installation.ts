/** The packages of the examples: those of their lock file, and latchkey as it is packed. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EXAMPLES, type Example } from './example.ts'
import { npm } from './npm.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const QUIETLY = [
  '--prefer-offline',
  '--no-audit',
  '--no-fund',
  '--ignore-scripts',
  '--loglevel=error',
  '--engine-strict',
]

/** Packs latchkey as it is built now, and installs it with the packages of these examples, anew. */
export async function install(examples: readonly Example[], isAll: boolean): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-examples-'))
  try {
    await succeed(['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], ROOT)
    const tarball = join(folder, readdirSync(folder).join())
    const workspaces = isAll ? [] : examples.map(({ name }) => `--workspace=${name}`)
    await succeed(['ci', '--include=dev', ...QUIETLY, ...workspaces], EXAMPLES)
    // Not saved: a lock file that holds the checksum of what is packed anew each time would never fit.
    await succeed(['install', '--no-save', '--include=dev', ...QUIETLY, ...workspaces, tarball], EXAMPLES)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function succeed(args: readonly string[], cwd: string): Promise<void> {
  if ((await npm(args, cwd)) !== 0) throw new Error(`npm ${args[0] ?? ''} failed.`)
}
