import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StoreChange } from '../../../src/store.ts'
import { nodeAwsHost } from '../../../src/stores/aws/host.ts'
import { openAwsStore } from '../../../src/stores/aws/open.ts'
import type { AwsStore } from '../../../src/stores/aws/open.ts'
import { startFakeAws } from '../../helpers/aws/fake.ts'
import type { FakeAws } from '../../helpers/aws/fake.ts'
import * as faults from '../../helpers/aws/faults.ts'
import { optionsFor } from '../../helpers/aws/host.ts'

let aws: FakeAws
let store: AwsStore
let changes: StoreChange[]
const timers = new Map<() => void, number>()

beforeEach(async () => {
  aws = await startFakeAws()
  timers.clear()
  const after = (ms: number, call: () => void): (() => void) => {
    timers.set(call, ms)
    return () => void timers.delete(call)
  }
  store = openAwsStore({ ...optionsFor(aws), pollMs: 7_000 }, { ...nodeAwsHost, after })
  changes = []
  await store.set('a', { KEY: 'x' })
})
afterEach(async () => {
  await store.close()
  await aws.stop()
})

/** Lets the watch look once. */
async function poll(): Promise<void> {
  const [timer] = timers
  expect(timer?.[1]).toBe(7_000)
  timers.clear()
  timer?.[0]()
  await expect.poll(() => timers.size).toBe(1)
}

test('a watch tells what was written and deleted since it last looked, once each, and reads no value for that', async () => {
  await store.watch((change) => changes.push(change))
  await poll()
  expect(changes).toEqual([])
  await store.set('b', { KEY: 'x' })
  const b = await store.set('b', { KEY: 'y' })
  const c = await store.set('c', { KEY: 'x' })
  await store.set('d', { KEY: 'x' }, { scope: 'acme' })
  await store.delete('a')
  aws.requests.length = 0
  await poll()
  expect(changes).toEqual([
    { scope: 'default', name: 'a' },
    { scope: 'default', name: 'b', version: b.version },
    { scope: 'default', name: 'c', version: c.version },
  ])
  expect(aws.requests).toEqual(['ListSecrets'])
  await poll()
  expect(changes).toHaveLength(3)
})

test('a delete that is not finished is told, and one version that is only staged is not', async () => {
  await store.watch((change) => changes.push(change))
  const { version } = await store.set('b', { KEY: 'x' })
  await poll()
  changes.length = 0
  aws.faultsOf.set('DeleteSecret', faults.refused('AccessDeniedException'))
  await expect(store.delete('b', { ifVersion: version })).rejects.toMatchObject({ code: 'DENIED' })
  aws.state.act('PutSecretValue', { SecretId: 'a', SecretString: '{"KEY":"y"}', VersionStages: ['other'] })
  await poll()
  expect(changes).toEqual([{ scope: 'default', name: 'b' }])
})

test('a look that fails tells nothing, and the next one makes up for it', async () => {
  await store.watch((change) => changes.push(change))
  const { version } = await store.set('a', { KEY: 'y' })
  aws.faultsOf.set('ListSecrets', faults.refused('AccessDeniedException'))
  await poll()
  expect(changes).toEqual([])
  aws.faultsOf.clear()
  await poll()
  expect(changes).toEqual([{ scope: 'default', name: 'a', version }])
})

test('close ends watches', async () => {
  await store.watch((change) => changes.push(change))
  await store.close()
  expect(timers.size).toBe(0)
})
