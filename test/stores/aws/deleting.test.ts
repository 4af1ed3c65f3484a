import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AwsStore } from '../../../src/stores/aws/open.ts'
import { collect } from '../../../src/testing/suite/checks.ts'
import { startFakeAws } from '../../helpers/aws/fake.ts'
import type { FakeAws } from '../../helpers/aws/fake.ts'
import * as faults from '../../helpers/aws/faults.ts'
import { storeOn } from '../../helpers/aws/host.ts'

let aws: FakeAws
let store: AwsStore
let pauses: number[]

beforeEach(async () => {
  aws = await startFakeAws()
  pauses = []
  store = storeOn(aws, {}, pauses)
})
afterEach(async () => {
  await store.close()
  await aws.stop()
})

const stored = (name: string): unknown => JSON.parse(aws.state.current(name) ?? 'null')
const act = (operation: string, input: object): unknown => aws.state.act(operation, { ...input })
const requests = (): string[] => aws.requests.splice(0)

describe('a delete', () => {
  test('is for good, unless a recovery window is asked for', async () => {
    await store.set('a', { KEY: 'x' })
    await store.delete('a')
    expect(aws.state.lives.has('a')).toBe(false)
    await using careful = storeOn(aws, { recoveryWindowDays: 7 })
    await careful.set('a', { KEY: 'x' })
    expect(await careful.delete('a')).toBe(true)
    expect(aws.state.lives.get('a')?.deleted).toBeTypeOf('number')
    expect(stored('a')).toEqual({ KEY: 'x' })
  })

  test('takes two requests; with ifVersion, the version is ended first in place of exactly that one', async () => {
    await store.set('a', { KEY: 'x' })
    requests()
    await store.delete('a')
    expect(requests()).toEqual(['GetSecretValue', 'DeleteSecret'])
    const { version } = await store.set('a', { KEY: 'x' })
    requests()
    await store.delete('a', { ifVersion: version })
    expect(requests()).toEqual(['GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage', 'DeleteSecret'])
  })

  test('never takes a secret of the same name that others made meanwhile', async () => {
    for (const isConditional of [false, true]) {
      const { version } = await store.set('a', { KEY: 'x' })
      aws.faultsOf.set(
        'DeleteSecret',
        faults.after(() => {
          aws.faultsOf.clear()
          act('DeleteSecret', { SecretId: 'a', ForceDeleteWithoutRecovery: true })
          act('CreateSecret', { Name: 'a', SecretString: '{"KEY":"new"}' })
        }),
      )
      expect(await store.delete('a', isConditional ? { ifVersion: version } : {})).toBe(true)
      expect(stored('a')).toEqual({ KEY: 'new' })
    }
  })

  test('with ifVersion that another write overtakes is a conflict', async () => {
    const { version } = await store.set('a', { KEY: 'x' })
    aws.faultsOf.set(
      'UpdateSecretVersionStage',
      faults.after(() => {
        aws.faultsOf.clear()
        act('PutSecretValue', { SecretId: 'a', SecretString: '{"KEY":"later"}' })
      }),
    )
    await expect(store.delete('a', { ifVersion: version })).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(stored('a')).toEqual({ KEY: 'later' })
  })
})

describe('a delete with ifVersion that could not be finished', () => {
  beforeEach(async () => {
    const { version } = await store.set('a', { KEY: 'x' }, { scope: 'acme' })
    aws.faultsOf.set('DeleteSecret', faults.refused('AccessDeniedException'))
    await expect(store.delete('a', { scope: 'acme', ifVersion: version })).rejects.toMatchObject({ code: 'DENIED' })
    aws.faultsOf.clear()
    expect(aws.state.lives.has('acme/a')).toBe(true)
  })

  test('has deleted the secret for every verb that reads', async () => {
    const scope = 'acme'
    expect(await store.get('a', { scope })).toBeUndefined()
    expect(await store.describe('a', { scope })).toBeUndefined()
    expect(await store.getMany([{ name: 'a', scope }, { name: 'b' }])).toEqual([undefined, undefined])
    expect(await collect(store.list({ scope }))).toEqual([])
    expect(await collect(store.scopes())).toEqual([])
    expect(await store.history('a', { scope })).toEqual([])
  })

  test('is finished by the next delete, which finds nothing', async () => {
    expect(await store.delete('a', { scope: 'acme' })).toBe(false)
    expect(aws.state.lives.has('acme/a')).toBe(false)
  })

  test('is finished by the next set, which makes a new secret without a history', async () => {
    await store.set('a', { KEY: 'y' }, { scope: 'acme', ifVersion: null })
    expect(stored('acme/a')).toEqual({ KEY: 'y' })
    expect(await store.history('a', { scope: 'acme' })).toHaveLength(1)
  })
})

describe('a secret that can be recovered', () => {
  beforeEach(async () => {
    await store.set('a', { KEY: 'x' })
    act('DeleteSecret', { SecretId: 'a', RecoveryWindowInDays: 7 })
  })

  test('is absent for every verb that reads, and for delete', async () => {
    expect(await store.get('a')).toBeUndefined()
    expect(await store.describe('a')).toBeUndefined()
    expect(await store.getMany([{ name: 'a' }, { name: 'b' }])).toEqual([undefined, undefined])
    expect(await collect(store.list())).toEqual([])
    expect(await store.history('a')).toEqual([])
    expect(await store.delete('a')).toBe(false)
    expect(aws.state.lives.get('a')?.deleted).toBeTypeOf('number')
  })

  test('keeps its name: set is refused after some time, and says why', async () => {
    for (const ifVersion of [undefined, null]) {
      pauses.length = 0
      await expect(store.set('a', { KEY: 'y' }, { ifVersion })).rejects.toMatchObject({
        code: 'INVALID',
        hint: expect.stringContaining('Restore it') as string,
      })
      expect(pauses).toEqual([250, 500, 1000, 2000, 4000, 8000])
    }
    expect(stored('a')).toEqual({ KEY: 'x' })
  })
})

test('a name that AWS has not given free yet after a delete is waited for', async () => {
  aws.state.leavingFor = 2
  await store.set('a', { KEY: 'x' })
  await store.delete('a')
  await store.set('a', { KEY: 'y' })
  expect(stored('a')).toEqual({ KEY: 'y' })
  expect(pauses).toEqual([250, 500])
})

test('a read that AWS refuses for another reason than a deletion is a failure, not absence', async () => {
  await store.set('a', { KEY: 'x' })
  aws.faultsOf.set('GetSecretValue', faults.refused('InvalidRequestException'))
  await expect(store.get('a')).rejects.toMatchObject({ code: 'INVALID' })
  await expect(store.history('a')).rejects.toMatchObject({ code: 'INVALID' })
  aws.faultsOf.set('DescribeSecret', faults.refused('AccessDeniedException'))
  await expect(store.get('a')).rejects.toMatchObject({ code: 'DENIED' })
})
