import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fileStore } from '../../src/stores/file.ts'
import { cliFolder, cliFolderWithStore, storeOf } from '../helpers/run-cli.ts'
import type { CliFolder, Ended, Step } from '../helpers/run-cli.ts'

const VALUE = 'correct-horse-battery'
const PHRASE = 'six random words that nobody guesses'

async function opens(folder: CliFolder, keyFile: string): Promise<string | undefined> {
  await using store = fileStore({ path: folder.at('secrets.latchkey'), keyFile: folder.at(keyFile) })
  return (await store.get('app'))?.values['K']
}

function codeOf({ code, stderr }: Ended): [number | null, string] {
  expect(stderr).toMatch(/^latchkey: .* \[[A-Z_]+\]\nhint: .*\n$/)
  return [code, /\[([A-Z_]+)\]/.exec(stderr)?.[1] ?? '']
}

function recipientsIn(text: string): { type: string; id: string }[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; id: string })
}

test('rotate-key keeps who can open the store; with --new-key-file a new key takes the place of the old one', async () => {
  const folder = await cliFolderWithStore({ app: { K: VALUE } })
  const before = folder.read('secrets.latchkey')
  expect(await folder.run(['rotate-key'])).toMatchObject({ code: 0, stderr: '' })
  expect(folder.read('secrets.latchkey')).not.toBe(before)
  expect(await opens(folder, 'secrets.latchkey.key')).toBe(VALUE)

  const { stdout } = await folder.run(['rotate-key', '--new-key-file', 'next.key', '--json'])
  expect(JSON.parse(stdout)).toEqual({ rotated: true, keyFile: folder.at('next.key') })
  expect(folder.mode('next.key')).toBe('600')
  expect(folder.read('.gitignore')).toContain('next.key')
  expect(await opens(folder, 'next.key')).toBe(VALUE)
  expect(codeOf(await folder.run(['list']))).toEqual([1, 'KEY_WRONG'])
  expect(codeOf(await folder.run(['rotate-key', '--key-file', 'next.key', '--new-key-file', 'next.key']))).toEqual([
    1,
    'CONFLICT',
  ])
})

test('a new key is told with those who lose their access, and is not made where git would take it', async () => {
  const folder = await cliFolderWithStore({ app: { K: VALUE } })
  expect(await folder.run(['recipients', 'add', '--new-key-file', 'other.key'])).toMatchObject({ code: 0 })
  const both = ['--key-file', 'secrets.latchkey.key', '--key-file', 'other.key']
  chmodSync(folder.at('.gitignore'), 0o400)
  const refused = await folder.run(['rotate-key', ...both, '--new-key-file', 'next.key'])
  expect(codeOf(refused)).toEqual([1, 'UNAVAILABLE'])
  expect(refused.stderr).toContain('No key was made.')
  expect(folder.entries()).not.toContain('next.key')
  chmodSync(folder.at('.gitignore'), 0o600)
  const { code, stdout } = await folder.run(['rotate-key', ...both, '--new-key-file', 'next.key'])
  expect(code).toBe(0)
  expect(stdout).toContain(`Its key is now ${folder.at('next.key')}, and no other.`)
  expect(stdout).toContain('None of the 2 keys and pass phrases that opened it does any more')
  expect(stdout).toContain('Copies of the store from before need the old key.')
  expect(stdout).toContain(`set LATCHKEY_KEY_FILE=${folder.at('next.key')}, or give --key-file each time.`)
  const alone = await folder.run(['rotate-key', '--key-file', 'next.key', '--new-key-file', 'last.key'])
  expect(alone.stdout).not.toContain('None of the')
  // A key file that is there is not overwritten, and does not become a line of .gitignore.
  writeFileSync(folder.at('theirs'), 'theirs')
  const there = await folder.run(['rotate-key', '--key-file', 'last.key', '--new-key-file', 'theirs'])
  expect(codeOf(there)).toEqual([1, 'CONFLICT'])
  expect(folder.read('.gitignore')).toBe('secrets.latchkey.key\nother.key\nnext.key\nlast.key\n')
})

