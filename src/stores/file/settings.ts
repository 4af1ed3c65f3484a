/** The options of a file store, checked, with what was left out filled in. */
import type { Credential, CredentialSetting } from '../../crypto/credential.ts'
import { argumentError } from '../../errors.ts'
import { allowedKeyMode, KEY_SETTINGS, keyCosts } from '../keys/key-settings.ts'
import type { KeySettings } from '../keys/key-settings.ts'
import { assertOptions } from '../request.ts'
import { pathSetting, wholeSetting } from '../setting.ts'
import { STORE } from './failure.ts'
import type { FileSystem } from './file-system.ts'
import type { KeyReading } from '../keys/key-file.ts'
import { keySources } from '../keys/key-source.ts'
import type { KeySources } from '../keys/key-source.ts'
import type { Anchor } from '../document/lineage.ts'

/** How to open a file store. */
export interface FileStoreOptions extends KeySettings {
  /** The store file. Default: `./secrets.latchkey`. */
  readonly path?: string | URL | undefined
  /** How many older versions of each secret are kept, 0 to 100. Default: 1. */
  readonly history?: number | undefined
  /** Keeps the newest generation elsewhere, so that a rollback across a restart is found. Default: none. */
  readonly anchor?: Anchor | undefined
  /** What reads do if the file was replaced by a corrupt one: fail, or use the last good one. Default: `'throw'`. */
  readonly ifCorrupt?: 'throw' | 'last-good' | undefined
  /** How long a write waits for another process's, in milliseconds. Default: 10,000. */
  readonly lockTimeoutMs?: number | undefined
}

/** The options of a file store in use. */
export interface FileStoreSettings {
  readonly path: string
  readonly history: number
  readonly reading: KeyReading
  readonly anchor: Anchor | undefined
  readonly ifCorrupt: 'throw' | 'last-good'
  readonly lockTimeoutMs: number
  readonly keyTimeoutMs: number
  readonly passphraseCost: number
  /** Where keys come from. Replaced when the store is given new keys. */
  sources: KeySources
  /** Reads the keys, at each use: a key file may have been replaced. */
  readonly credentials: () => readonly Credential[]
  readonly system: FileSystem
}

const OPTIONS = ['path', ...KEY_SETTINGS, 'history', 'anchor', 'ifCorrupt', 'lockTimeoutMs']

/** Checks the options of `fileStore`. */
export function fileStoreSettings(options: FileStoreOptions, system: FileSystem): FileStoreSettings {
  assertOptions('fileStore', options, OPTIONS)
  const path = pathSetting('fileStore', options.path ?? 'secrets.latchkey')
  const reading = { caller: 'fileStore', store: STORE, allowMode: allowedKeyMode('fileStore', options), system }
  const ifCorrupt: unknown = options.ifCorrupt ?? 'throw'
  if (ifCorrupt !== 'throw' && ifCorrupt !== 'last-good') throw wrong("ifCorrupt must be 'throw' or 'last-good'.")
  const settings: FileStoreSettings = {
    path,
    history: wholeSetting('fileStore', 'history', options.history ?? 1, 0, 100),
    reading,
    anchor: checkedAnchor(options.anchor),
    ifCorrupt,
    lockTimeoutMs: wholeSetting('fileStore', 'lockTimeoutMs', options.lockTimeoutMs ?? 10_000, 0, 2 ** 31 - 1),
    ...keyCosts('fileStore', options),
    sources: keySources(options, `${path}.key`, reading),
    credentials: () => settings.sources.read(),
    system,
  }
  return settings
}

/** Gives what wrapping and unwrapping the keys of this store needs to know. */
export function credentialSetting(settings: FileStoreSettings, storeId: Buffer): CredentialSetting {
  return { store: STORE, storeId, timeoutMs: settings.keyTimeoutMs, logN: settings.passphraseCost }
}

function checkedAnchor(anchor: unknown): Anchor | undefined {
  if (anchor === undefined) return undefined
  const { read, write } = (anchor ?? {}) as Partial<Record<keyof Anchor, unknown>>
  if (typeof read === 'function' && typeof write === 'function') return anchor as Anchor
  throw wrong('anchor must have the functions read and write.')
}

function wrong(message: string): TypeError {
  return argumentError('INVALID_OPTION', `fileStore: ${message}`)
}
