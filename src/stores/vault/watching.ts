/** What a watch of a Vault store looks at: Vault tells of no changes. */
import { isLatchkeyError } from '../../errors.ts'
import { isSecretName } from '../../secret.ts'
import { allOf } from '../batches.ts'
import { polledWatches } from '../polling.ts'
import type { Watching } from '../polling.ts'
import { folderOf } from './client.ts'
import type { VaultClient } from './client.ts'
import { STORE } from './failure.ts'
import type { VaultHost } from './host.ts'
import { versionOf } from './record.ts'
import { knownVersions } from './versions.ts'

/**
 * Makes the verb that watches.
 *
 * @param open - gives the client; throws if the store is closed.
 */
export function watching(open: () => VaultClient, pollMs: number, host: VaultHost): Watching {
  /** Values are read only where a version is not the one known, or has a time of deletion. */
  const look = async (scope: string, known: ReadonlyMap<string, string>): Promise<Map<string, string>> => {
    const client = open()
    const names = (await client.list(folderOf(scope))).filter(isSecretName)
    const versions = new Map<string, string>()
    const lookAt = async (name: string): Promise<void> => {
      const address = { store: STORE, scope, secret: name }
      const [newest] = await knownVersions(client, address)
      if (newest === undefined || newest.destroyed) return
      const version = versionOf(newest)
      // The metadata of a delete that is under way looks like that of any other write.
      const isSame = version === known.get(name) && !newest.deletes
      const live = isSame ? newest : (await client.find(address)).live?.stamp
      if (live !== undefined) versions.set(name, versionOf(live))
    }
    const failures: unknown[] = []
    await allOf(names, async (name) => {
      try {
        await lookAt(name)
      } catch (error) {
        // One that cannot be read is as it was: the others are watched all the same.
        if (!isLatchkeyError(error)) throw error
        failures.push(error)
        const before = known.get(name)
        if (before !== undefined) versions.set(name, before)
      }
    })
    // Where none can be read, it is not one of them that is the matter.
    if (failures.length > 0 && failures.length === names.length) throw failures[0]
    return versions
  }

  return polledWatches({ assertOpen: open, look, pollMs, after: host.after })
}
