import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { VaultStore } from '../../../src/stores/vault/open.ts'
import type { VaultStoreOptions } from '../../../src/stores/vault/options.ts'
import { StoreError } from '../../../src/errors.ts'
import { allTextOf, rejection } from '../../helpers/thrown.ts'
import { startFakeVault } from '../../helpers/vault/fake.ts'
import type { FakeVault } from '../../helpers/vault/fake.ts'
import * as faults from '../../helpers/vault/faults.ts'
import { manualHost, storeOn } from '../../helpers/vault/host.ts'
import type { ManualHost } from '../../helpers/vault/host.ts'

const HOUR = 3_600
const JWT_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/token'
const APPROLE: Partial<VaultStoreOptions> = {
  auth: { method: 'approle', roleId: 'my-role', secretId: 'canary-secret-id' },
}
const files: Record<string, string> = {}
let vault: FakeVault
let host: ManualHost
const stores: VaultStore[] = []
/** What logins were made with. */
let logins: unknown[]

/** Opens a store that is closed after the test. */
function open(options: Partial<VaultStoreOptions>): VaultStore {
  const store = storeOn(vault, options, host)
  stores.push(store)
  return store
}

/** Lets the next logins give these tokens, the last one ever again. */
function letLogIn(tokens: readonly string[], ttl = HOUR, renewable = true): void {
  vault.login = (mount, body) => {
    logins.push([mount, body])
    const token = tokens[Math.min(logins.length, tokens.length) - 1]
    if (token !== undefined) vault.tokens.set(token, { ttl, renewable })
    return token
  }
}

function requestsTo(path: string): number {
  return vault.requests.filter((request) => request.includes(path)).length
}

beforeEach(async () => {
  vault = await startFakeVault()
  for (const file of Object.keys(files)) Reflect.deleteProperty(files, file)
  host = manualHost(files)
  logins = []
  await storeOn(vault).set('a', { KEY: 'x' })
  vault.requests.length = 0
})
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
  await vault.stop()
})

describe('a token', () => {
  test('that is a string is used as it is, and a refusal of it is DENIED at once', async () => {
    const store = open({ token: 'canary-unknown' })
    const error = await rejection(store.get('a'))
    expect(error).toMatchObject({ code: 'DENIED', retryable: false, secret: 'a', scope: 'default' })
    expect(allTextOf(error)).not.toContain('canary')
    expect(vault.requests.length).toBe(1)
  })

  test('that a function gives is asked for once, however many wait for it', async () => {
    const token = vi.fn(() => Promise.resolve(vault.token))
    const store = open({ token })
    expect(token).not.toHaveBeenCalled()
    await Promise.all(Array.from({ length: 20 }, () => store.get('a')))
    await store.get('a')
    expect(token).toHaveBeenCalledTimes(1)
  })

  test('that was revoked is asked for again, once for all who were refused, and what they wanted is done', async () => {
    vault.tokens.set('old', { ttl: 0, renewable: false })
    const token = vi.fn(() => (token.mock.calls.length === 1 ? 'old' : vault.token))
    const store = open({ token })
    await store.get('a')
    vault.tokens.delete('old')
    const reads = Array.from({ length: 20 }, () => store.get('a'))
    const write = store.set('b', { KEY: 'y' })
    expect((await Promise.all(reads)).map((secret) => secret?.values['KEY'])).toEqual(Array(20).fill('x'))
    await write
    expect(token).toHaveBeenCalledTimes(2)
  })

  test('that may not read is not asked for again and again', async () => {
    vault.tokens.set('limited', { ttl: 0, renewable: false, forbidden: /secret\/data\/b/ })
    const token = vi.fn(() => 'limited')
    const store = open({ token })
    for (let attempt = 0; attempt < 5; attempt += 1) {
      expect(await rejection(store.get('b'))).toMatchObject({ code: 'DENIED' })
    }
    expect(token).toHaveBeenCalledTimes(2)
    expect((await store.get('a'))?.values['KEY']).toBe('x')
    // Later it may have got another policy, or have ended.
    host.time += 10_001
    expect(await rejection(store.get('b'))).toMatchObject({ code: 'DENIED' })
    expect(token).toHaveBeenCalledTimes(3)
  })

  test.each([
    ['with a line break', 'canary\n'],
    ['that is empty', ''],
    ['that is none', undefined],
  ])('%s is refused without showing it', async (_, given) => {
    const store = open({ token: () => given as string })
    const error = await rejection(store.get('a'))
    expect(error).toMatchObject({ code: 'INVALID' })
    expect(allTextOf(error)).not.toContain('canary')
    expect(vault.requests).toEqual([])
  })

  test('whose function fails is UNAVAILABLE without its text, and asked for anew the next time', async () => {
    const token = vi.fn<() => string>()
    token.mockImplementationOnce(() => {
      throw new Error('canary')
    })
    token.mockImplementationOnce(() => {
      throw new StoreError('DENIED', 'The agent is locked.')
    })
    token.mockImplementation(() => vault.token)
    const store = open({ token })
    const error = await rejection(store.get('a'))
    expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    expect(allTextOf(error)).not.toContain('canary')
    expect(await rejection(store.get('a'))).toMatchObject({ code: 'DENIED', message: 'The agent is locked.' })
    expect((await store.get('a'))?.values['KEY']).toBe('x')
  })

  test('whose function never answers is UNAVAILABLE in time', async () => {
    const token = vi.fn(() => new Promise<string>(() => undefined))
    const store = open({ token, timeoutMs: 1 })
    expect(await rejection(store.get('a'))).toMatchObject({ code: 'UNAVAILABLE' })
    expect(await rejection(store.set('a', { KEY: 'y' }))).toMatchObject({ code: 'UNAVAILABLE' })
    expect(token).toHaveBeenCalledTimes(2)
  })

  test('that is waited for can be given up by one alone', async () => {
    let give: (token: string) => void = () => undefined
    const store = open({ token: () => new Promise((resolve) => (give = resolve)) })
    const giving = new AbortController()
    const reason = new Error('enough')
    const given = rejection(store.get('a', { signal: giving.signal }))
    const waiting = store.get('a')
    giving.abort(reason)
    expect(await given).toBe(reason)
    give(vault.token)
    expect((await waiting)?.values['KEY']).toBe('x')
  })
})

