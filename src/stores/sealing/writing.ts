/** The writing verbs of a store that seals: read the row, seal the next version, write it if the row is still the same. */
import { randomInt } from 'node:crypto'
import { StoreError } from '../../errors.ts'
import { checkedValues } from '../../secret.ts'
import type { SecretAddress, SecretInfo } from '../../secret.ts'
import type { WritableSecretStore } from '../../store.ts'
import { infoAnswer } from '../answer.ts'
import type { HeldSecret } from '../answer.ts'
import { contentText } from '../document/content.ts'
import type { Content } from '../document/content.ts'
import { assertOptions, assertVersion, checkedScope, checkedSet, checkedVersion, unknownVersion } from '../request.ts'
import { ATTEMPTS, tooBusy } from './attempts.ts'
import type { Place, SealedEngine, SealedRow } from './engine.ts'
import type { RingSource } from './keychain.ts'
import { versionToken } from './opening.ts'
import type { Opener } from './opening.ts'
import type { Ring } from './ring.ts'

/** The verbs that write. None uses `this`. */
export type WritingVerbs = Required<Pick<WritableSecretStore, 'set' | 'delete' | 'rollback'>>

/** A row, with what was opened of it. */
interface FoundRow {
  readonly row: SealedRow
  readonly held: readonly HeldSecret[]
}

/** A counter begins at random below this, so that a secret which is deleted and made again gets no version a second time. */
const FIRST_VERSIONS = 2 ** 47

/**
 * Makes the verbs that write.
 *
 * @param assertOpen - throws if the store is closed.
 */
export function writingVerbs(
  engine: SealedEngine,
  rings: RingSource,
  opener: Opener,
  assertOpen: () => void,
): WritingVerbs {
  const { name: store, maxBytes } = engine

  /** Writes the next version of what `read` finds, again and again until nobody else has written in between. */
  const change = async (
    address: SecretAddress,
    read: (place: Place) => Promise<FoundRow | undefined>,
    contentOf: (found: FoundRow | undefined) => Content,
  ): Promise<SecretInfo> => {
    const { scope, secret: name } = address
    const place = { scope, name }
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      let ring = await rings.forWriting()
      const found = await read(place)
      const row = found?.row
      // Sealed by a newer key than is known here: what is written must be, too.
      if (row !== undefined && !ring.lists(place, row.versions[0])) ring = await rings.refresh()
      const content = { ...contentOf(found), createdAt: Date.now() }
      const version = nextVersion(row)
      const text = contentText(content)
      const bytes = ring.seal(place, version, text)
      const outcome = await engine.put(place, { version, bytes }, row, ring.revision)
      if (outcome === 'done') {
        if (!engine.fenced && row === undefined) await settle(place, version, text, ring)
        return infoAnswer({ ...place, version: versionToken(version), ...content })
      }
      if (outcome === 'rekeyed') await rings.refresh()
      assertOpen()
    }
    throw tooBusy(store, place)
  }

  /**
   * Looks whether a rotation passed by while a secret was made, and seals it again if so: the key may be dropped by now, but
   * the text is at hand. A secret that was there before needs no such look: the rotation has written it, so that a write on
   * top of the old one is a conflict.
   */
  const settle = async (place: Place, version: number, text: string, made: Ring): Promise<void> => {
    let ring = made
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if ((await engine.readKeyring())?.revision === ring.revision) return
      ring = await rings.refresh()
      const [row] = await engine.read([place], { older: true })
      const own = row?.versions.find((sealed) => sealed.version === version)
      if (row === undefined || own === undefined || ring.isNewest(place, own)) return
      const again = { version, bytes: ring.seal(place, version, text) }
      const [live, ...older] = row.versions.map((sealed) => (sealed === own ? again : sealed))
      await engine.replace(row, [live ?? again, ...older], ring.revision)
    }
    throw tooBusy(store, place)
  }

  /** Throws if a secret is there and no keyring, not even one that was made meanwhile. */
  const assertKeyed = async (place: Place): Promise<void> => {
    const [row] = await engine.read([place], { older: false })
    if (row === undefined) return
    const ring = await rings.refresh()
    if (!ring.isEmpty) return
    ring.open(place, row.versions[0])
    throw ring.unknown(place)
  }

  const valuesOf = (values: unknown, address: SecretAddress): Content['values'] => {
    const checked = checkedValues(values, address)
    const bytes = Object.values(checked).reduce((sum, value) => sum + Buffer.byteLength(value), 0)
    if (maxBytes === undefined || bytes <= maxBytes) return checked
    const message = `Secret ${address.secret} (scope ${address.scope}) is larger than the ${store} store takes.`
    throw new StoreError('TOO_LARGE', message, { ...address, hint: 'capabilities.maxBytes is the limit.' })
  }

  const live = async (place: Place): Promise<FoundRow | undefined> => (await opener.read([place], { older: false }))[0]
  // What is to be replaced need not open: so a record that is damaged can be set again.
  const unopened = async (place: Place): Promise<FoundRow | undefined> => {
    const [row] = await engine.read([place], { older: false })
    return row && { row, held: [] }
  }

  return {
    async set(name, values, options) {
      assertOpen()
      const { address, ifVersion, mode, description } = checkedSet(store, name, options)
      const given = valuesOf(values, address)
      if (mode === 'replace') {
        return change(address, unopened, (found) => {
          assertVersion(tokenOf(found?.row), ifVersion, address)
          return { values: given, description }
        })
      }
      return change(address, live, (found) => {
        assertVersion(tokenOf(found?.row), ifVersion, address)
        const [before] = found?.held ?? []
        const merged = valuesOf({ ...before?.values, ...given }, address)
        return { values: merged, description: description ?? before?.description }
      })
    },

    async delete(name, options) {
      assertOpen()
      assertOptions('delete', options, ['scope', 'ifVersion'])
      const scope = checkedScope(name, options)
      const ifVersion = checkedVersion('delete', options?.ifVersion)
      const place = { scope, name }
      // Only who has the store's key may delete by it.
      if ((await rings.current()).isEmpty) await assertKeyed(place)
      if (ifVersion === undefined) return engine.remove(place, undefined)
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const [row] = await engine.read([place], { older: false })
        assertVersion(tokenOf(row), ifVersion, { store, scope, secret: name })
        if (row !== undefined && (await engine.remove(place, row.revision))) return true
        assertOpen()
      }
      throw tooBusy(store, place)
    },

    async rollback(name, version, options) {
      assertOpen()
      assertOptions('rollback', options, ['scope'])
      const scope = checkedScope(name, options)
      const address = { store, scope, secret: name }
      // What is left need not open: so the way back from a record that is damaged is free.
      const read = async (place: Place): Promise<FoundRow | undefined> =>
        (await opener.read([place], { older: true, only: version }))[0]
      return change(address, read, (found) => {
        const older = found?.held.find((held) => held.version === version)
        if (older === undefined) throw unknownVersion(address)
        return { values: older.values, description: older.description }
      })
    },
  }
}

function tokenOf(row: SealedRow | undefined): string | undefined {
  return row && versionToken(row.versions[0].version)
}

/** Counts on from what is there, if that is a counter: a row that somebody has damaged can be set again. */
function nextVersion(row: SealedRow | undefined): number {
  const next = (row?.versions[0].version ?? 0) + 1
  return next > 1 && Number.isSafeInteger(next) ? next : 1 + randomInt(FIRST_VERSIONS)
}
