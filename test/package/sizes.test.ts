/** What each entry of the package, and each command of its bin, may cost the process that loads it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/commands.ts'
import { builtFiles, commandFiles, DIST, loadedWith } from '../helpers/built-package.ts'
import { ROOT } from '../helpers/packed-package.ts'

/**
 * The limits: who, the most bytes (minified and gzipped, without packages of others), what of others is loaded with it, and what
 * when it is needed. A figure that a change moves on purpose is changed here, in the same commit.
 */
const LIMITS: readonly (readonly [name: string, bytes: number, imports: string, later?: string])[] = [
  [
    'latchkey',
    82_500,
    '@noble/ciphers mustache node:async_hooks node:child_process node:crypto node:diagnostics_channel node:fs node:fs/promises node:module node:os node:path node:stream node:stream/web node:string_decoder node:timers/promises node:url node:util node:v8 node:worker_threads tinypool zod',
  ],
  ['latchkey in a child', 5_800, 'node:async_hooks node:child_process node:module node:path node:url'],
  ['latchkey/template', 14_600, 'mustache'],
  ['latchkey/call', 3_600, 'node:async_hooks node:child_process'],
  ['latchkey/redact', 9_700, 'node:stream node:stream/web node:util'],
  ['latchkey/schemas', 7_500, '', 'node:crypto'],
  ['latchkey/errors', 2_500, ''],
  [
    'latchkey/testing',
    28_800,
    'node:assert/strict node:child_process node:crypto node:diagnostics_channel node:events node:fs node:module node:os node:path node:stream node:stream/web node:timers/promises node:util',
  ],
  [
    'latchkey/stores/aws',
    14_600,
    'node:crypto node:path node:timers/promises node:url',
    '@aws-sdk/client-secrets-manager',
  ],
  ['latchkey/stores/aws in a child', 2_800, ''],
  [
    'latchkey/stores/postgres',
    24_400,
    '@noble/ciphers node:crypto node:fs node:os node:path node:url node:worker_threads',
  ],
  ['latchkey/stores/postgres in a child', 2_800, ''],
  ['latchkey/stores/directory', 10_900, 'node:buffer node:crypto node:fs node:path node:url'],
  ['latchkey/stores/directory in a child', 2_800, ''],
  ['latchkey/stores/vault', 14_800, 'node:fs/promises node:path node:timers/promises node:url'],
  ['latchkey/stores/vault in a child', 2_800, ''],
  [
    'latchkey/stores/redis',
    24_800,
    '@noble/ciphers node:crypto node:fs node:os node:path node:timers/promises node:url node:worker_threads',
  ],
  ['latchkey/stores/redis in a child', 2_800, ''],
  [
    'latchkey/stores/etcd',
    26_900,
    '@noble/ciphers node:crypto node:fs node:os node:path node:timers/promises node:url node:worker_threads',
  ],
  ['latchkey/stores/etcd in a child', 2_800, ''],
  [
    'latchkey/worker-entry',
    8_900,
    'node:async_hooks node:child_process node:fs node:module node:net node:path node:url node:util node:v8',
  ],
  ['rehearsal', 200, ''],
  ['cli-collecting', 3_100, 'node:async_hooks node:module node:os node:url'],
  ['cli', 5_800, 'node:util', 'node:fs/promises'],
  ['cli init', 8_800, 'node:fs node:path node:util', 'node:fs/promises'],
  ['cli set', 9_300, 'node:fs node:path node:util', 'node:fs/promises'],
  ['cli unset', 9_000, 'node:fs node:path node:util', 'node:fs/promises'],
  ['cli get', 9_200, 'node:fs node:path node:util', 'node:fs/promises'],
  ['cli list', 10_000, 'node:fs node:path node:util', 'node:fs/promises'],
  ['cli show', 9_000, 'node:fs node:path node:util', 'node:fs/promises'],
  ['cli rm', 10_300, 'node:fs node:path node:readline node:tty node:util', 'node:fs/promises'],
  ['cli history', 9_600, 'node:fs node:path node:util', 'node:fs/promises'],
  ['cli rollback', 8_800, 'node:fs node:path node:util', 'node:fs/promises'],
  ['cli import', 13_200, 'node:fs node:path node:util', 'node:fs/promises'],
  ['cli export', 12_200, 'node:crypto node:fs node:path node:util', 'node:fs/promises'],
  ['cli rotate-key', 14_400, 'node:crypto node:fs node:os node:path node:util node:worker_threads', 'node:fs/promises'],
  ['cli passphrase', 13_600, 'node:crypto node:fs node:os node:path node:util node:worker_threads', 'node:fs/promises'],
  ['cli recipients list', 8_200, 'node:fs node:path node:util', 'node:fs/promises'],
  [
    'cli recipients add',
    13_700,
    'node:crypto node:fs node:os node:path node:util node:worker_threads',
    'node:fs/promises',
  ],
  ['cli recipients rm', 7_600, 'node:fs node:path node:util', 'node:fs/promises'],
  ['cli doctor', 12_400, 'node:child_process node:fs node:path node:util', 'node:fs/promises'],
  [
    'cli run',
    19_500,
    'node:child_process node:fs node:os node:path node:stream node:stream/web node:tty node:util',
    'node:fs/promises',
  ],
  ['cli inject', 21_200, 'mustache node:crypto node:fs node:path node:util', 'node:fs/promises'],
  ['cli check', 10_000, 'node:child_process node:crypto node:fs node:path node:url node:util', 'node:fs/promises'],
  ['cli manifest', 10_100, 'node:child_process node:crypto node:fs node:path node:url node:util', 'node:fs/promises'],
  ['cli help', 5_900, 'node:util', 'node:fs/promises'],
  ['cli completion', 6_600, 'node:util', 'node:fs/promises'],
]
/** A limit that is further away than this keeps nothing. */
const SLACK = 1.2
const SLACK_BYTES = 200

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  exports: Record<string, string | Record<string, string>>
  dependencies: Record<string, string>
  peerDependencies: Record<string, string>
}

