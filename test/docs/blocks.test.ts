/**
 * Every code block of the README and the pages is run, compiled or read. How is told by what stands behind its language:
 *
 * - `ts`: it compiles. `ts run`: it also runs, and prints what a `text` block right after it says, or the comments behind
 *   its `console.log`s.
 * - `sh`: a shell can read it, and what it names of this package exists. `sh run`: it runs, in order with the page's programs.
 * - `json`: it parses. `text`, and files of other programs (`yaml`, `ini`, `hcl`): they are shown, not run.
 *
 * The blocks of one page share a folder; a first line `// integrations.ts` names a block's file there. A comment
 * `<!-- given: … -->` right before a block holds what the block takes as given; only the compiler sees it. A comment
 * `<!-- file NAME: … -->` is a file beside the programs that the page does not show.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { blocksOf, hiddenFilesOf, PAGES, typeErrors, type Block } from '../helpers/page-blocks.ts'
import { ROOT, run, temporaryFolder } from '../helpers/packed-package.ts'

/** Pages with a test of their own, and the languages that it runs and this one leaves to it. */
const OWN: Readonly<Record<string, { readonly test: string; readonly languages: readonly string[] }>> = {
  'README.md': { test: 'test/docs/readme.test.ts', languages: ['sh'] },
  'docs/template.md': { test: 'test/template/documentation.test.ts', languages: ['json'] },
  'docs/stores/aws.md': { test: 'test/docs/aws.test.ts', languages: ['ts', 'json'] },
  'docs/stores/directory.md': { test: 'test/docs/directory.test.ts', languages: ['ts'] },
  'docs/stores/etcd.md': { test: 'test/docs/sealed-stores.test.ts', languages: ['ts'] },
  'docs/stores/postgres.md': { test: 'test/docs/sealed-stores.test.ts', languages: ['ts'] },
  'docs/stores/redis.md': { test: 'test/docs/redis.test.ts', languages: ['ts'] },
  'docs/stores/sealed.md': { test: 'test/docs/sealed-stores.test.ts', languages: ['ts'] },
  'docs/stores/vault.md': { test: 'test/docs/vault.test.ts', languages: ['ts'] },
}
/** Every way in which a block may be marked. */
const WAYS = ['ts', 'ts run', 'sh', 'sh run', 'json', 'text', 'yaml', 'ini', 'hcl', '']

const blocks = PAGES.flatMap(blocksOf).filter(({ page, language }) => !OWN[page]?.languages.includes(language))
const of = (language: string) => blocks.filter((block) => block.language === language)
const where = ({ page, line }: Block) => `${page}:${line}`
const folderOf = (page: string) => page.replaceAll('/', '_').replace(/\.md$/, '')
const fileOf = ({ page, line, file }: Block) => join(folderOf(page), file ?? `line-${line}.ts`)

const compiled = (file: string) => join('compiled', file).replace(/\.ts$/, '.js')

const { folder, remove } = temporaryFolder()
beforeAll(() => {
  linkPackages()
  for (const page of new Set(blocks.map((block) => block.page))) {
    mkdirSync(join(folder, folderOf(page)))
    mkdirSync(join(folder, 'compiled', folderOf(page)), { recursive: true })
    for (const [name, text] of hiddenFilesOf(page)) write(join(folderOf(page), name), text)
  }
  for (const block of blocks.filter(({ language, file }) => language === 'ts' || file !== undefined)) {
    write(fileOf(block), block.text)
  }
})
afterAll(remove)

/** Writes a file; what a program becomes as JavaScript, which starts faster than by a loader, goes into a folder beside. */
function write(file: string, text: string): void {
  const module = file.endsWith('.ts') ? `export {}\n${text}` : text
  writeFileSync(join(folder, file), module)
  if (!file.endsWith('.ts')) return
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext }
  writeFileSync(join(folder, compiled(file)), ts.transpileModule(module, { compilerOptions }).outputText)
}

/** Puts what a reader has installed into the folder: this package, and those that it is developed with. */
function linkPackages(): void {
  mkdirSync(join(folder, 'node_modules'))
  mkdirSync(join(folder, 'bin'))
  for (const name of readdirSync(join(ROOT, 'node_modules')).filter((entry) => !entry.startsWith('.'))) {
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name))
  }
  symlinkSync(ROOT, join(folder, 'node_modules/latchkey'))
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  // `latchkey set` asks for a value, which this answers; everything else is run as it is.
  const npx = `#!/bin/sh
program=$1
shift
if [ "$program" != latchkey ]; then exec "${join(ROOT, 'node_modules/.bin')}/$program" "$@"; fi
if [ "$1" = set ]; then printf 'made-up-%s\\n' "$3" | "${process.execPath}" "${join(ROOT, 'dist/cli.cjs')}" "$@"; exit; fi
exec "${process.execPath}" "${join(ROOT, 'dist/cli.cjs')}" "$@"
`
  writeFileSync(join(folder, 'bin/npx'), npx)
  chmodSync(join(folder, 'bin/npx'), 0o755)
}

