/** Writing: changes wait in a queue, and all that wait share the next rewrite of the file. */
import fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { STORE_ID_BYTES, deriveDataKey, newDataKeyBytes } from '../../crypto/data-key.ts'
import { wrapFor } from '../../crypto/credential.ts'
import { randomBytes } from 'node:crypto'
import type { MaybePromise } from '../../store.ts'
import { draftOf, emptyView } from './draft.ts'
import type { Draft } from './draft.ts'
import { errnoOf, fileFailure, STORE, storeError } from './failure.ts'
import { markOf } from '../document/lineage.ts'
import { fileLocker } from './lock.ts'
import type { Locker } from './lock.ts'
import { thisOwner } from './owner.ts'
import { replaceFile } from './replace.ts'
import { assertRoom } from '../keys/recipients.ts'
import { credentialSetting } from './settings.ts'
import type { FileStoreSettings } from './settings.ts'
import type { Source, View } from './source.ts'

/** Changes the file, in the order of arrival. */
export interface Committer {
  /**
   * Changes records. Shares a rewrite with whoever else waits. What `apply` throws rejects this change alone; what the write
   * throws rejects all that share it.
   */
  change<T>(apply: (draft: Draft) => T): Promise<T>
  /** Rewrites the file as `build` says, alone; `undefined` leaves it as it is. `isNew`: there was no file. */
  rewrite(build: (view: View, isNew: boolean) => MaybePromise<View | undefined>): Promise<boolean>
  /** Waits until nothing waits. */
  idle(): Promise<void>
}

interface Job {
  /** Whether others can share the rewrite. */
  readonly alone: boolean
  /** Does its work on the draft, or gives another next generation. */
  run(draft: Draft, isNew: boolean): MaybePromise<View | undefined>
  /** Tells the caller, once what was done is on the disk. */
  done(): void
  failed(error: unknown): void
}

/** Makes the committer of a file. */
export function fileCommitter(settings: FileStoreSettings, source: Source): Committer {
  const queue: Job[] = []
  let running: Promise<void> | undefined
  let locker: { readonly path: string; readonly locker: Locker } | undefined

  const lockerOf = (path: string): Locker => {
    if (locker?.path !== path) {
      locker = { path, locker: fileLocker(path, thisOwner(), settings.lockTimeoutMs, settings.system) }
    }
    return locker.locker
  }

  /** All that can share a rewrite, up to the first that cannot. */
  const take = (): Job[] => {
    const alone = queue.findIndex((job) => job.alone)
    return queue.splice(0, alone === -1 ? queue.length : Math.max(alone, 1))
  }

  const batch = async (): Promise<void> => {
    let jobs: Job[] = []
    try {
      const founding = (await source.forWriting()) === undefined ? await foundStore(settings) : undefined
      const path = realPath(settings)
      assertWritable(path, settings)
      const lock = await lockerOf(path).acquire()
      try {
        const found = await source.forWriting()
        const view = found ?? founding ?? (await foundStore(settings))
        jobs = take()
        const next = await runJobs(jobs, view, found === undefined)
        if (next !== undefined) {
          const before = settings.system.stat(path)
          source.adopt(next, await replaceFile(path, next.document.bytes, before, lock, settings.system))
          await writeAnchor(settings, next)
        }
      } finally {
        lock.release()
      }
    } catch (error) {
      const failure = fileFailure(error, `write the store file ${settings.path}`)
      for (const job of jobs.length === 0 ? take() : jobs) job.failed(failure)
      return
    }
    for (const job of jobs) job.done()
  }

  const run = async (): Promise<void> => {
    while (queue.length > 0) await batch()
    running = undefined
  }

  const enqueue = (job: Job): void => {
    queue.push(job)
    running ??= run()
  }

  return {
    change<T>(apply: (draft: Draft) => T) {
      return new Promise<T>((resolve, reject) => {
        let done = (): void => undefined
        const fail: (error: unknown) => void = reject
        enqueue({
          alone: false,
          run(draft) {
            try {
              const result = apply(draft)
              done = () => {
                resolve(result)
              }
            } catch (error) {
              // Told only when the changes before it are on the disk, for it may be the consequence of one of them.
              done = () => {
                fail(error)
              }
            }
            return undefined
          },
          done: () => {
            done()
          },
          failed: reject,
        })
      })
    },
    rewrite(build) {
      return new Promise<boolean>((resolve, reject) => {
        let written = false
        enqueue({
          alone: true,
          async run(draft, isNew) {
            const next = await build(draft.view, isNew)
            written = next !== undefined
            return next
          },
          done: () => {
            resolve(written)
          },
          failed: reject,
        })
      })
    },
    async idle() {
      await running
    },
  }
}

async function runJobs(jobs: readonly Job[], view: View, isNew: boolean): Promise<View | undefined> {
  const draft = draftOf(view)
  let replaced: View | undefined
  for (const job of jobs) {
    const next = job.run(draft, isNew)
    replaced = next instanceof Promise ? await next : (next ?? replaced)
  }
  return replaced ?? draft.finish()
}

/** Makes the beginning of a new store: its id, its data key, and a wrap for every key that was given. */
async function foundStore(settings: FileStoreSettings): Promise<View> {
  const storeId = randomBytes(STORE_ID_BYTES)
  const key = deriveDataKey(newDataKeyBytes(), storeId)
  const setting = credentialSetting(settings, storeId)
  const credentials = settings.credentials()
  assertRoom(
    credentials.map(({ type }) => type),
    STORE,
  )
  const wraps = await Promise.all(credentials.map(async (credential) => wrapFor(credential, key, setting)))
  return emptyView(storeId, key, wraps)
}

/** The real path, for a rename would replace a symbolic link; and the same lock for all who come by different paths. */
function realPath({ path, system }: FileStoreSettings): string {
  try {
    return system.realpath(path)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
    return join(system.realpath(dirname(path)), basename(path))
  }
}

/** A rename asks nobody whether the file that it replaces may be written. */
function assertWritable(path: string, { system }: FileStoreSettings): void {
  const stats = system.stat(path)
  if (stats === undefined) return
  try {
    // Root may write everything; but who takes the owner's right away means it.
    if ((stats.mode & 0o200n) !== 0n) {
      system.access(path, fs.constants.W_OK)
      return
    }
  } catch (error) {
    if (errnoOf(error) !== 'EACCES') throw error
  }
  throw storeError('READ_ONLY', `The store file ${path} is not writable.`, 'Run chmod u+w on it, if it should be.')
}

async function writeAnchor({ anchor }: FileStoreSettings, view: View): Promise<void> {
  if (anchor === undefined) return
  try {
    await anchor.write(markOf(view.document))
  } catch {
    // The error is the user's own, and may hold anything.
    throw storeError('UNAVAILABLE', 'The store file was written, but its anchor could not be.')
  }
}
