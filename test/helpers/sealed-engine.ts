/** An engine in memory for stores that seal, whose rows a test can read and change as an administrator can. */
import type { KeptKeyring, Place, SealedEngine, SealedRow, SealedVersion } from '../../src/stores/sealing/engine.ts'
import { plainStore, sealingStore } from '../../src/stores/sealing/open.ts'
import type { SealingStore } from '../../src/stores/sealing/open.ts'
import { sealingSettings } from '../../src/stores/sealing/settings.ts'
import type { SealingOptions } from '../../src/stores/sealing/settings.ts'

type Versions = SealedRow['versions']
type Call = 'readKeyring' | 'writeKeyring' | 'read' | 'list' | 'scopes' | 'put' | 'replace' | 'remove'

/** What several hosts keep together. */
export interface Kept {
  keyring: KeptKeyring | undefined
  readonly rows: Map<string, SealedRow>
  /** Counts everything that was written. */
  writes: number
}

export function emptyKept(): Kept {
  return { keyring: undefined, rows: new Map(), writes: 0 }
}

/** Where a row is among those that are kept. */
export function at(name: string, scope = 'default'): string {
  return `${scope}\t${name}`
}

/** Puts other versions in the place of a row's, as who can write the engine by hand. */
export function tamper(kept: Kept, key: string, versions: readonly SealedVersion[], as?: Place): void {
  kept.writes += 1
  const [scope = '', name = ''] = key.split('\t')
  kept.rows.set(key, { ...(as ?? { scope, name }), revision: String(kept.writes), versions: versions as Versions })
}

/** Lets a test act, or fail, before a call reaches what is kept. */
export type Before = (call: Call, place?: Place) => unknown

/** Makes an engine that compares the keyring with each write. */
function memoryEngine(kept: Kept, history = 1, before: Before = () => undefined): SealedEngine {
  const pass = (keyring: string | undefined) => keyring === undefined || keyring === kept.keyring?.revision
  const put = (place: Place, versions: Versions): void => {
    kept.writes += 1
    const { scope, name } = place
    kept.rows.set(at(name, scope), { scope, name, revision: String(kept.writes), versions })
  }
  const sorted = () => [...kept.rows.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  return {
    name: 'memory-engine',
    fenced: true,
    async readKeyring() {
      await before('readKeyring')
      return kept.keyring
    },
    async writeKeyring(bytes, revision) {
      await before('writeKeyring')
      if (kept.keyring?.revision !== revision) return false
      kept.writes += 1
      kept.keyring = { bytes, revision: String(kept.writes) }
      return true
    },
    async read(places) {
      await before('read', places[0])
      return places.map(({ scope, name }) => kept.rows.get(at(name, scope)))
    },
    async *list(scope, prefix) {
      for (const row of sorted()) {
        if (row.scope !== scope || !row.name.startsWith(prefix)) continue
        await before('list', row)
        const now = kept.rows.get(at(row.name, row.scope))
        if (now !== undefined) yield now
      }
    },
    async *scopes() {
      await before('scopes')
      yield* [...new Set([...kept.rows.values()].map(({ scope }) => scope))].sort()
    },
    async put(place, next, row, keyring) {
      await before('put', place)
      const now = kept.rows.get(at(place.name, place.scope))
      if (now?.revision !== row?.revision) return 'conflict'
      if (!pass(keyring)) return 'rekeyed'
      put(place, [next, ...(now?.versions.slice(0, history) ?? [])])
      return 'done'
    },
    async replace(row, versions, keyring) {
      await before('replace', row)
      if (kept.rows.get(at(row.name, row.scope))?.revision !== row.revision) return 'conflict'
      if (!pass(keyring)) return 'rekeyed'
      put(row, versions)
      return 'done'
    },
    async remove(place, revision) {
      await before('remove', place)
      const key = at(place.name, place.scope)
      if (revision !== undefined && kept.rows.get(key)?.revision !== revision) return false
      return kept.rows.delete(key)
    },
    close: () => Promise.resolve(),
  }
}

/** Opens a store on what is kept, as one host does. */
export function openHost(kept: Kept, options: SealingOptions, before?: Before): SealingStore {
  const settings = sealingSettings('memoryEngine', 'memory-engine', options)
  return sealingStore(memoryEngine(kept, settings.history, before), settings)
}

/** Opens a store that does not seal on what is kept. */
export function openPlain(kept: Kept): ReturnType<typeof plainStore> {
  return plainStore(memoryEngine(kept))
}

/** Gives the key ids of a keyring, the primary first. */
export function kidsOf({ keyring }: Kept): string[] {
  const header = keyring?.bytes.toString().split('\n')[1] ?? '{"keys":[]}'
  return (JSON.parse(header) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid)
}

/** Gives the key id that an envelope was sealed under. */
export function kidOf({ bytes }: SealedVersion): string {
  return bytes.toString('base64url', 2, 10)
}
