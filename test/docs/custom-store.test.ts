import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { linkPackages, node, temporaryFolder } from '../helpers/packed-package.ts'
import { outputOf, programFilesOf } from '../helpers/page-blocks.ts'

const programs = programFilesOf('docs/custom-store.md')
const output = outputOf('docs/custom-store.md')

const { folder, remove } = temporaryFolder()
beforeAll(() => {
  linkPackages(folder, 'tsx')
  for (const [file, text] of programs) writeFileSync(join(folder, file), text)
})
afterAll(remove)

test('the page has a whole store, in about thirty lines, and its tests', () => {
  expect([...programs.keys()]).toEqual(['kv-store.ts', 'kv-store.test.ts', 'outage.ts'])
  const lines =
    programs
      .get('kv-store.ts')
      ?.split('\n')
      .filter((line) => line !== '') ?? []
  expect(lines.length).toBeLessThanOrEqual(35)
})

test('the store of the page passes the suite as the page runs it', async () => {
  const { code, stdout } = await node(['--import', 'tsx', '--test', '--test-reporter=tap', 'kv-store.test.ts'], folder)
  expect(stdout).toMatch(/^# fail 0$/m)
  expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(90)
  expect(code).toBe(0)
})

test('the program that fails on purpose prints what the page says', async () => {
  const { code, stdout } = await node(['--import', 'tsx', 'outage.ts'], folder)
  expect(stdout).toBe(output)
  expect(code).toBe(0)
})
