import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fileStore } from '../../src/stores/file.ts'
import { cliFolder, cliFolderWithStore } from '../helpers/run-cli.ts'
import type { CliFolder } from '../helpers/run-cli.ts'

const VALUE = 'correct: horse "battery"'
const TAG = '{{ SECRETS.db.PASS }}'

async function folderWithSecret(files: Record<string, string> = {}): Promise<CliFolder> {
  const folder = await cliFolderWithStore()
  await using store = fileStore({ path: folder.at('secrets.latchkey') })
  await store.set('db', { PASS: VALUE })
  await store.set('db', { PASS: 'theirs' }, { scope: 'acme' })
  for (const [name, text] of Object.entries(files)) writeFileSync(folder.at(name), text)
  return folder
}

test('the format follows the template’s name, and the result is the owner’s alone, under any umask', async () => {
  const files = { 'a.json': `{ "p": "${TAG}" }\n`, 'a.yml': `p: ${TAG} # why\n`, 'a.conf': `p = ${TAG}\n` }
  const folder = await folderWithSecret(files)
  for (const [name, text] of Object.entries({
    'a.json': `{ "p": ${JSON.stringify(VALUE)} }\n`,
    'a.yml': `p: ${JSON.stringify(VALUE)} # why\n`,
    'a.conf': `p = ${VALUE}\n`,
  })) {
    const ended = await folder.run(['inject', '-i', name, '-o', `out-${name}`], { umask: '000' })
    expect(ended).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(folder.read(`out-${name}`)).toBe(text)
    expect(folder.mode(`out-${name}`)).toBe('600')
  }
})

test('from stdin to stdout, in another scope; on a terminal only with --reveal', async () => {
  const folder = await folderWithSecret({ template: TAG })
  const piped = await folder.run(['inject', '-i', '-', '-o', '-', '--scope', 'acme'], { stdin: `<${TAG}>` })
  expect(piped).toEqual({ code: 0, stdout: '<theirs>', stderr: '' })
  const shown = await folder.onTerminal(['inject', '-i', 'template', '-o', '-'])
  expect(shown.code).toBe(2)
  expect(shown.screen).toMatch(/\[USAGE\]\r\nhint: /)
  expect(shown.screen).not.toContain(VALUE)
  expect((await folder.onTerminal(['inject', '-i', 'template', '-o', '-', '--reveal'])).screen).toContain(VALUE)
})

test('what was there stays, whole, if a tag leads nowhere, and is replaced through a link', async () => {
  const folder = await folderWithSecret({
    'a.txt': `${TAG}\n{{ SECRETS.db.NO }} {{ SECRETS.gone.KEY }}`,
    'b.txt': TAG,
    old: 'old',
  })
  symlinkSync('old', folder.at('link'))
  const failed = await folder.run(['inject', '-i', 'a.txt', '-o', 'link'])
  expect(failed).toMatchObject({ code: 1, stdout: '' })
  expect(failed.stderr).toContain(
    '2 tags cannot be filled in:\n  line 2, column 1: KEY_NOT_FOUND (SECRETS.db.NO): The secret has no such key: correct it, or add the key to the secret.\n  line 2, column 21: SECRET_NOT_FOUND',
  )
  expect(folder.read('old')).toBe('old')
  expect(await folder.run(['inject', '-i', 'b.txt', '-o', 'link'])).toMatchObject({ code: 0 })
  expect(folder.read('old')).toBe(VALUE)
  expect(folder.mode('old')).toBe('600')
  expect(folder.entries().filter((name) => name.startsWith('.'))).toEqual(['.gitignore'])
})

test.each([
  ['the template itself', 'a.txt', 2, 'The result would overwrite its template. [USAGE]'],
  ['a folder', 'folder', 1, '(EISDIR). [UNAVAILABLE]'],
  ['a folder that is not there', 'nowhere/out', 1, '(ENOENT). [UNAVAILABLE]'],
  ['a full disk', '/dev/full', 1, '(ENOSPC). [UNAVAILABLE]'],
])('%s in the place of the result is told, and nothing is left behind', async (_, to, code, message) => {
  const folder = await folderWithSecret({ 'a.txt': TAG })
  mkdirSync(folder.at('folder'))
  const before = folder.entries()
  const ended = await folder.run(['inject', '-i', 'a.txt', '-o', to])
  expect(ended).toMatchObject({ code, stdout: '' })
  expect(ended.stderr).toContain(message)
  expect(folder.entries()).toEqual(before)
  expect(folder.read('a.txt')).toBe(TAG)
})

test.each([
  ['no template', ['inject', '-o', '-']],
  ['no result', ['inject', '-i', '-']],
  ['an unknown format', ['inject', '-i', '-', '-o', '-', '--format', 'toml']],
  ['an unknown syntax', ['inject', '-i', '-', '-o', '-', '--syntax', 'erb']],
])('%s is a mistake in the command line', async (_, args) => {
  const { code, stderr } = await cliFolder().run(args)
  expect(code).toBe(2)
  expect(stderr).toMatch(/ \[USAGE\]\nhint: .*\n$/)
})

test('a template that is not there, or no UTF-8, is told', async () => {
  const folder = await folderWithSecret()
  const absent = await folder.run(['inject', '-i', 'absent', '-o', '-'])
  expect(absent.stderr).toContain('[NOT_FOUND]')
  const binary = await folder.run(['inject', '-i', '-', '-o', '-'], { stdin: Buffer.from([0xff, 0x61]) })
  expect(binary.stderr).toContain('[INVALID]')
  expect([absent.code, binary.code]).toEqual([1, 1])
})
