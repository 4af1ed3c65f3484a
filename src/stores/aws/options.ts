/** The options of an AWS store. */
import type { Rename } from '../foreign.ts'

/** Credentials as the SDK takes them. */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  readonly expiration?: Date | undefined
}

/** A `SecretsManagerClient` of `@aws-sdk/client-secrets-manager`, or what wraps one. */
export interface SecretsManagerClientLike {
  /** Sends a command of the SDK. */
  send(command: never, options?: { readonly abortSignal?: AbortSignal }): Promise<unknown>
}

/** Which Secrets Manager to use, as whom, and how patiently. */
export interface AwsStoreOptions {
  /** A client to use, in place of `region`, `endpoint` and `credentials`. The store never ends it. Default: it makes its own. */
  readonly client?: SecretsManagerClientLike | undefined
  /** The region, e.g. `eu-central-1`. Default: where the SDK finds it, such as `AWS_REGION`. */
  readonly region?: string | undefined
  /** The URL to send requests to. Default: that of the region. */
  readonly endpoint?: string | URL | undefined
  /** Credentials, or a function that gives them, as of `@aws-sdk/credential-providers`. Default: the SDK's own chain. */
  readonly credentials?: AwsCredentials | (() => Promise<AwsCredentials>) | undefined
  /** What every name begins with, as a path: `billing` makes `billing/acme/my_secret`. Default: nothing. */
  readonly prefix?: string | undefined
  /** Which key names in AWS are read, and written, as which keys, e.g. `{ 'db-user': 'DB_USER' }`. Default: none. */
  readonly rename?: Rename | undefined
  /** The KMS key of secrets that the store creates. Default: `aws/secretsmanager`. */
  readonly kmsKeyId?: string | undefined
  /**
   * How long a deleted secret can be recovered, and its name is taken: 7 to 30 days, or 0, which deletes for good at once.
   * Default: 0.
   */
  readonly recoveryWindowDays?: number | undefined
  /** How long one request may take, all attempts of the SDK included: milliseconds. Default: 30,000. */
  readonly timeoutMs?: number | undefined
  /** How often a watch looks: milliseconds. Default: 60,000. */
  readonly pollMs?: number | undefined
}
