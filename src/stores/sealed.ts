/** Seals what is kept in a store that does not seal: each secret becomes one key, and the values never reach that store. */
import { fromBase64Url, toBase64Url } from '../crypto/bytes.ts'
import { argumentError, isLatchkeyError, StoreError } from '../errors.ts'
import { MAX_SECRET_BYTES } from '../secret.ts'
import type { Secret } from '../secret.ts'
import type { SecretStore, WritableSecretStore } from '../store.ts'
import { assertOptions } from './request.ts'
import type { Place, SealedEngine, SealedRow, SealedVersion, WriteOutcome } from './sealing/engine.ts'
import { sealingStore } from './sealing/open.ts'
import type { SealingStore } from './sealing/open.ts'
import { packVersions, unpackVersions, withNext } from './sealing/packing.ts'
import { SEALING_OPTIONS, sealingSettings } from './sealing/settings.ts'
import type { SealingOptions } from './sealing/settings.ts'

export type { SealingStore } from './sealing/open.ts'
export type { RotateKeyOptions, RotationProgress } from './sealing/rotation.ts'
export type { SealingOptions } from './sealing/settings.ts'

const NAME = 'sealed'
/** The one key of a secret in the inner store. */
const SEALED_KEY = 'LATCHKEY_SEALED'
/** Where the keyring is in the inner store. No secret may be in this scope. */
const RESERVED_SCOPE = '_latchkey'
const KEYRING = { scope: RESERVED_SCOPE, name: 'keyring' }
const KEYRING_KEY = 'LATCHKEY_KEYRING'
/** Sealed, padded and in base64url, this part of the inner store's limit fits into it, with the names of the keys. */
const ROOM = 5 / 8
/** How many secrets of a list are read at once. */
const PAGE = 50

/** A store that sealed secrets can be kept in. */
type InnerStore = WritableSecretStore & Required<Pick<SecretStore, 'scopes'>>

/**
 * Seals what is kept in a store that does not seal. The inner store sees scopes, names and times, never keys, values or
 * descriptions.
 *
 * @param store - can be written with compare-and-set, and lists its secrets and scopes. It is closed with this one.
 * @param options - the key, as `fileStore` takes it, and how many older versions of each secret are kept.
 * @throws TypeError UNKNOWN_OPTION or INVALID_OPTION for options that cannot be, or a store that cannot do what is needed. What
 * is wrong with a key is a StoreError of the first use: KEY_MISSING, KEY_FORMAT, KEY_WRONG, DENIED.
 * @example
 * ```ts
 * const store = sealedStore(memoryStore(), { key: generateKey() })
 * await store.set('my_github_secret', { GH_ACCESS_TOKEN: 'from the settings page', GH_USERNAME: 'octocat' })
 * ```
 */
export function sealedStore(store: WritableSecretStore, options: SealingOptions = {}): SealingStore {
  assertOptions('sealedStore', options, SEALING_OPTIONS)
  const settings = sealingSettings('sealedStore', NAME, options)
  return sealingStore(innerEngine(checkedInner(store), settings.history), settings)
}

function checkedInner(store: unknown): InnerStore {
  const { capabilities, scopes } = (store ?? {}) as Partial<SecretStore>
  if (typeof capabilities !== 'object') throw argumentError('INVALID_OPTION', 'sealedStore takes a store.')
  const needed = {
    write: capabilities.write,
    cas: capabilities.cas,
    list: capabilities.list,
    scopes: scopes !== undefined,
  }
  const lacking = Object.entries(needed).flatMap(([what, has]) => (has ? [] : [what]))
  if (lacking.length === 0) return store as InnerStore
  throw argumentError('INVALID_OPTION', `sealedStore: the store cannot ${lacking.join(', ')}, which is needed.`)
}

