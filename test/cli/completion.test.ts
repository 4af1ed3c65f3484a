import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fileStore } from '../../src/stores/file.ts'
import { describeEngine } from '../helpers/engines.ts'
import { CLI, cliFolder, cliFolderWithStore, onTerminal } from '../helpers/run-cli.ts'
import type { CliFolder } from '../helpers/run-cli.ts'

/** What the options of a line say of the store, in both spellings: what is typed, and what it is completed to. */
const LINES: readonly (readonly [typed: string, completed: string])[] = [
  ['run --file=other.latchkey -s o', 'run --file=other.latchkey -s only'],
  ['run --file other.latchkey -s o', 'run --file other.latchkey -s only'],
  ['run --scope=acme -s t', 'run --scope=acme -s theirs'],
  ['--scope=acme show t', '--scope=acme show theirs'],
  ['run --store=redis: -s d', 'run --store=redis: -s d'],
  ['run --store=dir:x/y?layout=files -s d', 'run --store=dir:x/y?layout=files -s d'],
  ['run --store redis: -s d', 'run --store redis: -s d'],
  ['--store dir:. sho', '--store dir:. show'],
  ['run --secret=d', 'run --secret=db'],
  ['inject --format=js', 'inject --format=json'],
  ['inject --input=scr', 'inject --input=script'],
  ['run -s db -- latchke', 'run -s db -- latchkey'],
]

/** Types lines in a shell on a terminal, with a tab after each, and gives what became of them. */
async function typedIn(folder: CliFolder & { env: Record<string, string> }, command: string[], first: string) {
  // What stands in the line then is written down, not run: Ctrl-A, Ctrl-E.
  const keys = LINES.map(([line]) => `latchkey ${line}\t\x01echo '\x05' >>out\n`)
  const { screen } = await onTerminal({
    command,
    cwd: folder.folder,
    env: { ...folder.env, TERM: 'dumb', PS1: '' },
    columns: 200,
    steps: [
      ['', `${first}; echo rea""dy\n`],
      ['ready', `${keys.join('')}exit\n`],
    ],
  })
  const lines = folder.read('out').trimEnd().split('\n')
  expect(lines, screen).toHaveLength(LINES.length)
  return lines.map((line) => line.replace(/^latchkey /, '').trimEnd())
}

/** A folder with a store of `db` and, in scope acme, `theirs`; and a `latchkey` for the PATH. */
async function folderWithScript(shell: string): Promise<CliFolder & { env: Record<string, string> }> {
  const folder = await cliFolderWithStore()
  await using store = fileStore({ path: folder.at('secrets.latchkey') })
  await store.set('db', { KEY: 'x' })
  await store.set('theirs', { KEY: 'x' }, { scope: 'acme' })
  await using other = fileStore({ path: folder.at('other.latchkey') })
  await other.create({ makeKeyFile: true })
  await other.set('only', { KEY: 'x' })
  mkdirSync(folder.at('bin'))
  writeFileSync(folder.at('bin/latchkey'), `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`)
  chmodSync(folder.at('bin/latchkey'), 0o755)
  const { code, stdout } = await folder.run(['completion', shell])
  expect(code).toBe(0)
  writeFileSync(folder.at('script'), stdout)
  return { ...folder, env: { PATH: `${folder.at('bin')}:${process.env['PATH'] ?? ''}`, HOME: folder.folder } }
}

test('bash completes commands, options, texts, secrets, files and programs', async () => {
  const { folder, env } = await folderWithScript('bash')
  const script = `source ./script
    of() { COMP_LINE="$*"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _latchkey; echo "$*: \${COMPREPLY[*]}"; }
    complete -p latchkey
    of latchkey ru; of latchkey run --no; of latchkey run -s d; of latchkey run --scope acme -s ''; of latchkey set ''
    of latchkey inject --format ''; of latchkey inject -i scr; of latchkey check scr; of latchkey run -s db -- latchke
    of latchkey completion ''; of latchkey recipients ''; of latchkey --scope acme lis; of latchkey run --store dir:x -s ''`
  const out = execFileSync('bash', ['--norc', '-c', script], { cwd: folder, env, encoding: 'utf8' })
  expect(
    out
      .trimEnd()
      .split('\n')
      .map((line) => line.trimEnd()),
  ).toEqual([
    'complete -F _latchkey latchkey',
    'latchkey ru: run',
    'latchkey run --no: --no-mask',
    'latchkey run -s d: db',
    'latchkey run --scope acme -s : theirs',
    'latchkey set : db',
    'latchkey inject --format : json yaml text',
    'latchkey inject -i scr: script',
    'latchkey check scr: script',
    'latchkey run -s db -- latchke: latchkey',
    'latchkey completion : bash zsh fish',
    'latchkey recipients : list add rm',
    'latchkey --scope acme lis: list',
    'latchkey run --store dir:x -s :',
  ])
})

