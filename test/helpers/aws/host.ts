/** An AWS store on a fake, by way of the real SDK, whose pauses end at once. */
import { nodeAwsHost } from '../../../src/stores/aws/host.ts'
import { openAwsStore } from '../../../src/stores/aws/open.ts'
import type { AwsStore } from '../../../src/stores/aws/open.ts'
import type { AwsStoreOptions } from '../../../src/stores/aws/options.ts'
import type { FakeAws } from './fake.ts'
import { CREDENTIALS } from './fake.ts'

/** Opens a store. `pauses` collects how long each pause would have been. */
export function storeOn(aws: FakeAws, options: AwsStoreOptions = {}, pauses: number[] = []): AwsStore {
  const where = options.client === undefined ? { ...optionsFor(aws) } : {}
  return openAwsStore(
    { ...where, ...options },
    {
      ...nodeAwsHost,
      delay: (ms) => {
        pauses.push(ms)
        return Promise.resolve()
      },
    },
  )
}

/** The options that lead to a fake. */
export function optionsFor(aws: FakeAws): Pick<AwsStoreOptions, 'region' | 'endpoint' | 'credentials'> {
  return { region: aws.region, endpoint: aws.endpoint, credentials: CREDENTIALS }
}