test.each(['rotate-key', 'recipients add'])('%s makes no new key over a file that is there', async (command) => {
  const folder = await cliFolderWithStore({ app: { K: VALUE } })
  writeFileSync(folder.at('next.key'), 'of somebody else')
  const ended = await folder.run([...command.split(' '), '--new-key-file', 'next.key'])
  expect(ended).toMatchObject({ code: 1, stdout: '' })
  expect(ended.stderr).toContain(`There is a file already: ${folder.at('next.key')}. Nothing was changed. [CONFLICT]`)
  expect(ended.stderr).toContain('hint: Name another file')
  expect(folder.read('next.key')).toBe('of somebody else')
})

test('a rotation that fails keeps the new key file, and says so', async () => {
  const folder = await cliFolderWithStore({ app: { K: VALUE } })
  chmodSync(folder.at('secrets.latchkey'), 0o400)
  const ended = await folder.run(['rotate-key', '--new-key-file', 'next.key'])
  expect(codeOf(ended)[0]).toBe(1)
  expect(ended.stderr).toContain(`The new key file ${folder.at('next.key')} is there`)
  expect(folder.entries()).toContain('next.key')
})

test('recipients are added, listed and removed; a pass phrase opens the store and is changed', async () => {
  const folder = await cliFolderWithStore({ app: { K: VALUE } })
  const files = { phrase: PHRASE, other: `${PHRASE} again\n`, empty: '\n' }
  for (const [name, text] of Object.entries(files)) writeFileSync(folder.at(name), text)
  expect(codeOf(await folder.run(['passphrase', '--new-passphrase-file', 'phrase']))).toEqual([1, 'INVALID'])
  expect(codeOf(await folder.run(['recipients', 'add', '--new-passphrase-file', 'empty']))).toEqual([2, 'USAGE'])
  expect(codeOf(await folder.run(['recipients', 'add']))).toEqual([2, 'USAGE'])
  expect(await folder.run(['recipients', 'add', '--new-passphrase-file', 'phrase'])).toMatchObject({ code: 0 })
  const made = await folder.run(['recipients', 'add', '--new-key-file', 'deploy.key', '--json'])
  expect(JSON.parse(made.stdout)).toMatchObject({ type: 'raw', keyFile: folder.at('deploy.key') })
  expect(await opens(folder, 'deploy.key')).toBe(VALUE)
  expect(codeOf(await folder.run(['recipients', 'add', '--with-key-file', 'deploy.key']))).toEqual([1, 'CONFLICT'])

  const listed = recipientsIn((await folder.run(['recipients', 'list', '--json'])).stdout)
  expect(listed.map(({ type }) => type)).toEqual(['raw', 'scrypt', 'raw'])
  expect(await folder.run(['list', '--passphrase-file', 'phrase'])).toMatchObject({ code: 0 })
  const changed = await folder.run(['passphrase', '--passphrase-file', 'phrase', '--new-passphrase-file', 'other'])
  expect(changed).toMatchObject({ code: 0, stderr: '' })
  expect(codeOf(await folder.run(['list', '--passphrase-file', 'phrase']))).toEqual([1, 'KEY_WRONG'])

  const keys = ['--key-file', 'secrets.latchkey.key', '--passphrase-file', 'other']
  expect(codeOf(await folder.run(['recipients', 'rm', listed[2]!.id]))).toEqual([1, 'KEY_MISSING'])
  expect(codeOf(await folder.run(['recipients', 'rm', VALUE, ...keys]))).toEqual([1, 'NOT_FOUND'])
  expect(await folder.run(['recipients', 'rm', listed[2]!.id, ...keys])).toMatchObject({ code: 0, stderr: '' })
  expect(codeOf(await folder.run(['list', '--key-file', 'deploy.key']))).toEqual([1, 'KEY_WRONG'])
})

test('a recipient whose id begins with a dash is removed like any other', async () => {
  const folder = await cliFolderWithStore({ app: { K: VALUE } })
  const key = 'lk1_z_JuSYxBopCmIH5BqGxBub8ULpf5ycecV0U7ZQcCwwI'
  const id = '-pQkbaSQ89U'
  await using store = storeOf(folder)
  await store.addRecipient({ key })
  expect(await folder.run(['list'], { env: { LATCHKEY_KEY: key } })).toMatchObject({ code: 0 })
  expect((await store.recipients()).map((one) => one.id)).toContain(id)
  const removed = await folder.run(['recipients', 'rm', id, '--key-file', 'secrets.latchkey.key'])
  expect(removed).toMatchObject({ code: 0, stderr: '' })
  expect(codeOf(await folder.run(['list'], { env: { LATCHKEY_KEY: key } }))).toEqual([1, 'KEY_WRONG'])
})

