/** The AWS store, put together from its parts. */
import type { SecretInfo } from '../../secret.ts'
import type { Capabilities, ReadOptions, WritableSecretStore } from '../../store.ts'
import { polledWatches } from '../polling.ts'
import { closedError } from '../request.ts'
import { begunWork } from '../waiting.ts'
import { awsReader } from './client.ts'
import { STORE } from './failure.ts'
import type { AwsHost } from './host.ts'
import type { AwsStoreOptions } from './options.ts'
import { folderOf, placeOf, scopeSegments } from './place.ts'
import { currentVersion, readingVerbs } from './reading.ts'
import { MAX_BYTES } from './record.ts'
import { awsRequests } from './sdk.ts'
import { awsSettings } from './settings.ts'
import { awsWriter } from './writer.ts'
import { writingVerbs } from './writing.ts'

/** A writable store that has every optional verb. */
export interface AwsStore extends Required<WritableSecretStore> {
  describe(name: string, options?: ReadOptions): Promise<SecretInfo | undefined>
}

/** Opens an AWS store on a given machine. */
export function openAwsStore(options: AwsStoreOptions, host: AwsHost): AwsStore {
  const settings = awsSettings(options)
  const { prefix, rename, pollMs } = settings
  const capabilities: Capabilities = Object.freeze({
    write: true,
    cas: true,
    history: true,
    watch: true,
    list: true,
    syncDescribe: false,
    maxBytes: MAX_BYTES,
    maxScopeSegments: scopeSegments(prefix),
  })
  const closing = new AbortController()
  const closed = closing.signal
  const requests = awsRequests(settings, host, closed)
  const reader = awsReader(requests, prefix)
  const writer = awsWriter(requests, reader, settings)
  const writes = begunWork()

  const assertOpen = (): void => {
    if (closed.aborted) throw closedError(STORE)
  }
  const look = async (scope: string): Promise<Map<string, string>> => {
    const versions = new Map<string, string>()
    for await (const entry of reader.entries(folderOf(prefix, scope), [closed])) {
      const place = placeOf(prefix, entry.awsName)
      if (place?.scope !== scope) continue
      const address = { store: STORE, scope, secret: place.name }
      const version = await currentVersion(reader, entry, address, [closed])
      if (version !== undefined) versions.set(place.name, version)
    }
    return versions
  }
  const watches = polledWatches({ assertOpen, look, pollMs, after: host.after })

  const store: AwsStore = {
    name: STORE,
    capabilities,
    ...readingVerbs({ assertOpen, reader, prefix, rename, closed }),
    ...writingVerbs({ assertOpen, reader, writer, rename, timing: host, closed, finishing: writes.run }),
    watch: watches.watch,

    async close() {
      closing.abort()
      watches.stop()
      await writes.ended()
      requests.close()
    },

    [Symbol.asyncDispose]: () => store.close(),
  }
  return store
}
