import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fileStore } from '../../src/stores/file.ts'
import { copyQuickstart, install, node, pack, ROOT, temporaryFolder, type Ran } from '../helpers/packed-package.ts'

const { folder, remove } = temporaryFolder()
const elsewhere = temporaryFolder()
const FIXTURES = join(ROOT, 'test/fixtures/package')
/** Where the store is that every program here finds in its own folder. */
const stored = temporaryFolder()
const SECRETS = {
  my_datadog_secret: { DATADOG_API_KEY: 'made-up-datadog-key' },
  my_github_secret: { GH_ACCESS_TOKEN: 'made-up-github-token', GH_USERNAME: 'made-up-octocat' },
}
const VALUES = Object.values(SECRETS).flatMap((values) => Object.values(values))
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { exports: Record<string, object> }
const subpaths = Object.keys(manifest.exports)

beforeAll(async () => {
  await using store = fileStore({ path: join(stored.folder, 'secrets.latchkey') })
  await store.create({ makeKeyFile: true })
  for (const [name, values] of Object.entries(SECRETS)) await store.set(name, values)
  await install(await pack(elsewhere.folder), folder)
})
afterAll(() => {
  remove()
  elsewhere.remove()
  stored.remove()
})

/** A folder inside the one that the package is installed in, with the quickstart. */
function quickstart(name: string, language: 'ts' | 'js'): string {
  const path = join(folder, name)
  copyQuickstart(path, language)
  cpSync(stored.folder, path, { recursive: true })
  return path
}

function expectQuickstart({ code, stdout, stderr }: Ran): void {
  expect(stderr.replaceAll(/.*Warning.*\n/g, '')).toBe('')
  expect(stdout).toContain('create_issue: 200, issue 1, in a child process\n')
  expect(stdout).toContain('the same request without the key: 401\n')
  expect(stdout).toContain('only in the child: GH_ACCESS_TOKEN, GH_USERNAME\n')
  expect(stdout).toContain("this process's environment: unchanged\n")
  expect(stdout).toContain("the template's request: 200\n")
  for (const value of VALUES) expect(stdout).not.toContain(value)
  expect(code).toBe(0)
}

describe('the quickstart, from the packed package', () => {
  test('runs in plain JavaScript', async () => {
    expectQuickstart(await node(['main.js'], quickstart('js', 'js')))
  })

  test('runs in TypeScript under tsx', async () => {
    expectQuickstart(await node(['--import', 'tsx', 'main.ts'], quickstart('ts', 'ts')))
  })

  test('finds its functions after esbuild --minify made several entries of it', async () => {
    const cwd = quickstart('esbuild', 'ts')
    await bundle(cwd, ['main.ts', 'integrations.ts'], { minify: true, external: ['latchkey'] })
    expectQuickstart(await node(['out/main.js'], cwd))
  })

  test('finds its functions after tsup made several entries of it', async () => {
    const cwd = quickstart('tsup', 'ts')
    const tsup = join(ROOT, 'node_modules/tsup/dist/cli-default.js')
    const args = ['main.ts', 'integrations.ts', '--format', 'esm', '--splitting', '--external', 'latchkey']
    const built = await node([tsup, ...args, '--no-config', '--out-dir', 'out', '--target', 'node20'], cwd)
    expect(built.code).toBe(0)
    expectQuickstart(await node(['out/main.mjs'], cwd))
  })

  test('refuses to start its main module again when everything was put into one file', async () => {
    const cwd = quickstart('one-file', 'ts')
    await bundle(cwd, ['main.ts'], { external: ['latchkey'] })
    const { code, stdout, stderr } = await node(['out/main.js'], cwd)
    expect(stderr).toContain("code: 'MAIN_MODULE'")
    expect(stdout).toBe('')
    expect(code).toBe(1)
  })

  test.each([
    ['several files', ['main.ts', 'integrations.ts']],
    ['one file', ['main.ts']],
  ])('fails with a code when the library itself was bundled into %s', async (_, entries) => {
    const cwd = quickstart(`bundled-${entries.length}`, 'ts')
    // Where the package is not installed.
    const out = join(elsewhere.folder, `bundled-${entries.length}`)
    await bundle(cwd, entries, { outdir: out })
    cpSync(stored.folder, out, { recursive: true })
    const { code, stdout, stderr } = await node(['main.js'], out)
    expect(stderr).toMatch(/code: '(BUNDLED|MAIN_MODULE|MODULE_UNKNOWN)'/)
    expect(stdout).toBe('')
    expect(code).toBe(1)
  })
})

