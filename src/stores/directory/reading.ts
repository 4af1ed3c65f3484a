/** Reads one file: a regular one, and never more of it than a secret can hold. */
import fs from 'node:fs'
import type { StoreErrorDetails } from '../../errors.ts'
import { closeFile, errnoOf } from '../file/failure.ts'
import { ask, storeError } from './failure.ts'
import type { DirectorySystem } from './file-system.ts'

interface Setting {
  readonly system: DirectorySystem
  /** Gives what a symbolic link leads to, or refuses it. */
  readonly follow: (link: string) => string
  readonly about: StoreErrorDetails
  /** Bytes. A larger file is not read. */
  readonly limit: number
}

// Without O_NONBLOCK, opening a FIFO would wait for somebody to write to it.
const FLAGS = fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | fs.constants.O_NOFOLLOW

/** Gives the bytes of a file. */
export function readBytes(path: string, setting: Setting): Buffer {
  const { system } = setting
  const fd = openFile(path, setting)
  try {
    return readOpen(path, fd, setting)
  } finally {
    closeFile(fd, system)
  }
}

function openFile(path: string, { system, follow, about }: Setting): number {
  return ask(`open ${path}`, about, () => {
    try {
      return system.open(path, FLAGS)
    } catch (error) {
      if (errnoOf(error) !== 'ELOOP') throw error
    }
    return system.open(follow(path), FLAGS)
  })
}

function readOpen(path: string, fd: number, { system, about, limit }: Setting): Buffer {
  const stats = ask(`look at ${path}`, about, () => system.fstat(fd))
  if (!stats.isFile()) throw notRegular(path, about)
  const tooLarge = () => storeError('TOO_LARGE', `${path} makes its secret larger than 1 MiB.`, about)
  if (stats.size > limit) throw tooLarge()
  // One byte more than there should be tells that it has grown, or that the system does not know its size.
  let bytes = Buffer.allocUnsafeSlow(Number(stats.size) + 1)
  let length = 0
  for (;;) {
    const read = ask(`read ${path}`, about, () => system.read(fd, bytes, length, bytes.length - length))
    if (read === 0) return bytes.subarray(0, length)
    length += read
    if (length > limit) throw tooLarge()
    if (BigInt(length) === stats.size) return bytes.subarray(0, length)
    if (length === bytes.length) bytes = Buffer.concat([bytes], Math.min(2 * length + 4096, limit + 1))
  }
}

/** Makes the error for something that cannot be read as a file. */
export function notRegular(path: string, about: StoreErrorDetails): Error {
  return storeError('INVALID', `${path} is neither a regular file nor a link to one.`, about)
}
