/** Replaces a file by another, durably: at every moment the old or the new one is there, whole. */
import fs from 'node:fs'
import { dirname } from 'node:path'
import { closeFile, storeError, unless } from './failure.ts'
import type { FileSystem } from './file-system.ts'
import { TEMPORARY } from './lock.ts'
import type { HeldLock } from './lock.ts'

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR, O_RDONLY, O_DIRECTORY } = fs.constants

/**
 * Writes `bytes` beside `path`, waits until they are on the disk, renames them onto `path`, and waits until the name is on
 * the disk, too. Without the last step a power cut takes the acknowledged write back.
 *
 * @param path - the real path: a symbolic link would be replaced, not followed.
 * @param before - the file that is replaced, to keep its permissions and owner; `undefined` if there is none.
 * @returns a descriptor of the new file.
 */
export async function replaceFile(
  path: string,
  bytes: Buffer,
  before: fs.BigIntStats | undefined,
  lock: HeldLock,
  system: FileSystem,
): Promise<number> {
  const temporary = path + TEMPORARY + lock.token
  const fd = system.open(temporary, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR, 0o600)
  try {
    system.fchmod(fd, 0o600)
    await writeAll(fd, bytes, system)
    const written = system.fstat(fd)
    if (written.size !== BigInt(bytes.length)) throw storeError('UNAVAILABLE', 'The new store file came out too short.')
    if (before !== undefined) keepOwner(fd, written, before, system)
    await system.fsync(fd)
    lock.assertHeld()
    system.rename(temporary, path)
  } catch (error) {
    discard(fd, temporary, lock, system)
    throw error
  }
  try {
    await syncFolder(dirname(path), system)
  } catch (error) {
    closeFile(fd, system)
    throw error
  }
  return fd
}

/** Waits until the names in a folder are on the disk. */
export async function syncFolder(folder: string, system: FileSystem): Promise<void> {
  const fd = system.open(folder, O_RDONLY | O_DIRECTORY)
  try {
    await system.fsync(fd)
  } finally {
    closeFile(fd, system)
  }
}

/** Writes all of `bytes`, however little the system takes at a time. */
export async function writeAll(fd: number, bytes: Buffer, system: FileSystem): Promise<void> {
  for (let offset = 0; offset < bytes.length;) {
    const written = await system.write(fd, bytes, offset, bytes.length - offset)
    if (written <= 0) throw storeError('UNAVAILABLE', 'The system takes no more bytes of the store file.')
    offset += written
  }
}

function keepOwner(fd: number, written: fs.BigIntStats, before: fs.BigIntStats, system: FileSystem): void {
  if (written.uid !== before.uid || written.gid !== before.gid) {
    // EPERM: only root may give a file away. It is then the writer's, as any new file would be.
    unless(['EPERM'], () => {
      system.fchown(fd, Number(before.uid), Number(before.gid))
    })
  }
  const mode = Number(before.mode) & 0o644
  if (mode !== 0o600) system.fchmod(fd, mode)
}

function discard(fd: number, temporary: string, lock: HeldLock, system: FileSystem): void {
  closeFile(fd, system)
  try {
    system.unlink(temporary)
  } catch {
    lock.leaveBehind()
  }
}
