/** Runs the programs of docs/rotation.md and docs/manifest.md, and holds them to the output that the pages show. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRegistry, fileStore, generateKey, memoryStore } from 'latchkey'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT, run, temporaryFolder } from '../helpers/packed-package.ts'

const { folder, remove } = temporaryFolder()
const key = generateKey()
beforeAll(async () => {
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(ROOT, join(folder, 'node_modules/latchkey'))
  symlinkSync(join(ROOT, 'node_modules/tsx'), join(folder, 'node_modules/tsx'))
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  const store = fileStore({ path: join(folder, 'secrets.latchkey'), key })
  await store.set('github', { GH_ACCESS_TOKEN: 'made-up-1' })
  await store.close()
})
afterAll(remove)

function blocksOf(page: string): { language: string; text: string }[] {
  const text = readFileSync(join(ROOT, 'docs', page), 'utf8')
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', block = '']) => {
    return { language, text: block }
  })
}

test.each([
  ['rotation.md', 'main.ts'],
  ['manifest.md', 'manifest.ts'],
])('docs/%s: its program %s prints what the page shows', async (page, main) => {
  const blocks = blocksOf(page)
  for (const { text } of blocks) {
    const file = /^\/\/ (\S+\.ts)\n/.exec(text)?.[1]
    if (file !== undefined) writeFileSync(join(folder, file), text)
  }
  const output = blocks.find(({ language }) => language === 'text')?.text
  const args = [`LATCHKEY_KEY=${key}`, process.execPath, '--import', 'tsx', main]
  expect(await run('env', args, folder)).toMatchObject({ code: 0, stderr: '', stdout: output })
})

test('docs/rotation.md: a version that holds the previous token too is compared and set, and its function gets both', async () => {
  const [write = '', fn = ''] = blocksOf('rotation.md')
    .filter(({ language, text }) => language === 'ts' && !text.startsWith('//'))
    .map(({ text }) => text)
  const store = memoryStore({ github: { GH_ACCESS_TOKEN: 'made-up-3' } })
  const registry = createRegistry({ store, isolation: 'inline' })
  const program = `${write}\n${fn.replace('export const', 'const')}\nreturn [await either('made-up-4'), await either('made-up-3')]`
  // The page's TypeScript, less its types.
  const plain = program.replaceAll('!', '').replaceAll(': string', '')
  const AsyncFunction = (async () => Promise.resolve()).constructor as new (
    ...parts: string[]
  ) => (...given: unknown[]) => Promise<unknown>
  expect(await new AsyncFunction('store', 'registry', plain)(store, registry)).toEqual([0, 1])
})

test('docs/manifest.md: a report of many scopes is what the page says', async () => {
  const [first] = blocksOf('manifest.md')
  const registry = createRegistry({ store: memoryStore(), missing: 'defer' })
  registry.register({ name: 'f', secrets: ['github'] })(() => 1)
  expect(first?.text).toContain("registry.check({ scopes: ['acme/production', 'acme/staging'] })")
  const { ok, missing } = await registry.check({ scopes: ['acme/production', 'acme/staging'] })
  expect([ok, missing.map(({ scope }) => scope)]).toEqual([false, ['acme/production', 'acme/staging']])
})