describe('the pages', () => {
  test('have no block that nothing takes up', () => {
    const unknown = blocks.filter(({ language, mark }) => !WAYS.includes(`${language} ${mark}`.trim()))
    expect(unknown.map((block) => `${where(block)} ${block.language} ${block.mark}`)).toEqual([])
  })

  test.each(Object.entries(OWN))(
    '%s has programs, which a test of its own reads',
    (page, { test: file, languages }) => {
      expect(readFileSync(join(ROOT, file), 'utf8')).toContain(page.slice(page.lastIndexOf('/') + 1))
      for (const language of languages) expect(blocksOf(page).map((block) => block.language)).toContain(language)
    },
  )
})

/** What a heading is called in a link, as GitHub makes it. */
function anchorsOf(page: string): string[] {
  const text = readFileSync(join(ROOT, page), 'utf8').replaceAll(/^```[^]*?^```$/gm, '')
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

test.each(PAGES)('%s: its links lead to pages and headings that are there', (page) => {
  const text = readFileSync(join(ROOT, page), 'utf8').replaceAll(/^```[^]*?^```$/gm, '')
  for (const [, path = '', anchor] of text.matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]*))?\)/g)) {
    const target = path === '' ? page : join(dirname(page), path)
    expect(existsSync(join(ROOT, target)), target).toBe(true)
    if (anchor !== undefined) expect(anchorsOf(target), `${target}#${anchor}`).toContain(anchor)
  }
})

test('programs compile against the built package', () => {
  const files = of('ts').map((block) => {
    const file = fileOf(block)
    if (block.given === '') return file
    const path = file.replace(/\.ts$/, '.given.ts')
    writeFileSync(join(folder, path), `export {}; ${block.given}\n${block.text}`)
    return path
  })
  expect(files).not.toEqual([])
  expect(typeErrors(folder, files)).toEqual([])
})

test.each(of('json').map((block) => [where(block), block] as const))('%s is JSON', (_, { text }) => {
  expect(() => JSON.parse(text) as unknown).not.toThrow()
})

describe('commands', () => {
  const shell = of('sh')
  const commands = shell.flatMap(({ text }) => text.split('\n'))

  test('can be read by a shell', async () => {
    const whole = shell.map(({ text }) => `(\n${text})\n`).join('')
    expect(await run('sh', ['-n', '-c', whole], folder)).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  test('name scripts and commands that exist', async () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object }
    const named = commands.flatMap((line) => [...line.matchAll(/npm run ([\w:]+)/g)]).map(([, name = '']) => name)
    for (const name of named) expect(scripts).toHaveProperty([name])
    const { stdout: help } = await run(process.execPath, [join(ROOT, 'dist/cli.cjs'), '--help'], ROOT)
    const used = commands.flatMap((line) => [...line.matchAll(/(?:npx |^)latchkey ([a-z]+)/g)])
    expect(used).not.toEqual([])
    for (const [, command = ''] of used) expect(help).toMatch(new RegExp(`^ +(latchkey )?${command}\\b`, 'm'))
  })
})

/** What a program prints by the comments behind its `console.log`. */
function saidBehind(program: string): string {
  return [...program.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, output = '']) => `${output}\n`).join('')
}

const running = PAGES.filter((page) => blocks.some((block) => block.page === page && block.mark === 'run'))

test.each(running)('%s: what it runs prints what it says', async (page) => {
  const cwd = join(folder, folderOf(page))
  const all = blocksOf(page)
  for (const [index, block] of all.entries()) {
    if (block.mark !== 'run') continue
    const next = all[index + 1]
    const path = `PATH=${join(folder, 'bin')}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`
    const program = join(folder, compiled(fileOf(block)))
    const command = block.language === 'ts' ? [process.execPath, program] : ['sh', '-e', '-c', block.text]
    const ran = await run('env', ['-u', 'NODE_ENV', '-u', 'VITEST', path, ...command], cwd)
    const told = `${where(block)}\n${ran.stdout}${ran.stderr}`
    expect(ran.code, told).toBe(0)
    const printed = next?.language === 'text' ? next.text : saidBehind(block.text)
    if (printed !== '') expect(ran.stdout, told).toBe(printed)
  }
})
