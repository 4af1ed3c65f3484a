import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { awsStore } from '../../../src/stores/aws.ts'
import type { AwsStoreOptions } from '../../../src/stores/aws.ts'
import { nodeAwsHost } from '../../../src/stores/aws/host.ts'
import { openAwsStore } from '../../../src/stores/aws/open.ts'
import { CREDENTIALS, startFakeAws } from '../../helpers/aws/fake.ts'
import type { FakeAws } from '../../helpers/aws/fake.ts'
import { optionsFor } from '../../helpers/aws/host.ts'
import { allTextOf, rejection, thrownBy } from '../../helpers/thrown.ts'

let aws: FakeAws

beforeEach(async () => {
  aws = await startFakeAws()
})
afterEach(() => aws.stop())

describe('awsStore', () => {
  test('takes no option at all', async () => {
    await awsStore().close()
  })

  test.each<[string, unknown]>([
    ['an unknown option', { regions: 'x' }],
    ['no object', 'eu-central-1'],
    ['a region with blanks', { region: 'eu central 1' }],
    ['an endpoint that is no URL', { endpoint: 'localhost' }],
    ['an endpoint of another protocol', { endpoint: 'ftp://canary' }],
    ['an endpoint with credentials', { endpoint: 'http://canary:canary@localhost' }],
    ['half of credentials', { credentials: { accessKeyId: 'canary' } }],
    ['credentials that are none', { credentials: null }],
    ['a client that cannot send', { client: {} }],
    ['a client and a region', { client: { send: () => Promise.resolve() }, region: 'eu-central-1' }],
    ['a prefix that ends in a slash', { prefix: 'apps/' }],
    ['a prefix that AWS does not take', { prefix: 'a b' }],
    ['a prefix that is too long', { prefix: 'a'.repeat(257) }],
    ['a rename of the description', { rename: { 'latchkey.description': 'KEY' } }],
    ['a key with blanks', { kmsKeyId: 'a b' }],
    ['a recovery window of 6 days', { recoveryWindowDays: 6 }],
    ['a recovery window of 31 days', { recoveryWindowDays: 31 }],
    ['no time', { timeoutMs: 0 }],
    ['half a millisecond', { pollMs: 0.5 }],
  ])('refuses %s', (_, options) => {
    const error = thrownBy(() => awsStore(options as AwsStoreOptions))
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ code: expect.stringMatching(/^(UNKNOWN|INVALID)_OPTION$/) as string })
    expect(allTextOf(error)).not.toContain('canary')
  })

  test('copies its options', async () => {
    const options = { ...optionsFor(aws), prefix: 'a' }
    await using store = awsStore(options)
    options.prefix = 'b'
    await store.set('x', { KEY: 'y' })
    expect([...aws.state.lives.keys()]).toEqual(['a/x'])
  })

  test('takes credentials of a function, and an endpoint that is a URL', async () => {
    const { region, endpoint } = aws
    const credentials = (): Promise<{ accessKeyId: string; secretAccessKey: string }> =>
      Promise.resolve({ ...CREDENTIALS })
    await using store = awsStore({ region, endpoint: new URL(endpoint), credentials })
    await store.set('a', { KEY: 'x' })
    expect(aws.requests).toContain('CreateSecret')
  })

  test("uses the caller's own client, and does not end it", async () => {
    const { region, endpoint } = aws
    const client = new SecretsManagerClient({ region, endpoint, credentials: { ...CREDENTIALS } })
    let destroyed = false
    client.destroy = () => {
      destroyed = true
    }
    const store = awsStore({ client })
    await store.set('a', { KEY: 'x' })
    await store.close()
    expect(destroyed).toBe(false)
  })

  test('uses whatever sends commands', async () => {
    const sent: string[] = []
    const client = {
      send: (command: object) => {
        sent.push(command.constructor.name)
        return Promise.reject(Object.assign(new Error('none'), { name: 'ResourceNotFoundException' }))
      },
    }
    await using store = awsStore({ client })
    expect(await store.get('a')).toBeUndefined()
    expect(sent).toEqual(['GetSecretValueCommand'])
  })

  test('ends in time also where a client listens to no signal', async () => {
    await using store = awsStore({ client: { send: () => new Promise(() => undefined) }, timeoutMs: 20 })
    await expect(store.get('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})

describe('the package of the SDK', () => {
  const failing = (code: string) => {
    const load = () => Promise.reject(Object.assign(new Error('/canary/path'), { code }))
    return openAwsStore({ region: 'eu-central-1' }, { ...nodeAwsHost, load })
  }

  test.each([
    ['is not installed', 'ERR_MODULE_NOT_FOUND', 'which is not installed'],
    ['cannot be loaded', 'ERR_INVALID_PACKAGE_CONFIG', 'which cannot be loaded'],
  ])('that %s is named, with how to install it, by an error of the first use', async (_, code, told) => {
    await using store = failing(code)
    for (const act of [() => store.get('a'), () => store.set('a', { KEY: 'x' })]) {
      const error = await rejection(act())
      expect(error).toMatchObject({ code: 'INVALID', hint: 'npm install @aws-sdk/client-secrets-manager' })
      expect((error as Error).message).toContain(told)
      expect(allTextOf(error)).not.toContain('canary')
    }
  })

  test('is loaded once, and again after that failed', async () => {
    let loads = 0
    const load: typeof nodeAwsHost.load = () => {
      loads += 1
      return loads === 1 ? Promise.reject(new Error('busy')) : nodeAwsHost.load()
    }
    await using store = openAwsStore(optionsFor(aws), { ...nodeAwsHost, load })
    await expect(store.get('a')).rejects.toMatchObject({ code: 'INVALID' })
    await Promise.all([store.get('a'), store.get('b')])
    expect(await store.get('a')).toBeUndefined()
    expect(loads).toBe(2)
  })
})
