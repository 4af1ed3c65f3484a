import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AwsStore } from '../../../src/stores/aws/open.ts'
import { collect } from '../../../src/testing/suite/checks.ts'
import { startFakeAws } from '../../helpers/aws/fake.ts'
import type { FakeAws } from '../../helpers/aws/fake.ts'
import * as faults from '../../helpers/aws/faults.ts'
import { storeOn } from '../../helpers/aws/host.ts'
import { allTextOf, rejection } from '../../helpers/thrown.ts'

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

/** Makes a secret as another program does. */
const put = (name: string, text: string): void => {
  aws.state.act('CreateSecret', { Name: name, SecretString: text })
}
const requests = (): string[] => aws.requests.splice(0)
const named = (count: number): { name: string }[] => Array.from({ length: count }, (_, i) => ({ name: `a${i}` }))
const fill = (count: number): void => {
  for (const { name } of named(count)) put(name, JSON.stringify({ KEY: name }))
}

describe('getMany', () => {
  test('reads 20 secrets in one request and the pages of its answer, in the order asked for', async () => {
    fill(45)
    const asked = [...named(45).reverse(), { name: 'none' }, { name: 'a7' }]
    const answers = await store.getMany(asked)
    expect(answers.map((secret) => secret?.values['KEY'])).toEqual(
      asked.map(({ name }) => (name === 'none' ? undefined : name)),
    )
    expect(requests()).toEqual(Array(5).fill('BatchGetSecretValue'))
  })

  test('reads one by one where the credentials may not read batches, and does not ask for that again', async () => {
    fill(3)
    aws.faultsOf.set('BatchGetSecretValue', faults.refused('AccessDeniedException'))
    for (const first of [['BatchGetSecretValue'], []]) {
      const answers = await store.getMany(named(4))
      expect(answers.map((secret) => secret?.values['KEY'])).toEqual(['a0', 'a1', 'a2', undefined])
      expect(requests()).toEqual([...first, ...Array<string>(4).fill('GetSecretValue')])
    }
  })

  test('takes what is refused in a batch for a failure, not for absence', async () => {
    fill(3)
    aws.state.forbidden = /a1/
    await expect(store.getMany(named(3))).rejects.toMatchObject({ code: 'DENIED', secret: 'a1' })
    for (const [code, expected] of [
      ['DecryptionFailure', 'DENIED'],
      ['InternalServiceError', 'UNAVAILABLE'],
      ['Canary', 'UNAVAILABLE'],
    ] as const) {
      const errors = named(2).map(({ name }) => ({ SecretId: name, ErrorCode: code }))
      aws.faults.push(faults.answered({ SecretValues: [], Errors: errors }))
      const error = await rejection(store.getMany(named(2)))
      expect(error).toMatchObject({ code: expected, secret: 'a0' })
      expect(allTextOf(error)).not.toMatch(/canary/i)
    }
  })

  test('takes what a batch says nothing of for a failure, not for absence', async () => {
    aws.faults.push(faults.answered({ SecretValues: [], Errors: [] }))
    await expect(store.getMany(named(2))).rejects.toMatchObject({ code: 'UNAVAILABLE', secret: 'a0' })
  })

  test('does not take another version than the current one from a batch', async () => {
    fill(2)
    const old = {
      ARN: 'arn:x',
      Name: 'a0',
      VersionId: 'x'.repeat(32),
      SecretString: '{"KEY":"old"}',
      VersionStages: [],
    }
    aws.faults.push(faults.answered({ SecretValues: [old, { ...old, Name: 'a1' }] }))
    const answers = await store.getMany(named(2))
    expect(answers.map((secret) => secret?.values['KEY'])).toEqual(['a0', 'a1'])
  })

  test('does not follow a page that leads to itself', async () => {
    fill(2)
    aws.faults.push(
      faults.answered({ SecretValues: [], NextToken: 'x' }),
      faults.answered({ SecretValues: [], NextToken: 'x' }),
    )
    await expect(store.getMany(named(2))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('leaves one listener on a signal at most, and makes it warn of nothing', async () => {
    fill(30)
    aws.faultsOf.set('BatchGetSecretValue', faults.refused('AccessDeniedException'))
    const warnings: Error[] = []
    const listener = (warning: Error): number => warnings.push(warning)
    process.on('warning', listener)
    const { signal } = new AbortController()
    await store.getMany(named(30), { signal })
    await Promise.all(named(30).map(({ name }) => store.get(name)))
    process.off('warning', listener)
    expect(getEventListeners(signal, 'abort').length).toBeLessThanOrEqual(1)
    expect(warnings.filter(({ name }) => name === 'MaxListenersExceededWarning')).toEqual([])
  })
})

describe('list', () => {
  test('reads all pages, sorts, and leaves out what is no secret of ours or of another scope', async () => {
    fill(230)
    for (const name of ['acme/b', 'a.b', 'default/c', 'a+b', '1a', 'acme//b']) put(name, '{"KEY":"x"}')
    const infos = await collect(store.list())
    expect(infos.map(({ name }) => name)).toEqual(
      named(230)
        .map(({ name }) => name)
        .sort(),
    )
    expect(infos[0]?.keys).toEqual(['KEY'])
    expect((await collect(store.list({ scope: 'acme' }))).map(({ name }) => name)).toEqual(['b'])
  })

  test('10,000 secrets are listed over pages, each once and in order, while others write', async () => {
    fill(10_000)
    const other = storeOn(aws)
    let writing = true
    const writes = (async () => {
      for (let write = 0; writing; write += 1) {
        await other.set(`a${(write * 37) % 10_000}`, { KEY: 'written meanwhile' })
        await other.set(`b${write}`, { KEY: 'made meanwhile' })
      }
      return other.close()
    })()
    const listed: string[] = []
    for await (const { name } of store.list({ prefix: 'a' })) listed.push(name)
    writing = false
    await writes
    expect(aws.requests).toContain('PutSecretValue')
    const names = named(10_000).map(({ name }) => name)
    expect(listed).toEqual(names.sort())
  })

  test('asks AWS for what begins so, below the prefix, and for nothing where no name can', async () => {
    await using prefixed = storeOn(aws, { prefix: 'apps' })
    for (const name of ['apps/acme/ab', 'apps/acme/b', 'acme/ac']) put(name, '{"KEY":"x"}')
    const names = await collect(prefixed.list({ scope: 'acme', prefix: 'a' }))
    expect(names.map(({ name }) => name)).toEqual(['ab'])
    requests()
    expect(await collect(prefixed.list({ prefix: '!a' }))).toEqual([])
    expect(requests()).toEqual([])
  })

  test('leaves out what was deleted after a list that lags', async () => {
    fill(3)
    const { body } = aws.state.act('ListSecrets', {}) as { body: { SecretList: object[] } }
    aws.state.laggingList = body.SecretList
    await store.delete('a1')
    expect((await collect(store.list())).map(({ name }) => name)).toEqual(['a0', 'a2'])
  })

  test('fails where a page fails, and where one is not a page', async () => {
    fill(230)
    aws.faults.push(undefined, faults.refused('AccessDeniedException'))
    await expect(collect(store.list())).rejects.toMatchObject({ code: 'DENIED' })
    for (const body of [{}, { SecretList: [{}] }]) {
      aws.faults.push(faults.answered(body))
      await expect(collect(store.list())).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    }
  })

  test('ends with CLOSED when the store is closed between two secrets', async () => {
    fill(2)
    const listing = store.list()[Symbol.asyncIterator]()
    await listing.next()
    await store.close()
    await expect(listing.next()).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

test('scopes are told without reading a value', async () => {
  for (const name of ['a', 'acme/production/a', 'acme/a', 'acme/b', 'default/a']) put(name, '{"KEY":"x"}')
  expect(await collect(store.scopes())).toEqual(['acme', 'acme/production', 'default'])
  expect(requests()).toEqual(['ListSecrets'])
})

describe('what others stored', () => {
  test('is read by the rules of foreign names and values', async () => {
    put('db', '{"username":"u","port":5432,"tls":true,"db-name":"n","db.x":{}}')
    await using renaming = storeOn(aws, { rename: { 'db-name': 'DB_NAME' } })
    expect((await renaming.get('db'))?.values).toEqual({ username: 'u', port: '5432', tls: 'true', DB_NAME: 'n' })
    expect(await renaming.describe('db')).toMatchObject({
      keys: ['DB_NAME', 'port', 'tls', 'username'],
      skipped: ['db.x'],
    })
    await renaming.set('db', { DB_NAME: 'm' }, { mode: 'merge' })
    expect(JSON.parse(aws.state.current('db') ?? '')).toMatchObject({ 'db-name': 'm', 'db.x': {} })
  })

  test.each([
    ['plain text', 'canary-text'],
    ['an array', '["canary-text"]'],
    ['a number', '{"KEY":1.5}'],
    ['an object', '{"KEY":{"canary-text":1}}'],
    ['null', '{"KEY":null}'],
    ['a key twice', '{"KEY":"canary-text","KEY":"b"}'],
    ['nothing', '{}'],
    ['cut JSON', '{"KEY":"canary-text'],
  ])('and that is %s is INVALID, in words that hold nothing of it', async (_, text) => {
    put('a', text)
    for (const read of [
      () => store.get('a'),
      () => store.getMany([{ name: 'a' }, { name: 'b' }]),
      () => collect(store.list()),
    ]) {
      const error = await rejection(read())
      expect(error).toMatchObject({ code: 'INVALID', secret: 'a' })
      expect(allTextOf(error)).not.toContain('canary')
    }
  })

  test('and that is plain text or binary says how it should be stored', async () => {
    put('a', 'text')
    aws.state.act('CreateSecret', { Name: 'b', SecretBinary: 'AAEC' })
    const hint = expect.stringContaining('JSON object') as string
    await expect(store.get('a')).rejects.toMatchObject({ code: 'INVALID', hint })
    await expect(store.get('b')).rejects.toMatchObject({ code: 'INVALID', hint })
  })

  test('and none of whose names is a key can be described, and not be read', async () => {
    put('a', '{"db.x":"1"}')
    expect(await store.describe('a')).toMatchObject({ keys: [], skipped: ['db.x'] })
    await expect(store.get('a')).rejects.toMatchObject({ code: 'INVALID' })
    await expect(store.getMany([{ name: 'a' }])).rejects.toMatchObject({ code: 'INVALID' })
  })
})

test('a scope that could be too long for AWS is refused before anything is asked', async () => {
  await using prefixed = storeOn(aws, { prefix: 'p'.repeat(255) })
  expect([store, prefixed].map(({ capabilities }) => capabilities.maxScopeSegments)).toEqual([5, 1])
  const failure = { name: 'TypeError', code: 'INVALID_NAME' }
  for (const [one, scope] of [
    [store, 'a/b/c/d/e/f'],
    [prefixed, 'a/b'],
  ] as const) {
    await expect(one.get('a', { scope })).rejects.toMatchObject(failure)
    await expect(one.getMany([{ name: 'a', scope }])).rejects.toMatchObject(failure)
    await expect(one.set('a', { KEY: 'x' }, { scope, ifVersion: null })).rejects.toMatchObject(failure)
    await expect(collect(one.list({ scope }))).rejects.toMatchObject(failure)
  }
  expect(requests()).toEqual([])
  await prefixed.set('n'.repeat(128), { KEY: 'x' }, { scope: 's'.repeat(64) })
})

test('scopes with more segments than the store takes are not told of, nor are their secrets', async () => {
  put('a/b/c/d/e/f/secret', '{"KEY":"x"}')
  put('a/b/c/d/e/secret', '{"KEY":"x"}')
  expect(await collect(store.scopes())).toEqual(['a/b/c/d/e'])
})
