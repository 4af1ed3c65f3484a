import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { VaultStore } from '../../../src/stores/vault/open.ts'
import type { VaultStoreOptions } from '../../../src/stores/vault/options.ts'
import { collect } from '../../../src/testing/suite/checks.ts'
import { allTextOf, rejection } from '../../helpers/thrown.ts'
import { selfSigned } from '../../helpers/self-signed.ts'
import { startFakeVault } from '../../helpers/vault/fake.ts'
import type { FakeVault, Fault } from '../../helpers/vault/fake.ts'
import * as faults from '../../helpers/vault/faults.ts'
import { verbsOf } from '../../helpers/verbs.ts'
import { manualHost, storeOn } from '../../helpers/vault/host.ts'
import type { ManualHost } from '../../helpers/vault/host.ts'

const CANARY = 'hunter2-canary'
let vault: FakeVault
let host: ManualHost
let store: VaultStore

beforeEach(async () => {
  vault = await startFakeVault()
  host = manualHost()
  store = storeOn(vault, {}, host)
  await store.set('a', { KEY: CANARY })
  vault.requests.length = 0
})
afterEach(async () => {
  await store.close()
  await vault.stop()
})

const containing = (text: string): string => expect.stringContaining(text) as string

const { reads: READS, writes: WRITES } = verbsOf(() => store, CANARY)

/** Gives what `act` fails with, after looking for the value and the token in all of it. */
async function failureOf(act: () => Promise<unknown>): Promise<unknown> {
  const error = await rejection(act())
  expect(allTextOf(error)).not.toMatch(/canary/)
  return error
}

const FAULTS: readonly (readonly [string, Fault, string, boolean])[] = [
  ['Vault is sealed', faults.sealed, 'UNAVAILABLE', true],
  ['Vault is throttling', faults.refused(429), 'UNAVAILABLE', true],
  ['Vault fails', faults.refused(500), 'UNAVAILABLE', true],
  ['Vault refuses the token', faults.refused(403, ['permission denied']), 'DENIED', false],
  ['nothing is mounted', faults.refused(404, ['no handler for route "secret/data/a"']), 'INVALID', false],
  ['the mount takes no such requests', faults.refused(405, ['unsupported operation']), 'INVALID', false],
  ['the request is refused', faults.refused(400, [CANARY]), 'INVALID', false],
  ['the answer is too large', faults.huge, 'TOO_LARGE', false],
  ['a proxy answers with a page and 200', faults.page(200), 'UNAVAILABLE', true],
  ['a proxy answers with a page and 404', faults.page(404), 'UNAVAILABLE', true],
  ['a proxy answers with a page and 403', faults.page(403), 'UNAVAILABLE', true],
  ['a proxy answers with a page and 502', faults.page(502), 'UNAVAILABLE', true],
  ['a page says that it is JSON', faults.page(200, 'application/json'), 'UNAVAILABLE', true],
  ['a proxy answers with JSON of its own and 404', faults.json(404, '{"error":"not found"}'), 'UNAVAILABLE', true],
  ['a proxy answers with JSON of its own and 200', faults.json(200, '[]'), 'UNAVAILABLE', true],
  ['the JSON is cut', faults.changed((json) => json.slice(0, -20)), 'UNAVAILABLE', true],
  [
    'the answer says that it is text',
    faults.changed((json) => json, { 'content-type': 'text/plain' }),
    'UNAVAILABLE',
    true,
  ],
  ['the connection breaks in the middle of an answer', faults.cut, 'UNAVAILABLE', true],
  ['the connection breaks before an answer', faults.dropped, 'UNAVAILABLE', true],
  ['a standby node redirects elsewhere', faults.redirected('http://127.0.0.1:1'), 'UNAVAILABLE', true],
]

describe.each(FAULTS)('where %s', (_, fault, code, retryable) => {
  test.each(Object.keys(READS))(`%s fails with ${code}, and takes nothing for missing`, async (verb) => {
    vault.always = fault
    const error = await failureOf(READS[verb]!)
    expect(error).toMatchObject({ name: 'StoreError', code, retryable, store: 'vault', scope: 'default' })
    // Nothing is kept of a failure.
    vault.always = undefined
    expect((await store.get('a'))?.values['KEY']).toBe(CANARY)
  })

  test.each(Object.keys(WRITES))(`%s fails with ${code}`, async (verb) => {
    vault.always = fault
    const about = { store: 'vault', scope: 'default', secret: verb === 'create' ? 'b' : 'a' }
    expect(await failureOf(WRITES[verb]!)).toMatchObject({ name: 'StoreError', code, retryable, ...about })
  })
})