function innerEngine(inner: InnerStore, history: number): SealedEngine {
  const { maxBytes = MAX_SECRET_BYTES } = inner.capabilities

  const write = async (
    { scope, name }: Place,
    versions: readonly SealedVersion[],
    ifVersion: string | null,
  ): Promise<WriteOutcome> => {
    const values = { [SEALED_KEY]: toBase64Url(packVersions(versions)) }
    try {
      return (await unlessConflict(inner.set(name, values, { scope, ifVersion }))) ? 'done' : 'conflict'
    } catch (error) {
      const [live, ...older] = versions
      if (live === undefined || older.length === 0 || !isLatchkeyError(error, 'TOO_LARGE')) throw error
      // Older versions are kept where they fit.
      return write({ scope, name }, [live], ifVersion)
    }
  }

  const engine: SealedEngine = {
    name: NAME,
    maxBytes: Math.floor(maxBytes * ROOM),
    fenced: false,

    async readKeyring() {
      const kept = await inner.get(KEYRING.name, { scope: KEYRING.scope })
      return kept && { bytes: Buffer.from(kept.values[KEYRING_KEY] ?? ''), revision: kept.version }
    },

    writeKeyring(bytes, revision) {
      const values = { [KEYRING_KEY]: bytes.toString() }
      return unlessConflict(inner.set(KEYRING.name, values, { scope: KEYRING.scope, ifVersion: revision ?? null }))
    },

    async read(places, { signal }) {
      const requests = places.map(({ scope, name }) => ({ scope: freeScope(scope), name }))
      const [first] = requests
      const secrets =
        first !== undefined && requests.length === 1
          ? [await inner.get(first.name, { scope: first.scope, signal })]
          : await inner.getMany(requests, { signal })
      // An answer that is left out must not be read as a secret that is not there.
      if (secrets.length !== places.length) throw notEachAnswered(inner.name)
      return places.map((place, index) => rowOf(place, secrets[index]))
    },

    async *list(scope, prefix, options) {
      let names: string[] = []
      const rows = async (): Promise<SealedRow[]> => {
        const page = await engine.read(
          names.map((name) => ({ scope, name })),
          options,
        )
        names = []
        return page.filter((row) => row !== undefined)
      }
      for await (const { name } of inner.list({ scope: freeScope(scope), prefix })) {
        names.push(name)
        if (names.length === PAGE) yield* await rows()
      }
      if (names.length > 0) yield* await rows()
    },

    async *scopes() {
      for await (const scope of inner.scopes()) if (scope !== RESERVED_SCOPE) yield scope
    },

    put: (place, next, before) => write(place, withNext(next, before, history), before?.revision ?? null),
    replace: (row, versions) => write(row, versions, row.revision),

    async remove({ scope, name }, revision) {
      const removing = inner.delete(name, { scope: freeScope(scope), ifVersion: revision })
      return revision === undefined ? removing : unlessConflict(removing)
    },

    close: () => inner.close(),
  }

  const { watch } = inner
  if (watch === undefined) return engine
  return {
    ...engine,
    // The inner store's version is another than this one's.
    watch: (listener, scope) =>
      watch.call(
        inner,
        ({ name }) => {
          listener({ scope, name })
        },
        { scope: freeScope(scope) },
      ),
  }
}

/** What stands for one place and opens for another is not what was asked for: so the place, not the answer, names it. */
function rowOf({ scope, name }: Place, secret: Secret | undefined): SealedRow | undefined {
  if (secret === undefined) return undefined
  const packed = fromBase64Url(secret.values[SEALED_KEY]) ?? Buffer.alloc(0)
  return { scope, name, revision: secret.version, versions: unpackVersions(packed) }
}

function notEachAnswered(inner: string): StoreError {
  return new StoreError('BAD_ANSWER', `The ${inner} store under the sealed one did not answer each request.`, {
    store: NAME,
  })
}

/** Gives the scope, if it is not the one of the keyring. */
function freeScope(scope: string): string {
  if (scope !== RESERVED_SCOPE) return scope
  throw new StoreError('INVALID', `The scope ${RESERVED_SCOPE} is reserved for the keyring of the store.`, {
    store: NAME,
    scope,
  })
}

/** Waits for a write. False: the inner store holds another version. */
async function unlessConflict(writing: Promise<unknown>): Promise<boolean> {
  try {
    await writing
    return true
  } catch (error) {
    if (isLatchkeyError(error, 'CONFLICT')) return false
    throw error
  }
}
