import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { fileStore } from '../../src/stores/file.ts'
import { CLI, cliFolder, cliFolderWithStore } from '../helpers/run-cli.ts'
import type { CliFolder } from '../helpers/run-cli.ts'

const PACKAGE = new URL('../../dist/index.js', import.meta.url).href
const VALUE = 'correct-horse-battery'
const MODULE = `
import { createRegistry, fileStore } from '${PACKAGE}'
console.log('printed by the module', process.argv.length)
setInterval(() => {}, 1000)
const registry = createRegistry({ store: fileStore() })
export const first = registry.register({ name: 'first', secrets: ['db'] })(() => { throw new Error('it ran') })
export const second = registry.register({
  name: 'second',
  secrets: [{ name: 'db', keys: ['PASS', 'NOPE'] }, 'gone', { name: 'other', keys: ['PASS'] }],
})(() => 1)
`

function endIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function folderWithModule(text: string, name = 'module.mjs'): Promise<CliFolder> {
  const folder = await cliFolderWithStore()
  await using store = fileStore({ path: folder.at('secrets.latchkey') })
  await store.set('db', { PASS: VALUE })
  await store.set('idle', { KEY: VALUE })
  writeFileSync(folder.at(name), text)
  return folder
}

test('check lists everything that functions lack, runs none of them, and ends with 1', async () => {
  const folder = await folderWithModule(MODULE)
  const { code, stdout, stderr } = await folder.run(['check', 'module.mjs'])
  expect({ code, stderr }).toEqual({ code: 1, stderr: 'printed by the module 2\n' })
  const lines = stdout.trimEnd().split('\n').sort()
  expect(lines).toEqual([
    expect.stringMatching(/^second\t-\t-\t-\tENV_COLLISION: /),
    'second\tdefault\tdb\tNOPE\tmissing',
    'second\tdefault\tgone\t-\tmissing',
    'second\tdefault\tother\t-\tmissing',
  ])
})

test('check --json gives the report as one object, for each scope; ok ends with 0', async () => {
  const folder = await folderWithModule(MODULE.replace(/export const second[^]*$/, ''))
  const good = await folder.run(['check', 'module.mjs'])
  expect({ code: good.code, stdout: good.stdout }).toEqual({
    code: 0,
    stdout: 'Nothing is missing: 1 function has what it needs.\n',
  })
  const { code, stdout } = await folder.run(['check', 'module.mjs', '--json', '--scope', 'a', '--scope', 'b'])
  expect(code).toBe(1)
  expect(JSON.parse(stdout)).toEqual({
    ok: false,
    functions: 1,
    missing: ['a', 'b'].map((scope) => ({ function: 'first', scope, secret: 'db' })),
    invalid: [],
    failures: [],
    conflicts: [],
  })
})

test('manifest says of a module without functions that it has none', async () => {
  const folder = await folderWithModule(MODULE.replace(/export const first[^]*$/, ''))
  const { code, stdout, stderr } = await folder.run(['manifest', 'module.mjs'])
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
  expect(stderr).toContain('The module registers no function.\n')
})

test('manifest tells functions and secrets without a store, and with a scope what is stored; no value is in it', async () => {
  const folder = await folderWithModule(MODULE)
  const { code, stdout } = await folder.run(['manifest', 'module.mjs', '--json'])
  const manifest = JSON.parse(stdout) as { format: number; functions: { name: string; module: string }[] }
  expect({ code, format: manifest.format }).toEqual({ code: 0, format: 1 })
  expect(manifest.functions.map(({ name, module }) => [name, module])).toEqual([
    ['first', 'module.mjs'],
    ['second', 'module.mjs'],
  ])
  expect(manifest).not.toHaveProperty('stored')
  const stored = await folder.run(['manifest', 'module.mjs', '--scope', 'default'])
  expect(stored.stdout).toMatch(/^first\tmodule\.mjs\tdb\nsecond\tmodule\.mjs\tdb, gone, other\n\n/)
  expect(stored.stdout).toContain('default\tidle\tis used by no function\n')
  expect(stored.stdout).not.toContain(VALUE)
})

test('a name that would move the cursor, or make a row of its own, is printed escaped', async () => {
  const folder = cliFolder()
  const name = 'a\u001b[2J\tb\nc'
  writeFileSync(folder.at('module.mjs'), MODULE.replace("'first'", JSON.stringify(name)))
  const { code, stdout } = await folder.run(['manifest', 'module.mjs'])
  expect({ code, first: stdout.split('\n')[0] }).toEqual({
    code: 0,
    first: 'a\\u{1b}[2J\\u{9}b\\u{a}c\tmodule.mjs\tdb',
  })
})