test('what never answers, and what stops in the middle of an answer, is UNAVAILABLE in time', async () => {
  await using quick = storeOn(vault, { timeoutMs: 100 }, host)
  for (const fault of [faults.hang, faults.stuck]) {
    vault.always = fault
    for (const act of [() => quick.get('a'), () => quick.set('a', { KEY: CANARY })]) {
      expect(await failureOf(act)).toMatchObject({
        code: 'UNAVAILABLE',
        message: containing('within 100 ms'),
      })
    }
  }
  expect(host.pauses).toEqual([])
})

test('a read that meets a passing fault is answered by the next attempt', async () => {
  for (const fault of [faults.sealed, faults.refused(429), faults.page(502), faults.cut, faults.dropped]) {
    vault.faults.push(fault)
    expect((await store.get('a'))?.values['KEY']).toBe(CANARY)
  }
  expect(host.pauses.length).toBe(5)
})

describe('a write', () => {
  const count = (): number => vault.requests.filter((request) => request.startsWith('POST')).length

  test('that Vault refused without acting on it is sent again, after the pause that it asks for', async () => {
    vault.faults.push(faults.sealed, faults.refused(429, ['quota'], { 'retry-after': '2' }))
    await store.set('a', { KEY: 'second' })
    expect(count()).toBe(3)
    expect(host.pauses[1]).toBeGreaterThanOrEqual(2000)
    expect((await store.history('a')).length).toBe(2)
  })

  test.each([
    ['whose answer was lost', faults.lost, 2],
    ['whose answer broke off', faults.cut, 2],
    ['whose connection broke', faults.dropped, 1],
    ['that a proxy answered with 503', faults.page(503), 1],
    ['that ended in an error of Vault', faults.refused(500), 1],
  ])('%s is not sent again: it may have happened', async (_, fault, versions) => {
    vault.faults.push(fault)
    expect(await failureOf(() => store.set('a', { KEY: 'second' }))).toMatchObject({ code: 'UNAVAILABLE' })
    expect(count()).toBe(1)
    expect((await store.history('a')).length).toBe(versions)
  })

  test('of more than Vault takes is TOO_LARGE, also where its storage says so', async () => {
    vault.faults.push(faults.refused(413, ['http: request body too large']))
    expect(await failureOf(() => store.set('a', { KEY: 'x' }))).toMatchObject({ code: 'TOO_LARGE', retryable: false })
    vault.faults.push(faults.refused(500, [`put failed due to value being too large: ${CANARY}`]))
    expect(await failureOf(() => store.set('a', { KEY: 'x' }))).toMatchObject({ code: 'TOO_LARGE' })
  })
})

describe('a connection', () => {
  test('that is refused is UNAVAILABLE, also for a write, which is tried again', async () => {
    await vault.stop()
    for (const act of [READS['get']!, WRITES['set']!]) {
      expect(await failureOf(act)).toMatchObject({
        code: 'UNAVAILABLE',
        message: containing('ECONNREFUSED'),
      })
    }
    expect(host.pauses.length).toBe(4)
  })

  test('to a server whose certificate nobody signed is UNAVAILABLE, and nothing is sent', async () => {
    const untrusted = await startFakeVault(selfSigned())
    await using secure = storeOn(untrusted, {}, host)
    expect(await failureOf(() => secure.get('a'))).toMatchObject({
      code: 'UNAVAILABLE',
      message: containing('SELF_SIGNED'),
      hint: containing('NODE_EXTRA_CA_CERTS'),
    })
    expect([untrusted.requests, host.pauses]).toEqual([[], []])
    await untrusted.stop()
  })

  test('by TLS to a server that speaks none is UNAVAILABLE', async () => {
    await using secure = storeOn(vault, { address: vault.address.replace('http:', 'https:') }, host)
    expect(await failureOf(() => secure.get('a'))).toMatchObject({ code: 'UNAVAILABLE' })
  })
})

