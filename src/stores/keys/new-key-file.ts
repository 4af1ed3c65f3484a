/** Makes key files. */
import fs from 'node:fs'
import { dirname } from 'node:path'
import { generateKey } from '../../crypto/raw-key.ts'
import { closeFile, errnoOf, fileFailure, storeError } from '../file/failure.ts'
import type { FileSystem } from '../file/file-system.ts'
import { syncFolder, writeAll } from '../file/replace.ts'

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = fs.constants

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
