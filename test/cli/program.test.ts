import { readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { cliFolder } from '../helpers/run-cli.ts'

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
  for (const text of ['  init ', '  set NAME KEY ', '  list ', 'Exit codes: 0 done'])
    expect(help.stdout).toContain(text)
  expect(await folder.run([])).toEqual({ code: 2, stdout: '', stderr: help.stdout })
})

test.each(['init', 'set', 'list'])('%s --help tells its options, whatever else is missing', async (command) => {
  const { code, stdout } = await cliFolder().run([command, '-h'])
  expect(code).toBe(0)
  expect(stdout).toContain(`Usage: latchkey ${command}`)
  for (const option of ['--file PATH', '--key-file PATH', '--help', '--version']) expect(stdout).toContain(option)
})

test.each([
  ['an unknown command', ['lsit'], 'There is no command lsit: the commands are init, set, list.'],
  ['what may be a value', ['hunter2-hunter2'], 'There is no such command: '],
  ['an option that the command lacks', ['init', '--json'], 'There is no option --json here.'],
  ['an option without its text', ['list', '--file'], 'The option --file needs a text after it: --file PATH'],
  ['an option in the place of a text', ['list', '--file', '--json'], 'The option --file needs a text after it'],
  ['a flag with a text', ['list', '--json=hunter2'], 'The option --json takes no text.'],
  ['an option twice', ['list', '--json', '--json'], 'The option --json is given twice.'],
  ['too many arguments', ['list', 'hunter2'], 'latchkey list takes fewer arguments than these.'],
])('%s is a mistake in the command line', async (_, args, message) => {
  const { code, stdout, stderr } = await cliFolder().run(args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain(`latchkey: ${message}`)
  expect(stderr).toMatch(/ \[USAGE\]\nhint: .*\n$/)
  expect(stderr).not.toContain('hunter2')
})

test('the command line loads the ciphers alone: no Tinypool, no mustache, no zod', () => {
  const packages = new Set<string>()
  const seen = new Set<string>()
  const visit = (path: string): void => {
    if (seen.has(path)) return
    seen.add(path)
    for (const [, from = ''] of readFileSync(path, 'utf8').matchAll(
      /(?:\bfrom\s*|\bimport\s*\(?\s*)["']([^"']+)["']/g,
    )) {
      if (from.startsWith('.')) visit(join(dirname(path), from))
      else if (!isBuiltin(from)) packages.add(from.split('/', 2).join('/'))
    }
  }
  visit(join(root, 'dist/cli.js'))
  expect([...packages]).toEqual(['@noble/ciphers'])
})
