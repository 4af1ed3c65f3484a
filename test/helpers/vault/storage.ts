/** What the fake Vault keeps: paths, and the versions of what is under them, as the KV engine of version 2 does. */

/** A version. Its map is kept as text, so that no number loses digits on the way. */
interface Version {
  readonly createdTime: string
  json: string
  deletionTime: string
  destroyed: boolean
}

interface Entry {
  current: number
  readonly versions: Map<number, Version>
}

/** An answer: its status, and its body as JSON. */
export interface Answer {
  readonly status: number
  readonly json?: string
}

const MAX_VERSIONS = 10
const NOTHING: Answer = { status: 404, json: '{"errors":[]}' }

/** The content of one mount. */
export interface Storage {
  /** What `cas_required` says: every write must name a version. */
  casRequired: boolean
  /** Gives Vault's own time: milliseconds since 1970. */
  clock: () => number
  read(path: string, version?: number): Answer
  write(path: string, json: string, cas: number | undefined): Answer
  /** Deletes the newest version; `at` is when, in milliseconds since 1970: now, if left out. */
  softDelete(path: string, at?: number): void
  destroy(path: string, versions: readonly number[]): Answer
  metadata(path: string): Answer
  deleteMetadata(path: string): void
  list(folder: string): Answer
}

/** Makes an empty mount. */
export function emptyStorage(): Storage {
  const entries = new Map<string, Entry>()
  const storage: Storage = {
    casRequired: false,
    clock: Date.now,

    read(path, asked) {
      const entry = entries.get(path)
      const number = asked ?? entry?.current ?? 0
      const version = entry?.versions.get(number)
      if (version === undefined) return NOTHING
      const metadata = JSON.stringify(metadataOf(number, version))
      if (isGone(version, storage.clock())) return data(404, `{"data":null,"metadata":${metadata}}`)
      return data(200, `{"data":${version.json},"metadata":${metadata}}`)
    },

    write(path, json, cas) {
      const entry = entries.get(path) ?? { current: 0, versions: new Map<number, Version>() }
      if (cas !== undefined && cas !== entry.current) {
        return refusal(400, 'check-and-set parameter did not match the current version')
      }
      if (cas === undefined && storage.casRequired)
        return refusal(400, 'check-and-set parameter required for this call')
      entry.current += 1
      const version = { createdTime: now(), json, deletionTime: '', destroyed: false }
      entry.versions.set(entry.current, version)
      entry.versions.delete(entry.current - MAX_VERSIONS)
      entries.set(path, entry)
      return data(200, JSON.stringify(metadataOf(entry.current, version)))
    },

    softDelete(path, at) {
      const entry = entries.get(path)
      const version = entry?.versions.get(entry.current)
      if (version !== undefined) version.deletionTime = at === undefined ? now() : new Date(at).toISOString()
    },

    destroy(path, versions) {
      for (const number of versions) {
        const version = entries.get(path)?.versions.get(number)
        if (version === undefined) continue
        version.destroyed = true
        version.json = ''
      }
      return { status: 204 }
    },

    metadata(path) {
      const entry = entries.get(path)
      if (entry === undefined) return NOTHING
      const versions = Object.fromEntries(
        [...entry.versions].map(([number, { createdTime, deletionTime, destroyed }]) => [
          String(number),
          { created_time: createdTime, deletion_time: deletionTime, destroyed },
        ]),
      )
      const settings = { cas_required: false, custom_metadata: null, delete_version_after: '0s', max_versions: 0 }
      return data(200, JSON.stringify({ ...settings, current_version: entry.current, oldest_version: 0, versions }))
    },

    deleteMetadata(path) {
      entries.delete(path)
    },

    list(folder) {
      const inside = [...entries.keys()]
        .filter((path) => path.startsWith(folder))
        .map((path) => path.slice(folder.length))
      const keys = [
        ...new Set(inside.map((rest) => (rest.includes('/') ? rest.slice(0, rest.indexOf('/') + 1) : rest))),
      ]
      return keys.length === 0 ? NOTHING : data(200, JSON.stringify({ keys: keys.sort() }))
    },
  }
  return storage
}

/** An answer with errors, as Vault lists them. */
export function refusal(status: number, ...errors: readonly string[]): Answer {
  return { status, json: JSON.stringify({ errors }) }
}

/** An answer with data. */
export function data(status: number, json: string): Answer {
  const rest = '"lease_id":"","renewable":false,"lease_duration":0,"wrap_info":null,"warnings":null,"auth":null'
  return { status, json: `{"request_id":"7a9f3b52-0000-4000-8000-000000000000",${rest},"data":${json}}` }
}

function metadataOf(version: number, { createdTime, deletionTime, destroyed }: Version): object {
  return { created_time: createdTime, custom_metadata: null, deletion_time: deletionTime, destroyed, version }
}

function isGone({ deletionTime, destroyed }: Version, time: number): boolean {
  return destroyed || (deletionTime !== '' && Date.parse(deletionTime) <= time)
}

let ticks = 0
/** The time in nanoseconds, never the same twice. */
function now(): string {
  ticks = (ticks + 1) % 1_000_000
  return new Date().toISOString().replace('Z', `${String(ticks).padStart(6, '0')}Z`)
}
