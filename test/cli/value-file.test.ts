import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readTextFile, readValueFile } from '../../src/cli/value-file.ts'

function file(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-value-file-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true })
  })
  return join(folder, name)
}

/** Makes a named pipe, which another process opens and writes to once somebody reads it. */
function pipe(script: string): { path: string; writer: Promise<unknown> } {
  const path = file('pipe')
  execFileSync('mkfifo', [path])
  return { path, writer: once(spawn('sh', ['-c', script, 'sh', path], { stdio: 'ignore' }), 'close') }
}

test('a pipe is waited for until all that is written to it has come', async () => {
  const { path, writer } = pipe('{ seq 1 2000; echo A=b; } > "$1"')
  const text = readTextFile(path, 100_000)
  expect(text.startsWith('1\n2\n')).toBe(true)
  expect(text.endsWith('2000\nA=b\n')).toBe(true)
  await writer
})

test('a pipe, or a device, that gives nothing holds no value; a regular file that is empty holds the empty one', async () => {
  const { path, writer } = pipe(': > "$1"')
  expect(() => readValueFile(path)).toThrow(expect.objectContaining({ code: 'NO_VALUE' }) as Error)
  await writer
  expect(() => readValueFile('/dev/null')).toThrow('Nothing came from /dev/null.')
  const empty = file('empty')
  writeFileSync(empty, '')
  expect(readValueFile(empty)).toBe('')
})

test('what has no end is read no further than a value may reach', () => {
  expect(() => readTextFile('/dev/zero', 100_000)).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }) as Error)
})