test('bash completes by the store and the scope that a line names, in both spellings', async () => {
  const folder = await folderWithScript('bash')
  const lines = await typedIn(folder, ['/bin/bash', '--norc', '--noprofile', '-i'], 'source ./script')
  expect(lines).toEqual(LINES.map(([, completed]) => completed))
})

test('names are not completed from a store that does not open by itself', async () => {
  const folder = await folderWithScript('bash')
  const names = (words: string[], env = {}) => {
    const args = [CLI, 'completion', 'secrets', '--', 'latchkey', ...words, '-s', '']
    return spawnSync(process.execPath, args, { cwd: folder.folder, env: { ...folder.env, ...env }, encoding: 'utf8' })
      .stdout
  }
  const elsewhere = { LATCHKEY_STORE: 'redis:' }
  expect(names(['run', '--file=other.latchkey'], elsewhere)).toBe('only\n')
  expect(names(['run'], elsewhere)).toBe('')
  rmSync(folder.at('secrets.latchkey.key'))
  expect(names(['run'])).toBe('')
})

test('any other shell is a mistake in the command line', async () => {
  const { code, stderr } = await cliFolder().run(['completion', 'csh'])
  expect({ code, told: stderr.includes('It is one of: bash, zsh, fish.') }).toEqual({ code: 2, told: true })
})

describeEngine('zsh', installed('zsh'), 'apt-get install zsh', () => {
  test('zsh takes the script, and completes by it', async () => {
    const { folder, env } = await folderWithScript('zsh')
    const typed = [
      'zmodload zsh/zpty; zpty z zsh -f -i',
      'zpty -w z \'PS1=; autoload -Uz compinit; compinit -u; source ./script; zle_highlight=(); print rea""dy\'',
      "zpty -r -m z line '*ready*'",
      "zpty -w -n z $'latchkey run -s d\\t'",
      "zpty -r -m z line '*-s db*' && print -r completed",
    ].join('\n')
    expect(execFileSync('zsh', ['-f', '-c', typed], { cwd: folder, env, encoding: 'utf8' })).toContain('completed')
  })
})

describeEngine('zsh', installed('zsh'), 'apt-get install zsh', () => {
  test('zsh completes by the store and the scope that a line names, in both spellings', async () => {
    const folder = await folderWithScript('zsh')
    const first = 'autoload -Uz compinit; compinit -u; source ./script'
    const lines = await typedIn(folder, ['/usr/bin/env', 'zsh', '-f', '-i'], first)
    expect(lines).toEqual(LINES.map(([, completed]) => completed))
  })
})

describeEngine('fish', installed('fish'), 'apt-get install fish', () => {
  test('fish takes the script, and completes by it', async () => {
    const { folder, env } = await folderWithScript('fish')
    const typed = ['latchkey ru', 'latchkey run -s ', 'latchkey inject --format js', 'latchkey recipients a']
    const script = `source ./script; ${typed.map((line) => `complete -C ${JSON.stringify(line)}`).join('; ')}`
    const out = execFileSync('fish', ['-N', '-c', script], { cwd: folder, env, encoding: 'utf8' })
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t', 1)[0]),
    ).toEqual(['run', 'db', 'json', 'add'])
  })
})

describeEngine('fish', installed('fish'), 'apt-get install fish', () => {
  test('fish completes by the store and the scope that a line names, in both spellings', async () => {
    const { folder, env } = await folderWithScript('fish')
    // After --, fish completes files alone.
    const lines = LINES.filter(([line]) => !line.includes(' -- '))
    const asked = lines.map(([line]) => `echo (complete -C ${JSON.stringify(`latchkey ${line}`)})`)
    const out = execFileSync('fish', ['-N', '-c', ['source ./script', ...asked].join('; ')], {
      cwd: folder,
      env,
      encoding: 'utf8',
    })
    expect(out.split('\n').map((text) => text.split('\t', 1)[0])).toEqual([
      ...lines.map(([line, completed]) => (completed === line ? '' : completed.split(' ').at(-1))),
      '',
    ])
  })
})

function installed(shell: string): string | undefined {
  return spawnSync(shell, ['-c', 'true']).error === undefined ? shell : undefined
}
