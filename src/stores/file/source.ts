/** The store file as this process sees it now: read when it was replaced, never otherwise. */
import fs from 'node:fs'
import { dirname } from 'node:path'
import { eraseDataKey } from '../../crypto/data-key.ts'
import type { DataKey } from '../../crypto/data-key.ts'
import { openKeyring } from '../../crypto/keyring.ts'
import type { OpenKeys } from '../../crypto/keyring.ts'
import { isLatchkeyError } from '../../errors.ts'
import type { MaybePromise } from '../../store.ts'
import { closedError } from '../request.ts'
import { damaged, readDocument, verifyDocument } from '../document/document.ts'
import type { Document } from '../document/document.ts'
import { assertFollows, markOf } from '../document/lineage.ts'
import type { AnchorMark } from '../document/lineage.ts'
import { closeFile, errnoOf, fileFailure, STORE, STORE_FILE, storeError } from './failure.ts'
import type { SealedRecord } from './record.ts'
import { credentialSetting } from './settings.ts'
import type { FileStoreSettings } from './settings.ts'

/** A store file that was read and verified, with its keys. */
export interface View {
  readonly document: Document
  readonly keys: OpenKeys
  /** Seals, and authenticates the file. */
  readonly primary: DataKey
  /** Records that were read, still sealed, by what their lines begin with. */
  readonly atHand: Map<string, SealedRecord>
}

/** The file, as it is now. */
export interface Source {
  /**
   * Gives the file as it is now, `undefined` if there is none: at once if nothing has to be waited for. Three microseconds if
   * it was not replaced.
   */
  current(): MaybePromise<View | undefined>
  /** As `current`, for one who will write: never the last good view in place of a corrupt file. */
  forWriting(): MaybePromise<View | undefined>
  /** Takes over a file that was just written, by its descriptor. */
  adopt(view: View, fd: number): void
  /** It has been opened once: its keys are known. */
  isOpen(): boolean
  close(): void
}

interface Held {
  readonly view: View
  /** Kept open, so that the system gives the file's inode to no other file. */
  readonly fd: number
  readonly stats: fs.BigIntStats
}

const { O_RDONLY, O_NONBLOCK } = fs.constants
const MAX_FILE_BYTES = 2 ** 31 - 1

/** Makes the source of a file. */
export function fileSource(settings: FileStoreSettings): Source {
  const { system, anchor } = settings
  let held: Held | undefined
  let seen: AnchorMark | undefined
  let loading: Promise<unknown> | undefined
  let known: OpenKeys = new Map()
  let closed = false

  const hold = (next: Held): void => {
    const before = held
    held = next
    seen = markOf(next.view.document)
    known = next.view.keys
    if (before !== undefined) closeFile(before.fd, system)
  }

  /** The part that needs no waiting if the keys are known, or raw. */
  const load = (mark: AnchorMark | undefined): MaybePromise<View | undefined> => {
    const file = openFile(settings)
    if (file === undefined) {
      assertFollows(undefined, seen, STORE_FILE)
      assertFollows(undefined, mark, STORE_FILE)
      // No store yet, but a key must be there: it is what the first write makes the store with.
      settings.credentials()
      return undefined
    }
    const { fd, stats } = file
    const keep = (document: Document, keys: OpenKeys): View => {
      // A key wrapper may answer after the store was closed: nothing would ever close this descriptor.
      if (closed) throw closedError(STORE)
      const primary = keys.get(document.header.keys[0].kid)
      if (primary === undefined) throw damaged(STORE_FILE)
      verifyDocument(document, primary.macKey)
      assertFollows(document, seen, STORE_FILE)
      assertFollows(document, mark, STORE_FILE)
      const view = { document, keys, primary, atHand: new Map<string, SealedRecord>() }
      hold({ view, fd, stats })
      return view
    }
    const drop = (error: unknown): never => {
      closeFile(fd, system)
      throw error
    }
    try {
      const document = readDocument(readFile(fd, stats, settings), STORE_FILE)
      const { storeId } = document.header
      const setting = credentialSetting(settings, storeId)
      const keys = openKeyring(document.header.keys, settings.credentials, known, setting)
      if (keys instanceof Promise) return keys.then((opened) => keep(document, opened)).catch(drop)
      return keep(document, keys)
    } catch (error) {
      return drop(error)
    }
  }

  /** Whoever comes while a load waits for keys waits, too, and looks again: the file may have been replaced meanwhile. */
  const reload = (): MaybePromise<View | undefined> => {
    if (loading !== undefined) return loading.then(look)
    // The anchor is read before the file: the file can then only be newer.
    const loaded = anchor === undefined ? load(undefined) : readAnchor(settings).then(load)
    if (!(loaded instanceof Promise)) return loaded
    const done = loaded.finally(() => {
      loading = undefined
    })
    loading = done
    return done
  }

  const look = (): MaybePromise<View | undefined> => {
    if (held !== undefined) {
      const stats = statFile(settings)
      if (stats !== undefined && isSameFile(stats, held.stats)) return held.view
    }
    return reload()
  }

  const lastGood = (error: unknown): View => {
    if (settings.ifCorrupt === 'last-good' && held !== undefined && isLatchkeyError(error, 'CORRUPT')) return held.view
    throw error
  }

  return {
    current() {
      try {
        const view = look()
        return view instanceof Promise ? view.catch(lastGood) : view
      } catch (error) {
        return lastGood(error)
      }
    },
    forWriting: look,
    adopt(view, fd) {
      const stats = statFile(settings)
      if (stats === undefined || stats.ino !== system.fstat(fd).ino) {
        // Somebody who does not heed the lock has replaced it already: it is read again at the next use.
        seen = markOf(view.document)
        closeFile(fd, system)
        return
      }
      hold({ view, fd, stats })
    },
    isOpen: () => held !== undefined,
    close() {
      closed = true
      if (held !== undefined) closeFile(held.fd, system)
      held = undefined
      for (const key of known.values()) eraseDataKey(key)
      known = new Map()
    },
  }
}

