/** The calls of node:fs that the file store makes, as one object: tests pass one that fails, counts or records. */
import fs from 'node:fs'

/**
 * What the file store asks of the system. Only what may take long on a local disk is asynchronous: writing, and waiting
 * until it is on the disk.
 */
export interface FileSystem {
  open(path: string, flags: number, mode?: number): number
  close(fd: number): void
  fstat(fd: number): fs.BigIntStats
  /** Follows symbolic links; `undefined` if there is nothing. */
  stat(path: string): fs.BigIntStats | undefined
  /** Does not follow symbolic links; `undefined` if there is nothing. */
  lstat(path: string): fs.BigIntStats | undefined
  read(fd: number, buffer: Buffer, offset: number, length: number): number
  write(fd: number, buffer: Buffer, offset: number, length: number): Promise<number>
  fsync(fd: number): Promise<void>
  fchmod(fd: number, mode: number): void
  fchown(fd: number, uid: number, gid: number): void
  chmod(path: string, mode: number): void
  access(path: string, mode: number): void
  realpath(path: string): string
  rename(from: string, to: string): void
  unlink(path: string): void
  mkdir(path: string): void
  rmdir(path: string): void
  readdir(path: string): string[]
}

/** The calls of node:fs. Each is looked up when it is made, so that a program which replaces one is heeded. */
export const nodeFileSystem: FileSystem = {
  open: (path, flags, mode) => fs.openSync(path, flags, mode),
  close: (fd) => {
    fs.closeSync(fd)
  },
  fstat: (fd) => fs.fstatSync(fd, { bigint: true }),
  stat: (path) => fs.statSync(path, { bigint: true, throwIfNoEntry: false }),
  lstat: (path) => fs.lstatSync(path, { bigint: true, throwIfNoEntry: false }),
  read: (fd, buffer, offset, length) => fs.readSync(fd, buffer, offset, length, null),
  write: (fd, buffer, offset, length) =>
    new Promise((resolve, reject) => {
      fs.write(fd, buffer, offset, length, null, (error, written) => {
        if (error === null) resolve(written)
        else reject(error)
      })
    }),
  fsync: (fd) =>
    new Promise((resolve, reject) => {
      fs.fsync(fd, (error) => {
        if (error === null) resolve()
        else reject(error)
      })
    }),
  fchmod: (fd, mode) => {
    fs.fchmodSync(fd, mode)
  },
  fchown: (fd, uid, gid) => {
    fs.fchownSync(fd, uid, gid)
  },
  chmod: (path, mode) => {
    fs.chmodSync(path, mode)
  },
  access: (path, mode) => {
    fs.accessSync(path, mode)
  },
  realpath: (path) => fs.realpathSync(path),
  rename: (from, to) => {
    fs.renameSync(from, to)
  },
  unlink: (path) => {
    fs.unlinkSync(path)
  },
  mkdir: (path) => {
    fs.mkdirSync(path, 0o700)
  },
  rmdir: (path) => {
    fs.rmdirSync(path)
  },
  readdir: (path) => fs.readdirSync(path),
}
