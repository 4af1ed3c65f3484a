import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/commands.ts'
import { commandHelp } from '../../src/cli/help.ts'
import { hintFor, TRANSLATED } from '../../src/cli/hints.ts'
import { STORE_CODES } from '../../src/errors.ts'
import { cliFolder, cliFolderWithStore } from '../helpers/run-cli.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

test('--version prints the package’s version, with a command too', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const folder = cliFolder()
  for (const args of [['--version'], ['list', '--version']]) {
    expect(await folder.run(args)).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  }
})

test('--help lists the commands; without a command the same goes to stderr, as a mistake', async () => {
  const folder = cliFolder()
  const help = await folder.run(['--help'])
  expect(help).toMatchObject({ code: 0, stderr: '' })
  const heads = Object.keys(COMMANDS).map((name) => `\n  ${name}`)
  for (const text of [...heads, 'Exit codes: 0 done']) expect(help.stdout).toContain(text)
  expect(await folder.run([])).toEqual({ code: 2, stdout: '', stderr: help.stdout })
})

test('each command’s help fits a narrow terminal, has no letter that needs UTF-8, and tells every option', async () => {
  for (const [name, load] of Object.entries(COMMANDS)) {
    const command = await load()
    const narrow = commandHelp(name, command, 40)
    expect(narrow).toMatch(/^[\x20-\x7e\n]*$/)
    const copied = command.examples ?? []
    for (const line of narrow.split('\n')) {
      if (!copied.includes(line.trim()) && line.trim().includes(' '))
        expect(line.length, `${name}: ${line}`).toBeLessThanOrEqual(40)
    }
    const wide = commandHelp(name, command, 200)
    for (const option of [...Object.keys(command.options), 'json', 'help', 'version'])
      expect(wide).toContain(`--${option}`)
    expect(command.summary).toMatch(/^[A-Z].*[^.]$/)
  }
})

test('help is asked for by -h, whatever else is missing; a group lists its commands', async () => {
  const folder = cliFolder()
  const help = await folder.run(['set', '-h'])
  expect(help).toMatchObject({ code: 0, stderr: '' })
  expect(help.stdout).toContain('Usage: latchkey set NAME KEY [options]')
  const ofRun = await folder.run(['run', '-h'])
  expect(ofRun.stdout).toContain('Usage: latchkey run [options] -- PROGRAM [ARGUMENT...]\n')
  expect((await folder.run(['recipients', '--help'])).stdout).toContain('  recipients rm ID ')
  const bare = await folder.run(['recipients'])
  expect(bare).toMatchObject({ code: 2, stdout: '' })
  expect(bare.stderr).toContain('recipients list, recipients add, recipients rm')
})

test('help shows what --help shows: of the program, of a group, of a command', async () => {
  const folder = cliFolder()
  for (const words of [[], ['recipients'], ['recipients', 'add'], ['rotate-key']]) {
    const shown = await folder.run([...words, '--help'])
    expect(shown).toMatchObject({ code: 0, stderr: '' })
    expect(await folder.run(['help', ...words])).toEqual(shown)
  }
  for (const words of [['hunter2'], ['recipients', 'hunter2'], ['set', 'hunter2']]) {
    const { code, stdout, stderr } = await folder.run(['help', ...words])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/ \[USAGE\]\nhint: .*\n$/)
    expect(stderr).not.toContain('hunter2')
  }
})

