/** The options about keys that every store that seals takes. */
import { LOG_N, LOG_N_RANGE } from '../../crypto/recipient.ts'
import { argumentError } from '../../errors.ts'
import { wholeSetting } from '../setting.ts'
import type { KeyOptions } from './key-source.ts'

/** The keys of a store, and how they are used. */
export interface KeySettings extends KeyOptions {
  /** Permission bits of group and others that a key file may have, e.g. `0o440` for a mount. Default: none. */
  readonly allowKeyMode?: number | undefined
  /** How long a key wrapper may take, in milliseconds. Default: 30,000. */
  readonly keyTimeoutMs?: number | undefined
  /**
   * What it costs to try a pass phrase, for wraps made from now on: scrypt's N is two to this power, 15 to 20; each step
   * doubles time and memory. Default: 17 (128 MiB, about 0.4 s).
   */
  readonly passphraseCost?: number | undefined
}

/** The names of these options. */
export const KEY_SETTINGS = [
  'key',
  'keyFile',
  'passphrase',
  'keys',
  'allowKeyMode',
  'keyTimeoutMs',
  'passphraseCost',
] as const

/** Gives the permission bits that a key file may have beside the owner's, checked. */
export function allowedKeyMode(caller: string, { allowKeyMode }: KeySettings): number {
  const mode = wholeSetting(caller, 'allowKeyMode', allowKeyMode ?? 0, 0, 0o777)
  if ((mode & 0o022) === 0) return mode
  throw argumentError('INVALID_OPTION', `${caller}: allowKeyMode cannot let others write the key.`)
}

/** Gives how long a key wrapper may take and what a pass phrase costs, checked. */
export function keyCosts(
  caller: string,
  { keyTimeoutMs, passphraseCost }: KeySettings,
): { readonly keyTimeoutMs: number; readonly passphraseCost: number } {
  return {
    keyTimeoutMs: wholeSetting(caller, 'keyTimeoutMs', keyTimeoutMs ?? 30_000, 1, 2 ** 31 - 1),
    passphraseCost: wholeSetting(caller, 'passphraseCost', passphraseCost ?? LOG_N, ...LOG_N_RANGE),
  }
}
