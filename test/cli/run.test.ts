import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { generateKey } from '../../src/crypto/raw-key.ts'
import { fileStore } from '../../src/stores/file.ts'
import { CLI, cliFolder, cliFolderWithStore, failureOf } from '../helpers/run-cli.ts'
import type { CliFolder } from '../helpers/run-cli.ts'

const VALUE = 'correct-horse-battery'
const SIGNALS = fileURLToPath(new URL('../fixtures/cli/signals.mjs', import.meta.url))

/** A store with the secrets `db`, `other` and `proxy`. */
async function folderWithSecrets(): Promise<CliFolder> {
  const folder = await cliFolderWithStore()
  await using store = fileStore({ path: folder.at('secrets.latchkey') })
  await store.set('db', { PASS: `${VALUE}-PASS`, USER: `${VALUE}-USER` })
  await store.set('other', { PASS: `${VALUE}-PASS` })
  await store.set('proxy', { HTTPS_PROXY: `${VALUE}-PROXY`, PATH: `${VALUE}-PATH` })
  return folder
}

/** Starts the program without a terminal, as a leader of its own group, so that no signal reaches anybody else. */
function start(folder: CliFolder, args: string[]) {
  const child = spawn(process.execPath, [CLI, 'run', ...args], {
    cwd: folder.folder,
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let text = ''
  const printed = async (part: string): Promise<string> => {
    while (!text.includes(part)) text += String(((await once(child.stdout, 'data')) as [Buffer])[0])
    return text
  }
  return { child, printed }
}

test('the program gets the keys beside the user’s own environment, and nothing that opens the store', async () => {
  const folder = await folderWithSecrets()
  const key = folder.read('secrets.latchkey.key').trim()
  const env = { MINE: 'mine', USER: 'mine', LATCHKEY_KEY: key, LATCHKEY_OTHER: 'x' }
  const script = 'echo "$MINE ${USER#correct-} ${PASS#correct-} [$LATCHKEY_KEY$LATCHKEY_OTHER] $HTTPS_PROXY"; exit 7'
  const ended = await folder.run(['run', '-s', 'db', '--no-mask', '--', 'sh', '-c', script], { env })
  expect(ended).toEqual({ code: 7, stdout: 'mine horse-battery-USER horse-battery-PASS [] \n', stderr: '' })
  const some = await folder.run(['run', '--secret=db:USER', '--', 'sh', '-c', 'echo "[$PASS]$#$1"', 'sh', '$HOME;*'], {
    env,
  })
  expect(some).toEqual({ code: 0, stdout: '[]1$HOME;*\n', stderr: '' })
})

test('a key may be called __proto__, and so may a variable of the user’s own', async () => {
  const folder = await cliFolderWithStore({ odd: Object.fromEntries([['__proto__', VALUE]]), app: { K: VALUE } })
  const print = [
    '--no-mask',
    '--',
    process.execPath,
    '-p',
    "Object.getOwnPropertyDescriptor(process.env, '__proto__')?.value",
  ]
  expect(await folder.run(['run', '-s', 'odd', ...print])).toEqual({ code: 0, stdout: `${VALUE}\n`, stderr: '' })
  const env = Object.fromEntries([['__proto__', 'mine']])
  expect((await folder.run(['run', '-s', 'app', ...print], { env })).stdout).toBe('mine\n')
})

test('everything that is missing is told in one error, and nothing starts', async () => {
  const folder = await folderWithSecrets()
  const ended = await folder.run([
    'run',
    '-s',
    'db:PASS,NOPE',
    '-s',
    'gone',
    '-s',
    'db:NEITHER',
    '--',
    'touch',
    'started',
  ])
  expect(ended).toMatchObject({ code: 125, stdout: '' })
  expect(ended.stderr).toMatch(
    /^latchkey: 3 missing:\n {2}key NOPE of secret db .*\n {2}key NEITHER of secret db .*\n {2}secret gone .*\[MISSING_SECRETS\]\nhint: /,
  )
  expect(folder.entries()).not.toContain('started')
})

test('keys of one name collide; reserved names are refused, and one is admitted by its name', async () => {
  const folder = await folderWithSecrets()
  const both = await folder.run(['run', '-s', 'db', '-s', 'other', '--', 'true'])
  expect(both).toMatchObject({ code: 125, stdout: '' })
  expect(both.stderr).toContain(
    'key PASS of secret db and key PASS of secret other would both set PASS. [ENV_COLLISION]',
  )
  const reserved = await folder.run(['run', '-s', 'proxy:HTTPS_PROXY', '--', 'true'])
  expect(reserved).toMatchObject({ code: 125 })
  expect(reserved.stderr).toMatch(/\[RESERVED_NAME\]\nhint: .*--allow-reserved VARIABLE/)
  const admit = ['run', '-s', 'proxy:HTTPS_PROXY', '--allow-reserved']
  expect(await folder.run([...admit, 'HTTPS_PROXY', '--', 'sh', '-c', '[ -n "$HTTPS_PROXY" ]'])).toMatchObject({
    code: 0,
  })
  const never = await folder.run([...admit, 'PATH', '--', 'true'])
  expect(never.code).toBe(2)
  expect(never.stderr).toContain('[USAGE]')
})

test.each([
  ['no secret', ['run', '--', 'true']],
  ['no program', ['run', '-s', 'db']],
  ['a program without two dashes', ['run', '-s', 'db', 'true']],
  ['what is no name', ['run', '-s', `${VALUE}!`, '--', 'true']],
  ['a pair', ['run', '-s', `PASS=${VALUE}`, '--', 'true']],
  ['no key after the colon', ['run', '-s', 'db:', '--', 'true']],
])('%s is a mistake in the command line, and not repeated', async (_, args) => {
  const { code, stdout, stderr } = await cliFolder().run(args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(/\[USAGE\]\nhint: .*\n$/)
  expect(stderr).not.toContain(VALUE)
})

test('what cannot be started: 127 if it is not there, 126 otherwise, and 125 if the store does not open', async () => {
  const folder = await folderWithSecrets()
  const absent = await folder.run(['run', '-s', 'db', '--', 'no-program'])
  expect(absent).toMatchObject({ code: 127, stdout: '' })
  expect(absent.stderr).toContain('The command no-program was not found. [COMMAND_NOT_FOUND]')
  writeFileSync(folder.at('not-executable'), '')
  const denied = await folder.run(['run', '-s', 'db', '--', './not-executable'])
  expect(denied).toMatchObject({ code: 126 })
  expect(denied.stderr).toContain('(EACCES). [COMMAND_NOT_STARTED]')
  const noFolder = await folder.run(['run', '-s', 'db', '--', './not-executable/program'])
  expect(noFolder).toMatchObject({ code: 126 })
  expect(noFolder.stderr).toContain('(ENOTDIR). [COMMAND_NOT_STARTED]\nhint: A part of its path')
  const env = { LATCHKEY_KEY: generateKey() }
  expect(await folder.run(['run', '-s', 'db', '--', 'true'], { env })).toMatchObject({ code: 125 })
})

test('values are masked in both streams, in every form, and every other byte is passed on as it is', async () => {
  const folder = await folderWithSecrets()
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, n) => (n * 7) % 256))
  writeFileSync(folder.at('bytes'), bytes)
  const script =
    'printf "%.9s" "$PASS"; printf "%s\\n" "${PASS#?????????}"; printf %s "$PASS" | base64; cat bytes; echo "$PASS" >&2'
  const ended = await folder.run(['run', '-s', 'db', '--', 'sh', '-c', script], { after: '> out' })
  expect(ended).toEqual({ code: 0, stdout: '', stderr: '***\n' })
  const out = spawnSync('cat', [folder.at('out')]).stdout
  expect(out.equals(Buffer.concat([Buffer.from('***\n***\n'), bytes]))).toBe(true)
})