describe('a standby node', () => {
  test('that redirects to another origin gets the token there only if the options say so', async () => {
    const active = await startFakeVault()
    await storeOn(active).set('a', { KEY: 'of the active node' })
    active.requests.length = 0
    vault.always = faults.redirected(active.address)
    expect(await failureOf(() => store.get('a'))).toMatchObject({ code: 'UNAVAILABLE' })
    expect(active.requests).toEqual([])

    const options: Partial<VaultStoreOptions> = { redirectOrigins: [active.address] }
    await using trusting = storeOn(vault, options, host)
    expect((await trusting.get('a'))?.values['KEY']).toBe('of the active node')
    await trusting.set('a', { KEY: 'second' })
    expect((await trusting.get('a'))?.values['KEY']).toBe('second')
    expect(active.requests).toEqual(['GET /v1/secret/data/a', 'POST /v1/secret/data/a', 'GET /v1/secret/data/a'])
    await active.stop()
  })
})

describe('a mount', () => {
  const version2 = containing('version 2')

  test('that is missing is told from an absent secret', async () => {
    await using nowhere = storeOn(vault, { mount: 'kv' }, host)
    for (const act of [() => nowhere.get('a'), () => collect(nowhere.list()), () => nowhere.history('a')]) {
      expect(await failureOf(act)).toMatchObject({ code: 'INVALID', hint: containing('mount') })
    }
  })

  test.each([
    ['of version 1', { type: 'kv', options: { version: '1' } }],
    ['of version 1, as older ones are told', { type: 'kv', options: null }],
    ['of another engine', { type: 'cubbyhole', options: null }],
  ])('%s, where every such path is empty, holds no secrets that are missing: it is INVALID', async (_, mount) => {
    vault.mount = mount
    for (const act of [() => store.get('b'), () => collect(store.list({ scope: 'none' })), () => store.history('b')]) {
      expect(await failureOf(act)).toMatchObject({ code: 'INVALID', hint: version2 })
    }
    vault.faults.push(faults.json(200, '{"data":{"KEY":"hunter2-canary"}}'))
    expect(await failureOf(() => store.get('a'))).toMatchObject({ code: 'INVALID', hint: version2 })
    vault.faults.push(({ response }) => response.writeHead(204).end())
    expect(await failureOf(() => store.set('b', { KEY: 'x' }))).toMatchObject({ code: 'INVALID', hint: version2 })
  })

  test('is looked at once, when something is absent for the first time', async () => {
    for (const name of ['b', 'c', 'd']) expect(await store.get(name)).toBeUndefined()
    expect(vault.requests.filter((request) => request.includes('/sys/'))).toEqual([
      'GET /v1/sys/internal/ui/mounts/secret',
    ])
  })

  test('that the token may not look at is taken for what the options say', async () => {
    vault.faults.push(faults.served, faults.refused(403))
    expect(await store.get('b')).toBeUndefined()
    expect(await store.get('b')).toBeUndefined()
  })

  test('that cannot be looked at now is looked at again', async () => {
    vault.faults.push(faults.served, faults.page(200), faults.page(200), faults.page(200))
    expect(await failureOf(() => store.get('b'))).toMatchObject({ code: 'UNAVAILABLE' })
    vault.faults.push(faults.served, faults.sealed, faults.sealed, faults.sealed)
    expect(await failureOf(() => store.get('b'))).toMatchObject({ code: 'UNAVAILABLE' })
    expect(await store.get('b')).toBeUndefined()
  })
})

describe('after close', () => {
  test('a read that was under way fails with CLOSED', async () => {
    vault.always = faults.hang
    const reading = rejection(store.get('a'))
    await expect.poll(() => vault.requests.length).toBe(1)
    await store.close()
    expect(await reading).toMatchObject({ code: 'CLOSED' })
  })

  test('a write that was sent is waited for', async () => {
    const order: string[] = []
    let release = (): void => undefined
    vault.always = (exchange) => {
      release = () => {
        faults.served(exchange)
      }
    }
    const writing = store.set('a', { KEY: 'second' }).then(() => order.push('written'))
    await expect.poll(() => vault.requests.length).toBe(1)
    const closing = store.close().then(() => order.push('closed'))
    await expect(store.get('a')).rejects.toMatchObject({ code: 'CLOSED' })
    await setImmediate()
    expect(order).toEqual([])
    release()
    await Promise.all([writing, closing])
    expect(order.sort()).toEqual(['closed', 'written'])
  })
})
