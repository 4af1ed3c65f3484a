/** What each entry of the package, and each command of its bin, may cost the process that loads it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/commands.ts'
import { builtFiles, DIST, loadedByBin, loadedWith } from '../helpers/built-package.ts'
import type { Loaded } from '../helpers/built-package.ts'
import type { MaybePromise } from '../../src/store.ts'
import { ROOT } from '../helpers/packed-package.ts'

/**
 * The limits: who, the most bytes (minified and gzipped, without packages of others), what of others is loaded with it, and what
 * when it is needed. A figure that a change moves on purpose is changed here, in the same commit.
 */
const LIMITS: readonly (readonly [name: string, bytes: number, imports: string, later?: string])[] = [
  [
    'latchkey',
    84_200,
    '@noble/ciphers mustache node:async_hooks node:child_process node:crypto node:diagnostics_channel node:events node:fs node:fs/promises node:module node:os node:path node:stream node:string_decoder node:timers/promises node:url node:util node:v8 tinypool zod',
    'node:worker_threads',
  ],
  ['latchkey in a child', 6_300, 'node:async_hooks node:child_process node:module node:path node:url'],
  ['latchkey/template', 14_600, 'mustache'],
  ['latchkey/call', 3_700, 'node:async_hooks node:child_process'],
  ['latchkey/redact', 9_700, 'node:stream node:util'],
  ['latchkey/schemas', 7_500, '', 'node:crypto'],
  ['latchkey/errors', 2_500, ''],
  [
    'latchkey/testing',
    28_800,
    'node:assert/strict node:child_process node:crypto node:diagnostics_channel node:events node:fs node:module node:os node:path node:stream node:timers/promises node:util',
  ],
  [
    'latchkey/stores/aws',
    14_600,
    'node:crypto node:path node:timers/promises node:url',
    '@aws-sdk/client-secrets-manager',
  ],
  ['latchkey/stores/aws in a child', 2_800, ''],
  ['latchkey/stores/postgres', 24_400, '@noble/ciphers node:crypto node:fs node:path node:url'],
  ['latchkey/stores/postgres in a child', 2_800, ''],
  ['latchkey/stores/directory', 10_900, 'node:buffer node:crypto node:fs node:path node:url'],
  ['latchkey/stores/directory in a child', 2_800, ''],
  ['latchkey/stores/vault', 14_800, 'node:fs/promises node:path node:timers/promises node:url'],
  ['latchkey/stores/vault in a child', 2_800, ''],
  ['latchkey/stores/redis', 24_800, '@noble/ciphers node:crypto node:fs node:path node:timers/promises node:url'],
  ['latchkey/stores/redis in a child', 2_800, ''],
  ['latchkey/stores/etcd', 26_900, '@noble/ciphers node:crypto node:fs node:path node:timers/promises node:url'],
  ['latchkey/stores/etcd in a child', 2_800, ''],
  [
    'latchkey/worker-entry',
    10_300,
    'node:async_hooks node:child_process node:fs node:module node:net node:path node:url node:util node:v8',
    'node:worker_threads',
  ],
  ['rehearsal', 200, ''],
  ['cli-collecting', 5_600, 'node:async_hooks node:child_process node:module node:os node:path node:url'],
  ['cli', 11_700, 'node:fs node:path node:url node:util'],
  ['cli init', 13_600, 'node:fs node:path node:url node:util'],
  ['cli set', 13_000, 'node:fs node:path node:url node:util'],
  ['cli unset', 12_700, 'node:fs node:path node:url node:util'],
  ['cli get', 11_700, 'node:fs node:path node:url node:util'],
  ['cli list', 11_700, 'node:fs node:path node:url node:util'],
  ['cli show', 11_700, 'node:fs node:path node:url node:util'],
  ['cli rm', 14_200, 'node:fs node:path node:readline node:tty node:url node:util'],
  ['cli history', 12_200, 'node:fs node:path node:url node:util'],
  ['cli rollback', 12_300, 'node:fs node:path node:url node:util'],
  ['cli import', 17_200, 'node:fs node:path node:url node:util'],
  ['cli export', 16_300, 'node:crypto node:fs node:path node:url node:util'],
  ['cli rotate-key', 38_800, 'node:crypto node:fs node:os node:path node:url node:util'],
  ['cli passphrase', 38_000, 'node:crypto node:fs node:os node:path node:url node:util'],
  ['cli recipients list', 12_100, 'node:fs node:path node:url node:util'],
  ['cli recipients add', 38_000, 'node:crypto node:fs node:os node:path node:url node:util'],
  ['cli recipients rm', 12_200, 'node:fs node:path node:url node:util'],
  ['cli doctor', 21_700, 'node:child_process node:fs node:net node:os node:path node:url node:util'],
  ['cli run', 16_600, 'node:child_process node:fs node:net node:os node:path node:url node:util'],
  ['cli inject', 24_700, 'mustache node:crypto node:fs node:path node:url node:util'],
  ['cli check', 14_700, 'node:child_process node:crypto node:fs node:path node:url node:util'],
  ['cli manifest', 14_800, 'node:child_process node:crypto node:fs node:path node:url node:util'],
  ['cli help', 11_900, 'node:fs node:path node:url node:util'],
  ['cli completion', 12_600, 'node:fs node:path node:url node:util'],
]
/** A limit that is further away than this keeps nothing. */
const SLACK = 1.2
const SLACK_BYTES = 200

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  exports: Record<string, string | Record<string, string>>
  dependencies: Record<string, string>
  peerDependencies: Record<string, string>
}

/** What is loaded for each name of the table. */
function entries(): ReadonlyMap<string, () => MaybePromise<Loaded>> {
  const found = new Map<string, () => MaybePromise<Loaded>>()
  for (const [path, target] of Object.entries(manifest.exports)) {
    if (typeof target === 'string') continue
    const name = path.replace('.', 'latchkey')
    for (const [condition, file] of Object.entries(target)) {
      if (condition === 'types') continue
      const files = [file.replace('./dist/', '')]
      found.set(condition === 'default' ? name : `${name} in a child`, () => loadedWith(files))
    }
  }
  for (const name of ['rehearsal', 'cli-collecting']) found.set(name, () => loadedWith([`${name}.js`]))
  found.set('cli', () => loadedByBin([]))
  for (const command of Object.keys(COMMANDS)) found.set(`cli ${command}`, () => loadedByBin(command.split(' ')))
  return found
}

const loadings = entries()

test('every entry of the package and every command of its bin has a limit', () => {
  expect(LIMITS.map(([name]) => name).sort()).toEqual([...loadings.keys()].sort())
})

describe.each(LIMITS.map((row) => ({ row })))('$row.0', ({ row: [name, limit, imports, later = ''] }) => {
  test('loads what it may, and no more than it may', async () => {
    const loaded = await loadings.get(name)?.()
    if (loaded === undefined) throw new Error(`nothing loads ${name}`)
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
