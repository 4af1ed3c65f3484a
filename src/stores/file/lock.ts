/**
 * The lock of a store file: a folder beside it that holds one empty file, named after who holds the lock.
 *
 * It is taken by renaming a folder, made ready before, onto it: that succeeds if nothing or an empty folder is there, and
 * for one of many only. A dead owner's file is removed by its name, which is never used again; so nobody can remove a
 * living owner's by mistake. Time plays no part.
 */
import fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { closeFile, storeError, unless } from './failure.ts'
import type { FileSystem } from './file-system.ts'
import { isDead, newToken, ownerOf } from './owner.ts'
import type { Owner } from './owner.ts'

/** A lock that is held. */
export interface HeldLock {
  /** Names what is made under this lock. */
  readonly token: string
  /** Throws UNAVAILABLE if somebody took the lock away. */
  assertHeld(): void
  /** Says that something named by the token could not be removed: it is, before the next write. */
  leaveBehind(): void
  /** Gives it back. Never throws: what was written is written. */
  release(): void
}

/** Takes locks on one file. */
export interface Locker {
  acquire(): Promise<HeldLock>
}

/** What is put between a file's name and a token. */
export const TEMPORARY = '.tmp.'
const LOCK = '.lock'
const STAGED = `${LOCK}.`
const LONGEST_WAIT_MS = 25

/**
 * Makes the locker of a file.
 *
 * @param path - the real path of the store file.
 * @param timeoutMs - how long to wait for a living owner.
 */
export function fileLocker(path: string, owner: Owner, timeoutMs: number, system: FileSystem): Locker {
  const lock = path + LOCK
  // Tokens of ours that could not be removed. Their owner lives, so nobody else would ever remove them.
  const leftovers = new Set<string>()
  let tidied = false

  const isGone = (token: string): boolean => {
    if (leftovers.has(token)) return true
    const holder = ownerOf(token)
    return holder !== undefined && isDead(holder, owner)
  }

  /** Removes what the dead left in the lock; true: it may be free now. */
  const clear = (): boolean => {
    let tokens: readonly string[] = []
    const exists = unless(['ENOENT'], () => {
      tokens = system.readdir(lock)
    })
    if (!exists) return true
    if (!tokens.every(isGone)) return false
    for (const token of tokens) {
      removeFile(system, path + TEMPORARY + token)
      removeFile(system, join(lock, token))
      // Where one died, more may have been left.
      tidied = false
    }
    return true
  }

  /** Removes what the dead left beside the file: unfinished files, and folders that were to become the lock. */
  const tidy = (): void => {
    const folder = dirname(path)
    const name = basename(path)
    for (const entry of system.readdir(folder)) {
      const kind = [TEMPORARY, STAGED].find((between) => entry.startsWith(name + between))
      if (kind === undefined) continue
      const token = entry.slice(name.length + kind.length)
      if (!isGone(token)) continue
      if (kind === TEMPORARY) removeFile(system, join(folder, entry))
      else removeFolder(system, join(folder, entry), token)
    }
  }

  const held = (token: string): HeldLock => ({
    token,
    assertHeld() {
      if (system.lstat(join(lock, token)) !== undefined) return
      throw storeError('UNAVAILABLE', 'The lock of the store file was taken away while it was held.')
    },
    leaveBehind() {
      leave(token)
    },
    release() {
      try {
        removeFolder(system, lock, token)
      } catch {
        // Whatever the errno: the write is done and must not be reported as failed. The next to take the lock clears it.
        leave(token)
      }
    },
  })

  const leave = (token: string): void => {
    leftovers.add(token)
    tidied = false
  }

  const take = (staged: string): boolean =>
    unless(['ENOTEMPTY', 'EEXIST'], () => {
      system.rename(staged, lock)
    })

  return {
    async acquire() {
      const token = newToken(owner)
      const staged = path + STAGED + token
      const deadline = performance.now() + timeoutMs
      try {
        stage(system, staged, token)
        for (let wait = 1; !take(staged);) {
          if (clear()) continue
          if (performance.now() > deadline) throw lockTimeout(lock, timeoutMs)
          // Not the same for all who wait, or they would meet again.
          await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random())))
          wait = Math.min(wait * 2, LONGEST_WAIT_MS)
        }
      } catch (error) {
        try {
          removeFolder(system, staged, token)
        } catch {
          // What failed first is what matters.
          leave(token)
        }
        throw error
      }
      const taken = held(token)
      try {
        if (!tidied) tidy()
        tidied = true
      } catch (error) {
        taken.release()
        throw error
      }
      return taken
    },
  }
}

function stage(system: FileSystem, staged: string, token: string): void {
  system.mkdir(staged)
  // A umask of 0777 leaves a folder that even its maker cannot enter.
  system.chmod(staged, 0o700)
  const { O_CREAT, O_EXCL, O_WRONLY } = fs.constants
  closeFile(system.open(join(staged, token), O_CREAT | O_EXCL | O_WRONLY, 0o600), system)
}

function removeFile(system: FileSystem, path: string): void {
  unless(['ENOENT', 'ENOTDIR'], () => {
    system.unlink(path)
  })
}

/** Removes a folder with its token. The folder may have become somebody else's lock meanwhile: then it stays. */
function removeFolder(system: FileSystem, folder: string, token: string): void {
  removeFile(system, join(folder, token))
  unless(['ENOENT', 'ENOTEMPTY', 'EEXIST'], () => {
    system.rmdir(folder)
  })
}

function lockTimeout(lock: string, timeoutMs: number): Error {
  return storeError(
    'UNAVAILABLE',
    `Another process has held the lock of the store file for ${timeoutMs} ms.`,
    `It may only be slow, or stopped. If you know that nobody writes, remove ${lock}.`,
  )
}
