import { chownSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { generateKey } from '../../src/crypto/raw-key.ts'
import { cliFolder, cliFolderWithStore } from '../helpers/run-cli.ts'

const STORE = 'secrets.latchkey'
const KEY = 'secrets.latchkey.key'

test('init makes a store and its key, says where the key is and how to keep it, and shows no key', async () => {
  const folder = cliFolder()
  const { code, stdout, stderr } = await folder.run(['init'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(folder.entries()).toEqual(['.gitignore', STORE, KEY])
  expect(folder.read(KEY)).toMatch(/^lk1_[\w-]{43}\n$/)
  expect(stdout).toContain(KEY)
  expect(stdout).toContain('Keep a copy of the key where the store is not')
  expect(stdout).not.toContain('lk1_')
  expect(stdout).toContain('\nNext: latchkey set my_github_secret GH_ACCESS_TOKEN\n')
})

test.each(['0000', '0777'])('under a umask of %s, both files are 0600 and can be used', async (umask) => {
  const folder = cliFolder()
  expect(await folder.run(['init'], { umask })).toMatchObject({ code: 0, stderr: '' })
  expect(folder.mode(STORE)).toBe('600')
  expect(folder.mode(KEY)).toBe('600')
  expect(await folder.run(['set', 'a', 'B'], { umask, stdin: 'c' })).toMatchObject({ code: 0, stderr: '' })
  expect(await folder.run(['list'], { umask })).toMatchObject({ code: 0, stderr: '' })
  expect(folder.mode(STORE)).toBe('600')
})

test('a second init changes nothing and says what there is', async () => {
  const folder = await cliFolderWithStore()
  const before = [STORE, KEY, '.gitignore'].map(folder.read)
  const { code, stdout, stderr } = await folder.run(['init'])
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toBe(
    `latchkey: There is a store file already: ${folder.at(STORE)}. Nothing was changed. [CONFLICT]\n` +
      'hint: latchkey list shows what is in it, latchkey set adds to it.\n',
  )
  expect([STORE, KEY, '.gitignore'].map(folder.read)).toEqual(before)
})

test('init overwrites no key file, not even without a store, nor a link that leads nowhere', async () => {
  const folder = cliFolder()
  writeFileSync(folder.at(KEY), 'somebody’s')
  const refused = await folder.run(['init'])
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain(`There is a key file already: ${folder.at(KEY)}.`)
  expect(folder.entries()).toEqual([KEY])
  expect(folder.read(KEY)).toBe('somebody’s')
  symlinkSync('nowhere', folder.at('link.key'))
  expect(await folder.run(['init', '--key-file', 'link.key'])).toMatchObject({ code: 1 })
  expect(folder.entries()).toEqual(['link.key', KEY])
})

test.each([
  ['no line break at its end', 'node_modules', `node_modules\n${KEY}\n`],
  ['LF', 'node_modules\n', `node_modules\n${KEY}\n`],
  ['CRLF', 'node_modules\r\ndist\r\n', `node_modules\r\ndist\r\n${KEY}\r\n`],
  ['CRLF and no line break at its end', 'a\r\nb', `a\r\nb\r\n${KEY}\r\n`],
  ['a longer name', `my-${KEY}\n`, `my-${KEY}\n${KEY}\n`],
  ['the line already', `${KEY}\nb\n`, `${KEY}\nb\n`],
  ['the line already, with CRLF', `a\r\n${KEY}\r\n`, `a\r\n${KEY}\r\n`],
])('a .gitignore with %s gets the line once and keeps its line ends', async (_, before, after) => {
  const folder = cliFolder()
  writeFileSync(folder.at('.gitignore'), before, { mode: 0o666 })
  const { uid, gid } = statSync(folder.folder)
  chownSync(folder.at('.gitignore'), uid, gid)
  expect(await folder.run(['init'])).toMatchObject({ code: 0 })
  expect(folder.read('.gitignore')).toBe(after)
})

test('a line that a later one takes back is added again, after it', async () => {
  const folder = cliFolder()
  writeFileSync(folder.at('.gitignore'), `${KEY}\n!*.key\n`)
  chownSync(folder.at('.gitignore'), statSync(folder.folder).uid, statSync(folder.folder).gid)
  const { code, stdout } = await folder.run(['init'])
  expect(code).toBe(0)
  expect(stdout).toContain(`${KEY} was added to .gitignore: git does not take the key.`)
  expect(folder.read('.gitignore')).toBe(`${KEY}\n!*.key\n${KEY}\n`)
})

test('where .gitignore is a link, which git does not follow, no key is made', async () => {
  const folder = cliFolder()
  symlinkSync('ignored', folder.at('.gitignore'))
  const { code, stderr } = await folder.run(['init'])
  expect(code).toBe(1)
  expect(stderr).toContain('(ELOOP). No key was made. [UNAVAILABLE]')
  expect(stderr).toContain('hint: Git reads no .gitignore that is a symbolic link')
  expect(folder.entries()).toEqual(['.gitignore'])
})

test('where .gitignore cannot be written, no key is made', async () => {
  const folder = cliFolder()
  mkdirSync(folder.at('.gitignore'))
  const { code, stderr } = await folder.run(['init'])
  expect(code).toBe(1)
  expect(stderr).toContain('(EISDIR). No key was made. [UNAVAILABLE]')
  expect(folder.entries()).toEqual(['.gitignore'])
})

test('--file and --key-file say where; how the key is found from there is told', async () => {
  const folder = cliFolder()
  const { code, stdout } = await folder.run(['--file', 'a.latchkey', 'init', '--key-file=k'])
  expect(code).toBe(0)
  expect(folder.entries()).toEqual(['.gitignore', 'a.latchkey', 'k'])
  expect(stdout).toContain(`LATCHKEY_KEY_FILE=${folder.at('k')}`)
  expect(stdout).toContain('Next, with the same --file: latchkey set ')
  const env = { LATCHKEY_KEY_FILE: folder.at('k') }
  expect(await folder.run(['set', 'a', 'B', '--file', 'a.latchkey'], { env, stdin: 'c' })).toMatchObject({ code: 0 })
})

test('with LATCHKEY_KEY set, init makes a store for that key and no key file', async () => {
  const folder = cliFolder()
  const env = { LATCHKEY_KEY: generateKey() }
  const { code, stdout } = await folder.run(['init'], { env })
  expect({ code, entries: folder.entries() }).toEqual({ code: 0, entries: [STORE] })
  expect(stdout).toContain('LATCHKEY_KEY')
  expect(stdout).not.toContain(env.LATCHKEY_KEY)
  expect(await folder.run(['set', 'a', 'B'], { env, stdin: 'c' })).toMatchObject({ code: 0 })
})
