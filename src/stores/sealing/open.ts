/** A store that seals, put together from an engine and the verbs. */
import type { Capabilities, StoreChange, WritableSecretStore } from '../../store.ts'
import { checkedWatch, closedError } from '../request.ts'
import type { RowChange, SealedEngine } from './engine.ts'
import { keychain, plainRings } from './keychain.ts'
import type { RingSource } from './keychain.ts'
import { opener, versionToken } from './opening.ts'
import { readingVerbs } from './reading.ts'
import type { ReadingVerbs } from './reading.ts'
import { rotate } from './rotation.ts'
import type { RotateKeyOptions } from './rotation.ts'
import type { SealingSettings } from './settings.ts'
import { writingVerbs } from './writing.ts'

/** A store on an engine, with every verb that such a store can have but `watch`, which depends on the engine. */
export interface EngineStore extends Omit<Required<WritableSecretStore>, 'watch'>, Pick<WritableSecretStore, 'watch'> {
  describe: ReadingVerbs['describe']
}

/** A store that seals what it keeps. */
export interface SealingStore extends EngineStore {
  /**
   * Makes a new data key and seals every secret again, while others read and write. What stops it in the middle leaves
   * everything readable; calling it again, from any process, finishes it.
   *
   * @throws StoreError CORRUPT if a record does not open; the old key is kept then. KEY_MISSING if the keys of those who can
   * open the store are not all given. INVALID if there are too many recipients.
   */
  rotateKey(options?: RotateKeyOptions): Promise<void>
}

/** Makes a store that seals what it keeps in an engine. */
export function sealingStore(engine: SealedEngine, settings: SealingSettings): SealingStore {
  const keys = keychain(engine, settings)
  const { store, assertOpen } = engineStore(engine, keys)
  return Object.assign(store, {
    async rotateKey(options?: RotateKeyOptions) {
      assertOpen()
      await rotate(engine, keys, settings, options)
    },
  })
}

/** Makes a store that keeps its secrets in an engine as they are. */
export function plainStore(engine: SealedEngine): EngineStore {
  return engineStore(engine, plainRings(engine)).store
}

function engineStore(
  engine: SealedEngine,
  rings: RingSource,
): { readonly store: EngineStore; readonly assertOpen: () => void } {
  let closing: Promise<void> | undefined
  const assertOpen = (): void => {
    if (closing !== undefined) throw closedError(engine.name)
  }
  const rows = opener(engine, rings)
  const capabilities: Capabilities = Object.freeze({
    write: true,
    cas: true,
    history: true,
    watch: engine.watch !== undefined,
    list: true,
    syncDescribe: false,
    ...(engine.maxBytes === undefined ? {} : { maxBytes: engine.maxBytes }),
  })
  const store: EngineStore = {
    name: engine.name,
    capabilities,
    ...readingVerbs(engine, rows, assertOpen),
    ...writingVerbs(engine, rings, rows, assertOpen),
    close() {
      if (closing === undefined) {
        closing = engine.close()
        rings.close()
      }
      return closing
    },
    [Symbol.asyncDispose]: () => store.close(),
  }
  const { watch } = engine
  if (watch === undefined) return { store, assertOpen }

  store.watch = async (listener, options) => {
    assertOpen()
    const scope = checkedWatch(listener, options)
    let watching = true
    const watched = await watch((change) => {
      // Later, so that a listener which throws cannot take the engine's connection down with it.
      queueMicrotask(() => {
        if (watching && closing === undefined) listener(changeOf(change))
      })
    }, scope)
    return {
      async [Symbol.asyncDispose]() {
        watching = false
        await watched[Symbol.asyncDispose]()
      },
    }
  }
  return { store, assertOpen }
}

function changeOf({ scope, name, version }: RowChange): StoreChange {
  return Object.freeze({ scope, name, ...(version === undefined ? {} : { version: versionToken(version) }) })
}
