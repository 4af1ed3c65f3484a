import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { fileStore } from '../../src/stores/file.ts'
import { CLI, cliFolderWithStore, onTerminal } from '../helpers/run-cli.ts'
import type { CliFolder, Step } from '../helpers/run-cli.ts'

const VALUE = 'correct-horse-battery'
const FULL_SCREEN = fileURLToPath(new URL('../fixtures/cli/full-screen.mjs', import.meta.url))
const TIDIES = fileURLToPath(new URL('../fixtures/cli/tidies.mjs', import.meta.url))
const SIGNALS = fileURLToPath(new URL('../fixtures/cli/signals.mjs', import.meta.url))

async function folderWithSecret(): Promise<CliFolder> {
  const folder = await cliFolderWithStore()
  await using store = fileStore({ path: folder.at('secrets.latchkey') })
  await store.set('db', { PASS: VALUE })
  return folder
}

/** An interactive shell, as people have it, in which `run` starts latchkey with the secret. */
function inShell({ folder }: CliFolder, steps: Step[]) {
  const { PATH = '' } = process.env
  const run = `'${process.execPath}' '${CLI}' run -s db --`
  const typed = steps.map(([seen, typing]): Step => {
    return [seen, typeof typing === 'string' ? typing.replace(/^run /, `${run} `) : typing]
  })
  const env = { PATH, TERM: 'xterm', PS1: 'shell> ', HISTFILE: '' }
  return onTerminal({
    command: ['/bin/bash', '--norc', '--noprofile', '-i'],
    steps: typed,
    columns: 400,
    cwd: folder,
    env,
  })
}

test('a full-screen program has the terminal: raw keys, its size, each change of it; and the terminal is put back', async () => {
  const folder = await folderWithSecret()
  const steps: Step[] = [
    ['tty true [120x24]', 57],
    ['[57x24]', '\x03'],
    ['<03>', '\x1a'],
    ['<1a>', 'q'],
  ]
  const ended = await folder.onTerminal(['run', '-s', 'db', '--', process.execPath, FULL_SCREEN], steps)
  expect(ended).toMatchObject({ code: 5, restored: true })
})

test('Ctrl-C reaches the program once, latchkey stays, and its exit code is the program’s', async () => {
  const folder = await folderWithSecret()
  const steps: Step[] = [
    ['ready', '\x03'],
    ['SIGINT', '\r'],
  ]
  const { screen, code } = await folder.onTerminal(['run', '-s', 'db', '--', process.execPath, SIGNALS], steps)
  expect(screen).toContain('count 1')
  expect(code).toBe(0)
})

test('a program that Ctrl-C ends ends latchkey by the same signal', async () => {
  const folder = await folderWithSecret()
  const { code, restored } = await folder.onTerminal(
    ['run', '-s', 'db', '--', 'sh', '-c', 'echo ready; exec sleep 60'],
    [['ready', '\x03']],
  )
  expect({ code, restored }).toEqual({ code: -2, restored: true })
})

test('Ctrl-Z stops both, and fg goes on with both', async () => {
  const folder = await folderWithSecret()
  const { screen } = await inShell(folder, [
    ['shell> ', "run sh -c 'echo here; exec cat'\r"],
    ['\rhere', 'one\r'],
    ['one\r\none\r\n', '\x1a'],
    ['Stopped', ''],
    ['shell> ', 'fg\r'],
    // The shell names what goes on, and then gives the terminal back: what is typed between may not be shown twice.
    ["cat'\r\n", 'two\r'],
    ['two\r\n', '\x04'],
    ['shell> ', 'echo code $?; exit\r'],
  ])
  expect(screen).toContain('code 0\r\n')
})

test('Ctrl-Z gives the shell the terminal when the program has put it in order, not before', async () => {
  const folder = await folderWithSecret()
  const { screen } = await inShell(folder, [
    ['shell> ', `run '${process.execPath}' '${TIDIES}'\r`],
    ['\rhere', '\x1a'],
    ['tidying\r\n', 'well\r'],
    ['\r\ntidied well\r\n', ''],
    ['Stopped', ''],
    ['shell> ', 'fg\r'],
    ['\r\nback\r\n', ''],
    ['shell> ', 'echo code $?; exit\r'],
  ])
  expect(screen).toContain('code 3\r\n')
})

test('Ctrl-Z stops latchkey also while it waits for what a program that has ended left behind', async () => {
  const folder = await folderWithSecret()
  const left = 'trap "" TSTP; while kill -0 $$ 2>/dev/null; do :; done; echo up; exec tail -f /dev/null'
  const { screen } = await inShell(folder, [
    ['shell> ', `run sh -c '(${left}) & exit' | cat\r`],
    ['\rup\r\n', '\x1a'],
    ['Stopped', ''],
    ['shell> ', 'kill -9 %1; disown -a; echo killed; exit\r'],
  ])
  expect(screen).toContain('\r\nkilled\r\n')
})

test('a job in the background stops with its program, and fg goes on with both', async () => {
  const folder = await folderWithSecret()
  const { screen } = await inShell(folder, [
    // The shell tells of its jobs at once.
    ['shell> ', 'set -b\r'],
    ['shell> ', "run sh -c 'read word </dev/tty; echo read $word' &\r"],
    ['Stopped', 'fg\r'],
    ["$word'\r\n", 'it\r'],
    ['\r\nread it\r\n', ''],
    ['shell> ', "run sh -c 'kill -TSTP 0; echo went on; exit 3' &\r"],
    ['Stopped', 'fg\r'],
    ['\r\nwent on\r\n', ''],
    ['shell> ', 'echo code $?; exit\r'],
  ])
  expect(screen).toContain('code 3\r\n')
})

test('a program that stops only itself gives the shell back', async () => {
  const folder = await folderWithSecret()
  const { screen } = await inShell(folder, [
    ['shell> ', "run sh -c 'kill -STOP $$; echo it went on'\r"],
    ['Stopped', ''],
    ['shell> ', 'fg\r'],
    ['\r\nit went on', ''],
    ['shell> ', 'exit\r'],
  ])
  expect(screen).toContain('it went on')
})

test('each stream is masked where it does not go to the terminal, and as it is where it does', async () => {
  const folder = await folderWithSecret()
  const { screen } = await inShell(folder, [
    ['shell> ', 'run sh -c \'test -t 0 && test -t 2 && ! test -t 1 && echo "$PASS" && echo "seen $PASS" >&2\' | cat\r'],
    [`seen ${VALUE}`, ''],
    ['***', 'exit\r'],
  ])
  expect(screen.split(VALUE)).toHaveLength(2)
})