describe('renewal', () => {
  test('of a token with renew happens at two thirds of its lifetime, again and again', async () => {
    vault.tokens.set('periodic', { ttl: HOUR, renewable: true })
    const store = open({ token: 'periodic', renew: true })
    await store.get('a')
    expect(requestsTo('lookup-self')).toBe(1)
    for (let renewed = 1; renewed <= 3; renewed += 1) {
      const [timer] = host.timers
      expect(timer?.ms).toBeCloseTo((HOUR * 1000 * 2) / 3)
      timer?.fire()
      await expect.poll(() => host.timers.size).toBe(1)
      expect(requestsTo('renew-self')).toBe(renewed)
    }
    await store.close()
    expect(host.timers.size).toBe(0)
  })

  test('of a token that lives longer than a timer can wait comes early', async () => {
    vault.tokens.set('long', { ttl: 10_000 * HOUR, renewable: true })
    await open({ token: 'long', renew: true }).get('a')
    expect([...host.timers].map(({ ms }) => ms)).toEqual([2 ** 31 - 1])
  })

  test.each([
    ['does not end', { ttl: 0, renewable: false }],
    ['cannot be renewed', { ttl: HOUR, renewable: false }],
    ['ends in a moment', { ttl: 5, renewable: true }],
  ])('of a token that %s is not tried', async (_, known) => {
    vault.tokens.set('fixed', known)
    await open({ token: 'fixed', renew: true }).get('a')
    expect(host.timers.size).toBe(0)
  })

  test('that fails is tried again while the token lives', async () => {
    vault.tokens.set('periodic', { ttl: HOUR, renewable: true })
    const store = open({ token: 'periodic', renew: true, retries: 0 })
    await store.get('a')
    vault.faults.push(faults.refused(500))
    host.time += 2_400_000
    host.timers.forEach((timer) => {
      timer.fire()
    })
    await expect.poll(() => host.timers.size).toBe(1)
    const [again] = host.timers
    expect(again?.ms).toBeLessThan(600_000)
    again?.fire()
    await expect.poll(() => [...host.timers].map(({ ms }) => Math.round(ms))).toEqual([2_400_000])
    expect((await store.get('a'))?.values['KEY']).toBe('x')
  })
})

