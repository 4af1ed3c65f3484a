/** Opens a store by its address, e.g. `vault:` or `postgres://db.example.org/app`. */
import { ARGUMENT_CODES } from '../../errors.ts'
import type { Input } from '../command.ts'
import { usageError } from '../failure.ts'
import type { OpenedStore } from '../store.ts'
import { parseAddress } from './address.ts'
import type { Opener } from './address.ts'

/** The kinds of stores, each loaded when it is asked for. */
const OPENERS: Readonly<Record<string, () => Promise<Opener>>> = {
  postgres: async () => (await import('./postgres.ts')).openPostgres,
  redis: async () => (await import('./redis.ts')).openRedis,
  vault: async () => (await import('./vault.ts')).openVault,
  etcd: async () => (await import('./etcd.ts')).openEtcd,
  aws: async () => (await import('./aws.ts')).openAws,
  dir: async () => (await import('./directory.ts')).openDirectory,
  env: async () => (await import('./env.ts')).openEnv,
}

/** Opens the store of an address. */
export async function openAddress(text: string, input: Input): Promise<OpenedStore> {
  const address = parseAddress(text, input.text('store') !== undefined)
  const load = Object.hasOwn(OPENERS, address.kind) ? OPENERS[address.kind] : undefined
  if (load === undefined) {
    throw usageError(
      `There is no such kind of store: the kinds are ${Object.keys(OPENERS).join(': ')}:.`,
      'A store file needs no --store: name it with --file.',
    )
  }
  const open = await load()
  try {
    return await open(address, input)
  } catch (error) {
    throw isArgumentError(error) ? usageError(error.message) : error
  }
}

/** What a store says of its options, which come from the address. It never repeats what they are. */
function isArgumentError(error: unknown): error is TypeError {
  return error instanceof TypeError && ARGUMENT_CODES.some((code) => code === (error as { code?: unknown }).code)
}
