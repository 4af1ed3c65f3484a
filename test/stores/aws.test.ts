import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { awsStore } from '../../src/stores/aws.ts'
import type { AwsStoreOptions } from '../../src/stores/aws.ts'
import { testSecretStore } from '../../src/testing/index.ts'
import { startFakeAws } from '../helpers/aws/fake.ts'
import { optionsFor } from '../helpers/aws/host.ts'
import { describeEngine } from '../helpers/engines.ts'
import { motoHere, startMoto } from '../helpers/engines/moto.ts'
import type { StartedMoto } from '../helpers/engines/moto.ts'

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

describe('the conformance suite, over a fake that drops versions without a label at once, under a prefix', () => {
  testSecretStore({
    describe,
    test,
    factory: async () => {
      const aws = await startFakeAws()
      aws.state.deprecatedGo = true
      return { store: awsStore({ ...optionsFor(aws), prefix: 'apps/billing', pollMs: 5 }), dispose: () => aws.stop() }
    },
  })
})

describeEngine('moto', motoHere(), 'TEST_AWS_ENDPOINT, or moto_server on PATH', (here) => {
  let moto: StartedMoto
  beforeAll(async () => {
    moto = await startMoto(here)
  })
  afterAll(() => moto.stop())

  const options = (): AwsStoreOptions => ({
    client: oneAtATime(moto.endpoint),
    prefix: `latchkey-test/${randomUUID()}`,
    pollMs: 50,
  })

  testSecretStore({ describe, test, factory: () => ({ store: awsStore(options()) }) })

  test('20 writers of 3 increments each, from what they read, lose nothing', async () => {
    await using store = awsStore(options())
    await store.set('a', { COUNT: '0' })
    const increment = async (): Promise<void> => {
      for (;;) {
        const live = await store.get('a')
        const next = { COUNT: String(Number(live?.values['COUNT']) + 1) }
        try {
          await store.set('a', next, { ifVersion: live?.version })
          return
        } catch (error) {
          expect(error).toMatchObject({ code: 'CONFLICT' })
        }
      }
    }
    const writer = async (): Promise<void> => {
      for (let i = 0; i < 3; i += 1) await increment()
    }
    await Promise.all(Array.from({ length: 20 }, writer))
    expect((await store.get('a'))?.values['COUNT']).toBe('60')
  })
})

/** A client that sends one request after the other: moto's threads step on each other. Writers still overlap. */
function oneAtATime(endpoint: string): SecretsManagerClient {
  const credentials = { accessKeyId: 'AKIDTEST', secretAccessKey: 'test' }
  const client = new SecretsManagerClient({ region: 'eu-central-1', endpoint, credentials })
  let last: Promise<unknown> = Promise.resolve()
  const send = client.send.bind(client) as (...args: unknown[]) => Promise<unknown>
  client.send = (...args: unknown[]) => {
    const sent = last.then(() => send(...args))
    last = sent.catch(() => undefined)
    return sent as never
  }
  return client
}

test('making a store connects to nothing, and the store shows no credential', async () => {
  const credentials = { accessKeyId: 'canary-id', secretAccessKey: 'canary-key', sessionToken: 'canary-session' }
  const store = awsStore({ endpoint: 'http://127.0.0.1:1', credentials })
  expect(`${inspect(store, { depth: 10, showHidden: true })} ${JSON.stringify(store)}`).not.toContain('canary')
  await store.close()
})