test('a question without a line end is shown while it waits for its answer', async () => {
  const folder = await folderWithSecrets()
  // Its last letter may be the beginning of a value, and of a value in base64.
  const { child, printed } = start(folder, [
    '-s',
    'db',
    '--',
    'sh',
    '-c',
    'printf "sure? (y/n) c"; read a; echo "orrect-horse-battery-PASS $a"',
  ])
  await printed('sure? (y/n) c')
  child.stdin.end('yes\n')
  expect(await printed('yes')).toBe('sure? (y/n) c*** yes\n')
  expect(await once(child, 'close')).toEqual([0, null])
})

test('no more than the first three bytes of a value are shown, however slowly a program prints it', async () => {
  const folder = await folderWithSecrets()
  // A byte for each line that it is told, and after three of them the others one by one.
  const slowly = `const [c, o, r, ...others] = process.env.PASS
    const told = () => new Promise((next) => process.stdin.once('data', next))
    for (const byte of ['? ', c, o, r]) { process.stdout.write(byte); await told() }
    for (const byte of others) await new Promise((next) => process.stdout.write(byte, () => setTimeout(next, 70)))
    process.stdin.destroy()`
  const { child, printed } = start(folder, ['-s', 'db', '--', process.execPath, '--input-type=module', '-e', slowly])
  for (const shown of ['? ', '? c', '? co', '? cor']) {
    expect(await printed(shown)).toBe(shown)
    child.stdin.write('on\n')
  }
  expect(await printed('***')).toBe('? cor***')
  child.stdin.end()
  expect(await once(child, 'close')).toEqual([0, null])
})

