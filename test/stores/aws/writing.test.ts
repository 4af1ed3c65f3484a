import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AwsStore } from '../../../src/stores/aws/open.ts'
import { collect } from '../../../src/testing/suite/checks.ts'
import { startFakeAws } from '../../helpers/aws/fake.ts'
import type { FakeAws } from '../../helpers/aws/fake.ts'
import * as faults from '../../helpers/aws/faults.ts'
import { storeOn } from '../../helpers/aws/host.ts'
import { startFixture } from '../../helpers/run-fixture.ts'

let aws: FakeAws
let store: AwsStore

beforeEach(async () => {
  aws = await startFakeAws()
  store = storeOn(aws)
})
afterEach(async () => {
  await store.close()
  await aws.stop()
})

/** What the current version holds, without latchkey. */
const stored = (name: string): unknown => JSON.parse(aws.state.current(name) ?? 'null')
/** The requests since the last call. */
const requests = (): string[] => aws.requests.splice(0)
/** The labels that versions of a secret have, sorted; unlabelled versions are left out. */
const labels = (name: string): string[] => Object.values(aws.state.labels(name)).flat().sort()
const act = (operation: string, input: object): unknown => aws.state.act(operation, { ...input })

describe('a secret', () => {
  test('is a SecretString that is JSON, under its name, which any other program reads', async () => {
    await store.set('my_github_secret', { GH_ACCESS_TOKEN: 'x', GH_USERNAME: 'octocat' })
    await store.set('a', { KEY: 'y' }, { scope: 'acme/production' })
    expect(stored('my_github_secret')).toEqual({ GH_ACCESS_TOKEN: 'x', GH_USERNAME: 'octocat' })
    expect(stored('acme/production/a')).toEqual({ KEY: 'y' })
  })

  test('stands under the prefix, and is made with the KMS key that is given', async () => {
    await using prefixed = storeOn(aws, { prefix: 'apps/billing', kmsKeyId: 'alias/billing' })
    await prefixed.set('a', { KEY: 'x' }, { scope: 'acme' })
    expect(stored('apps/billing/acme/a')).toEqual({ KEY: 'x' })
    expect(aws.state.lives.get('apps/billing/acme/a')?.kmsKeyId).toBe('alias/billing')
  })

  test('has its description beside its pairs, in the same version', async () => {
    await store.set('a', { KEY: 'x' }, { description: 'for the export' })
    expect(stored('a')).toEqual({ KEY: 'x', 'latchkey.description': 'for the export' })
  })

  test('is read by its current label, and written in steps of which the label is the last', async () => {
    await store.set('a', { KEY: 'x' })
    expect(requests()).toEqual(['GetSecretValue', 'CreateSecret', 'GetSecretValue'])
    await store.get('a')
    expect(requests()).toEqual(['GetSecretValue'])
    await store.set('a', { KEY: 'y' })
    expect(requests()).toEqual([
      ...['GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage', 'GetSecretValue'],
      'UpdateSecretVersionStage',
    ])
    expect(labels('a')).toEqual(['AWSCURRENT', 'AWSPREVIOUS'])
  })

  test('of others is not read by a reader while a version of it is only staged', async () => {
    await store.set('a', { KEY: 'x' })
    act('PutSecretValue', { SecretId: 'a', SecretString: '{"KEY":"staged"}', VersionStages: ['other'] })
    expect((await store.get('a'))?.values).toEqual({ KEY: 'x' })
    expect((await store.getMany([{ name: 'a' }, { name: 'b' }]))[0]?.values).toEqual({ KEY: 'x' })
  })

  test('that holds more than AWS takes is refused before anything is sent', async () => {
    const tooMany = { KEY: 'x'.repeat(64_001) }
    const tooLong = { KEY: '\n'.repeat(40_000) }
    for (const values of [tooMany, tooLong]) {
      await expect(store.set('a', values)).rejects.toMatchObject({ code: 'TOO_LARGE' })
      await expect(store.set('a', values, { ifVersion: null })).rejects.toMatchObject({ code: 'TOO_LARGE' })
    }
    expect(requests()).toEqual([])
    expect(store.capabilities.maxBytes).toBe(64_000)
  })

  test('is answered without a date, and not as a failure, where only the reading of its date fails', async () => {
    aws.faults.push(undefined, undefined, faults.refused('AccessDeniedException'))
    const info = await store.set('a', { KEY: 'x' })
    expect(info).not.toHaveProperty('createdAt')
    expect(await store.describe('a')).toMatchObject({ version: info.version, createdAt: expect.any(Date) as Date })
  })

  test('that AWS has too many versions of is refused, and nothing is written', async () => {
    const before = await store.set('a', { KEY: 'x' })
    aws.state.mostVersions = 1
    await expect(store.set('a', { KEY: 'y' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.not.stringContaining('not known') as string,
      hint: expect.stringContaining('24 hours') as string,
    })
    expect((await store.get('a'))?.version).toBe(before.version)
  })
})

describe('a secret that others made', () => {
  test('without a value yet is absent, and filled by the first set', async () => {
    act('CreateSecret', { Name: 'a' })
    expect(await store.get('a')).toBeUndefined()
    expect(await collect(store.list())).toEqual([])
    expect(await collect(store.scopes())).toEqual([])
    expect(await store.history('a')).toEqual([])
    const { version } = await store.set('a', { KEY: 'x' }, { ifVersion: null })
    expect(await store.get('a')).toMatchObject({ version, values: { KEY: 'x' } })
    expect(labels('a')).toEqual(['AWSCURRENT'])
  })

  test('without a value is filled by exactly one of 20 that create it', async () => {
    act('CreateSecret', { Name: 'a' })
    const writers = Array.from({ length: 20 }, (_, i) => store.set('a', { KEY: String(i) }, { ifVersion: null }))
    const results = await Promise.allSettled(writers)
    const won = results.flatMap((result, i) => (result.status === 'fulfilled' ? [i] : []))
    expect(won).toHaveLength(1)
    expect((await store.get('a'))?.values).toEqual({ KEY: String(won[0]) })
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'CONFLICT' })
  })

  test('is merged with what it holds, also with what is no key; numbers that cannot be kept are refused', async () => {
    act('CreateSecret', { Name: 'a', SecretString: '{"port":5432,"db.user":"u","tls":true}' })
    await store.set('a', { KEY: 'x' }, { mode: 'merge' })
    expect(stored('a')).toEqual({ port: 5432, 'db.user': 'u', tls: true, KEY: 'x' })
    act('CreateSecret', { Name: 'b', SecretString: '{"id.x":1.5}' })
    await expect(store.set('b', { KEY: 'x' }, { mode: 'merge' })).rejects.toMatchObject({ code: 'INVALID' })
  })

  test('is a number as it was, where a replace with ifVersion gives what it is read as', async () => {
    act('CreateSecret', {
      Name: 'rds',
      ClientRequestToken: 'x'.repeat(32),
      SecretString: '{"port":5432,"size":1,"old":"x"}',
    })
    const { version } = (await store.get('rds')) ?? {}
    await store.set('rds', { port: '5432', size: '2' }, { ifVersion: version })
    expect(stored('rds')).toEqual({ port: 5432, size: '2' })
    await store.set('rds', { port: '5432' })
    expect(stored('rds')).toEqual({ port: '5432' })
  })

  test('and that is no JSON, or binary, can be replaced and deleted, but not merged', async () => {
    act('CreateSecret', { Name: 'a', SecretString: 'a canary password' })
    act('CreateSecret', { Name: 'b', SecretBinary: 'AAEC' })
    for (const name of ['a', 'b']) {
      await expect(store.set(name, { KEY: 'x' }, { mode: 'merge' })).rejects.toMatchObject({ code: 'INVALID' })
      await store.set(name, { KEY: 'x' })
      expect(stored(name)).toEqual({ KEY: 'x' })
      expect(await store.delete(name)).toBe(true)
    }
  })
})

