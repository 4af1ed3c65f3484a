/** A store in AWS Secrets Manager, by way of the AWS SDK. */
import { nodeAwsHost } from './aws/host.ts'
import { openAwsStore } from './aws/open.ts'
import type { AwsStore } from './aws/open.ts'
import type { AwsStoreOptions } from './aws/options.ts'

export type { AwsStore } from './aws/open.ts'
export type { AwsCredentials, AwsStoreOptions, SecretsManagerClientLike } from './aws/options.ts'
export type { Rename } from './foreign.ts'

/**
 * Makes a store in AWS Secrets Manager. Loads the package `@aws-sdk/client-secrets-manager`, which is to be installed
 * beside latchkey, at its first use, and connects to nothing before that.
 *
 * One secret of AWS is one secret, and its `SecretString` is a JSON object with the pairs. Scope `default` adds nothing to
 * the name, any other one stands before it: `my_secret` of `acme/production` is `acme/production/my_secret`.
 *
 * @throws TypeError UNKNOWN_OPTION or INVALID_OPTION for options that cannot be. What is wrong with the credentials, the
 * network or the installation is a StoreError of the first use: DENIED, UNAVAILABLE, INVALID.
 * @example
 * ```ts
 * const store = awsStore({ region: 'eu-central-1', prefix: 'billing' })
 * const secret = await store.get('my_github_secret', { scope: 'acme/production' })
 * ```
 */
export function awsStore(options: AwsStoreOptions = {}): AwsStore {
  return openAwsStore(options, nodeAwsHost)
}
