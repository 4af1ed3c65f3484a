/** Errors that only a program of its own can get, since they are about how it was started or built. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { RegistryOptions } from 'latchkey'
import type { LeakProbe } from 'latchkey/testing'
import { privateFolder } from './provocation.ts'

const HOST = fileURLToPath(new URL('../../fixtures/testing/calling-host.mjs', import.meta.url))

/** How a host is started, and what it calls. */
export interface HostSettings {
  /** The program. Default: fixtures/testing/calling-host.mjs. */
  readonly host?: string
  /** Node's own. Default: none. */
  readonly flags?: readonly string[]
  /** The file of the function's module. Default: the host's main module. */
  readonly module?: string
  /** Whether it gives up being root. Default: false. */
  readonly unprivileged?: boolean
  /** Further options of its registry. Default: none. */
  readonly options?: Partial<RegistryOptions>
}

/** Runs a host with a canary in its store, looks at all that it prints, and throws what stands for the error that it got. */
export async function inHost(
  probe: LeakProbe,
  { host = HOST, flags = [], ...told }: HostSettings = {},
): Promise<never> {
  const { PATH = '' } = process.env
  const child = spawn(process.execPath, [...flags, host, JSON.stringify(told)], { env: { PATH } })
  probe.watch(child)
  let end = ''
  child.stdout.on('data', (chunk: Buffer) => (end = `${end}${String(chunk)}`.slice(-100)))
  child.stdin.end(probe.canary('token'))
  await once(child, 'close')
  const [, name, code] = /ended with (\w+) (\w+)\n$/.exec(end) ?? []
  throw Object.assign(new Error('in a host'), { name, code })
}

/** Puts the host and the library into one file, where the library is not installed. */
export async function bundledHost(): Promise<string> {
  const outfile = join(privateFolder(), 'host.mjs')
  const banner = "import { createRequire as r } from 'node:module'; const require = r(import.meta.url)"
  await build({
    entryPoints: [HOST],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    logLevel: 'silent',
    banner: { js: banner },
  })
  return outfile
}

/** Makes a module of TypeScript, where tsx is not installed. */
export function typedModule(): string {
  const path = join(privateFolder(), 'typed.ts')
  writeFileSync(path, 'export const typed: boolean = true\n')
  return path
}
