import { readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { EXIT } from '../../src/cli/exit-codes.ts'
import { cliPage } from '../helpers/cli-page.ts'

const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')
const program = new URL('../../src/cli/', import.meta.url)

test('docs/cli.md says of each command what its help says; npm run docs:cli writes it', async () => {
  expect(page).toBe(await cliPage(page))
})

test('docs/cli.md tells every exit code, and every code that the command line has of its own', async () => {
  for (const code of Object.values(EXIT)) expect(page).toContain(`\n| ${code} `)
  const files = (await readdir(program, { recursive: true })).filter((name) => name.endsWith('.ts'))
  const texts = await Promise.all(files.map((name) => readFile(new URL(name, program), 'utf8')))
  const codes = texts.flatMap((text) => [...text.matchAll(/new CliError\(\s*'([A-Z_]+)'/g)].map(([, code]) => code))
  for (const code of new Set(codes)) expect(page, code).toContain(`\`${code}\``)
})

test('docs/cli.md tells every kind of store that has an address', () => {
  const text = readFileSync(new URL('stores/open.ts', program), 'utf8')
  const kinds = [...text.matchAll(/^ {2}(\w+): async/gm)].map(([, kind]) => kind)
  expect(kinds.length).toBeGreaterThan(5)
  for (const kind of kinds) expect(page).toContain(`\n| \`${kind}:`)
})