test('a store is made for a pass phrase that is asked for twice, and opened by one that is asked for beside a value on stdin', async () => {
  const folder = cliFolder()
  const asked: Step[] = [
    ['New pass phrase (not shown): ', `${PHRASE}\r`],
    ['The same again: ', `${PHRASE}\r`],
  ]
  const made = await folder.onTerminal(['init', '--passphrase'], asked)
  expect(made.screen).toContain('Keep a copy of the pass phrase')
  expect(made.screen).not.toContain('LATCHKEY_KEY')
  expect(made).toMatchObject({ code: 0, restored: true })
  expect(made.screen).not.toContain(PHRASE)
  expect(folder.entries()).toEqual(['secrets.latchkey'])
  const set = await folder.onTerminal(
    ['set', 'app', 'K', '--passphrase'],
    [
      ['Pass phrase (not shown): ', `${PHRASE}\r`],
      ['Value of K of app (not shown): ', `${VALUE}\r`],
    ],
  )
  expect(set).toMatchObject({ code: 0, restored: true })
  expect(codeOf(await folder.run(['list', '--passphrase']))).toEqual([1, 'NO_VALUE'])
  const different = await folder.onTerminal(
    ['recipients', 'add', '--passphrase', '--new-passphrase'],
    [
      ['Pass phrase (not shown): ', `${PHRASE}\r`],
      ['New pass phrase (not shown): ', 'one\r'],
      ['The same again: ', 'other\r'],
    ],
  )
  expect(different).toMatchObject({ code: 1, restored: true })
  expect(different.screen).toContain('[INVALID]')
})

test('doctor finds nothing wrong with what init made, and each thing that is', async () => {
  const folder = await cliFolderWithStore({ app: { K: VALUE }, odd: { NODE_OPTIONS: VALUE } })
  const states = async (...args: string[]) => {
    const { code, stdout } = await folder.run(['doctor', '--json', ...args])
    expect(stdout).not.toContain(VALUE)
    const findings = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { state: string; about: string; next?: string })
    for (const { state, next } of findings) if (state !== 'ok') expect(next).toMatch(/\w/)
    return { code, ...Object.fromEntries(findings.map(({ about, state }) => [about, state])) }
  }
  const well = { code: 0, node: 'ok', 'store file': 'ok', 'key file': 'ok', secrets: 'ok', keys: 'warn' }
  expect(await states()).toEqual(well)
  chmodSync(folder.at('secrets.latchkey.key'), 0o644)
  expect(await states()).toMatchObject({ code: 1, 'key file': 'fail', store: 'fail' })
  chmodSync(folder.at('secrets.latchkey.key'), 0o600)
  writeFileSync(folder.at('secrets.latchkey.tmp.x'), '')
  expect(await states()).toEqual({ ...well, folder: 'warn' })
  rmSync(folder.at('secrets.latchkey.tmp.x'))
  renameSync(folder.at('secrets.latchkey.key'), folder.at('elsewhere'))
  expect(await states()).toMatchObject({ code: 1, 'key file': 'warn', store: 'fail' })
  expect(await states('--key-file', 'elsewhere')).toEqual(well)
  const text = readFileSync(folder.at('secrets.latchkey'), 'utf8')
  writeFileSync(folder.at('secrets.latchkey'), text.replace('"app"', '"apq"'))
  expect(await states('--key-file', 'elsewhere')).toMatchObject({ code: 1, store: 'fail' })
  expect(await states('--file', 'absent')).toMatchObject({ code: 1, 'store file': 'fail', store: 'fail' })
})

test('doctor tells that git has the key, or would take it', async () => {
  const folder = await cliFolderWithStore()
  const { execFileSync } = await import('node:child_process')
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', folder.folder, '-c', 'safe.directory=*', ...args], { stdio: 'pipe' })
  const stateOf = async () => {
    const env = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' }
    const { stdout } = await folder.run(['doctor'], { env })
    return /^(\w+)\tgit\t/m.exec(stdout)?.[1]
  }
  git('init', '-q')
  expect(await stateOf()).toBe('ok')
  writeFileSync(folder.at('.gitignore'), '')
  expect(await stateOf()).toBe('warn')
  git('add', 'secrets.latchkey.key')
  chmodSync(folder.at('.git/index'), 0o644)
  expect(await stateOf()).toBe('fail')
})
