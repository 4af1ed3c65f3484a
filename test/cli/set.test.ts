import { chmodSync, readFileSync, rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fileStore } from '../../src/stores/file.ts'
import { cliFolder, cliFolderWithStore } from '../helpers/run-cli.ts'
import type { CliFolder } from '../helpers/run-cli.ts'

const VALUE = 'correct-horse-battery'

async function stored(folder: CliFolder, name: string, scope?: string) {
  await using store = fileStore({ path: folder.at('secrets.latchkey') })
  const secret = await store.get(name, { scope })
  return secret && { ...secret.values }
}

test('two sets make two keys of one secret, and show neither value', async () => {
  const folder = await cliFolderWithStore()
  const first = await folder.run(['set', 'my_github_secret', 'GH_ACCESS_TOKEN'], { stdin: `${VALUE}\n` })
  const second = await folder.run(['set', 'my_github_secret', 'GH_USERNAME'], { stdin: 'octocat' })
  expect([first.code, second.code, first.stderr, second.stderr]).toEqual([0, 0, '', ''])
  expect(second.stdout).toContain('its keys: GH_ACCESS_TOKEN, GH_USERNAME')
  expect(first.stdout).not.toContain(VALUE)
  expect(await stored(folder, 'my_github_secret')).toEqual({ GH_ACCESS_TOKEN: VALUE, GH_USERNAME: 'octocat' })
})

test('--replace makes the key the only one; --scope keeps secrets of one name apart', async () => {
  const folder = await cliFolderWithStore()
  await folder.run(['set', 'a', 'B'], { stdin: '1' })
  await folder.run(['set', 'a', 'C', '--replace'], { stdin: '2' })
  await folder.run(['set', 'a', 'D', '--scope', 'acme/production'], { stdin: '3' })
  expect(await stored(folder, 'a')).toEqual({ C: '2' })
  expect(await stored(folder, 'a', 'acme/production')).toEqual({ D: '3' })
})

test('--replace keeps the description, unless another one is given', async () => {
  const folder = await cliFolderWithStore()
  const shown = async () => JSON.parse((await folder.run(['show', 'a', '--json'])).stdout) as unknown
  await folder.run(['set', 'a', 'B', '--description', 'for CI'], { stdin: '1' })
  await folder.run(['set', 'a', 'C', '--replace'], { stdin: '2' })
  expect(await shown()).toMatchObject({ keys: ['C'], description: 'for CI' })
  await folder.run(['set', 'a', 'D', '--replace', '--description', 'for all'], { stdin: '3' })
  expect(await shown()).toMatchObject({ keys: ['D'], description: 'for all' })
})

test.each([
  ['one LF is taken off', 'a\n', 'a'],
  ['of two, one stays', 'a\n\n', 'a\n'],
  ['CRLF is one line break', 'a\r\n', 'a'],
  ['blanks stay', ' a \t', ' a \t'],
  ['a byte order mark stays', '\uFEFFa', '\uFEFFa'],
  ['a line break alone is the empty value', '\n', ''],
  ['lines inside stay', 'a\nb\r\nc\n', 'a\nb\r\nc'],
  ['emoji', '🔑', '🔑'],
])('from stdin: %s', async (_, stdin, value) => {
  const folder = await cliFolderWithStore()
  expect(await folder.run(['set', 'a', 'B'], { stdin })).toMatchObject({ code: 0 })
  expect(await stored(folder, 'a')).toEqual({ B: value })
})

test.each([
  ['a value', ['set', 'a', 'B', VALUE]],
  ['a pair', ['set', 'a', `B=${VALUE}`]],
  ['a pair in the place of the name', ['set', `B=${VALUE}`, 'a']],
])('%s in the arguments is refused with the reason, and not repeated', async (_, args) => {
  const folder = await cliFolderWithStore()
  const { code, stdout, stderr } = await folder.run(args, { stdin: 'x' })
  expect(stderr).toMatch(/^latchkey: A value is not taken from the command line: .* \[VALUE_IN_ARGV\]\nhint: .*\n$/)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).not.toContain(VALUE)
  expect(await stored(folder, 'a')).toBeUndefined()
})

