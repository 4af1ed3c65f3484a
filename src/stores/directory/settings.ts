/** The options of a directory store, checked, with what was left out filled in. */
import { createSecretKey, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { argumentError } from '../../errors.ts'
import { checkedRename } from '../foreign.ts'
import type { Rename, RenamedKeys } from '../foreign.ts'
import { assertOptions } from '../request.ts'
import { pathSetting, wholeSetting } from '../setting.ts'

/** Which directory to read, and how secrets lie in it. */
export interface DirectoryStoreOptions {
  /** The directory that secrets are mounted in: a path or a `file:` URL. */
  readonly path: string | URL
  /**
   * How secrets lie in it. `'directories'` (default): a directory is a secret and a file in it is a key, as with Secrets that
   * Kubernetes mounts. `'files'`: a file is a secret, as with Docker and systemd: `name.json` holds `{ KEY: value }`, and
   * any other file is a secret of one key with the file's name.
   */
  readonly layout?: 'directories' | 'files' | undefined
  /** Which names of files, or of members of a JSON document, are read as which keys. Default: none. */
  readonly rename?: Rename | undefined
  /** True takes one line break off the end of each file that is a value. Default: false, byte for byte. */
  readonly trimNewline?: boolean | undefined
  /** How often a watch looks whether it missed anything, in milliseconds, 10 to 2^31 - 1. Default: 5,000. */
  readonly pollMs?: number | undefined
}

/** What follows from the options. */
export interface DirectoryStoreSettings {
  readonly path: string
  readonly layout: 'directories' | 'files'
  readonly rename: RenamedKeys
  readonly trimNewline: boolean
  readonly pollMs: number
  /** Versions are made under it. */
  readonly versionKey: KeyObject
}

/** Checks the options of `directoryStore`. */
export function directoryStoreSettings(options: DirectoryStoreOptions): DirectoryStoreSettings {
  const given: unknown = options
  if (given === undefined) throw wrong('the options must be an object.')
  assertOptions('directoryStore', options, ['path', 'layout', 'rename', 'trimNewline', 'pollMs'])
  const layout: unknown = options.layout ?? 'directories'
  if (layout !== 'directories' && layout !== 'files') throw wrong("layout must be 'directories' or 'files'.")
  const trimNewline: unknown = options.trimNewline ?? false
  if (typeof trimNewline !== 'boolean') throw wrong('trimNewline must be true or false.')
  return {
    path: pathSetting('directoryStore', options.path),
    layout,
    rename: checkedRename('directoryStore', options.rename),
    trimNewline,
    pollMs: wholeSetting('directoryStore', 'pollMs', options.pollMs ?? 5_000, 10, 2 ** 31 - 1),
    versionKey: createSecretKey(randomBytes(32)),
  }
}

function wrong(message: string): TypeError {
  return argumentError('INVALID_OPTION', `directoryStore: ${message}`)
}
