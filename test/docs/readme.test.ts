import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { node, ROOT, temporaryFolder } from '../helpers/packed-package.ts'

interface Block {
  readonly language: string
  /** From a first line `// main.ts` or `# secrets.env`. */
  readonly file: string | undefined
  readonly text: string
}

const page = readFileSync(join(ROOT, 'README.md'), 'utf8')
const blocks: Block[] = [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => {
  return { language, file: /^(?:\/\/|#) (\S+\.\w+)\n/.exec(text)?.[1], text }
})
/** Programs, each with the output that the page shows after it. */
const shown = blocks
  .filter(({ language }) => language === 'text')
  .map((output) => {
    const program = blocks.slice(0, blocks.indexOf(output)).findLast(({ language }) => language === 'ts')
    return { file: program?.file ?? '', output: output.text }
  })

const commands = blocks.filter(({ language }) => language === 'sh').flatMap(({ text }) => text.split('\n'))
/** What the reader types at each prompt of `latchkey set`. */
const typed: Readonly<Record<string, string>> = {
  GH_ACCESS_TOKEN: 'made-up-github-token',
  GH_USERNAME: 'made-up-octocat',
  DATADOG_API_KEY: 'made-up-datadog-key',
}

const { folder, remove } = temporaryFolder()
beforeAll(() => {
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(ROOT, join(folder, 'node_modules/latchkey'))
  symlinkSync(join(ROOT, 'node_modules/tsx'), join(folder, 'node_modules/tsx'))
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  for (const { file, text } of blocks) if (file !== undefined) writeFileSync(join(folder, file), text)
  for (const line of commands.filter((command) => command.startsWith('npx latchkey '))) {
    const args = line.split(' ').slice(2)
    execFileSync(process.execPath, [join(ROOT, 'dist/cli.cjs'), ...args], {
      cwd: folder,
      input: typed[args[2] ?? ''] ?? '',
    })
  }
})
afterAll(remove)

test.each(shown)('README: $file prints what the page says', async ({ file, output }) => {
  const ran = await node(['--import', 'tsx', file], folder)
  expect(ran.stdout).toBe(output)
  expect(ran.code).toBe(0)
})

test('README: every program is run, by itself or by one that imports it', () => {
  const ran = shown.map(({ file }) => file)
  const imported = blocks.flatMap(({ text }) =>
    [...text.matchAll(/from '\.\/(\w+)\.js'/g)].map(([, name]) => `${name}.ts`),
  )
  for (const { language, file } of blocks) if (language === 'ts') expect([...ran, ...imported]).toContain(file)
})

test('README: every script that it names exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const named = commands.flatMap((line) => [...line.matchAll(/npm (?:run )?(test|quickstart)$/g)])
  const names = named.map(([, name = '']) => name)
  expect(names).toEqual(['quickstart', 'test'])
  for (const name of names) expect(scripts).toHaveProperty(name)
})

test('README: it has under 200 lines, and the pages that it links to are there', () => {
  expect(page.split('\n').length).toBeLessThan(200)
  const beside = [...page.matchAll(/\]\(([\w/-]+\.md)\)/g)].map(([, path = '']) => path)
  expect(beside).toContain('SECURITY.md')
  for (const path of beside) expect(existsSync(join(ROOT, path)), path).toBe(true)
})