describe('writers that race', () => {
  test('20 of them with 10 increments each, from what they read, lose nothing and leave no label', async () => {
    aws.state.mostVersions = Infinity
    await store.set('a', { COUNT: '0' })
    const increment = async (): Promise<void> => {
      for (;;) {
        const live = await store.get('a')
        try {
          await store.set('a', { COUNT: String(Number(live?.values['COUNT']) + 1) }, { ifVersion: live?.version })
          return
        } catch (error) {
          expect(error).toMatchObject({ code: 'CONFLICT' })
        }
      }
    }
    const writer = async (): Promise<void> => {
      for (let i = 0; i < 10; i += 1) await increment()
    }
    await Promise.all(Array.from({ length: 20 }, writer))
    expect(stored('a')).toEqual({ COUNT: '200' })
    expect(labels('a')).toEqual(['AWSCURRENT', 'AWSPREVIOUS'])
  })

  test('without ifVersion put one version each, however often others are quicker', async () => {
    await store.set('a', { KEY: 'x' })
    await Promise.all(Array.from({ length: 20 }, (_, i) => store.set('a', { KEY: String(i) })))
    expect(Object.keys(aws.state.labels('a'))).toHaveLength(21)
    expect(labels('a')).toEqual(['AWSCURRENT', 'AWSPREVIOUS'])
  })

  test('with a rotation meet a conflict, and leave what the rotation has written', async () => {
    const { version } = await store.set('a', { KEY: 'x' })
    aws.faultsOf.set(
      'UpdateSecretVersionStage',
      faults.after(() => {
        aws.faultsOf.clear()
        act('PutSecretValue', { SecretId: 'a', SecretString: '{"KEY":"rotated"}' })
      }),
    )
    await expect(store.set('a', { KEY: 'y' }, { ifVersion: version })).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(stored('a')).toEqual({ KEY: 'rotated' })
    expect(labels('a')).toEqual(['AWSCURRENT', 'AWSPREVIOUS'])
  })

  test('with a delete and a new secret of the same name meet a conflict', async () => {
    const { version } = await store.set('a', { KEY: 'x' })
    aws.faultsOf.set(
      'UpdateSecretVersionStage',
      faults.after(() => {
        aws.faultsOf.clear()
        act('DeleteSecret', { SecretId: 'a', ForceDeleteWithoutRecovery: true })
        act('CreateSecret', { Name: 'a', SecretString: '{"KEY":"new"}' })
      }),
    )
    await expect(store.set('a', { KEY: 'y' }, { ifVersion: version })).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(stored('a')).toEqual({ KEY: 'new' })
  })
})

