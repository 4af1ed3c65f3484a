/** The verbs of a Vault store that write, and those that look at older versions. */
import { StoreError } from '../../errors.ts'
import { checkedValues } from '../../secret.ts'
import type { SecretAddress } from '../../secret.ts'
import type { WritableSecretStore } from '../../store.ts'
import { infoAnswer } from '../answer.ts'
import type { RenamedKeys } from '../foreign.ts'
import type { HttpHost } from '../http.ts'
import { mapOf, replacing } from '../pair-map.ts'
import type { PairMap } from '../pair-map.ts'
import { assertOptions, assertVersion, checkedScope, checkedSet, checkedVersion } from '../request.ts'
import type { VaultClient } from './client.ts'
import { isRecord } from '../http-body.ts'
import { answerError, isCasMismatch, isCasRequired, STORE } from './failure.ts'
import { NOTHING, secretIn, stampOf, versionOf } from './record.ts'
import type { Found, LiveVersion, Stamp } from './record.ts'
import { destroyVersions, keptVersions } from './versions.ts'

/** The verbs that write, and those that look at older versions. */
export type WritingVerbs = Required<Pick<WritableSecretStore, 'set' | 'delete' | 'history' | 'rollback'>>

/** Another version than the one that a write named is the newest. */
const OVERTAKEN = 'overtaken'
/** How often a write is tried that others were quicker than. Each time, one of them has written. */
const MOST_ATTEMPTS = 100
const LONGEST_PAUSE_MS = 50
/** No secret has no pairs: this is what a deleted one holds until its versions are destroyed. */
const EMPTY: PairMap = Object.freeze({})
const NEVER_ABORTED = /* @__PURE__ */ new AbortController().signal

/**
 * Makes the verbs that write.
 *
 * @param open - gives the client; throws if the store is closed.
 */
export function writingVerbs(open: () => VaultClient, rename: RenamedKeys, host: HttpHost): WritingVerbs {
  /** Writes a map, over the version that `cas` names if it is given. */
  const put = async (address: SecretAddress, map: PairMap, cas?: number): Promise<Stamp | typeof OVERTAKEN> => {
    const doing = `write secret ${address.secret} (scope ${address.scope})`
    const body = { ...(cas === undefined ? {} : { options: { cas } }), data: map }
    const answer = await open().ask(address, { method: 'POST', api: 'data', body, doing })
    if (isCasMismatch(answer) || (cas === undefined && isCasRequired(answer))) return OVERTAKEN
    const stamp = answer.status === 200 && isRecord(answer.body) ? stampOf(answer.body['data']) : undefined
    if (stamp === undefined) throw answerError(answer, doing, address)
    return stamp
  }

  /** Looks what is there and acts on it, until nobody was quicker. */
  const untilDone = async <T extends object>(
    address: SecretAddress,
    act: (found: Found) => Promise<T | typeof OVERTAKEN>,
    assumed?: Found,
  ): Promise<T> => {
    let found = assumed ?? (await open().find(address))
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const done = await act(found)
      if (done !== OVERTAKEN) return done
      if (attempt > 1) await host.delay(host.random() * LONGEST_PAUSE_MS, NEVER_ABORTED)
      found = await open().find(address)
    }
    const message = `Could not write secret ${address.secret} (scope ${address.scope}): others write it all the time.`
    throw new StoreError('UNAVAILABLE', message, { ...address })
  }

  /** Writes what `build` makes of what is there, over exactly that. */
  const replace = (address: SecretAddress, build: (found: Found) => PairMap, assumed?: Found): Promise<LiveVersion> =>
    untilDone(
      address,
      async (found) => {
        const map = build(found)
        const stamp = await put(address, map, found.number)
        return stamp === OVERTAKEN ? stamp : { stamp, map }
      },
      assumed,
    )

  return {
    async set(name, values, options) {
      open()
      const { address, ifVersion, mode, description } = checkedSet(STORE, name, options)
      const given = checkedValues(values, address)
      const answered = (written: LiveVersion) => infoAnswer(secretIn(written, rename, address))

      if (mode === 'merge') {
        const merged = ({ live }: Found): PairMap => {
          assertVersion(live && versionOf(live.stamp), ifVersion, address)
          const map = mapOf(given, description, rename, address, live?.map)
          if (live !== undefined) secretIn({ ...live, map }, rename, address)
          return map
        }
        return answered(await replace(address, merged))
      }

      const map = mapOf(given, description, rename, address)
      const stamp = ifVersion === undefined ? await put(address, map) : OVERTAKEN
      if (stamp !== OVERTAKEN) return answered({ stamp, map })
      const checked = ({ live }: Found): PairMap => {
        assertVersion(live && versionOf(live.stamp), ifVersion, address)
        return replacing(map, live?.map)
      }
      // Who creates a secret mostly finds nothing there, and Vault checks that itself.
      return answered(await replace(address, checked, ifVersion === null ? NOTHING : undefined))
    },

    // Vault removes a secret with its metadata at once, but not only if it has a certain version, and counts from 1 after
    // it. So an empty version is written over exactly the one that is to go, and then all of these are destroyed.
    async delete(name, options) {
      open()
      assertOptions('delete', options, ['scope', 'ifVersion'])
      const address = { store: STORE, scope: checkedScope(name, options), secret: name }
      const ifVersion = checkedVersion('delete', options?.ifVersion)
      const { existed, upTo } = await untilDone(address, async ({ number, live }) => {
        assertVersion(live && versionOf(live.stamp), ifVersion, address)
        if (live === undefined) return { existed: false, upTo: number }
        const stamp = await put(address, EMPTY, number)
        return stamp === OVERTAKEN ? stamp : { existed: true, upTo: stamp.number }
      })
      if (upTo > 0) await destroyVersions(open(), address, upTo)
      return existed
    },

    async history(name, options) {
      const client = open()
      assertOptions('history', options, ['scope', 'signal'])
      const address = { store: STORE, scope: checkedScope(name, options), secret: name }
      options?.signal?.throwIfAborted()
      const versions = await keptVersions(client, address, options?.signal)
      return versions.map((version) => infoAnswer(secretIn(version, rename, address)))
    },

    async rollback(name, version, options) {
      const client = open()
      assertOptions('rollback', options, ['scope'])
      const address = { store: STORE, scope: checkedScope(name, options), secret: name }
      const older = (await keptVersions(client, address)).find(({ stamp }) => versionOf(stamp) === version)
      if (older === undefined) {
        const message = `Secret ${name} (scope ${address.scope}) has no such version, or it is no longer kept.`
        throw new StoreError('INVALID', message, { ...address, hint: 'history() lists the versions that are kept.' })
      }
      const map = mapOf(EMPTY_VALUES, undefined, rename, address, older.map)
      const written = await replace(address, () => map)
      return infoAnswer(secretIn(written, rename, address))
    },
  }
}

const EMPTY_VALUES = Object.freeze({})
