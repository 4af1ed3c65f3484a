/** A store file for those who only read it: a program that starts for one secret need not load what writes. */
import type { Capabilities, SecretStore } from '../../store.ts'
import { closedError } from '../request.ts'
import { STORE } from './failure.ts'
import { nodeFileSystem } from './file-system.ts'
import type { FileSystem } from './file-system.ts'
import { readingVerbs } from './reading.ts'
import type { ReadingVerbs } from './reading.ts'
import { fileStoreSettings } from './settings.ts'
import type { FileStoreOptions } from './settings.ts'
import { fileSource } from './source.ts'

/** A store file that is only read. */
export type FileReader = SecretStore & ReadingVerbs

const CAPABILITIES: Capabilities = Object.freeze({
  write: false,
  cas: false,
  history: true,
  watch: false,
  list: true,
  syncDescribe: false,
})

/** Opens a store file to read it, by the same options, checks and errors as `fileStore`. */
export function fileReader(options: FileStoreOptions, system: FileSystem = nodeFileSystem): FileReader {
  const source = fileSource(fileStoreSettings(options, system))
  let closed = false
  const reader: FileReader = {
    name: STORE,
    capabilities: CAPABILITIES,
    ...readingVerbs(() => {
      if (closed) throw closedError(STORE)
      return source.current()
    }),
    close() {
      closed = true
      source.close()
      return Promise.resolve()
    },
    [Symbol.asyncDispose]: () => reader.close(),
  }
  return reader
}
