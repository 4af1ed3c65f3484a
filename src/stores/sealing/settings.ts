/** The options that every store that seals takes, checked, with what was left out filled in. */
import type { Credential, CredentialSetting } from '../../crypto/credential.ts'
import { argumentError } from '../../errors.ts'
import { nodeFileSystem } from '../file/file-system.ts'
import { allowedKeyMode, KEY_SETTINGS, keyCosts } from '../keys/key-settings.ts'
import type { KeySettings } from '../keys/key-settings.ts'
import { checkedSource, keySources, listedSources } from '../keys/key-source.ts'
import type { KeySource } from '../keys/key-source.ts'
import { wholeSetting } from '../setting.ts'

/**
 * How a store seals. At most one of `key`, `keyFile`, `passphrase` and `keys` is given. Default: the key from
 * `LATCHKEY_KEY`, else from the file that `LATCHKEY_KEY_FILE` names.
 */
export interface SealingOptions extends KeySettings {
  /** How many older versions of each secret are kept, 0 to 100. Default: 1. */
  readonly history?: number | undefined
}

/** The names of these options. */
export const SEALING_OPTIONS = [...KEY_SETTINGS, 'history'] as const

/** How a store seals, checked. */
export interface SealingSettings {
  readonly history: number
  /** Reads the keys, at each use: a key file may have been replaced. Throws KEY_MISSING, KEY_FORMAT, DENIED. */
  credentials(): readonly Credential[]
  /** Checks keys that are to take the place of those there are; `use` puts them there. */
  otherKeys(keys: readonly KeySource[]): { readonly credentials: readonly Credential[]; readonly use: () => void }
  /** Gives what wrapping and unwrapping the keys of a store needs to know. */
  credentialSetting(storeId: Buffer): CredentialSetting
}

/**
 * Checks how a store seals; reads nothing.
 *
 * @param caller - the function that was given the options, for messages.
 * @param store - the store's name.
 */
export function sealingSettings(caller: string, store: string, options: SealingOptions): SealingSettings {
  const reading = { caller, store, allowMode: allowedKeyMode(caller, options), system: nodeFileSystem }
  const history = wholeSetting(caller, 'history', options.history ?? 1, 0, 100)
  const { keyTimeoutMs, passphraseCost } = keyCosts(caller, options)
  let sources = keySources(options, undefined, reading)
  return {
    history,
    credentials: () => sources.read(),
    otherKeys(keys) {
      const given: unknown = keys
      if (!Array.isArray(given) || given.length === 0) {
        throw argumentError('INVALID_OPTION', 'rotateKey: keys must be an array that is not empty.')
      }
      const next = listedSources(
        given.map((source) => checkedSource(source, caller)),
        reading,
      )
      const use = (): void => {
        sources = next
      }
      return { credentials: next.read(), use }
    },
    credentialSetting: (storeId) => ({ store, storeId, timeoutMs: keyTimeoutMs, logN: passphraseCost }),
  }
}
