/** `aws:`. */
import { nodeAwsHost } from '../../stores/aws/host.ts'
import type { Sdk } from '../../stores/aws/host.ts'
import { openAwsStore } from '../../stores/aws/open.ts'
import { usageError } from '../failure.ts'
import type { Opener } from './address.ts'
import { loadClient } from './client.ts'

/**
 * Opens AWS Secrets Manager: `aws:billing?region=eu-central-1`. What stands after the colon is the prefix. Credentials, and the
 * region if it is not given, are found by the SDK: `AWS_ACCESS_KEY_ID`, `AWS_PROFILE`, a role.
 */
export const openAws: Opener = async ({ path, host, settings }) => {
  const { region, endpoint } = settings('region', 'endpoint')
  if (host !== '') throw usageError('aws: has no server: write aws:PREFIX?region=eu-central-1.')
  const client = await loadClient('AWS Secrets Manager', ['@aws-sdk/client-secrets-manager'])
  const inside = client.module['default']
  const sdk = (typeof inside === 'object' && inside !== null ? inside : client.module) as unknown as Sdk
  const store = openAwsStore(
    { region, endpoint, prefix: path === '' ? undefined : path },
    { ...nodeAwsHost, load: () => Promise.resolve(sdk) },
  )
  return { store, close: () => store.close() }
}