/** The files that each name of the table starts with. */
function entries(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>()
  for (const [path, target] of Object.entries(manifest.exports)) {
    if (typeof target === 'string') continue
    const name = path.replace('.', 'latchkey')
    for (const [condition, file] of Object.entries(target)) {
      if (condition === 'types') continue
      found.set(condition === 'default' ? name : `${name} in a child`, [file.replace('./dist/', '')])
    }
  }
  for (const name of ['rehearsal', 'cli-collecting', 'cli']) found.set(name, [`${name}.js`])
  for (const [command, files] of commandFiles()) found.set(`cli ${command}`, files)
  return found
}

const files = entries()

test('every entry of the package and every command of its bin has a limit', () => {
  expect([...commandFiles().keys()]).toEqual(Object.keys(COMMANDS))
  expect(LIMITS.map(([name]) => name).sort()).toEqual([...files.keys()].sort())
})

describe.each(LIMITS.map((row) => ({ row })))('$row.0', ({ row: [name, limit, imports, later = ''] }) => {
  test('loads what it may, and no more than it may', async () => {
    const loaded = await loadedWith(files.get(name) ?? [])
    expect(loaded.imports.join(' '), `what ${name} loads`).toBe(imports)
    expect(loaded.later.join(' '), `what ${name} loads when it needs it`).toBe(later)
    expect(loaded.bytes, `bytes of ${name}`).toBeLessThanOrEqual(limit)
    expect(limit, `limit of ${name}, which has ${loaded.bytes} bytes`).toBeLessThan(loaded.bytes * SLACK + SLACK_BYTES)
  })
})

test('the package declares the packages that its programs import, and no others', async () => {
  const imported = new Set<string>()
  const { imports, later } = await loadedWith(Object.keys(builtFiles()))
  for (const name of [...imports, ...later]) if (!name.startsWith('node:')) imported.add(name)
  const declared = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)]
  expect([...imported].sort()).toEqual(declared.sort())
})

test("the types of the package are built of its dependencies' and Node's alone", () => {
  const types = readdirSync(DIST, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.d.ts'))
  expect(types.length).toBeGreaterThan(10)
  for (const file of types) {
    const { importedFiles } = ts.preProcessFile(readFileSync(join(DIST, file), 'utf8'))
    for (const { fileName } of importedFiles) {
      const own = fileName.startsWith('./') || fileName.startsWith('../') || fileName.startsWith('node:')
      expect(own || fileName in manifest.dependencies, `${file} imports ${fileName}`).toBe(true)
    }
  }
})
