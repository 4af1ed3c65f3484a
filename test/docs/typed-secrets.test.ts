import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as schemas from '../../src/schemas/index.ts'
import { linkPackages, node, ROOT, temporaryFolder } from '../helpers/packed-package.ts'
import { outputOf, programFilesOf, typeErrors } from '../helpers/page-blocks.ts'

const page = readFileSync(join(ROOT, 'docs/typed-secrets.md'), 'utf8')
const programs = programFilesOf('docs/typed-secrets.md')
const output = outputOf('docs/typed-secrets.md')

const { folder, remove } = temporaryFolder()
beforeAll(() => {
  linkPackages(folder, 'tsx', 'zod', '@types')
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
  expect(typeErrors(folder, ['main.ts'])).toEqual([])
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
