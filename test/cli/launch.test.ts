/** How a program is started and masked, where the built program cannot be asked. */
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, type Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { launch, type Launch } from '../../src/cli/launch/launch.ts'
import { createRedactor } from '../../src/redact/redactor.ts'
import { storeFolder } from '../helpers/store-folder.ts'

const VALUE = 'correct-horse-battery'

/** Starts a program whose stdout is masked, and gives what it prints. */
function masked(script: string, args: string[], redactor: Launch['redactor']) {
  const target = new PassThrough()
  const outputs: Launch['outputs'] = {
    stdio: ['pipe', 'inherit'],
    started: ([stdout]) => [{ source: stdout as Readable, target: () => target }],
    close: () => undefined,
  }
  const { PATH } = process.env
  const ended = launch({ command: ['sh', '-c', script, 'sh', ...args], environment: { PATH }, outputs, redactor })
  return { ended: ended.finally(() => target.end()), printed: text(target) }
}

test('what masks is loaded while a program runs that has not printed yet: an update may take its files away', async () => {
  const path = join(storeFolder().folder, 'go')
  expect(spawnSync('mkfifo', [path]).status).toBe(0)
  let tell: (() => void) | undefined
  const loaded = new Promise<void>((resolve) => (tell = resolve))
  const { ended, printed } = masked('read -r go < "$1"; echo "$go"', [path], () => {
    tell?.()
    return Promise.resolve(createRedactor([VALUE]))
  })
  await loaded
  writeSync(openSync(path, 'w'), `${VALUE}\n`)
  expect(await ended).toBe(0)
  expect(await printed).toBe('***\n')
})

test('what a program printed before it ended is masked and shown, however long it takes to load what masks', async () => {
  const folder = storeFolder()
  const path = join(folder.folder, 'ended')
  expect(spawnSync('mkfifo', [path]).status).toBe(0)
  const { ended, printed } = masked('echo "$1"; exec 3< "$2"', [VALUE, path], async () => {
    // The program ends when somebody has opened this; Node tells of the end in the next turn that sees it.
    const child = new Promise((resolve) => process.once('SIGCHLD', resolve))
    closeSync(openSync(path, 'w'))
    await child
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    return createRedactor([VALUE])
  })
  expect(await ended).toBe(0)
  expect(await printed).toBe('***\n')
})

test('what cannot be masked is not shown, and told when the program has ended', async () => {
  const { ended, printed } = masked('echo "$1"', [VALUE], () => Promise.reject(new Error(VALUE)))
  const message = 'Could not write what the command printed (unknown).'
  await expect(ended).rejects.toMatchObject({ code: 'UNAVAILABLE', message })
  expect(await printed).toBe('')
})
