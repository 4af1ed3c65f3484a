import { describe, test } from 'vitest'
import { awsStore } from '../../src/stores/aws.ts'
import { testSecretStore } from '../../src/testing/index.ts'
import { startFakeAws } from '../helpers/aws/fake.ts'
import { optionsFor } from '../helpers/aws/host.ts'

describe('the conformance suite, over the fake', () => {
  testSecretStore({
    describe,
    test,
    factory: async () => {
      const aws = await startFakeAws()
      return { store: awsStore({ ...optionsFor(aws), pollMs: 5 }), dispose: () => aws.stop() }
    },
  })
})
