/** The verbs of a directory store. */
import { isLatchkeyError } from '../../errors.ts'
import { DEFAULT_SCOPE, isScope } from '../../secret.ts'
import type { Secret, SecretInfo } from '../../secret.ts'
import type { Capabilities, ReadOptions, SecretStore } from '../../store.ts'
import { describedAnswer, secretAnswer } from '../answer.ts'
import { NAMES } from '../names.ts'
import type { Named } from '../names.ts'
import { assertOptions, checkedList, checkedRequests, checkedScope, checkedWatch, closedError } from '../request.ts'
import { STORE } from './failure.ts'
import type { DirectorySystem } from './file-system.ts'
import { addressOf, directoriesLayout, filesLayout } from './layout.ts'
import type { FoundSecret } from './layout.ts'
import { look } from './look.ts'
import type { Look, Place } from './look.ts'
import { directoryStoreSettings } from './settings.ts'
import type { DirectoryStoreOptions } from './settings.ts'
import { startWatch } from './watch.ts'
import type { Scan } from './watch.ts'

/** A read-only store that describes at once and can be watched. */
export interface DirectoryStore extends SecretStore {
  describe(name: string, options?: ReadOptions): SecretInfo | undefined
  scopes(): AsyncIterable<string>
  watch: NonNullable<SecretStore['watch']>
}

const CAPABILITIES: Capabilities = Object.freeze({
  write: false,
  cas: false,
  history: false,
  watch: true,
  list: true,
  syncDescribe: true,
})

/** Makes the store, on a system that tests may replace. */
export function openDirectoryStore(options: DirectoryStoreOptions, system: DirectorySystem): DirectoryStore {
  const settings = directoryStoreSettings(options)
  const { path, pollMs } = settings
  const layout = settings.layout === 'files' ? filesLayout(settings) : directoriesLayout(settings)
  const watches = new Set<() => void>()
  let closed = false

  const assertOpen = (): void => {
    if (closed) throw closedError(STORE)
  }
  const find = (seen: Look, scope: string, name: string): FoundSecret | undefined => {
    const place = enterScope(seen, scope)
    return place && layout.find(seen, place, addressOf(scope, name))
  }
  const secret = (found: FoundSecret, scope: string, name: string, keys?: readonly string[]): Secret => {
    return secretAnswer({ scope, name, version: found.version, values: found.values(keys) })
  }
  const info = (scope: string, name: string): SecretInfo | undefined => {
    return look(path, system, (seen) => {
      const found = find(seen, scope, name)
      return found && describedAnswer({ scope, name, version: found.version, ...found.keys() })
    })
  }
  const namesIn = (scope: string): { readonly names: string[]; readonly places: readonly Place[] } => {
    return look(path, system, (seen) => {
      const place = enterScope(seen, scope)
      return { names: place === undefined ? [] : layout.names(seen, place).sort(), places: seen.places }
    })
  }

  const scan = (scope: string): Scan => {
    const { names, places } = namesIn(scope)
    const directories = new Set(places.map((place) => place.path))
    const versions = new Map<string, string | undefined>()
    for (const name of names) {
      const found = look(path, system, (seen) => {
        try {
          return { there: find(seen, scope, name), places: seen.places }
        } catch (error) {
          if (!isLatchkeyError(error) || error.retryable) throw error
          return { there: UNREADABLE, places: seen.places }
        }
      })
      for (const place of found.places) directories.add(place.path)
      if (found.there !== undefined) versions.set(name, found.there.version)
    }
    return { versions, directories }
  }

  /** Whether the directory of a scope holds a secret, and then those in it. */
  function* scopesIn(
    seen: Look,
    place: Place,
    segments: readonly string[],
    above: readonly string[],
  ): Generator<string> {
    const scope = segments.length === 0 ? DEFAULT_SCOPE : segments.join('/')
    // The directory `default` is not the scope `default`, which adds nothing to the path.
    const reached = segments.length === 0 || scope !== DEFAULT_SCOPE
    if (reached && layout.names(seen, place).some((name) => layout.holds(seen, place, name))) yield scope
    for (const name of seen.directories(place).sort()) {
      const below = [...segments, name]
      if (!isScope(below.join('/'))) continue
      const inner = seen.enter(place, name)
      // A symbolic link may lead to a directory that it is in.
      if (inner === undefined || above.includes(inner.path)) continue
      yield* scopesIn(seen, inner, below, [...above, inner.path])
    }
  }

  /* eslint-disable @typescript-eslint/require-await -- what is thrown must come as a rejection */
  const store: DirectoryStore & Named = {
    name: STORE,
    capabilities: CAPABILITIES,

    describe(name, asked) {
      assertOpen()
      assertOptions('describe', asked, ['scope', 'signal'])
      const scope = checkedScope(name, asked)
      asked?.signal?.throwIfAborted()
      return info(scope, name)
    },

    async get(name, asked) {
      assertOpen()
      assertOptions('get', asked, ['scope', 'signal'])
      const scope = checkedScope(name, asked)
      asked?.signal?.throwIfAborted()
      return look(path, system, (seen) => {
        const found = find(seen, scope, name)
        return found && secret(found, scope, name)
      })
    },

    async getMany(requests, asked) {
      assertOpen()
      const checked = checkedRequests(requests, asked)
      return look(path, system, (seen) => {
        return checked.map(({ name, scope, keys }) => {
          const found = find(seen, scope, name)
          return found && secret(found, scope, name, keys)
        })
      })
    },

    async *list(asked) {
      assertOpen()
      const { scope, prefix } = checkedList(asked)
      for (const name of namesIn(scope).names) {
        if (!name.startsWith(prefix)) continue
        // The consumer may have closed the store between two steps.
        assertOpen()
        const found = info(scope, name)
        if (found !== undefined) yield found
      }
    },

    async *[NAMES](scope) {
      yield* namesIn(scope).names
    },

    async *scopes() {
      assertOpen()
      yield* look(path, system, (seen) => [...scopesIn(seen, seen.root, [], [seen.root.path])]).sort()
    },

    async watch(listener, asked) {
      assertOpen()
      const scope = checkedWatch(listener, asked)
      const end = startWatch({ scope, path, pollMs, system, scan: () => scan(scope) }, listener)
      watches.add(end)
      return {
        async [Symbol.asyncDispose]() {
          watches.delete(end)
          end()
        },
      }
    },

    async close() {
      closed = true
      for (const end of watches) end()
      watches.clear()
    },

    [Symbol.asyncDispose]: () => store.close(),
  }
  return store
}

const UNREADABLE = { version: undefined }

/** Scope `default` adds nothing to the path, any other is a prefix of it. */
function enterScope(seen: Look, scope: string): Place | undefined {
  let place: Place | undefined = seen.root
  if (scope === DEFAULT_SCOPE) return place
  for (const segment of scope.split('/')) place &&= seen.enter(place, segment)
  return place
}
