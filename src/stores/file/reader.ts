/** A store file for those who only read it: a program that starts for one secret need not load what writes. */
import type { SecretStore } from '../../store.ts'
import { closedError } from '../request.ts'
import { STORE } from './failure.ts'
import { nodeFileSystem } from './file-system.ts'
import type { FileSystem } from './file-system.ts'
import { readingVerbs } from './reading.ts'
import { fileStoreSettings } from './settings.ts'
import type { FileStoreOptions } from './settings.ts'
import { fileSource } from './source.ts'

/** Makes a store that reads a store file. Options, checks and errors are those of `fileStore`. */
export function fileReader(options: FileStoreOptions, system: FileSystem = nodeFileSystem): Required<Reader> {
  const source = fileSource(fileStoreSettings(options, system))
  let closed = false
  const { describe, get, getMany, list, scopes } = readingVerbs(() => {
    if (closed) throw closedError(STORE)
    return source.current()
  })
  const reader: Required<Reader> = {
    name: STORE,
    capabilities: Object.freeze({
      write: false,
      cas: false,
      history: false,
      watch: false,
      list: true,
      syncDescribe: false,
    }),
    describe,
    get,
    getMany,
    list,
    scopes,
    close() {
      closed = true
      source.close()
      return Promise.resolve()
    },
    [Symbol.asyncDispose]: () => reader.close(),
  }
  return reader
}

type Reader = Omit<SecretStore, 'watch'>
