/** The versions of one secret that are kept: the current one, and the one before. */
import type { SecretAddress } from '../../secret.ts'
import type { AwsReader } from './client.ts'
import { isEnded } from './record.ts'
import type { LiveVersion } from './record.ts'

/**
 * Reads the versions that are kept, the live one first; none where the secret is not there.
 *
 * AWS keeps what has a label, so that is AWSCURRENT and AWSPREVIOUS. Which they are is told by one answer: two reads by
 * label could be parted by a write.
 */
export async function keptVersions(
  reader: AwsReader,
  address: SecretAddress,
  signals: readonly AbortSignal[],
): Promise<LiveVersion[]> {
  const labels = await reader.labels(address, signals)
  if (labels?.current === undefined || labels.isDeleted || isEnded(labels.current)) return []
  const { arn, current, previous } = labels
  const live = await reader.readVersion(address, arn, current, signals)
  if (live === undefined) return []
  if (previous === undefined || isEnded(previous)) return [live]
  const older = await reader.readVersion(address, arn, previous, signals)
  return older === undefined ? [live] : [live, older]
}
