/** Key files: one raw key in a file that nobody else may read. */
import fs from 'node:fs'
import { dirname } from 'node:path'
import { generateKey, rawKeyBytes } from '../../crypto/raw-key.ts'
import { closeFile, errnoOf, fileFailure, STORE, storeError } from './failure.ts'
import type { FileSystem } from './file-system.ts'
import { syncFolder, writeAll } from './replace.ts'

const { O_RDONLY, O_NONBLOCK, O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = fs.constants
const MAX_BYTES = 4096

/**
 * Reads a key file, `undefined` if there is none.
 *
 * @param allowMode - permission bits of group and others that are accepted beside the owner's.
 * @throws StoreError DENIED if others may read it, KEY_FORMAT if it holds no key.
 */
export function readKeyFile(path: string, allowMode: number, system: FileSystem): Buffer | undefined {
  const text = readSmallFile(path, allowMode, system)
  return text === undefined ? undefined : rawKeyBytes(text.replace(/\s+$/, ''), `The key file ${path}`, STORE)
}

function readSmallFile(path: string, allowMode: number, system: FileSystem): string | undefined {
  let fd: number
  try {
    // Without O_NONBLOCK, opening a FIFO would wait for somebody to write to it.
    fd = system.open(path, O_RDONLY | O_NONBLOCK)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw fileFailure(error, `open the key file ${path}`)
  }
  try {
    const stats = system.fstat(fd)
    if (!stats.isFile()) throw storeError('INVALID', `The key file ${path} is not a regular file.`)
    if ((Number(stats.mode) & 0o077 & ~allowMode) !== 0) {
      throw storeError(
        'DENIED',
        `The key file ${path} may be read or written by others.`,
        `Run chmod 600 on it; if it is a mount that is meant to be so, pass allowKeyMode.`,
      )
    }
    const buffer = Buffer.alloc(MAX_BYTES)
    const length = system.read(fd, buffer, 0, MAX_BYTES)
    return buffer.toString('utf8', 0, length)
  } catch (error) {
    throw fileFailure(error, `read the key file ${path}`)
  } finally {
    closeFile(fd, system)
  }
}

/**
 * Makes a key file with a new key, 0600 under any umask.
 *
 * @throws StoreError CONFLICT if there is something already: a key is never overwritten.
 */
export async function makeKeyFile(path: string, system: FileSystem): Promise<void> {
  try {
    const fd = newFile(path, system)
    try {
      system.fchmod(fd, 0o600)
      await writeAll(fd, Buffer.from(`${generateKey()}\n`), system)
      await system.fsync(fd)
      await syncFolder(dirname(path), system)
    } catch (error) {
      system.unlink(path)
      throw error
    } finally {
      closeFile(fd, system)
    }
  } catch (error) {
    throw fileFailure(error, `make the key file ${path}`)
  }
}

function newFile(path: string, system: FileSystem): number {
  try {
    return system.open(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o600)
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
    throw storeError('CONFLICT', `There is a key file already: ${path}.`)
  }
}
