import { rmSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { fileStore } from '../../src/stores/file.ts'
import { cliFolder, cliFolderWithStore } from '../helpers/run-cli.ts'
import type { CliFolder } from '../helpers/run-cli.ts'

const VALUE = 'correct-horse-battery'

async function folderWithSecrets(count = 0): Promise<CliFolder> {
  const folder = await cliFolderWithStore()
  await folder.run(['set', 'my_github_secret', 'GH_ACCESS_TOKEN'], { stdin: VALUE })
  await folder.run(['set', 'my_github_secret', 'GH_USERNAME'], { stdin: VALUE })
  await folder.run(['set', 'a', 'KEY'], { stdin: VALUE })
  await folder.run(['set', 'theirs', 'KEY', '--scope', 'acme'], { stdin: VALUE })
  await using store = fileStore({ path: folder.at('secrets.latchkey') })
  await Promise.all(Array.from({ length: count }, (_, n) => store.set(`many_${n}`, { KEY: VALUE })))
  return folder
}

test('off a terminal, list prints a line for each secret with tabs between its fields, and no value', async () => {
  const folder = await folderWithSecrets()
  const { code, stdout, stderr } = await folder.run(['list'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const fields = '\\t\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\dZ\\t\\S+\\t'
  expect(stdout).toMatch(new RegExp(`^a${fields}KEY\nmy_github_secret${fields}GH_ACCESS_TOKEN,GH_USERNAME\n$`))
})

test('--json prints a JSON object on each line; --scope lists another scope', async () => {
  const folder = await folderWithSecrets()
  const { stdout } = await folder.run(['list', '--json', '--scope', 'acme'])
  const info = JSON.parse(stdout) as Record<string, unknown>
  expect(info).toMatchObject({ name: 'theirs', scope: 'acme', keys: ['KEY'] })
  expect(Object.keys(info).sort()).toEqual(['createdAt', 'keys', 'name', 'scope', 'version'])
  expect(stdout.endsWith('}\n')).toBe(true)
})

test('on a terminal, list prints a table whose columns stand under each other', async () => {
  const folder = await folderWithSecrets()
  const { screen, code } = await folder.onTerminal(['list'], [], 120, { NO_COLOR: '1' })
  const lines = screen.trimEnd().split('\r\n')
  expect(code).toBe(0)
  expect(lines).toHaveLength(3)
  const at = lines[0]!.indexOf('KEYS')
  expect(lines.map((line) => line.slice(at))).toEqual(['KEYS', 'KEY', 'GH_ACCESS_TOKEN, GH_USERNAME'])
})

test('on a narrow terminal the keys are cut where it ends, and the names are whole', async () => {
  const folder = await folderWithSecrets()
  const { screen } = await folder.onTerminal(['list'], [], 70)
  const line = screen.split('\r\n')[2]!
  expect(line).toMatch(/^my_github_secret .*\.\.\.$/)
  expect(line).toHaveLength(70)
})

test('on a terminal of 40 columns each secret is a paragraph, also where there is no UTF-8', async () => {
  const folder = await folderWithSecrets()
  const { screen } = await folder.onTerminal(['list'], [], 40, { LC_ALL: 'C' })
  const lines = screen.trimEnd().split('\r\n')
  expect(lines[0]).toContain('a')
  expect(lines.slice(1, 4).map((line) => line.split(/ +/)[1])).toEqual(['WRITTEN', 'VERSION', 'KEYS'])
  for (const line of lines) expect(stripVTControlCharacters(line)).toMatch(/^[\x20-\x7e]{1,40}$/)
})

test('colours are used on a terminal that has them, unless NO_COLOR says not to', async () => {
  const folder = await folderWithSecrets()
  expect((await folder.onTerminal(['list'])).screen).toContain('\x1b[1m')
  expect((await folder.onTerminal(['list'], [], 120, { NO_COLOR: '1' })).screen).not.toContain('\x1b')
  expect((await folder.run(['list'])).stdout).not.toContain('\x1b')
})

test('--scopes lists scopes, --prefix the names that begin so', async () => {
  const folder = await folderWithSecrets()
  expect((await folder.run(['list', '--scopes'])).stdout).toBe('acme\ndefault\n')
  expect((await folder.run(['list', '--scopes', '--json'])).stdout).toBe('{"scope":"acme"}\n{"scope":"default"}\n')
  expect((await folder.run(['list', '--prefix', 'my_'])).stdout).toMatch(/^my_github_secret\t.*\n$/)
})

test('a reader that goes, such as head, ends list quietly', async () => {
  const folder = await folderWithSecrets(3_000)
  const ended = await folder.run(['list'], { after: '| head -n 1' })
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  expect(ended.stdout.split('\n')).toHaveLength(2)
})

test('a full disk under stdout is told', async () => {
  const folder = await folderWithSecrets()
  expect(await folder.run(['list'], { after: '> /dev/full' })).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^latchkey: Could not write to stdout \(ENOSPC\)\. \[UNAVAILABLE\]\nhint: .*\n$/,
    ) as string,
  })
})

test('an empty scope prints nothing, and says on stderr where there is something', async () => {
  const folder = await folderWithSecrets()
  expect(await folder.run(['list', '--scope', 'nobody'])).toEqual({
    code: 0,
    stdout: '',
    stderr: 'No secrets in scope nobody. Scopes with secrets: acme, default.\n',
  })
})

test('a store that is not there is an error, not an empty list', async () => {
  const folder = cliFolder()
  const { code, stderr } = await folder.run(['list', '--file', 'typo'])
  expect({ code, first: stderr.split('\n')[0] }).toEqual({
    code: 1,
    first: `latchkey: There is no store file ${folder.at('typo')}. [NOT_FOUND]`,
  })
})

test('a store whose key is lost cannot be listed, and the hint says what opens it', async () => {
  const folder = await folderWithSecrets()
  rmSync(folder.at('secrets.latchkey.key'))
  const { code, stderr } = await folder.run(['list'])
  expect(code).toBe(1)
  expect(stderr).toMatch(/\[KEY_MISSING\]\nhint: Bring this store's key back .* A new key does not open it\. .*\n$/)
})
