/** The versions of one secret that Vault keeps, and how they are ended. */
import type { SecretAddress } from '../../secret.ts'
import { allOf } from '../batches.ts'
import type { VaultClient } from './client.ts'
import { isRecord } from '../http-body.ts'
import { answerError, isNothing } from './failure.ts'
import { stampOf } from './record.ts'
import type { Found, LiveVersion, Stamp } from './record.ts'

/** A version that Vault knows of. */
export interface KnownVersion extends Stamp {
  /** It has a time of deletion. Whether that has come, Vault's clock says: a read is answered by it. */
  readonly deletes: boolean
  /** What it held is gone for good. */
  readonly destroyed: boolean
}

/** Lists the versions that Vault knows of, the newest first, without reading what they hold. */
export async function knownVersions(
  client: VaultClient,
  address: SecretAddress,
  signal?: AbortSignal,
): Promise<KnownVersion[]> {
  const doing = `list the versions of secret ${address.secret} (scope ${address.scope})`
  const answer = await client.ask(address, { method: 'GET', api: 'metadata', signal, doing })
  if (isNothing(answer)) return []
  const data = answer.status === 200 && isRecord(answer.body) ? answer.body['data'] : undefined
  const versions: unknown = isRecord(data) ? data['versions'] : undefined
  const known = isRecord(versions) ? Object.entries(versions).map(knownVersion) : [undefined]
  // One that cannot be understood might be the one that matters.
  if (!known.every((version) => version !== undefined)) throw answerError(answer, doing, address)
  return known.sort((a, b) => b.number - a.number)
}

function knownVersion([number, metadata]: [string, unknown]): KnownVersion | undefined {
  if (!isRecord(metadata)) return undefined
  const stamp = stampOf({ ...metadata, version: Number(number) })
  const { deletion_time: deletionTime, destroyed } = metadata
  if (stamp === undefined || typeof destroyed !== 'boolean' || typeof deletionTime !== 'string') return undefined
  return { ...stamp, destroyed, deletes: deletionTime !== '' }
}

/** Reads the versions that are kept, the live one first; none where the secret is not there. */
export async function keptVersions(
  client: VaultClient,
  address: SecretAddress,
  signal?: AbortSignal,
): Promise<LiveVersion[]> {
  const known = await knownVersions(client, address, signal)
  const read = ({ number, destroyed }: KnownVersion): Promise<Found> =>
    destroyed ? Promise.resolve({ number }) : client.find(address, signal, number)
  const found = await allOf(known, read)
  if (found[0]?.live === undefined) return []
  // What is older than an empty version was deleted, even if it could not be destroyed yet.
  const deleted = found.findIndex(({ emptied }) => emptied === true)
  return found.slice(0, deleted === -1 ? found.length : deleted).flatMap(({ live }) => live ?? [])
}

/** Destroys what the versions up to a number hold. Later ones, by others, stay. */
export async function destroyVersions(client: VaultClient, address: SecretAddress, upTo: number): Promise<void> {
  const known = await knownVersions(client, address)
  const versions = known.filter(({ number, destroyed }) => number <= upTo && !destroyed).map(({ number }) => number)
  if (versions.length === 0) return
  const doing = `destroy the versions of secret ${address.secret} (scope ${address.scope})`
  const answer = await client.ask(address, { method: 'POST', api: 'destroy', body: { versions }, doing })
  if (answer.status !== 204 && (answer.status !== 200 || !isRecord(answer.body)))
    throw answerError(answer, doing, address)
}
