import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generateKey } from 'latchkey'
import { etcdStore } from 'latchkey/stores/etcd'
import type { EtcdStoreOptions } from 'latchkey/stores/etcd'
import { describeEngine } from '../../helpers/engines.ts'
import { ask, base64, etcdBinary, startEtcd } from '../../helpers/engines/etcd.ts'
import type { StartedEtcd } from '../../helpers/engines/etcd.ts'
import { until } from '../../helpers/processes.ts'
import { failureOf } from '../../helpers/store-folder.ts'
import { thrownBy } from '../../helpers/thrown.ts'

const ADDRESS = 'http://etcd.test:2379'
const SECRET = 'the text of the answer'

/** A small etcd that holds nothing, but for what a test has it answer; and the requests that it got. */
function fake(answer: (path: string, body: Record<string, unknown>, request: number) => unknown) {
  const requests: { url: string; body: Record<string, unknown>; headers: Record<string, string> }[] = []
  const answered: typeof fetch = async (input, init) => {
    const url = input as string
    const body = JSON.parse(init?.body as string) as Record<string, unknown>
    requests.push({ url, body, headers: { ...(init?.headers as Record<string, string>) } })
    const given = await answer(url.slice(url.indexOf('/v3/') + 4), body, requests.length - 1)
    if (given instanceof Response) return given
    return json(200, given ?? empty(body))
  }
  return { requests, fetch: answered }
}

function json(status: number, body: unknown): Response {
  const headers = { 'content-type': 'application/json' }
  return new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers })
}

function empty(body: Record<string, unknown>): unknown {
  const ranges = (body['success'] as unknown[] | undefined)?.map(() => ({ response_range: {} }))
  return { header: { revision: '5' }, ...(ranges && { responses: ranges, succeeded: true }) }
}

const grpc =
  (status: number, code: number, message = SECRET) =>
  () =>
    json(status, { error: message, message, code })

const opened = (options: Partial<EtcdStoreOptions>) =>
  etcdStore({ address: ADDRESS, key: generateKey(), retries: 0, ...options })

describe('what etcd, or a proxy, answers', () => {
  test.each<[string, () => unknown, string, boolean]>([
    ['code 16', grpc(401, 16), 'DENIED', false],
    ['code 7', grpc(403, 7), 'DENIED', false],
    ['that the user is empty', grpc(400, 3, 'etcdserver: user name is empty'), 'DENIED', false],
    ['code 14', grpc(503, 14), 'UNAVAILABLE', true],
    ['code 4', grpc(504, 4), 'UNAVAILABLE', true],
    ['code 2', grpc(500, 2), 'UNAVAILABLE', true],
    ['code 8', grpc(429, 8, 'etcdserver: mvcc: database space exceeded'), 'UNAVAILABLE', true],
    ['that it is too large', grpc(400, 3, 'etcdserver: request is too large'), 'TOO_LARGE', false],
    [
      'that the message is too large',
      grpc(429, 8, 'grpc: received message larger than max (2 vs. 1)'),
      'TOO_LARGE',
      false,
    ],
    ['413', () => new Response('', { status: 413 }), 'TOO_LARGE', false],
    ['code 3', grpc(400, 3), 'STORE_FAILED', false],
    ['code 9', grpc(412, 9), 'INVALID', false],
    ['code 12', grpc(501, 12), 'INVALID', false],
    ['code 15', grpc(500, 15), 'CORRUPT', false],
    ['404 without a code', () => new Response('404 page not found', { status: 404 }), 'UNAVAILABLE', true],
    [
      'HTML',
      () => new Response(`<html>${SECRET}</html>`, { headers: { 'content-type': 'text/html' } }),
      'UNAVAILABLE',
      true,
    ],
    ['JSON that is cut off', () => json(200, '{"header":{"revision":"5"},"kvs":[{"key":"'), 'UNAVAILABLE', true],
    ['an empty object', () => json(200, '{}'), 'UNAVAILABLE', true],
    ['a list', () => json(200, '[]'), 'UNAVAILABLE', true],
    [
      'keys that are none',
      () => json(200, { header: { revision: '5' }, kvs: [{ key: 1 }], responses: [{}] }),
      'UNAVAILABLE',
      true,
    ],
    ['502', () => new Response(SECRET, { status: 502 }), 'UNAVAILABLE', true],
    [
      'a redirect',
      () => new Response('', { status: 307, headers: { location: 'http://elsewhere.test/' } }),
      'UNAVAILABLE',
      true,
    ],
    ['a rejection', () => Promise.reject(new TypeError(SECRET)), 'UNAVAILABLE', true],
  ])('%s is told by its code, never by its text, and never as "not there"', async (_, answer, code, retryable) => {
    const store = opened({ fetch: fake(answer).fetch })
    for (const act of [
      () => store.get('a'),
      () => store.getMany([{ name: 'a' }, { name: 'b' }]),
      () => store.set('a', { K: 'the value' }),
      () => store.delete('a'),
      () => store.list()[Symbol.asyncIterator]().next(),
      () => store.scopes()[Symbol.asyncIterator]().next(),
    ]) {
      const error = await failureOf(act)
      expect(error).toMatchObject({ code, store: 'etcd', retryable })
      expect(inspect(error)).not.toMatch(new RegExp(`${SECRET}|the value`))
    }
  })

  test('about another key than was asked for is UNAVAILABLE', async () => {
    const kvs = [{ key: base64('latchkey/secrets/default,b'), mod_revision: '3', value: base64('x') }]
    const store = opened({
      fetch: fake((path, body) => {
        if (path === 'kv/txn') return { header: {}, responses: [{ response_range: { kvs } }, { response_range: {} }] }
        return body['key'] === base64('latchkey/secrets/default,a') ? { header: {}, kvs } : undefined
      }).fetch,
    })
    for (const act of [() => store.get('a'), () => store.getMany([{ name: 'a' }, { name: 'c' }])]) {
      expect(await failureOf(act)).toMatchObject({ code: 'UNAVAILABLE', store: 'etcd' })
    }
  })

  test('nothing within timeoutMs is UNAVAILABLE', async () => {
    const store = opened({ timeoutMs: 30, fetch: () => new Promise(() => undefined) })
    expect(await failureOf(() => store.get('a'))).toMatchObject({ code: 'UNAVAILABLE' })
  })
})