describe('an answer that is lost', () => {
  test.each(['CreateSecret', 'PutSecretValue', 'UpdateSecretVersionStage'])(
    'of %s is asked for again by the SDK, and the write happens once',
    async (operation) => {
      if (operation !== 'CreateSecret') await store.set('a', { KEY: 'x' })
      const before = await store.get('a')
      aws.faultsOf.set(operation, (exchange) => {
        aws.faultsOf.clear()
        faults.lost(exchange)
      })
      const { version } = await store.set('a', { KEY: 'y' }, { ifVersion: before?.version ?? null })
      expect(await store.get('a')).toMatchObject({ version, values: { KEY: 'y' } })
      expect(Object.keys(aws.state.labels('a'))).toHaveLength(before === undefined ? 1 : 2)
    },
  )

  test('of the last step, before another write, is still a write', async () => {
    const { version } = await store.set('a', { KEY: 'x' })
    aws.faultsOf.set('UpdateSecretVersionStage', (exchange) => {
      aws.faultsOf.clear()
      faults.lost(exchange)
      act('PutSecretValue', { SecretId: 'a', SecretString: '{"KEY":"later"}' })
    })
    await store.set('a', { KEY: 'y' }, { ifVersion: version })
    expect((await store.history('a')).length).toBe(2)
    expect(stored('a')).toEqual({ KEY: 'later' })
  })

  test('of the last step, before two other writes, is neither a write nor a conflict: it is not known', async () => {
    const { version } = await store.set('a', { KEY: 'x' })
    aws.faultsOf.set('UpdateSecretVersionStage', (exchange) => {
      aws.faultsOf.clear()
      faults.lost(exchange)
      act('PutSecretValue', { SecretId: 'a', SecretString: '{"KEY":"later"}' })
      act('PutSecretValue', { SecretId: 'a', SecretString: '{"KEY":"latest"}' })
    })
    await expect(store.set('a', { KEY: 'y' }, { ifVersion: version })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('not known') as string,
    })
  })

  test('of the creation, where AWS tells the second attempt that it exists, is still a creation', async () => {
    aws.faultsOf.set('CreateSecret', (exchange) => {
      faults.lost(exchange)
      aws.faultsOf.set('CreateSecret', faults.refused('ResourceExistsException'))
    })
    const { version } = await store.set('a', { KEY: 'x' }, { ifVersion: null })
    expect(await store.get('a')).toMatchObject({ version, values: { KEY: 'x' } })
  })

  test('of a creation that never happened, as somebody else was quicker, is a conflict', async () => {
    aws.faultsOf.set('CreateSecret', (exchange) => {
      aws.faultsOf.clear()
      act('CreateSecret', { Name: 'a', SecretString: '{"KEY":"theirs"}' })
      faults.dropped(exchange)
    })
    await expect(store.set('a', { KEY: 'x' }, { ifVersion: null })).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(stored('a')).toEqual({ KEY: 'theirs' })
  })
})

