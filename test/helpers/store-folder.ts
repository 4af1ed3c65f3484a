/** A folder of its own for each test of a file store, on a real disk, removed when the test is over. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { nodeFileSystem } from '../../src/stores/file/file-system.ts'
import type { FileSystem } from '../../src/stores/file/file-system.ts'
import { openFileStore } from '../../src/stores/file/open.ts'
import type { FileStore } from '../../src/stores/file/open.ts'
import type { FileStoreOptions } from '../../src/stores/file/settings.ts'
import { generateKey } from '../../src/crypto/raw-key.ts'

export interface StoreFolder {
  folder: string
  path: string
  key: string
  /** Opens the store of this folder, with its key unless another is given. Closed when the test is over. */
  open: (options?: FileStoreOptions, system?: FileSystem) => FileStore
  /** What is in the folder, sorted. */
  entries: () => string[]
}

/** Makes the folder. Call it inside a test. */
export function storeFolder(): StoreFolder {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-'))
  const path = join(folder, 'secrets.latchkey')
  const key = generateKey()
  const opened: FileStore[] = []
  onTestFinished(async () => {
    for (const store of opened) await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    folder,
    path,
    key,
    open(options, system = nodeFileSystem) {
      const given = ['key', 'keyFile', 'passphrase', 'keys'].some((name) => name in (options ?? {}))
      const store = openFileStore({ path, passphraseCost: 15, ...(given ? {} : { key }), ...options }, system)
      opened.push(store)
      return store
    },
    entries: () => readdirSync(folder).sort(),
  }
}

/** Gives what a promise, or a function, fails with. */
export async function failureOf(run: Promise<unknown> | (() => unknown)): Promise<Error & { code?: string }> {
  try {
    await (typeof run === 'function' ? run() : run)
  } catch (error) {
    return error as Error
  }
  throw new Error('it did not fail')
}

/** Gives everything that an error could show: message, stack, JSON, properties, causes. */
export function shownBy(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const own = Object.getOwnPropertyNames(error).map((name) => String(error[name as keyof Error]))
  return [String(error), JSON.stringify(error), ...own, error.cause === undefined ? '' : shownBy(error.cause)].join(
    '\n',
  )
}