describe('what is sent again', () => {
  const isWrite = (body: Record<string, unknown>) => JSON.stringify(body).includes('request_put')

  test('is a read that failed, and not a write that may have been done: that is told as not known', async () => {
    let failing = 0
    const etcd = fake((_, body) => {
      if (isWrite(body)) return json(503, { code: 14, message: SECRET })
      failing += 1
      return failing % 2 === 1 ? json(503, { code: 14, message: SECRET }) : undefined
    })
    const store = opened({ fetch: etcd.fetch, retries: 1 })
    expect(await store.get('a')).toBeUndefined()
    const error = await failureOf(() => store.set('a', { K: 'v' }))
    expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    expect((error as Error).message).toContain('Whether it happened is not known.')
    expect(etcd.requests.filter(({ body }) => isWrite(body))).toHaveLength(1)
  })

  test.each<[string, () => unknown]>([
    ['an empty object', () => json(200, '{}')],
    ['JSON that is cut off', () => json(200, '{"header":{"revision":"5"},"succ')],
    ['no outcome', () => ({ header: { revision: '5' } })],
  ])('is no write that is answered with %s: whether it happened is told as not known', async (_, answer) => {
    const etcd = fake((__, body) => (isWrite(body) ? answer() : undefined))
    const error = await failureOf(() => opened({ fetch: etcd.fetch, retries: 2 }).set('a', { K: 'v' }))
    expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    expect(error.message).toContain('Whether it happened is not known.')
    expect(etcd.requests.filter(({ body }) => isWrite(body))).toHaveLength(1)
  })

  test('is a write to which etcd said that it has no room, and one that could not be sent', async () => {
    for (const answer of [
      grpc(429, 8),
      () => Promise.reject(Object.assign(new TypeError('fetch failed'), { code: 'ECONNREFUSED' })),
    ]) {
      const etcd = fake((_, body) => (isWrite(body) ? answer() : undefined))
      const store = opened({ fetch: etcd.fetch, retries: 2 })
      const error = await failureOf(() => store.set('a', { K: 'v' }))
      expect(error).toMatchObject({ code: 'UNAVAILABLE' })
      expect((error as Error).message).not.toContain('not known')
      expect(etcd.requests.filter(({ body }) => isWrite(body))).toHaveLength(3)
    }
  })

  test('goes to the next member, and the one after next begins at the first again', async () => {
    const away = new Set(['http://one.test', 'http://two.test'])
    const etcd = fake(() => undefined)
    const store = opened({
      address: ['http://one.test', 'http://two.test', new URL('http://three.test/etcd/')],
      retries: 2,
      fetch: (input, init) =>
        away.has(new URL(input).origin)
          ? Promise.reject(Object.assign(new TypeError('fetch failed'), { code: 'ECONNREFUSED' }))
          : etcd.fetch(input, init),
    })
    expect(await store.get('a')).toBeUndefined()
    expect(new Set(etcd.requests.map(({ url }) => new URL(url).origin))).toEqual(new Set(['http://three.test']))
    expect(etcd.requests[0]?.url).toMatch(/^http:\/\/three\.test\/etcd\/v3\/kv\//)
    away.clear()
    away.add('http://three.test')
    expect(await store.get('a')).toBeUndefined()
    expect(etcd.requests.at(-1)?.url).toMatch(/^http:\/\/one\.test\/v3\//)
  })
})

describe('logging in', () => {
  const TOKEN = 'token.1'
  test('is done once for all who wait, and again when etcd does not know the token any more', async () => {
    let known = TOKEN
    let logins = 0
    const etcd: ReturnType<typeof fake> = fake((path, _, request) => {
      if (path === 'auth/authenticate') {
        logins += 1
        return { header: {}, token: known }
      }
      return etcd.requests[request]?.headers['authorization'] === known ? undefined : json(401, { code: 16 })
    })
    let passwords = 0
    const store = opened({ fetch: etcd.fetch, username: 'u', password: () => ((passwords += 1), 'p') })
    await Promise.all([store.get('a'), store.get('b')])
    expect([logins, passwords]).toEqual([1, 1])
    known = 'token.2'
    expect(await store.get('a')).toBeUndefined()
    expect([logins, passwords]).toEqual([2, 2])
    known = 'token.3'
    await store.set('a', { K: 'v' }).catch(() => undefined)
    expect(logins).toBe(3)
  })

  test.each<[string, Partial<EtcdStoreOptions>, unknown, string]>([
    [
      'a wrong password',
      { password: 'the password' },
      json(400, { code: 3, message: 'etcdserver: authentication failed, x' }),
      'DENIED',
    ],
    ['an etcd without authentication', { password: 'the password' }, json(412, { code: 9 }), 'INVALID'],
    ['no token', { password: 'the password' }, { header: {} }, 'UNAVAILABLE'],
    ['a function that fails', { password: () => Promise.reject(new Error('the password')) }, {}, 'UNAVAILABLE'],
    ['a function that gives none', { password: () => '' }, {}, 'UNAVAILABLE'],
    [
      'a function that hangs',
      { password: () => new Promise<string>(() => undefined), timeoutMs: 30 },
      {},
      'UNAVAILABLE',
    ],
  ])('with %s fails, and shows no password', async (_, options, answer, code) => {
    const store = opened({
      username: 'u',
      ...options,
      fetch: fake(() => (answer instanceof Response ? answer.clone() : answer)).fetch,
    })
    const error = await failureOf(() => store.get('a'))
    expect(error).toMatchObject({ code, store: 'etcd' })
    expect(inspect(error)).not.toContain('the password')
  })
})

describe('options', () => {
  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['no address', {}],
    ['no addresses', { address: [] }],
    ['an address that is no URL', { address: 'etcd:2379' }],
    ['an address with credentials', { address: 'http://u:p@etcd.test' }],
    ['one address of another kind', { address: [ADDRESS, 'unix:/x'] }],
    ['a username alone', { address: ADDRESS, username: 'u' }],
    ['a password alone', { address: ADDRESS, password: 'p' }],
    ['an empty prefix', { address: ADDRESS, prefix: '' }],
    ['a prefix with a blank', { address: ADDRESS, prefix: 'a b' }],
    ['a fetch that is none', { address: ADDRESS, fetch: 1 }],
    ['a timeout of 0', { address: ADDRESS, timeoutMs: 0 }],
    ['a check that is too frequent', { address: ADDRESS, watchCheckMs: 99 }],
    ['too many retries', { address: ADDRESS, retries: 11 }],
    ['too much history', { address: ADDRESS, history: 101 }],
  ])('%s are INVALID_OPTION', (_, options) => {
    expect(thrownBy(() => etcdStore(options as EtcdStoreOptions))).toMatchObject({ code: 'INVALID_OPTION' })
  })

  test('that nobody knows are UNKNOWN_OPTION', () => {
    const options = { address: ADDRESS, adress: ADDRESS } as EtcdStoreOptions
    expect(thrownBy(() => etcdStore(options))).toMatchObject({ code: 'UNKNOWN_OPTION' })
  })
})

