/** The verbs of a Vault store that read the newest versions. */
import { DEFAULT_SCOPE, isScope, isSecretName } from '../../secret.ts'
import type { SecretInfo } from '../../secret.ts'
import type { ReadOptions, SecretStore } from '../../store.ts'
import { infoAnswer, secretAnswer } from '../answer.ts'
import { assertSomeKey } from '../foreign.ts'
import type { RenamedKeys } from '../foreign.ts'
import type { ReadSecret } from '../pair-map.ts'
import { NAMES } from '../names.ts'
import type { Named } from '../names.ts'
import { assertOptions, checkedList, checkedRequests, checkedScope } from '../request.ts'
import { allOf, inBatches } from '../batches.ts'
import { folderOf } from './client.ts'
import type { VaultClient } from './client.ts'
import { STORE } from './failure.ts'
import { secretIn } from './record.ts'

/** The verbs that read. */
export type ReadingVerbs = Named &
  Required<Pick<SecretStore, 'get' | 'getMany' | 'list' | 'scopes'>> & {
    describe(name: string, options?: ReadOptions): Promise<SecretInfo | undefined>
  }

/**
 * Makes the verbs that read.
 *
 * @param open - gives the client; throws if the store is closed.
 */
export function readingVerbs(open: () => VaultClient, rename: RenamedKeys): ReadingVerbs {
  const find = async (scope: string, name: string, signal?: AbortSignal): Promise<ReadSecret | undefined> => {
    const address = { store: STORE, scope, secret: name }
    const { live } = await open().find(address, signal)
    return live && secretIn(live, rename, address)
  }
  const findValues = async (scope: string, name: string, signal?: AbortSignal): Promise<ReadSecret | undefined> => {
    const secret = await find(scope, name, signal)
    if (secret !== undefined) assertSomeKey(secret, { store: STORE, scope, secret: name })
    return secret
  }
  const checkedRead = (verb: string, name: string, options: ReadOptions | undefined): string => {
    open()
    assertOptions(verb, options, ['scope', 'signal'])
    const scope = checkedScope(name, options)
    options?.signal?.throwIfAborted()
    return scope
  }
  const namesIn = async (scope: string): Promise<string[]> => {
    const entries = await open().list(folderOf(scope))
    return entries.filter(isSecretName)
  }
  const exists = async (scope: string, name: string): Promise<boolean> => {
    const { live } = await open().find({ store: STORE, scope, secret: name })
    return live !== undefined
  }

  /** Gives scopes below a folder that hold something, and that of the folder itself. */
  async function* scopesFrom(folder: readonly string[]): AsyncGenerator<string> {
    const scope = folder.length === 0 ? DEFAULT_SCOPE : folder.join('/')
    const entries = await open().list(folder)
    // A folder `default` is not where scope `default` is.
    const isReachable = folder.length === 0 || scope !== DEFAULT_SCOPE
    const names = isReachable ? entries.filter(isSecretName) : []
    for await (const found of inBatches(names, (name) => exists(scope, name))) {
      if (!found) continue
      yield scope
      break
    }
    for (const entry of entries) {
      const deeper = [...folder, entry.slice(0, -1)]
      if (entry.endsWith('/') && isScope(deeper.join('/'))) yield* scopesFrom(deeper)
    }
  }

  return {
    // Reads the values too: nothing else tells the description, nor which members are strings.
    async describe(name, options) {
      const scope = checkedRead('describe', name, options)
      const secret = await find(scope, name, options?.signal)
      return secret && infoAnswer(secret)
    },

    async get(name, options) {
      const scope = checkedRead('get', name, options)
      const secret = await findValues(scope, name, options?.signal)
      return secret && secretAnswer(secret)
    },

    async getMany(requests, options) {
      open()
      const checked = checkedRequests(requests, options)
      const places = new Map(checked.map(({ name, scope }) => [`${scope}/${name}`, { scope, name }]))
      // Each place is read once: two requests for one secret are answered by the same version.
      const secrets = new Map<string, ReadSecret | undefined>()
      await allOf([...places], async ([place, { scope, name }]) => {
        secrets.set(place, await findValues(scope, name, options?.signal))
      })
      return checked.map(({ name, scope, keys }) => {
        const secret = secrets.get(`${scope}/${name}`)
        return secret && secretAnswer(secret, keys)
      })
    },

    async *list(options) {
      open()
      const { scope, prefix } = checkedList(options)
      const names = (await namesIn(scope)).filter((name) => name.startsWith(prefix))
      // Asked again for each: it may have been deleted, or the store closed, between two steps.
      for await (const secret of inBatches(names, (name) => find(scope, name))) {
        if (secret !== undefined) yield infoAnswer(secret)
      }
    },

    async *[NAMES](scope) {
      yield* await namesIn(scope)
    },

    async *scopes() {
      open()
      yield* scopesFrom([])
    },
  }
}