test.each([
  ['no name', ['set'], 2, 'NAME is missing: latchkey set NAME KEY [USAGE]'],
  ['no key', ['set', 'a'], 2, 'KEY is missing: latchkey set NAME KEY [USAGE]'],
  ['a bad name', ['set', `${VALUE}!`, 'B'], 2, 'NAME is not a name. [USAGE]'],
  ['a bad key', ['set', 'a', VALUE], 2, 'KEY is not a key. [USAGE]'],
  ['a bad scope', ['set', 'a', 'B', '--scope', `${VALUE}//`], 2, 'What follows --scope is not a scope. [USAGE]'],
  ['an option with a value', ['set', 'a', 'B', `--value=${VALUE}`], 2, 'There is no option --value here. [USAGE]'],
  ['a value with dashes', ['set', 'a', 'B', `--${VALUE}!`], 2, 'There is no option of this name here. [USAGE]'],
])('%s is refused, each in its own words, and not repeated', async (_, args, code, message) => {
  const folder = await cliFolderWithStore()
  const ended = await folder.run(args, { stdin: 'x' })
  expect(ended).toMatchObject({ code, stdout: '' })
  expect(ended.stderr).toContain(`latchkey: ${message}\nhint: `)
  expect(ended.stderr).not.toContain(VALUE)
})

test.each([
  ['a closed stdin', null, 'Stdin is closed or empty: no value came. [NO_VALUE]'],
  ['an empty stdin', '', 'Stdin is closed or empty: no value came. [NO_VALUE]'],
  ['what is not UTF-8', Buffer.from([0x61, 0xff, 0x62]), 'What came on stdin is not UTF-8 text. [INVALID]'],
  ['more than 1 MiB', 'x'.repeat(1024 * 1024 + 3), 'What came on stdin is larger than 1 MiB. [TOO_LARGE]'],
  ['a NUL', 'a\0b', 'must be a well-formed string without NUL characters. [INVALID]'],
])('%s is told and nothing is written', async (_, stdin, message) => {
  const folder = await cliFolderWithStore()
  const before = folder.read('secrets.latchkey')
  const ended = await folder.run(['set', 'a', 'B'], { stdin })
  expect(ended).toMatchObject({ code: 1, stdout: '' })
  expect(ended.stderr).toContain(message)
  expect(folder.read('secrets.latchkey')).toBe(before)
})

test('a store whose key is lost: KEY_MISSING says how to bring it back, before the value is read', async () => {
  const folder = await cliFolderWithStore()
  rmSync(folder.at('secrets.latchkey.key'))
  const { code, stderr } = await folder.run(['set', 'a', 'B'], { stdin: VALUE })
  expect(code).toBe(1)
  expect(stderr).toMatch(/^latchkey: There is no key: .* \[KEY_MISSING\]\nhint: Bring this store's key back .*\n$/)
  const asked = await folder.onTerminal(['set', 'a', 'B'])
  expect(asked.screen).not.toContain('Value of')
})

test('without a store and a key, KEY_MISSING names init', async () => {
  const { code, stderr } = await cliFolder().run(['set', 'a', 'B'], { stdin: VALUE })
  expect({ code, hint: stderr.split('\n')[1] }).toEqual({
    code: 1,
    hint: 'hint: latchkey init makes a store and its key.',
  })
})

test('a wrong key, an open key file and a damaged store are told by their codes', async () => {
  const folder = await cliFolderWithStore()
  const other = await cliFolderWithStore()
  const key = other.at('secrets.latchkey.key')
  chmodSync(other.folder, 0o755)
  expect((await folder.run(['set', 'a', 'B', '--key-file', key], { stdin: VALUE })).stderr).toContain('[KEY_WRONG]')
  chmodSync(folder.at('secrets.latchkey.key'), 0o644)
  expect((await folder.run(['set', 'a', 'B'], { stdin: VALUE })).stderr).toMatch(
    /\[DENIED\]\nhint: Run chmod 600 on it\. In code, /,
  )
  const { code, stderr } = await other.run(['set', 'a', 'B', '--file', 'secrets.latchkey.key', '--key-file', key], {
    stdin: VALUE,
  })
  expect({ code, told: /\[(CORRUPT|INVALID)\]/.test(stderr) }).toEqual({ code: 1, told: true })
  expect(stderr).not.toContain(readFileSync(key, 'utf8').trim())
})
