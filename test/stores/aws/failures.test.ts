import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AwsStore } from '../../../src/stores/aws/open.ts'
import { CREDENTIALS, startFakeAws } from '../../helpers/aws/fake.ts'
import type { FakeAws, Fault } from '../../helpers/aws/fake.ts'
import * as faults from '../../helpers/aws/faults.ts'
import { storeOn } from '../../helpers/aws/host.ts'
import { allTextOf, rejection } from '../../helpers/thrown.ts'
import { verbsOf } from '../../helpers/verbs.ts'

const CANARY = 'hunter2-canary'
let aws: FakeAws
let client: SecretsManagerClient
let store: AwsStore

beforeEach(async () => {
  aws = await startFakeAws()
  // Without the SDK's own further attempts, so that one fault is enough.
  const { region, endpoint } = aws
  client = new SecretsManagerClient({ region, endpoint, credentials: { ...CREDENTIALS }, maxAttempts: 1 })
  store = storeOn(aws, { client, timeoutMs: 5_000 })
  await store.set('a', { KEY: CANARY })
  aws.requests.length = 0
})
afterEach(async () => {
  await store.close()
  client.destroy()
  await aws.stop()
})

const { reads, writes } = verbsOf(() => store, CANARY)
const VERBS = { ...reads, ...writes }

/** Gives what `act` fails with, after looking for values, credentials and texts of answers in all of it. */
async function failureOf(act: () => Promise<unknown>): Promise<unknown> {
  const error = await rejection(act())
  expect(allTextOf(error)).not.toMatch(/canary/i)
  return error
}

const FAULTS: readonly (readonly [string, Fault, string])[] = [
  ['AWS is throttling', faults.refused('ThrottlingException'), 'UNAVAILABLE'],
  ['AWS fails', faults.refused('InternalServiceError'), 'UNAVAILABLE'],
  ['AWS refuses access', faults.refused('AccessDeniedException'), 'DENIED'],
  ['AWS does not know the credentials', faults.refused('UnrecognizedClientException'), 'DENIED'],
  ['the token has expired', faults.refused('ExpiredTokenException'), 'DENIED'],
  ['the signature is refused', faults.refused('InvalidSignatureException'), 'DENIED'],
  ['the key is disabled', faults.refused('DecryptionFailure'), 'DENIED'],
  ['a quota is reached', faults.refused('LimitExceededException'), 'UNAVAILABLE'],
  ['AWS answers with an error that nobody knows', faults.refused('CanaryException'), 'UNAVAILABLE'],
  ['a proxy answers with a page and 200', faults.page(200), 'UNAVAILABLE'],
  ['a proxy answers with a page and 403', faults.page(403), 'UNAVAILABLE'],
  ['a proxy answers with a page and 404', faults.page(404), 'UNAVAILABLE'],
  ['a proxy answers with a page and 502', faults.page(502), 'UNAVAILABLE'],
  ['the answer is cut', faults.cut, 'UNAVAILABLE'],
  ['the answer is half of one', faults.halved, 'UNAVAILABLE'],
  ['the connection breaks', faults.dropped, 'UNAVAILABLE'],
]

describe.each(FAULTS)('when %s', (_, fault, code) => {
  test.each(Object.keys(VERBS))(
    '%s fails with what it means, takes nothing for absent, and shows nothing',
    async (verb) => {
      for (const operation of ['GetSecretValue', 'BatchGetSecretValue', 'DescribeSecret', 'ListSecrets']) {
        aws.faultsOf.set(operation, fault)
      }
      for (const operation of ['CreateSecret', 'PutSecretValue', 'DeleteSecret']) aws.faultsOf.set(operation, fault)
      const error = await failureOf(() => VERBS[verb]?.() ?? Promise.resolve())
      expect(error).toMatchObject({ name: 'StoreError', code, store: 'aws', retryable: code === 'UNAVAILABLE' })
    },
  )
})

test('a page instead of an answer is told by its status', async () => {
  aws.faultsOf.set('GetSecretValue', faults.page(502))
  await expect(store.get('a')).rejects.toMatchObject({ message: expect.stringContaining('(HTTP 502)') as string })
})

test('a page with 404, where there is no secret of that name, is no absence either', async () => {
  aws.faultsOf.set('GetSecretValue', faults.page(404))
  await expect(store.get('none')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})

test.each([
  ['nothing', {}],
  ['no version', { ARN: 'arn:x', Name: 'a', SecretString: '{"KEY":"x"}' }],
  ['no value', { ARN: 'arn:x', Name: 'a', VersionId: 'x'.repeat(32) }],
])('an answer that holds %s is a failure', async (_, body) => {
  aws.faultsOf.set('GetSecretValue', faults.answered(body))
  await expect(store.get('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})

test('what is never answered ends in time, and says of a write that it may have happened', async () => {
  await using hasty = storeOn(aws, { client, timeoutMs: 3_000 })
  aws.faultsOf.set('GetSecretValue', faults.hang)
  expect(await failureOf(() => hasty.get('a'))).toMatchObject({
    code: 'UNAVAILABLE',
    message: 'Could not read secret a (scope default): no answer within 3000 ms.',
  })
  aws.faultsOf.clear()
  aws.faultsOf.set('UpdateSecretVersionStage', faults.hang)
  expect(await failureOf(() => hasty.set('a', { KEY: CANARY }))).toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('Whether it happened is not known.') as string,
  })
})

test('an aborted signal ends a request, with its reason, and reaches the SDK', async () => {
  const aborted = new Promise<boolean>((resolve) => {
    aws.faultsOf.set('GetSecretValue', ({ response }) => {
      response.once('close', () => {
        resolve(!response.writableEnded)
      })
      controller.abort(reason)
    })
  })
  const controller = new AbortController()
  const reason = new Error('enough')
  expect(await rejection(store.get('a', { signal: controller.signal }))).toBe(reason)
  expect(await aborted).toBe(true)
})

test('the SDK tries again by itself: three attempts', async () => {
  await using patient = storeOn(aws)
  aws.faultsOf.set('GetSecretValue', faults.refused('InternalServiceError'))
  await expect(patient.get('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(aws.requests).toEqual(Array(3).fill('GetSecretValue'))
  aws.faultsOf.clear()
  aws.faults.push(faults.refused('ThrottlingException'), faults.dropped)
  expect((await patient.get('a'))?.values).toEqual({ KEY: CANARY })
})

test('nobody listening is UNAVAILABLE, and names the code of the failed connection', async () => {
  await using nowhere = storeOn(aws, { endpoint: 'http://127.0.0.1:1' })
  expect(await failureOf(() => nowhere.get('a'))).toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('ECONNREFUSED') as string,
  })
})

test('credentials that cannot be had are UNAVAILABLE, in words that hold nothing of the failure', async () => {
  await using anonymous = storeOn(aws, { credentials: () => Promise.reject(new Error(CANARY)) })
  expect(await failureOf(() => anonymous.get('a'))).toMatchObject({ code: 'UNAVAILABLE' })
})

test('a refused request to write says that nothing happened only if that is known', async () => {
  aws.faultsOf.set('CreateSecret', faults.refused('ThrottlingException'))
  const once = await failureOf(() => store.set('b', { KEY: 'x' }, { ifVersion: null }))
  expect((once as Error).message).not.toContain('not known')
  aws.faultsOf.set('CreateSecret', faults.refused('InternalServiceError'))
  const failed = await failureOf(() => store.set('b', { KEY: 'x' }, { ifVersion: null }))
  expect((failed as Error).message).toContain('not known')
})
