/** The calls of node:fs that the directory store makes, as one object: tests pass one that fails, or that changes things. */
import fs from 'node:fs'

/** What the directory store asks of the system. All of it is synchronous: what is mounted this way is in memory. */
export interface DirectorySystem {
  /** Does not follow symbolic links; `undefined` if there is nothing. */
  lstat(path: string): fs.BigIntStats | undefined
  /** Follows symbolic links; `undefined` if there is nothing. */
  stat(path: string): fs.BigIntStats | undefined
  readlink(path: string): string
  realpath(path: string): string
  readdir(path: string): fs.Dirent[]
  open(path: string, flags: number): number
  fstat(fd: number): fs.BigIntStats
  read(fd: number, buffer: Buffer, offset: number, length: number): number
  close(fd: number): void
  watch(path: string, listener: (event: string, file: string | null) => void): fs.FSWatcher
}

/** The calls of node:fs. Each is looked up when it is made, so that a program which replaces one is heeded. */
export const nodeDirectorySystem: DirectorySystem = {
  lstat: (path) => fs.lstatSync(path, { bigint: true, throwIfNoEntry: false }),
  stat: (path) => fs.statSync(path, { bigint: true, throwIfNoEntry: false }),
  readlink: (path) => fs.readlinkSync(path),
  realpath: (path) => fs.realpathSync.native(path),
  readdir: (path) => fs.readdirSync(path, { withFileTypes: true }),
  open: (path, flags) => fs.openSync(path, flags),
  fstat: (fd) => fs.fstatSync(fd, { bigint: true }),
  read: (fd, buffer, offset, length) => fs.readSync(fd, buffer, offset, length, null),
  close: (fd) => {
    fs.closeSync(fd)
  },
  // Whoever wants to go on running has something else to wait for.
  watch: (path, listener) => fs.watch(path, { persistent: false }, listener),
}
