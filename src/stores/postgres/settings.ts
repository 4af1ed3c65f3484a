/** The options of a store in PostgreSQL, checked, with what was left out filled in. */
import { argumentError } from '../../errors.ts'
import { KEY_SETTINGS } from '../keys/key-settings.ts'
import { assertOptions } from '../request.ts'
import { wholeSetting } from '../setting.ts'
import { SEALING_OPTIONS, sealingSettings } from '../sealing/settings.ts'
import type { SealingOptions, SealingSettings } from '../sealing/settings.ts'
import type { PostgresClient, PostgresListen } from './client.ts'
import { STORE } from './failure.ts'
import { IDENTIFIER } from './tables.ts'

/** Where the tables are, and how they are reached. */
interface PostgresPlace {
  /** A `Pool` of pg, a PGlite, or anything with their `query`. It stays yours: `close()` does not end it. */
  readonly client: PostgresClient
  /** The schema of the tables. Default: `public`. */
  readonly schema?: string | undefined
  /** What the names of the tables begin with, before `_secret`, `_version` and `_keyring`. Default: `latchkey`. */
  readonly prefix?: string | undefined
  /** Makes a connection of its own for `watch`, such as `() => new Client(config)` of pg. Default: no `watch`. */
  readonly listen?: PostgresListen | undefined
  /** How often that connection is asked whether it is still there, in milliseconds. Default: 30,000. */
  readonly listenCheckMs?: number | undefined
}

/** A store in PostgreSQL whose secrets are sealed. */
export interface SealedPostgresOptions extends PostgresPlace, SealingOptions {
  readonly plaintext?: false | undefined
}

/** A store in PostgreSQL whose secrets can be read by whoever reads the database. */
export interface PlainPostgresOptions extends PostgresPlace {
  /** Do not seal. */
  readonly plaintext: true
  /** How many older versions of each secret are kept, 0 to 100. Default: 1. */
  readonly history?: number | undefined
}

/** How to open a store in PostgreSQL. */
export type PostgresStoreOptions = SealedPostgresOptions | PlainPostgresOptions

/** The options of a store in PostgreSQL in use. */
export interface PostgresSettings {
  readonly client: PostgresClient
  readonly schema: string
  readonly prefix: string
  readonly listen: PostgresListen | undefined
  readonly listenCheckMs: number
  readonly history: number
  /** Absent where nothing is sealed. */
  readonly sealing: SealingSettings | undefined
}

const CALLER = 'postgresStore'
const OPTIONS = ['client', ...SEALING_OPTIONS, 'schema', 'prefix', 'listen', 'listenCheckMs', 'plaintext']

/** Checks the options of `postgresStore`. */
export function postgresSettings(options: PostgresStoreOptions): PostgresSettings {
  assertOptions(CALLER, options, OPTIONS)
  const given: unknown = options
  if (given === undefined) throw wrong('give { client }.')
  const {
    client,
    listen,
    plaintext = false,
  } = options as {
    client?: unknown
    listen?: unknown
    plaintext?: unknown
  }
  if (typeof (client as { query?: unknown } | null | undefined)?.query !== 'function') {
    throw wrong('client must have the function query(text, params).')
  }
  if (listen !== undefined && typeof listen !== 'function') throw wrong('listen must be a function.')
  if (typeof plaintext !== 'boolean') throw wrong('plaintext must be true or false.')
  const keys = KEY_SETTINGS.find((name) => (options as SealingOptions)[name] !== undefined)
  if (plaintext && keys !== undefined) throw wrong(`with plaintext: true nothing is sealed: leave out ${keys}.`)
  const { history } = options
  return {
    client: options.client,
    schema: identifier('schema', options.schema ?? 'public'),
    prefix: identifier('prefix', options.prefix ?? 'latchkey'),
    listen: options.listen,
    listenCheckMs: wholeSetting(CALLER, 'listenCheckMs', options.listenCheckMs ?? 30_000, 100, 2 ** 31 - 1),
    history: wholeSetting(CALLER, 'history', history ?? 1, 0, 100),
    sealing: options.plaintext === true ? undefined : sealingSettings(CALLER, STORE, options),
  }
}

function identifier(name: string, value: unknown): string {
  if (typeof value === 'string' && IDENTIFIER.test(value)) return value
  throw wrong(`${name} must be a small letter or _, then up to 39 small letters, digits or _.`)
}

function wrong(message: string): TypeError {
  return argumentError('INVALID_OPTION', `${CALLER}: ${message}`)
}