describeEngine('etcd', etcdBinary(), 'etcd on PATH', (binary) => {
  let server: StartedEtcd
  beforeAll(async () => {
    server = await startEtcd(binary)
    const { url } = server
    const users = { name: 'root', password: 'pw' }
    for (const name of ['root', 'app', 'poor']) {
      await ask(url, 'auth/role/add', { name })
      await ask(url, 'auth/user/add', { ...users, name })
      await ask(url, 'auth/user/grant', { user: name, role: name })
    }
    const range = { permType: 'READWRITE', key: base64('latchkey/'), range_end: base64('latchkey0') }
    await ask(url, 'auth/role/grant', { name: 'app', perm: range })
    await ask(url, 'auth/enable', {})
  })
  afterAll(() => server.remove())

  test('with authentication lets in who may, and denies others; a restart, which ends all tokens, is not noticed', async () => {
    const key = generateKey()
    const open = (username?: string, password?: string) => etcdStore({ address: server.url, key, username, password })
    const store = open('app', 'pw')
    await store.set('a', { K: 'v' })
    const told: string[] = []
    await store.watch(({ name }) => told.push(name))
    for (const denied of [open(), open('poor', 'pw'), open('app', 'wrong')]) {
      expect(await failureOf(() => denied.get('a'))).toMatchObject({ code: 'DENIED', store: 'etcd' })
      expect(await failureOf(() => denied.watch(() => undefined))).toMatchObject({ code: 'DENIED' })
    }
    await server.kill()
    expect(await failureOf(() => store.get('a'))).toMatchObject({ code: 'UNAVAILABLE' })
    await server.start()
    expect((await store.get('a'))?.values['K']).toBe('v')
    await store.set('b', { K: 'v' })
    await until(() => told.length > 0)
    expect(told).toEqual(['b'])
    await store.close()
  })
})
