/** The verbs of an AWS store that read the current versions. */
import { isSecretName } from '../../secret.ts'
import type { SecretAddress, SecretInfo } from '../../secret.ts'
import type { ReadOptions, SecretStore } from '../../store.ts'
import { infoAnswer, secretAnswer } from '../answer.ts'
import { assertSomeKey } from '../foreign.ts'
import type { RenamedKeys } from '../foreign.ts'
import type { ReadSecret } from '../pair-map.ts'
import { NAMES } from '../names.ts'
import type { Named } from '../names.ts'
import { assertOptions, checkedList, checkedRequests, checkedScope } from '../request.ts'
import type { AwsReader, Entry } from './client.ts'
import { STORE } from './failure.ts'
import { folderOf, placeOf } from './place.ts'
import { isEnded, secretIn } from './record.ts'
import type { Found } from './record.ts'

/** The verbs that read. */
export type ReadingVerbs = Named &
  Required<Pick<SecretStore, 'get' | 'getMany' | 'list' | 'scopes'>> & {
    describe(name: string, options?: ReadOptions): Promise<SecretInfo | undefined>
  }

/** What reading needs to know of the store. */
export interface ReadingParts {
  /** Throws if the store is closed. */
  readonly assertOpen: () => void
  readonly reader: AwsReader
  readonly prefix: string
  readonly rename: RenamedKeys
  readonly closed: AbortSignal
}

/** How many secrets of a list are read at once. */
const AT_ONCE = 100

/** Makes the verbs that read. */
export function readingVerbs({ assertOpen, reader, prefix, rename, closed }: ReadingParts): ReadingVerbs {
  const signalsOf = (signal?: AbortSignal): AbortSignal[] => (signal === undefined ? [closed] : [closed, signal])
  const secretOf = (found: Found | undefined, address: SecretAddress): ReadSecret | undefined =>
    found?.kind === 'live' ? secretIn(found.live, rename, address) : undefined
  const read = async (
    verb: string,
    name: string,
    options: ReadOptions | undefined,
  ): Promise<{ secret: ReadSecret | undefined; address: SecretAddress }> => {
    assertOpen()
    assertOptions(verb, options, ['scope', 'signal'])
    const address = { store: STORE, scope: checkedScope(name, options), secret: name }
    options?.signal?.throwIfAborted()
    return { secret: secretOf(await reader.find(address, signalsOf(options?.signal)), address), address }
  }

  const namesIn = async (scope: string, beginning: string): Promise<string[]> => {
    const names: string[] = []
    for await (const { awsName } of reader.entries(`${folderOf(prefix, scope)}${beginning}`, [closed])) {
      const place = placeOf(prefix, awsName)
      if (place?.scope === scope) names.push(place.name)
    }
    return names.sort()
  }

  return {
    // Reads the values too: nothing else tells the names of the keys.
    async describe(name, options) {
      const { secret } = await read('describe', name, options)
      return secret && infoAnswer(secret)
    },

    async get(name, options) {
      const { secret, address } = await read('get', name, options)
      if (secret === undefined) return undefined
      assertSomeKey(secret, address)
      return secretAnswer(secret)
    },

    async getMany(requests, options) {
      assertOpen()
      const checked = checkedRequests(requests, options)
      // Each place is read once: two requests for one secret are answered by the same version.
      const addresses = new Map(
        checked.map(({ name, scope }) => [`${scope}/${name}`, { store: STORE, scope, secret: name }]),
      )
      const found = await reader.findAll([...addresses.values()], signalsOf(options?.signal))
      const secrets = new Map([...addresses].map(([place, address], i) => [place, secretOf(found[i], address)]))
      return checked.map(({ name, scope, keys }) => {
        const secret = secrets.get(`${scope}/${name}`)
        if (secret === undefined) return undefined
        assertSomeKey(secret, { store: STORE, scope, secret: name })
        return secretAnswer(secret, keys)
      })
    },

    async *list(options) {
      assertOpen()
      const { scope, prefix: beginning } = checkedList(options)
      // What can begin no name must not be part of a filter, which has a grammar of its own.
      if (beginning !== '' && !isSecretName(beginning)) return
      const names = await namesIn(scope, beginning)
      for (let start = 0; start < names.length; start += AT_ONCE) {
        const addresses = names
          .slice(start, start + AT_ONCE)
          .map((name): SecretAddress => ({ store: STORE, scope, secret: name }))
        // The list may be late: what was deleted since is left out.
        const found = await reader.findAll(addresses, [closed])
        for (const [i, address] of addresses.entries()) {
          const secret = secretOf(found[i], address)
          if (secret === undefined) continue
          assertOpen()
          yield infoAnswer(secret)
        }
      }
    },

    async *[NAMES](scope) {
      yield* await namesIn(scope, '')
    },

    async *scopes() {
      assertOpen()
      const scopes = new Set<string>()
      for await (const entry of reader.entries(prefix, [closed])) {
        const place = placeOf(prefix, entry.awsName)
        if (place === undefined || scopes.has(place.scope)) continue
        const address = { store: STORE, scope: place.scope, secret: place.name }
        if ((await currentVersion(reader, entry, address, [closed])) !== undefined) scopes.add(place.scope)
      }
      yield* [...scopes].sort()
    },
  }
}

/** Gives the current version of a secret in a list; `undefined` if it holds none. */
export async function currentVersion(
  reader: AwsReader,
  { current }: Entry,
  address: SecretAddress,
  signals: readonly AbortSignal[],
): Promise<string | undefined> {
  if (current !== undefined) return isEnded(current) ? undefined : current
  // No value yet, or a list that does not tell.
  const found = await reader.find(address, signals)
  return found.kind === 'live' ? found.live.version : undefined
}
