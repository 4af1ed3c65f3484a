import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { breaches, loadedPackages } from './helpers/house-rules.ts'

const SRC = fileURLToPath(new URL('../src/', import.meta.url))
const sources = Object.fromEntries(
  readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts'))
    .map((path) => [path, readFileSync(`${SRC}${path}`, 'utf8')]),
)

test('each file of src imports only from below, packages stand where they belong, and nothing is exported by *', () => {
  expect(Object.keys(sources)).toContain('errors.ts')
  expect(breaches(sources)).toEqual([])
})

test('the ready-made schemas load no package, and no module of Node before they are asked', () => {
  expect(loadedPackages(sources, 'schemas/index.ts')).toEqual([])
  const files = Object.entries(sources).filter(([path]) => path.startsWith('schemas/'))
  expect(files.length).toBeGreaterThan(8)
  for (const [path, text] of files) expect(text, path).not.toMatch(/from 'node:/)
})

test('the template resolver loads mustache alone', () => {
  expect(loadedPackages(sources, 'template/index.ts').filter((name) => name !== 'mustache')).toEqual([])
})

test("what stores on engines load is the ciphers alone: the client is the user's", () => {
  expect(loadedPackages(sources, 'stores/postgres.ts')).toEqual(['@noble/ciphers'])
  expect(loadedPackages(sources, 'stores/redis.ts')).toEqual(['@noble/ciphers'])
  expect(loadedPackages(sources, 'stores/etcd.ts')).toEqual(['@noble/ciphers'])
})

test.each(['stores/directory.ts', 'stores/vault.ts', 'stores/aws.ts'])('%s loads no package at all', (path) => {
  expect(loadedPackages(sources, path)).toEqual([])
})

test('what children load has no zod, no cipher, no mustache and no Tinypool', () => {
  expect(loadedPackages(sources, 'child.ts')).toEqual([])
  expect(loadedPackages(sources, 'stores/postgres-in-child.ts')).toEqual([])
  expect(loadedPackages(sources, 'stores/redis-in-child.ts')).toEqual([])
  expect(loadedPackages(sources, 'stores/directory-in-child.ts')).toEqual([])
  expect(loadedPackages(sources, 'stores/vault-in-child.ts')).toEqual([])
  expect(loadedPackages(sources, 'stores/aws-in-child.ts')).toEqual([])
  expect(loadedPackages(sources, 'stores/etcd-in-child.ts')).toEqual([])
  // Tinypool loads the entry in the child; the entry must not load Tinypool.
  expect(loadedPackages(sources, 'worker/entry.ts')).toEqual([])
})

describe('the rules themselves', () => {
  const rule = (path: string, text: string) => breaches({ [path]: text })

  test.each([
    ['a lower floor', 'stores/memory.ts', "import { a } from '../secret.ts'"],
    ['the same folder', 'stores/memory.ts', "import { a } from './answer.ts'"],
    ['a deeper folder of the same part', 'testing/index.ts', "import { a } from './suite/get.ts'"],
    ['call from worker', 'worker/entry.ts', "import { a } from '../call.ts'"],
    ['zod in registry', 'registry/check.ts', "import { z } from 'zod'"],
    ['a built-in module', 'errors.ts', "import { a } from 'node:util'"],
  ])('allow %s', (_, path, text) => {
    expect(rule(path, text)).toEqual([])
  })

  test.each([
    ['a higher floor', 'errors.ts', "import { a } from './secret.ts'", 'errors.ts imports secret.ts'],
    [
      'a higher floor for its types',
      'store.ts',
      "import type { A } from './stores/memory.ts'",
      'store.ts imports stores/memory.ts',
    ],
    [
      'a neighbour',
      'template/tag.ts',
      "import { a } from '../redact/index.ts'",
      'template/tag.ts imports redact/index.ts',
    ],
    [
      'a dynamic import',
      'stores/file.ts',
      "await import('../registry/index.ts')",
      'stores/file.ts imports registry/index.ts',
    ],
    ['an import type', 'secret.ts', "type A = import('./store.ts').A", 'secret.ts imports store.ts'],
    ['a re-export', 'worker/a.ts', "export { a } from '../index.ts'", 'worker/a.ts imports index.ts'],
    ['zod in the worker', 'worker/entry.ts', "import * as z from 'zod/mini'", 'worker/entry.ts imports zod/mini'],
    ['a cipher outside crypto', 'stores/file.ts', "import { a } from '@noble/ciphers/chacha.js'", 'belongs to crypto'],
    ['export *', 'index.ts', "export * from './errors.ts'", 'index.ts has export *'],
    ['export * as', 'index.ts', "export * as errors from './errors.ts'", 'index.ts has export *'],
    ['a part that is not in the plan', 'utils/a.ts', '', 'utils/a.ts stands on no floor'],
  ])('refuse %s', (_, path, text, breach) => {
    expect(rule(path, text).join()).toContain(breach)
  })

  test('follow imports to the packages that they load, but not those for types', () => {
    const graph = {
      'a.ts': "import { b } from './b/index.ts'\nimport type { C } from './c.ts'\nimport 'node:fs'",
      'b/index.ts': "export { z } from 'zod/v4'\nimport { a } from '../a.ts'",
      'c.ts': "import 'mustache'",
    }
    expect(loadedPackages(graph, 'a.ts')).toEqual(['zod'])
  })
})