test('the program has pipes: /dev/stdout opens, and both streams keep their order where they go to one place', async () => {
  const folder = await folderWithSecrets()
  const script =
    'for n in 1 2 3; do echo "$PASS $n" > /dev/stdout; echo "err $n" > /dev/stderr; done; ls -A "$TMPDIR"; [ -p /dev/stdout ] && [ -p /dev/stderr ]'
  const before = folder.entries()
  const env = { TMPDIR: folder.folder }
  const ended = await folder.run(['run', '-s', 'db', '--', 'sh', '-c', script], { env, after: '2>&1' })
  const lines = [1, 2, 3].flatMap((n) => [`*** ${n}`, `err ${n}`])
  expect(ended).toEqual({ code: 0, stdout: [...lines, ...before, ''].join('\n'), stderr: '' })
  const apart = await folder.run(
    ['run', '-s', 'db', '--', 'sh', '-c', 'echo out; [ -p /dev/stderr ] && echo err >&2'],
    { env },
  )
  expect(apart).toEqual({ code: 0, stdout: 'out\n', stderr: 'err\n' })
  expect(folder.entries()).toEqual(before)
})

test.each([
  ['mkfifo', { PATH: '/nowhere' }],
  ['a folder for it', { TMPDIR: '/nowhere' }],
])('without %s, output is masked all the same', async (_, env) => {
  const folder = await folderWithSecrets()
  const { PATH = '' } = process.env
  const child = spawn(
    process.execPath,
    [CLI, 'run', '-s', 'db', '--', '/bin/sh', '-c', 'echo "$PASS"; echo "$USER" >&2'],
    {
      cwd: folder.folder,
      env: { PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const printed = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (text: Buffer) => (printed[name] += String(text)))
  expect(await once(child, 'close')).toEqual([0, null])
  expect(printed).toEqual({ stdout: '***\n', stderr: '***\n' })
})

test('signals reach the program, and latchkey ends as it ends', async () => {
  const folder = await folderWithSecrets()
  const { child, printed } = start(folder, ['-s', 'db', '--', process.execPath, SIGNALS])
  await printed('ready')
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGTERM'] as const) {
    child.kill(signal)
    await printed(signal)
  }
  expect(await once(child, 'close')).toEqual([9, null])
})

test.each([
  ['TERM', [null, 'SIGTERM']],
  ['KILL', [null, 'SIGKILL']],
  // Its own image of memory would hold the values.
  ['SEGV', [139, null]],
])('a program that ends by SIG%s ends latchkey so that a shell sees the same', async (signal, expected) => {
  const folder = await folderWithSecrets()
  const { child } = start(folder, ['-s', 'db', '--', 'sh', '-c', `ulimit -c 0; kill -${signal} $$`])
  child.stdout.resume()
  expect(await once(child, 'close')).toEqual(expected)
})

test('no value stands in the arguments of any process', async () => {
  const folder = await folderWithSecrets()
  const script = 'cat /proc/$PPID/cmdline /proc/$$/cmdline; ls -A'
  const { stdout } = await folder.run(['run', '-s', 'db', '--no-mask', '--', 'sh', '-c', script])
  expect(stdout).toContain('run\0-s\0db')
  expect(stdout).not.toContain(VALUE)
  expect(stdout.split('\n').slice(1)).not.toContain('tmp')
})

test('a reader that goes ends the program by SIGPIPE, without a word, and latchkey as it ends', async () => {
  const folder = await folderWithSecrets()
  const command = [process.execPath, CLI, 'run', '-s', 'db', '--']
  const code = async (...program: string[]) => {
    const script = '{ "$@"; echo "$?" > code; } | head -n 1'
    const ended = spawn('sh', ['-c', script, 'sh', ...command, ...program], { cwd: folder.folder })
    let text = ''
    for (const stream of [ended.stdout, ended.stderr]) stream.on('data', (chunk: Buffer) => (text += String(chunk)))
    expect(await once(ended, 'close')).toEqual([0, null])
    expect(text).toBe('y\n')
    return Number(folder.read('code'))
  }
  expect(await code('yes')).toBe(128 + constants.signals.SIGPIPE)
  expect(await code('sh', '-c', 'yes; exit 3')).toBe(3)
  const { child, printed } = start(folder, ['-s', 'db', '--', 'yes'])
  await printed('y')
  child.stdout.destroy()
  expect(await once(child, 'close')).toEqual([null, 'SIGPIPE'])
})

test('a signal that comes while the pipes are made ends latchkey, and leaves nothing of them', async () => {
  const folder = await folderWithSecrets()
  mkdirSync(folder.at('bin'))
  mkdirSync(folder.at('tmp'), { mode: 0o777 })
  const { PATH = '' } = process.env
  const [, real = ''] =
    /^(\S+)\n$/.exec(spawnSync('sh', ['-c', 'command -v mkfifo'], { encoding: 'utf8' }).stdout) ?? []
  writeFileSync(folder.at('bin/mkfifo'), `#!/bin/sh\n'${real}' "$@" && kill -TERM "$PPID"\n`, { mode: 0o755 })
  const child = spawn(process.execPath, [CLI, 'run', '-s', 'db', '--', 'touch', folder.at('started')], {
    cwd: folder.folder,
    env: { PATH: `${folder.at('bin')}:${PATH}`, TMPDIR: folder.at('tmp') },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  expect(await once(child, 'close')).toEqual([null, 'SIGTERM'])
  expect(readdirSync(folder.at('tmp'))).toEqual([])
  expect(folder.entries()).not.toContain('started')
})

test('a full disk under the output is told, however the program ends', async () => {
  const folder = await folderWithSecrets()
  for (const program of [['yes'], ['sh', '-c', 'yes'], ['echo', 'once']]) {
    const ended = await folder.run(['run', '-s', 'db', '--', ...program], { after: '> /dev/full' })
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toMatch(
      /^latchkey: Could not write what the command printed \(ENOSPC\)\. \[UNAVAILABLE\]\nhint: /,
    )
  }
})

test('a mistake of anybody’s before the program starts ends with 125, too', async () => {
  const folder = cliFolder()
  mkdirSync(folder.at('node_modules/pg'), { recursive: true })
  const broken = `exports.Pool = class { constructor() { throw new TypeError('${VALUE}') } }`
  writeFileSync(folder.at('node_modules/pg/index.js'), broken)
  const ended = await folder.run(['run', '-s', 'app', '--store', 'postgres:', '--', 'echo', 'started'])
  expect(failureOf(ended, VALUE)).toEqual([125, 'UNEXPECTED'])
})
