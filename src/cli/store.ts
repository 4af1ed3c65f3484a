/** Opens the store that a command line names, and says what to do where the key is not there. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { isLatchkeyError, StoreError } from '../errors.ts'
import type { Capabilities, SecretStore, WritableSecretStore } from '../store.ts'
import type { FileStore } from '../stores/file.ts'
import type { Input } from './command.ts'
import { CliError, usageError } from './failure.ts'
import { keyOptions } from './keys.ts'

/** A store in use. */
export interface OpenedStore {
  readonly store: SecretStore
  /** Ends the store, and the client that was made for it. */
  close(): Promise<void>
}

/** Uses the store that the options name, to read it, and closes it. A store file that is not there is an error: its path was mistyped. */
export async function withStore<T>(input: Input, use: (store: SecretStore) => Promise<T>): Promise<T> {
  const address = addressOf(input)
  if (address === undefined) return withFileReader(input, use)
  const { openAddress } = await import('./stores/open.ts')
  const { store, close } = await openAddress(address, input)
  try {
    assertScopesFit(store, input)
    return await use(store)
  } finally {
    await close()
  }
}

/** As {@link withStore}, with everything that the store can do. */
export async function withWholeStore<T>(input: Input, use: (store: SecretStore) => Promise<T>): Promise<T> {
  return addressOf(input) === undefined ? withFileStore(input, use) : withStore(input, use)
}

/** As {@link withStore}, for what writes. A store file that is not there is made by the first write, if `mayMake`. */
export async function withWritableStore<T>(
  input: Input,
  use: (store: WritableSecretStore) => Promise<T>,
  { mayMake = false }: { readonly mayMake?: boolean } = {},
): Promise<T> {
  if (addressOf(input) === undefined) return withFileStore(input, use, { mayMake })
  return withStore(input, (store) => {
    assertCan(store, 'write', 'cannot be written')
    return use(store as WritableSecretStore)
  })
}

/**
 * Uses the store file that the options name: for what only a store file can do.
 *
 * @param options - `mayMake`: it need not be there. `isNew`: it is to be made, and a pass phrase is asked for twice.
 */
export async function withFileStore<T>(
  input: Input,
  use: (store: FileStore) => Promise<T>,
  { mayMake = false, isNew = false }: { readonly mayMake?: boolean; readonly isNew?: boolean } = {},
): Promise<T> {
  if (addressOf(input) !== undefined) {
    throw new CliError('UNSUPPORTED', ONLY_A_FILE, `LATCHKEY_STORE names one: name a file with --file. ${ELSEWHERE}`)
  }
  const path = storeFileOf(input)
  if (!mayMake && !existsSync(path)) throw noStoreFile(path)
  // The ciphers come with it: help and mistakes need not wait for them.
  const { fileStore } = await import('../stores/file.ts')
  return closedAfter(fileStore({ path, history: keepOf(input), ...(await keyOptions(input, isNew)) }), path, use)
}

/** Uses the store file that the options name without loading what writes. */
async function withFileReader<T>(input: Input, use: (store: SecretStore) => Promise<T>): Promise<T> {
  const path = storeFileOf(input)
  if (!existsSync(path)) throw noStoreFile(path)
  const { fileReader } = await import('../stores/file/reader.ts')
  return closedAfter(fileReader({ path, history: keepOf(input), ...(await keyOptions(input)) }), path, use)
}

async function closedAfter<Store extends SecretStore, T>(
  store: Store,
  path: string,
  use: (store: Store) => Promise<T>,
): Promise<T> {
  try {
    return await use(store)
  } catch (error) {
    throw isLatchkeyError(error, 'KEY_MISSING') ? keyMissing(error, path) : error
  } finally {
    await store.close()
  }
}

const ONLY_A_FILE = 'This command is for store files, not for other stores.'
const ELSEWHERE =
  'The key of a store in PostgreSQL, Redis or etcd is changed by latchkey rotate-key --new-key-file PATH; the others seal nothing.'

/** For a command that only store files can do: says so of `--store`. */
export function onlyStoreFiles(option: string): CliError | undefined {
  return option === 'store' ? usageError(ONLY_A_FILE, `Name a file with --file. ${ELSEWHERE}`) : undefined
}

/** The path of the store file that the options name. */
export function storeFileOf(input: Input): string {
  return resolve(input.text('file') ?? 'secrets.latchkey')
}

/** Throws UNSUPPORTED, saying so, if a store cannot do something. */
export function assertCan(store: SecretStore, what: 'write' | 'history' | 'list', saying: string): void {
  const can: Capabilities = store.capabilities
  if (can[what]) return
  throw new CliError('UNSUPPORTED', `The store ${store.name} ${saying}.`, WITHOUT[what])
}

/** Throws a usage error if a scope of the options is deeper than those of a store may be. */
function assertScopesFit({ name, capabilities }: SecretStore, input: Input): void {
  const { maxScopeSegments = Infinity } = capabilities
  if (input.texts('scope').every((scope) => scope.split('/').length <= maxScopeSegments)) return
  throw usageError(
    `What follows --scope has more segments than the store ${name} takes: ${maxScopeSegments}.`,
    'Use a shorter scope, or a shorter prefix in the address of the store.',
  )
}

const WITHOUT = {
  write: 'It is filled by others: change the secret where they keep it, or name another store with --store or --file.',
  history: 'It keeps the newest version only. A store file, PostgreSQL, Redis, etcd and Vault keep older ones.',
  list: 'Ask for a secret by its name: latchkey show NAME',
} as const

/** The address of a store that is no file, if one is named. An option is nearer than the environment. */
export function addressOf(input: Input): string | undefined {
  const given = input.text('store')
  if (given !== undefined) {
    if (input.text('file') !== undefined)
      throw usageError('Give either --store or --file.', 'A store file needs no --store.')
    return given
  }
  return input.text('file') === undefined ? process.env['LATCHKEY_STORE'] || undefined : undefined
}

/** How many older versions a write keeps: as many as the program that uses the store does, or it takes some of them away. */
function keepOf(input: Input): number | undefined {
  const keep = input.text('keep')
  if (keep === undefined) return undefined
  if (/^(?:\d{1,2}|100)$/.test(keep)) return Number(keep)
  throw usageError('--keep takes a number from 0 to 100.')
}

function noStoreFile(path: string): CliError {
  const hint = 'Name another file with --file, another store with --store, or make a file with latchkey init.'
  return new CliError('NOT_FOUND', `There is no store file ${path}.`, hint)
}

function keyMissing(error: Error, path: string): StoreError {
  const hint = existsSync(path)
    ? `Bring this store's key back from where you keep a copy: as ${path}.key (chmod 600), in LATCHKEY_KEY, or with --key-file. A new key does not open it. If a pass phrase opens it, give --passphrase.`
    : 'latchkey init makes a store and its key.'
  return new StoreError('KEY_MISSING', error.message, { store: 'file', hint })
}