test('a CommonJS host and a CommonJS module of functions require the package', async () => {
  const cwd = join(folder, 'commonjs')
  mkdirSync(cwd)
  for (const name of ['host.cjs', 'integrations.cjs']) cpSync(join(FIXTURES, name), join(cwd, name))
  copyQuickstart(cwd, 'js')
  cpSync(stored.folder, cwd, { recursive: true })
  const { code, stdout } = await node(['host.cjs'], cwd)
  expect(stdout).toBe('GH_ACCESS_TOKEN,GH_USERNAME\n')
  expect(code).toBe(0)
})

describe('exports', () => {
  test('have no wildcard', () => {
    expect(JSON.stringify(manifest.exports)).not.toContain('*')
  })

  // A child's entry listens to its host from its first line on; nothing but a child imports it.
  test.each(subpaths.filter((path) => !/worker-entry|json/.test(path)))(
    'importing %s prints nothing, and leaves no process and no handle behind',
    async (subpath) => {
      cpSync(join(FIXTURES, 'imports.mjs'), join(folder, 'imports.mjs'))
      const { code, stdout, stderr } = await node(['imports.mjs', subpath.replace('.', 'latchkey')], folder)
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '[]\n', stderr: '' })
    },
  )

  test('of the package: every subpath resolves, by import and by require, and no other does', async () => {
    const specifiers = subpaths.map((path) => path.replace('.', 'latchkey'))
    const script = `
      import { createRequire } from 'node:module'
      import { existsSync } from 'node:fs'
      const require = createRequire(import.meta.url)
      for (const name of ${JSON.stringify(specifiers)}) {
        if (!existsSync(new URL(import.meta.resolve(name))) || !existsSync(require.resolve(name))) console.log(name)
      }
      for (const name of ['latchkey/dist/index.js', 'latchkey/src/index.ts', 'latchkey/stores']) {
        try {
          import.meta.resolve(name)
          console.log(name)
        } catch (error) {
          if (error.code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw error
        }
      }`
    const { code, stdout, stderr } = await node(['--input-type=module', '-e', script], folder)
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  test.each([
    ['latchkey', 'createRegistry'],
    ['latchkey/schemas', 'pemCertificate'],
    ['latchkey/stores/postgres', 'postgresStore'],
    ['latchkey/stores/redis', 'redisStore'],
    ['latchkey/stores/directory', 'directoryStore'],
    ['latchkey/stores/vault', 'vaultStore'],
    ['latchkey/stores/aws', 'awsStore'],
    ['latchkey/stores/etcd', 'etcdStore'],
  ])('of %s are the same names in a host and in a child', async (specifier, name) => {
    const script = `console.log(Object.keys(await import('${specifier}')).sort().join())`
    const args = ['--input-type=module', '-e', script]
    const host = await node(args, folder)
    const child = await node(['--conditions=latchkey-child', ...args], folder)
    expect(host.stdout).toContain(name)
    expect(child.stdout).toBe(host.stdout)
  })

  test.each([
    ['latchkey', 'sealedStore(memoryStore())', 'sealedStore, memoryStore'],
    ['latchkey/stores/postgres', 'postgresStore({ client: {} })', 'postgresStore'],
    ['latchkey/stores/redis', 'redisStore({ client: {} })', 'redisStore'],
    ['latchkey/stores/directory', "directoryStore({ path: '/etc/secrets' })", 'directoryStore'],
    ['latchkey/stores/vault', "vaultStore({ address: 'https://vault.example.org:8200', token: 'x' })", 'vaultStore'],
    ['latchkey/stores/aws', "awsStore({ region: 'eu-central-1' })", 'awsStore'],
    ['latchkey/stores/etcd', "etcdStore({ address: 'http://127.0.0.1:2379' })", 'etcdStore'],
  ])('of %s make stores inside a child that fail with STORE_IN_CHILD', async (specifier, made, names) => {
    const script = `
      import { ${names} } from '${specifier}'
      await ${made}.get('a').catch(({ code }) => console.log(code))`
    const args = ['--conditions=latchkey-child', '--input-type=module', '-e', script]
    expect((await node(args, folder)).stdout).toBe('STORE_IN_CHILD\n')
  })

  test('of the AWS store needs no SDK before its first use, which then says what to install', async () => {
    const script = `
      import { awsStore } from 'latchkey/stores/aws'
      const store = awsStore({ region: 'eu-central-1' })
      await store.get('a').catch(({ code, hint }) => console.log(code, hint))`
    const { stdout } = await node(['--input-type=module', '-e', script], folder)
    expect(stdout).toBe('INVALID npm install @aws-sdk/client-secrets-manager\n')
  })
})

async function bundle(
  cwd: string,
  entries: readonly string[],
  options: { minify?: boolean; external?: string[]; outdir?: string },
): Promise<void> {
  await build({
    absWorkingDir: cwd,
    entryPoints: [...entries],
    bundle: true,
    splitting: entries.length > 1,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    outdir: 'out',
    logLevel: 'silent',
    ...options,
  })
}
