/** What an AWS store uses of the machine: time, chance, and the SDK. */
import type * as SecretsManager from '@aws-sdk/client-secrets-manager'
import { nodeTiming } from '../timing.ts'
import type { Timing } from '../timing.ts'

/** The SDK's package. */
export type Sdk = typeof SecretsManager

/** What a store uses. */
export interface AwsHost extends Timing {
  readonly load: () => Promise<Sdk>
}

/** The machine as it is. */
export const nodeAwsHost: AwsHost = {
  ...nodeTiming,
  load: () => import('@aws-sdk/client-secrets-manager'),
}