test.each([
  ['a command', ['lsit'], 'There is no command lsit. [USAGE]\nhint: Did you mean latchkey list?'],
  ['what others call it', ['ls'], 'There is no command ls. [USAGE]\nhint: Did you mean latchkey list?'],
  ['capitals', ['List'], 'There is no such command. [USAGE]\nhint: Did you mean latchkey list?'],
  ['a command of a group', ['recipients', 'ad'], '[USAGE]\nhint: Did you mean latchkey recipients add?'],
  ['a group’s command as others call it', ['recipients', 'remove'], 'Did you mean latchkey recipients rm?'],
  ['an option', ['list', '--scop', 'x'], 'There is no option --scop here. [USAGE]\nhint: Did you mean --scope?'],
  ['a command to help with', ['help', 'lsit'], 'Did you mean latchkey list?'],
])('%s that is mistyped is guessed, and not done', async (_, args, message) => {
  const { code, stdout, stderr } = await cliFolder().run(args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain(message)
})

test.each([
  ['an unknown command', ['frobnicate'], 'There is no command frobnicate: the commands are init, set, '],
  ['what may be a value', ['hunter2-hunter2'], 'There is no such command: '],
  ['an option that the command lacks', ['init', '--yes'], 'There is no option --yes here.'],
  ['an option without its text', ['list', '--file'], 'The option --file needs a text after it: --file PATH'],
  ['an option in the place of a text', ['list', '--file', '--scopes'], 'The option --file needs a text after it'],
  ['a flag with a text', ['list', '--scopes=hunter2'], 'The option --scopes takes no text.'],
  ['an option twice', ['list', '--scopes', '--scopes'], 'The option --scopes is given twice.'],
  ['too many arguments', ['list', 'hunter2'], 'latchkey list takes fewer arguments than these.'],
])('%s is a mistake in the command line', async (_, args, message) => {
  const { code, stdout, stderr } = await cliFolder().run(args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain(`latchkey: ${message}`)
  expect(stderr).toMatch(/ \[USAGE\]\nhint: .*\n$/)
  expect(stderr).not.toContain('hunter2')
})

test('every error of a store says what to do next', () => {
  for (const code of STORE_CODES) {
    // A store that the command line opens is neither closed before its use nor in a child.
    if (code !== 'CLOSED' && code !== 'STORE_IN_CHILD') expect(hintFor(code), code).toMatch(/\w/)
  }
})

test('what the library tells programs to do is told in words of the command line', () => {
  const sources = ['stores', 'crypto'].flatMap((part) =>
    readdirSync(join(root, 'src', part), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(root, 'src', part, name), 'utf8')),
  )
  for (const [hint, said] of Object.entries(TRANSLATED)) {
    // One that the library does not give any more translates nothing.
    expect(
      sources.some((text) => text.includes(`'${hint}'`)),
      hint,
    ).toBe(true)
    expect(said).not.toMatch(/\w\(\)|: true|\boptions? (?!rename)\w/)
    expect(hintFor('INVALID', `${hint} More of it.`)).toBe(`${said} More of it.`)
  }
})

test('the command line loads mustache of what is installed with latchkey, and nothing else', () => {
  const files = readdirSync(join(root, 'dist')).filter((name) => name.endsWith('.cjs'))
  const packages = files.flatMap((name) => {
    const text = readFileSync(join(root, 'dist', name), 'utf8')
    return [...text.matchAll(/\b(?:require|import)\("([\w@][\w@./:-]*)"\)/g)].map(([, from = '']) => from)
  })
  expect([...new Set(packages)].filter((name) => !isBuiltin(name)).sort()).toEqual([
    '@aws-sdk/client-secrets-manager',
    'mustache',
  ])
})

test.each([
  ['--version', ['--version'], ['version']],
  ['get', ['get', 'app', '--reveal'], ['dotenv', 'store-file']],
  ['run', ['run', '-s', 'app', '--', 'true'], ['run', 'store-file']],
])('what %s loads is few files, and no package', async (_, args, parts) => {
  const folder = await cliFolderWithStore({ app: { KEY: 'value' } })
  writeFileSync(
    folder.at('loaded.cjs'),
    "process.on('exit', () => require('node:fs').writeFileSync('loaded', Object.keys(require.cache).join('\\n')))",
  )
  const env = { NODE_OPTIONS: `--require ${folder.at('loaded.cjs')}` }
  expect(await folder.run(args, { env })).toMatchObject({ code: 0, stderr: '' })
  const names = folder
    .read('loaded')
    .split('\n')
    .map((path) => relative(join(root, 'dist'), path).replace(/-[A-Z0-9]{8}(?=\.cjs$)/, ''))
  const expected = ['cli', ...parts].map((name) => `${name}.cjs`)
  expect(names.filter((name) => !name.endsWith('loaded.cjs') && !name.startsWith('chunk')).sort()).toEqual(
    expected.sort(),
  )
  expect(names.filter((name) => name.startsWith('chunk')).length).toBeLessThanOrEqual(1)
})

test.each([
  ['get', ['get', 'app', 'KEY', '--reveal']],
  ['list', ['list']],
  ['show', ['show', 'app']],
  ['run', ['run', '-s', 'app', '--', 'true']],
])('%s ends when it is done, and waits for nothing else that the process has', async (_, args) => {
  const folder = await cliFolderWithStore({ app: { KEY: 'value' } })
  writeFileSync(folder.at('endless.cjs'), 'setInterval(() => undefined, 1_000)')
  expect(await folder.run(args, { env: { NODE_OPTIONS: `--require ${folder.at('endless.cjs')}` } })).toMatchObject({
    code: 0,
    stderr: '',
  })
})
