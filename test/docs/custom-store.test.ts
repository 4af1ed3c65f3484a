import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { node, ROOT, temporaryFolder } from '../helpers/packed-package.ts'

const page = readFileSync(join(ROOT, 'docs/custom-store.md'), 'utf8')
/** The programs of the page, by the names in their first lines. */
const programs = new Map(
  [...page.matchAll(/^```ts\n\/\/ (\S+\.ts)\n([\s\S]*?)^```$/gm)].map(([, file = '', text = '']) => [file, text]),
)
const [, output] = /^```text\n([\s\S]*?)^```$/m.exec(page) ?? []

const { folder, remove } = temporaryFolder()
beforeAll(() => {
  mkdirSync(join(folder, 'node_modules'))
  for (const [name, target] of [
    ['latchkey', ROOT],
    ['tsx', join(ROOT, 'node_modules/tsx')],
  ] as const) {
    symlinkSync(target, join(folder, 'node_modules', name))
  }
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
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
}, 60_000)

test('the program that fails on purpose prints what the page says', async () => {
  const { code, stdout } = await node(['--import', 'tsx', 'outage.ts'], folder)
  expect(stdout).toBe(output)
  expect(code).toBe(0)
})