test.each([
  [
    'throws',
    `throw new TypeError('${VALUE}')`,
    /could not be imported: TypeError at .*module\.mjs:1:7\. \[MODULE_FAILED\]/,
  ],
  [
    'imports what is not there',
    `import 'absent-${VALUE}'`,
    /module\.mjs could not be imported: \w+ \(ERR_MODULE_NOT_FOUND\)\. \[/,
  ],
  [
    'throws an error with a name and a code of its own',
    "throw Object.assign(new Error('x'), { name: 'PRIVATE_NAME', code: 'PRIVATE_CODE' })",
    /could not be imported: an error of its own at .*module\.mjs:1:\d+\. \[MODULE_FAILED\]/,
  ],
  [
    'sends what looks like an answer',
    "process.send({ kind: 'done', registries: [{ functions: 1, report: { ok: true } }] }); process.send({ hello: 1 })",
    /makes no registry\. \[NO_REGISTRY\]/,
  ],
  ['is no JavaScript', `const ${VALUE}`, /could not be imported: SyntaxError/],
  [
    'ends the process',
    'process.exit(3)',
    /ended the process while it was imported \(exit code 3\)\. \[MODULE_FAILED\]/,
  ],
  [
    'waits for what never comes',
    'await new Promise(() => {})',
    /waits at its top level for something that never comes/,
  ],
  ['never ends', 'setInterval(() => {}, 9); await new Promise(() => {})', /was not done within 1 s \(--timeout\)/],
  ['makes no registry', 'export {}', /makes no registry\. \[NO_REGISTRY\]/],
])('a module that %s is told as such, without its words', async (_, text, message) => {
  const folder = await folderWithModule(text)
  // Only what never ends may run into the limit, however busy this machine is.
  const timeout = text.startsWith('setInterval') ? '1' : '300'
  const { code, stdout, stderr } = await folder.run(['check', 'module.mjs', '--timeout', timeout])
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(message)
  expect(stderr).toMatch(/\nhint: /)
  expect(stderr).not.toContain(VALUE)
})

test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const)(
  '%s ends check and a module that never waits',
  async (signal) => {
    const folder = cliFolder()
    writeFileSync(
      folder.at('module.mjs'),
      "import fs from 'node:fs'\nfs.writeSync(2, `${process.pid}\\n`)\nwhile (true) {}",
    )
    const program = spawn(process.execPath, [CLI, 'check', folder.at('module.mjs')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const [pid] = (await once(program.stderr, 'data')) as [Buffer]
    onTestFinished(() => {
      endIfThere(Number(pid))
    })
    const closed = once(program, 'close')
    program.kill(signal)
    // The module holds stderr: it is closed when both have ended.
    expect(await closed).toEqual([null, signal])
  },
)

test('what is asked of the process of a module stands in no argument, where the module could read it', async () => {
  const folder = cliFolder()
  writeFileSync(
    folder.at('module.mjs'),
    "import { execFileSync } from 'node:child_process'\nconsole.log(execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(process.pid)], { encoding: 'utf8' }))",
  )
  const { stderr } = await folder.run(['check', 'module.mjs'])
  expect(stderr).toMatch(/^\S+ \S+cli-collecting\.js\n/)
})

test('TypeScript is read where Node reads it; elsewhere tsx is named', async () => {
  const folder = await folderWithModule(
    `const a: number = 1\n${MODULE.replace(/export const second[^]*$/, '')}`,
    'module.ts',
  )
  writeFileSync(folder.at('package.json'), '{ "type": "module" }')
  const reads = Boolean((process.features as { typescript?: unknown }).typescript)
  const { code, stderr } = await folder.run(['check', 'module.ts'])
  expect(code).toBe(reads ? 0 : 1)
  if (!reads) expect(stderr).toMatch(/\[TS_NEEDS_LOADER\]\nhint: .*tsx/)
})

test.each([
  ['a module that is not there', ['check', 'absent.mjs'], 1, 'There is no module '],
  ['no module', ['manifest'], 2, 'MODULE is missing'],
  ['a bad scope', ['check', 'module.mjs', '--scope', 'a//'], 2, 'is not a scope'],
  ['a bad timeout', ['check', 'module.mjs', '--timeout', 'soon'], 2, 'no number of seconds'],
  ['--expiry without a scope', ['manifest', 'module.mjs', '--expiry'], 2, '--expiry needs a scope'],
])('%s is told', async (_, args, code, message) => {
  const folder = await folderWithModule('')
  const ended = await folder.run(args)
  expect(ended).toMatchObject({ code, stdout: '' })
  expect(ended.stderr).toContain(message)
})