/**
 * Tells whether a path still leads to the file that is held open: by inode, which is exact while it is held, and by size
 * and times for those who write into a file instead of replacing it (unless they keep its size, and its times within a
 * tick of the file system's clock).
 */
function isSameFile(a: fs.BigIntStats, b: fs.BigIntStats): boolean {
  return a.ino === b.ino && a.dev === b.dev && a.ctimeNs === b.ctimeNs && a.mtimeNs === b.mtimeNs && a.size === b.size
}

function statFile({ path, system }: FileStoreSettings): fs.BigIntStats | undefined {
  try {
    return system.stat(path)
  } catch (error) {
    throw fileFailure(error, `look for the store file ${path}`)
  }
}

function openFile(settings: FileStoreSettings): { readonly fd: number; readonly stats: fs.BigIntStats } | undefined {
  const { path, system } = settings
  let fd: number
  try {
    // Without O_NONBLOCK, opening a FIFO would wait for somebody to write to it.
    fd = system.open(path, O_RDONLY | O_NONBLOCK)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw fileFailure(error, `open the store file ${path}`)
    assertNothingThere(settings)
    return undefined
  }
  try {
    const stats = system.fstat(fd)
    if (!stats.isFile())
      throw storeError('INVALID', `${path} is not a regular file.`, 'Give the path of the store file itself.')
    if ((stats.mode & 0o022n) !== 0n) {
      throw storeError('DENIED', `The store file ${path} may be written by others.`, 'Run chmod go-w on it.')
    }
    if (stats.size > MAX_FILE_BYTES) throw storeError('TOO_LARGE', `The store file ${path} is larger than 2 GiB.`)
    return { fd, stats }
  } catch (error) {
    closeFile(fd, system)
    throw fileFailure(error, `open the store file ${path}`)
  }
}

/** "Not there" must be true of the file: a folder that is missing may be a mount that is not there yet. */
function assertNothingThere({ path, system }: FileStoreSettings): void {
  try {
    if (system.lstat(path)?.isSymbolicLink() === true) {
      throw storeError('INVALID', `${path} is a symbolic link that leads nowhere.`)
    }
    if (system.stat(dirname(path)) !== undefined) return
  } catch (error) {
    throw fileFailure(error, `look for the store file ${path}`)
  }
  throw storeError(
    'UNAVAILABLE',
    `The folder of the store file ${path} does not exist.`,
    'Make it, or correct the path.',
  )
}

function readFile(fd: number, stats: fs.BigIntStats, { path, system }: FileStoreSettings): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Number(stats.size))
  try {
    let length = 0
    while (length < bytes.length) {
      const read = system.read(fd, bytes, length, bytes.length - length)
      if (read === 0) break
      length += read
    }
    return bytes.subarray(0, length)
  } catch (error) {
    throw fileFailure(error, `read the store file ${path}`)
  }
}

async function readAnchor({ anchor }: FileStoreSettings): Promise<AnchorMark | undefined> {
  let mark: unknown
  try {
    mark = await anchor?.read()
  } catch {
    // The error is the user's own, and may hold anything.
    throw storeError('UNAVAILABLE', 'The anchor of the store could not be read.')
  }
  if (mark === undefined) return undefined
  const { store, generation, mac } = (mark ?? {}) as Partial<Record<keyof AnchorMark, unknown>>
  if (typeof store !== 'string' || !Number.isSafeInteger(generation) || typeof mac !== 'string') {
    throw storeError('BAD_ANSWER', 'The anchor of the store did not give what was written to it.')
  }
  return { store, generation: Number(generation), mac }
}