describe('a login', () => {
  test('by AppRole sends role id and secret id, and is used until its token ends', async () => {
    letLogIn(['first', 'second'], HOUR, false)
    const store = open(APPROLE)
    await Promise.all([store.get('a'), store.get('b')])
    expect(logins).toEqual([['approle', { role_id: 'my-role', secret_id: 'canary-secret-id' }]])
    host.time += HOUR * 1000 - 2_001
    await store.get('a')
    expect(logins.length).toBe(1)
    host.time += 2
    await store.get('a')
    expect(logins.length).toBe(2)
  })

  test('is made anew when its token was revoked', async () => {
    letLogIn(['first', 'second'])
    const store = open(APPROLE)
    await store.get('a')
    vault.tokens.delete('first')
    expect((await store.get('a'))?.values['KEY']).toBe('x')
    expect(logins.length).toBe(2)
    // The timer of the first token is gone with it.
    expect(host.timers.size).toBe(1)
  })

  test('gives a token that is renewed, and after a renewal that is refused comes another login', async () => {
    letLogIn(['first', 'second'])
    const store = open(APPROLE)
    await store.get('a')
    vault.tokens.delete('first')
    host.timers.forEach((timer) => {
      timer.fire()
    })
    await expect.poll(() => requestsTo('renew-self')).toBe(1)
    expect((await store.get('a'))?.values['KEY']).toBe('x')
    expect(logins.length).toBe(2)
  })

  test('takes its secret id from a function, anew for each login', async () => {
    letLogIn(['first', 'second'], HOUR, false)
    const ids = ['one', 'two']
    const auth = {
      method: 'approle',
      roleId: 'my-role',
      secretId: () => ids.shift() ?? '',
      mount: 'team/approle',
    } as const
    const store = open({ auth })
    await store.get('a')
    host.time += HOUR * 1000
    await store.get('a')
    expect(logins).toEqual([
      ['team/approle', { role_id: 'my-role', secret_id: 'one' }],
      ['team/approle', { role_id: 'my-role', secret_id: 'two' }],
    ])
  })

  test("by Kubernetes sends the service account's token as the file has it then", async () => {
    letLogIn(['first', 'second'], HOUR, false)
    const store = open({ auth: { method: 'kubernetes', role: 'billing' } })
    files[JWT_FILE] = 'canary.jwt.one\n'
    await store.get('a')
    files[JWT_FILE] = 'canary.jwt.two\n'
    host.time += HOUR * 1000
    await store.get('a')
    expect(logins).toEqual([
      ['kubernetes', { role: 'billing', jwt: 'canary.jwt.one' }],
      ['kubernetes', { role: 'billing', jwt: 'canary.jwt.two' }],
    ])
  })

  test('whose file is not there is UNAVAILABLE, naming the option', async () => {
    const store = open({ auth: { method: 'kubernetes', role: 'billing' } })
    expect(await rejection(store.get('a'))).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/jwtFile.*ENOENT/) as string,
    })
  })

  test.each([
    ['that is refused', undefined, 'DENIED'],
    ['that meets a sealed Vault', faults.sealed, 'UNAVAILABLE'],
    ['that is answered by a page', faults.page(200), 'UNAVAILABLE'],
    ['that meets a 400 of a proxy', faults.page(400), 'UNAVAILABLE'],
    ['at a path where nothing is mounted', faults.refused(404, ['no handler for route']), 'INVALID'],
  ])('%s is told by its code, without the credentials', async (_, fault, code) => {
    vault.always = fault
    const error = await rejection(open(APPROLE).get('a'))
    expect(error).toMatchObject({
      name: 'StoreError',
      code,
      message: expect.stringContaining('log in by approle') as string,
    })
    expect(allTextOf(error)).not.toContain('canary')
  })

  test('goes to the namespace of the options, and no request without its header', async () => {
    letLogIn(['first'])
    const namespaces = new Set<unknown>()
    vault.always = (exchange) => {
      namespaces.add(exchange.headers['x-vault-namespace'])
      faults.served(exchange)
    }
    const store = open({ ...APPROLE, namespace: 'team/billing' })
    await store.set('a', { KEY: 'of the namespace' })
    expect((await store.get('a'))?.values['KEY']).toBe('of the namespace')
    expect([...namespaces]).toEqual(['team/billing'])
    expect((await open({}).get('a'))?.values['KEY']).toBe('x')
  })
})
