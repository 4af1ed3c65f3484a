import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as schemas from '../../src/schemas/index.ts'
import { node, ROOT, temporaryFolder } from '../helpers/packed-package.ts'

const page = readFileSync(join(ROOT, 'docs/typed-secrets.md'), 'utf8')
/** The programs of the page, by the names in their first lines. */
const programs = new Map(
  [...page.matchAll(/^```ts\n\/\/ (\S+\.ts)\n([\s\S]*?)^```$/gm)].map(([, file = '', text = '']) => [file, text]),
)
const [, output] = /^```text\n([\s\S]*?)^```$/m.exec(page) ?? []

const { folder, remove } = temporaryFolder()
beforeAll(() => {
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(ROOT, join(folder, 'node_modules/latchkey'))
  for (const name of ['tsx', 'zod', '@types'])
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name))
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  for (const [file, text] of programs) writeFileSync(join(folder, file), text)
})
afterAll(remove)

test('the programs of the page print what the page says', async () => {
  expect([...programs.keys()]).toEqual(['integrations.ts', 'main.ts'])
  const { code, stdout } = await node(['--import', 'tsx', 'main.ts'], folder)
  expect(stdout).toBe(output)
  expect(code).toBe(0)
})

test('the programs of the page have no type errors', () => {
  const program = ts.createProgram([join(folder, 'main.ts')], {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
    typeRoots: [join(folder, 'node_modules/@types')],
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  })
  const found = ts.getPreEmitDiagnostics(program)
  expect(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([])
})

test('the page lists each ready-made schema with its codes, and no others', () => {
  const rows = [...page.matchAll(/^\| `(\w+)\([^|]*\| [^|]*\| ([^|]*) \|$/gm)]
  expect(rows.map(([, name]) => name).sort()).toEqual(Object.keys(schemas).sort())
  const files = ['base64', 'certificate', 'json', 'jwt', 'one-of', 'private-key', 'ssh', 'url']
  const sources = files.map((name) => readFileSync(join(ROOT, `src/schemas/${name}.ts`), 'utf8')).join('\n')
  const codes = new Set([...sources.matchAll(/\bcode: '(\w+)'/g)].map(([, code]) => code))
  const listed = rows.flatMap(([, , text = '']) => [...text.matchAll(/`(\w+)`/g)].map(([, code]) => code))
  expect(new Set(listed)).toEqual(new Set([...codes, 'wrong_document']))
})