describe('a process that is killed between the steps', () => {
  /** Kills the writer when it asks for an operation; `isDone`: after that was done. */
  const killAt = async (operation: string, isDone: boolean, args: string[]): Promise<void> => {
    const fixture = startFixture('../aws/write.mjs', { args: [aws.endpoint, 'a', ...args] })
    aws.faultsOf.set(operation, (exchange) => {
      aws.faultsOf.clear()
      if (isDone) exchange.answer()
      fixture.child.kill('SIGKILL')
    })
    expect(await fixture.ended).toMatchObject({ lines: [], signal: 'SIGKILL' })
  }

  test('before the last one has written nothing, and the next writer takes its label away', async () => {
    const { version } = await store.set('a', { KEY: 'x' })
    await killAt('UpdateSecretVersionStage', false, ['killed', version])
    expect(await store.get('a')).toMatchObject({ version, values: { KEY: 'x' } })
    expect(labels('a')).toEqual(['AWSCURRENT', 'latchkey-pending'])
    await store.set('a', { KEY: 'y' }, { ifVersion: version })
    expect(stored('a')).toEqual({ KEY: 'y' })
    expect(labels('a')).toEqual(['AWSCURRENT', 'AWSPREVIOUS'])
  })

  test('after the last one has written, and its label is taken away by the next writer', async () => {
    const { version } = await store.set('a', { KEY: 'x' })
    await killAt('UpdateSecretVersionStage', true, ['killed', version])
    expect(stored('a')).toEqual({ KEY: 'killed' })
    expect(labels('a')).toEqual(['AWSCURRENT', 'AWSPREVIOUS', 'latchkey-pending'])
    await store.set('a', { MORE: 'y' }, { mode: 'merge' })
    expect(stored('a')).toEqual({ KEY: 'killed', MORE: 'y' })
    expect(labels('a')).toEqual(['AWSCURRENT', 'AWSPREVIOUS'])
  })
})

test('what was staged in vain loses its label, and stays where others have it', async () => {
  const { version } = await store.set('a', { KEY: 'x' })
  aws.faultsOf.set('UpdateSecretVersionStage', (exchange) => {
    aws.faultsOf.clear()
    faults.refused('AccessDeniedException')(exchange)
  })
  await expect(store.set('a', { KEY: 'y' }, { ifVersion: version })).rejects.toMatchObject({ code: 'DENIED' })
  expect(labels('a')).toEqual(['AWSCURRENT'])
})

test('a label that cannot be taken away is no failure of the write', async () => {
  await store.set('a', { KEY: 'x' })
  aws.faults.push(undefined, undefined, undefined, undefined, faults.refused('AccessDeniedException'))
  await store.set('a', { KEY: 'y' })
  expect(labels('a')).toEqual(['AWSCURRENT', 'AWSPREVIOUS', 'latchkey-pending'])
})

test('a step that AWS refuses for another reason than a deletion is a failure', async () => {
  await store.set('a', { KEY: 'x' })
  aws.faultsOf.set('PutSecretValue', faults.refused('InvalidRequestException'))
  await expect(store.set('a', { KEY: 'y' })).rejects.toMatchObject({ code: 'INVALID' })
  aws.faultsOf.set('DeleteSecret', faults.refused('InvalidRequestException'))
  await expect(store.delete('a')).rejects.toMatchObject({ code: 'INVALID' })
  aws.faultsOf.set('UpdateSecretVersionStage', faults.refused('InvalidParameterException'))
  aws.faultsOf.delete('PutSecretValue')
  await expect(store.set('a', { KEY: 'y' })).rejects.toMatchObject({ code: 'INVALID' })
})

test('close waits for a write that was begun, and ends a read', async () => {
  await store.set('a', { KEY: 'x' })
  let closing: Promise<void> | undefined
  aws.faultsOf.set(
    'PutSecretValue',
    faults.after(() => {
      closing = store.close()
    }),
  )
  aws.faultsOf.set('BatchGetSecretValue', faults.hang)
  const reading = store.getMany([{ name: 'a' }, { name: 'b' }])
  const writing = store.set('a', { KEY: 'y' })
  await expect(reading).rejects.toMatchObject({ code: 'CLOSED' })
  await expect(writing).resolves.toMatchObject({ name: 'a' })
  await closing
  expect(stored('a')).toEqual({ KEY: 'y' })
})

test('a rollback does not bring back what was deleted meanwhile', async () => {
  const { version } = await store.set('a', { KEY: 'x' })
  await store.set('a', { KEY: 'y' })
  aws.faultsOf.set(
    'UpdateSecretVersionStage',
    faults.after(() => {
      aws.faultsOf.clear()
      act('DeleteSecret', { SecretId: 'a', ForceDeleteWithoutRecovery: true })
    }),
  )
  await expect(store.rollback('a', version)).rejects.toMatchObject({ code: 'INVALID' })
  expect(await store.get('a')).toBeUndefined()
})
