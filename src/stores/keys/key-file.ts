/** Key files: one raw key in a file that nobody else may read. */
import fs from 'node:fs'
import { rawKeyBytes } from '../../crypto/raw-key.ts'
import { StoreError } from '../../errors.ts'
import { closeFile, errnoOf, fileFailure } from '../file/failure.ts'
import type { FileSystem } from '../file/file-system.ts'

const { O_RDONLY, O_NONBLOCK } = fs.constants
const MAX_BYTES = 4096

/** For which store keys are read, and how. */
export interface KeyReading {
  /** The function that was given the keys, for messages: `fileStore`. */
  readonly caller: string
  /** The store's name. */
  readonly store: string
  /** Permission bits of group and others that a key file may have beside the owner's. */
  readonly allowMode: number
  readonly system: FileSystem
}

/**
 * Reads a key file, `undefined` if there is none.
 *
 * @throws StoreError DENIED if others may read it, KEY_FORMAT if it holds no key.
 */
export function readKeyFile(path: string, reading: KeyReading): Buffer | undefined {
  const text = readSmallFile(path, reading)
  return text === undefined ? undefined : rawKeyBytes(text.replace(/\s+$/, ''), `The key file ${path}`, reading.store)
}

function readSmallFile(path: string, { store, allowMode, system }: KeyReading): string | undefined {
  let fd: number
  try {
    // Without O_NONBLOCK, opening a FIFO would wait for somebody to write to it.
    fd = system.open(path, O_RDONLY | O_NONBLOCK)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw fileFailure(error, `open the key file ${path}`, store)
  }
  try {
    const stats = system.fstat(fd)
    if (!stats.isFile()) throw new StoreError('INVALID', `The key file ${path} is not a regular file.`, { store })
    if ((Number(stats.mode) & 0o077 & ~allowMode) !== 0) {
      throw new StoreError('DENIED', `The key file ${path} may be read or written by others.`, {
        store,
        hint: 'Run chmod 600 on it. In code, allowKeyMode admits a mount that is meant to be so.',
      })
    }
    const buffer = Buffer.alloc(MAX_BYTES)
    const length = system.read(fd, buffer, 0, MAX_BYTES)
    return buffer.toString('utf8', 0, length)
  } catch (error) {
    throw fileFailure(error, `read the key file ${path}`, store)
  } finally {
    closeFile(fd, system)
  }
}
