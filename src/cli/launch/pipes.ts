/**
 * Pipes for what a program prints, such as a shell makes them: `/dev/stdout` can be opened, and whoever writes when nobody reads any
 * more gets SIGPIPE. What Node makes for a child is a socket, which can do neither.
 */
import { spawn } from 'node:child_process'
import { constants, mkdtempSync, openSync, rmdirSync, rmSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errnoOf } from '../failure.ts'

/** The descriptors of both ends of a pipe. */
export interface Pipe {
  readonly readEnd: number
  readonly writeEnd: number
}

/**
 * Makes pipes. Node has no call for it: they are made with names, by mkfifo(1), in a folder that only this user may enter, and lose
 * their names at once. What is written to them is never on a disk.
 *
 * @returns `undefined` where that is not possible: on Windows, under Bun and Deno, without mkfifo, without a folder to write to.
 */
export async function makePipes(count: number): Promise<Pipe[] | undefined> {
  // Bun and Deno hand no descriptor of a pipe on to a child, or read none of one.
  const { bun, deno } = process.versions
  if (process.platform === 'win32' || bun !== undefined || deno !== undefined) return undefined
  let folder: string | undefined
  try {
    const made = mkdtempSync(join(tmpdir(), 'latchkey-run-'))
    folder = made
    const paths = Array.from({ length: count }, (_, index) => join(made, String(index)))
    return (await makeNamed(paths)) ? paths.map(opened) : undefined
  } catch (error) {
    // ENOENT, EACCES, ENOSPC, EROFS and such: there is no place for them.
    if (errnoOf(error) === undefined) throw error
    return undefined
  } finally {
    if (folder !== undefined) remove(folder)
  }
}

/** It is empty, unless not all could be made. */
function remove(folder: string): void {
  try {
    rmdirSync(folder)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Tells whether it could be done. */
function makeNamed(paths: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const { PATH } = process.env
    const child = spawn('mkfifo', ['-m', '600', ...paths], { env: { PATH }, stdio: 'ignore' })
    child.once('error', () => {
      resolve(false)
    })
    child.once('exit', (code) => {
      resolve(code === 0)
    })
  })
}

/** Opens both ends, and takes the name away. */
function opened(path: string): Pipe {
  // Each end would wait for the other; this one does not.
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writeEnd = openSync(path, constants.O_WRONLY)
  unlinkSync(path)
  return { readEnd, writeEnd }
}
