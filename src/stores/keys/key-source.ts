/** Where the keys of a store that seals come from: given, in the environment, or in a file beside it. */
import type { Credential, KeyWrapper } from '../../crypto/credential.ts'
import { isExtId } from '../../crypto/keyring.ts'
import { rawKeyBytes } from '../../crypto/raw-key.ts'
import { argumentError, StoreError } from '../../errors.ts'
import type { MaybePromise } from '../../store.ts'
import { assertOptions } from '../request.ts'
import { readKeyFile } from './key-file.ts'
import type { KeyReading } from './key-file.ts'

/** A raw key: `lk1_…` as `generateKey()` makes it, or its 32 bytes. */
export interface RawKeySource {
  readonly key: string | Uint8Array
}
/** A file that holds a raw key. */
export interface KeyFileSource {
  readonly keyFile: string
}
/** A pass phrase, or a function that asks for it when it is needed. */
export interface PassphraseSource {
  readonly passphrase: string | (() => MaybePromise<string>)
}
/** One thing that opens a store. */
export type KeySource = RawKeySource | KeyFileSource | PassphraseSource | KeyWrapper

/** The ways to give keys; at most one of them. */
export interface KeyOptions {
  readonly key?: RawKeySource['key'] | undefined
  readonly keyFile?: string | undefined
  readonly passphrase?: PassphraseSource['passphrase'] | undefined
  readonly keys?: readonly KeySource[] | undefined
}

/** Where keys come from, checked; nothing is read before it is asked. */
export interface KeySources {
  /** Every source is a raw key, which opens a store at once. */
  readonly atOnce: boolean
  /** The key file that is meant, if one is; it need not exist. */
  readonly keyFile: string | undefined
  /** Reads the keys. Throws KEY_MISSING if there is none, KEY_FORMAT, DENIED. */
  read(): readonly Credential[]
  /** Gives the same sources, with another pass phrase in the place of the one there is, if there is exactly one. */
  withPassphrase(next: KeySource): KeySources
}

const KINDS = ['key', 'keyFile', 'passphrase', 'keys'] as const
const HOW_TO =
  'Give the key that the store was made with: as LATCHKEY_KEY, in a file that LATCHKEY_KEY_FILE names, or as an option. For a store that is still to be made, "npx latchkey init" makes a key and a store file, generateKey() a key alone.'

/**
 * Checks key options as far as that needs no I/O.
 *
 * @param beside - the key file that is meant where neither options nor environment tell of another.
 */
export function keySources(options: KeyOptions, beside: string | undefined, reading: KeyReading): KeySources {
  const { caller } = reading
  const given = KINDS.filter((kind) => options[kind] !== undefined)
  if (given.length > 1) {
    throw argumentError('INVALID_OPTION', `${caller} takes only one of ${given.join(' and ')}; keys can hold several.`)
  }
  if (given.length === 0) return defaultSources(beside, reading)
  const { key, keyFile, passphrase } = options
  const single = key !== undefined ? { key } : keyFile !== undefined ? { keyFile } : passphrase && { passphrase }
  const list: unknown = single === undefined ? options.keys : [single]
  if (!Array.isArray(list) || list.length === 0) {
    throw argumentError('INVALID_OPTION', `${caller}: keys must be an array that is not empty.`)
  }
  return listedSources(
    list.map((source) => checkedSource(source, caller)),
    reading,
  )
}

/** Gives what one source opens a store with. */
export function credentialOf(source: KeySource, reading: KeyReading): Credential {
  if ('wrap' in source) return { type: 'ext', wrapper: source }
  if ('passphrase' in source) {
    const { passphrase } = source
    return { type: 'scrypt', passphrase: typeof passphrase === 'function' ? passphrase : () => passphrase }
  }
  if ('key' in source) return { type: 'raw', key: rawKeyBytes(source.key, 'The option key', reading.store) }
  const key = readKeyFile(source.keyFile, reading)
  if (key === undefined) throw keyMissing(reading, `There is no key file ${source.keyFile}.`)
  return { type: 'raw', key }
}

/** Checks one source. */
export function checkedSource(source: unknown, caller: string): KeySource {
  const wrong = (message: string) => argumentError('INVALID_OPTION', `A key of ${caller}: ${message}`)
  if (typeof source !== 'object' || source === null)
    throw wrong('give { key }, { keyFile }, { passphrase } or a key wrapper.')
  if ('wrap' in source || 'unwrap' in source) {
    const { id, wrap, unwrap } = source as Partial<Record<keyof KeyWrapper, unknown>>
    if (!isExtId(id)) throw wrong('the id of a key wrapper must be 1 to 128 printable ASCII characters.')
    if (typeof wrap !== 'function' || typeof unwrap !== 'function') throw wrong('wrap and unwrap must be functions.')
    return source as KeyWrapper
  }
  assertOptions(`A key of ${caller}`, source, ['key', 'keyFile', 'passphrase'])
  const { key, keyFile, passphrase } = source as Record<string, unknown>
  if (key !== undefined) {
    if (typeof key !== 'string' && !(key instanceof Uint8Array)) throw wrong('key must be a string or a Uint8Array.')
    return { key }
  }
  if (keyFile !== undefined) {
    if (typeof keyFile !== 'string' || keyFile === '') throw wrong('keyFile must be a path.')
    return { keyFile }
  }
  if (typeof passphrase === 'string' ? passphrase !== '' : typeof passphrase === 'function') {
    return { passphrase } as PassphraseSource
  }
  throw wrong('give { key }, { keyFile }, { passphrase } (which is not empty) or a key wrapper.')
}

/** Gives sources as a list does. */
export function listedSources(sources: readonly KeySource[], reading: KeyReading): KeySources {
  const files = sources.flatMap((source) => ('keyFile' in source ? [source.keyFile] : []))
  const listed: KeySources = {
    atOnce: sources.every((source) => 'key' in source || 'keyFile' in source),
    keyFile: files[0],
    read: () => sources.map((source) => credentialOf(source, reading)),
    withPassphrase(next) {
      if (sources.filter((source) => 'passphrase' in source).length !== 1) return listed
      const replaced = sources.map((source) => ('passphrase' in source ? next : source))
      return listedSources(replaced, reading)
    },
  }
  return listed
}

/** LATCHKEY_KEY, else the file that LATCHKEY_KEY_FILE names, else the key file beside the store, if it has one. */
function defaultSources(beside: string | undefined, reading: KeyReading): KeySources {
  const sources: KeySources = {
    atOnce: true,
    get keyFile() {
      const { LATCHKEY_KEY: key, LATCHKEY_KEY_FILE: named } = process.env
      return key === undefined ? (named ?? beside) : undefined
    },
    read() {
      const { LATCHKEY_KEY: key, LATCHKEY_KEY_FILE: named } = process.env
      if (key !== undefined) return [{ type: 'raw', key: rawKeyBytes(key, 'The variable LATCHKEY_KEY', reading.store) }]
      if (named !== undefined) return [credentialOf({ keyFile: named }, reading)]
      const bytes = beside === undefined ? undefined : readKeyFile(beside, reading)
      if (bytes !== undefined) return [{ type: 'raw', key: bytes }]
      const neither = beside === undefined ? 'nor is LATCHKEY_KEY_FILE' : `and there is no ${beside}`
      throw keyMissing(reading, `There is no key: LATCHKEY_KEY is not set, ${neither}.`)
    },
    withPassphrase: () => sources,
  }
  return sources
}

function keyMissing({ store }: KeyReading, message: string): StoreError {
  return new StoreError('KEY_MISSING', message, { store, hint: HOW_TO })
}
