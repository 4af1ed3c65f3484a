import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { sendRequest } from '../../src/stores/http.ts'
import type { HttpRequest, HttpSettings } from '../../src/stores/http.ts'
import { allTextOf, rejection } from '../helpers/thrown.ts'

const CANARY = 'canary-9d21'
const JSON_TYPE = { 'content-type': 'application/json' }
const READ: HttpRequest = {
  method: 'GET',
  url: 'https://engine.example.org/v1/a',
  headers: { 'x-token': CANARY },
  reads: true,
  maxBytes: 1000,
  doing: 'read secret a',
}
const WRITE: HttpRequest = { ...READ, method: 'POST', body: `{"a":"${CANARY}"}`, reads: false, doing: 'write secret a' }

/** A step of a fetch: an answer, or a failure. */
type Step = () => Response | Promise<Response>

/** Settings whose fetch takes one step for each request, and the pauses that were made. */
function stepping(steps: readonly Step[], more: Partial<HttpSettings> = {}) {
  const pauses: number[] = []
  const sent: { url: string; init: RequestInit }[] = []
  const left = [...steps]
  const settings: HttpSettings = {
    store: 'engine',
    fetch: async (url, init = {}) => {
      sent.push({ url: url as string, init })
      const step = left.shift()
      if (step === undefined) throw new Error('there was one request more than expected')
      return step()
    },
    timeoutMs: 60_000,
    retries: 2,
    origins: new Set(['https://engine.example.org']),
    closed: new AbortController().signal,
    host: { delay: (ms) => Promise.resolve(void pauses.push(ms)), random: () => 0.5 },
    judge: ({ status }) => (status === 429 ? 'untouched' : status >= 500 ? 'unclear' : 'final'),
    ...more,
  }
  return { settings, pauses, sent, left }
}

const answer =
  (status: number, body = '{}', headers: Record<string, string> = JSON_TYPE): Step =>
  () =>
    new Response(body, { status, headers })
/** What fetch rejects with. */
const broken = (code: string | undefined) => (): never => {
  throw new TypeError(`fetch failed ${CANARY}`, { cause: Object.assign(new Error(`cause ${CANARY}`), { code }) })
}

/** Sends, and gives the error after looking for the canary in all of it. */
async function failureOf(settings: HttpSettings, request: HttpRequest): Promise<unknown> {
  const error = await rejection(sendRequest(settings, request))
  expect(allTextOf(error)).not.toContain(CANARY)
  return error
}

describe('sendRequest', () => {
  test('gives the status and the parsed body of an answer', async () => {
    const { settings } = stepping([answer(200, '{"a":[1,"é"]}', { 'content-type': 'application/json; charset=utf-8' })])
    expect(await sendRequest(settings, READ)).toEqual({ status: 200, body: { a: [1, 'é'] }, retryAfterMs: undefined })
  })

  test.each([
    ['that is cut', '{"a":"x', JSON_TYPE],
    ['that is empty', '', JSON_TYPE],
    ['of another type', '{"a":"x"}', { 'content-type': 'text/html' }],
    ['without a type', '{"a":"x"}', {}],
    ['of a type that only begins alike', '{"a":"x"}', { 'content-type': 'application/jsonp' }],
    ['that begins with a byte order mark', '\ufeff{}', JSON_TYPE],
  ])('gives no body for one %s', async (_, body, headers) => {
    const { settings } = stepping([() => new Response(body, { headers: headers as Record<string, string> })])
    expect(await sendRequest(settings, READ)).toMatchObject({ status: 200, body: undefined })
  })

  test('gives no body for bytes that are no UTF-8, rather than other characters', async () => {
    const bytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')])
    const { settings } = stepping([() => new Response(bytes, { headers: JSON_TYPE })])
    expect((await sendRequest(settings, READ)).body).toBeUndefined()
  })
})

describe('what is sent again', () => {
  test.each([
    ['a read that was throttled', READ, answer(429)],
    ['a write that was throttled', WRITE, answer(429)],
    ['a read that failed', READ, answer(500)],
    ['a read whose connection broke', READ, broken('ECONNRESET')],
    ['a read that failed for no known reason', READ, broken(undefined)],
    ['a read that could not connect', READ, broken('ECONNREFUSED')],
    ['a write that could not connect', WRITE, broken('ECONNREFUSED')],
    ['a write whose host was not found', WRITE, broken('ENOTFOUND')],
    ['a write whose connection took too long', WRITE, broken('UND_ERR_CONNECT_TIMEOUT')],
  ])('%s', async (_, request, step) => {
    const { settings, sent, pauses } = stepping([step, answer(200)])
    expect(await sendRequest(settings, request)).toMatchObject({ status: 200 })
    expect([sent.length, pauses.length]).toEqual([2, 1])
    expect(sent[1]?.init.body).toBe(request.body)
  })

  test.each([
    ['a write that failed', WRITE, answer(500), 500],
    ['a read that was answered', READ, answer(404), 404],
  ])('not %s', async (_, request, step, status) => {
    const { settings, sent } = stepping([step])
    expect(await sendRequest(settings, request)).toMatchObject({ status })
    expect(sent.length).toBe(1)
  })

  test.each(['ECONNRESET', 'UND_ERR_SOCKET', 'EPIPE', undefined])('not a write that ends with %s', async (code) => {
    const { settings, sent } = stepping([broken(code)])
    const error = await failureOf(settings, WRITE)
    expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    expect((error as Error).message).toContain('Whether it happened is not known.')
    expect(sent.length).toBe(1)
  })

  test.each(['DEPTH_ZERO_SELF_SIGNED_CERT', 'CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID', 'EPROTO'])(
    'not what fails with %s: it would the next time',
    async (code) => {
      const { settings, sent } = stepping([broken(code)])
      expect(await failureOf(settings, READ)).toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringContaining(code) as string,
      })
      expect(sent.length).toBe(1)
    },
  )

  test('no more often than retries says, with pauses that grow', async () => {
    const { settings, pauses, left } = stepping(Array(4).fill(answer(503)), { retries: 3 })
    expect(await sendRequest(settings, READ)).toMatchObject({ status: 503 })
    expect([pauses, left.length]).toEqual([[75, 150, 300], 0])
  })

  test('the last failure is told, with its code and without its text', async () => {
    const { settings } = stepping([broken('ECONNRESET'), broken('ECONNRESET'), broken('ECONNREFUSED')])
    expect(await failureOf(settings, READ)).toMatchObject({
      message: 'Could not read secret a: engine: the connection failed (ECONNREFUSED).',
    })
  })
})

describe('Retry-After', () => {
  test('in seconds is waited for, with jitter', async () => {
    const { settings, pauses } = stepping([answer(429, '{}', { ...JSON_TYPE, 'retry-after': '3' }), answer(200)])
    await sendRequest(settings, WRITE)
    expect(pauses).toEqual([3025])
  })

  test('as a date is waited for', async () => {
    const date = new Date(Date.now() + 8_000).toUTCString()
    const { settings, pauses } = stepping([answer(429, '{}', { ...JSON_TYPE, 'retry-after': date }), answer(200)])
    await sendRequest(settings, READ)
    expect(pauses[0]).toBeGreaterThan(1_000)
    expect(pauses[0]).toBeLessThan(8_100)
  })

  test.each([
    ['that is past', new Date(0).toUTCString(), 25],
    ['that is none', 'soon', 75],
  ])('a date %s asks for no longer pause', async (_, header, pause) => {
    const { settings, pauses } = stepping([answer(429, '{}', { ...JSON_TYPE, 'retry-after': header }), answer(200)])
    await sendRequest(settings, READ)
    expect(pauses).toEqual([pause])
  })

  test('of more than ten seconds ends the request at once: it is neither waited for nor ignored', async () => {
    const { settings, pauses } = stepping([answer(429, '{}', { ...JSON_TYPE, 'retry-after': '11' })])
    expect(await sendRequest(settings, READ)).toMatchObject({ status: 429, retryAfterMs: 11_000 })
    expect(pauses).toEqual([])
  })
})

describe('redirects', () => {
  const to = (location: string, status = 307): Step => answer(status, '', { location })

  test('to an origin that is allowed are followed with method, body and headers, also where the address is relative', async () => {
    const more = { origins: new Set(['https://engine.example.org', 'https://node-2.example.org']) }
    const { settings, sent } = stepping([to('https://node-2.example.org/v1/a'), to('/v1/b', 308), answer(200)], more)
    await sendRequest(settings, WRITE)
    expect(sent.map(({ url }) => url)).toEqual([
      'https://engine.example.org/v1/a',
      'https://node-2.example.org/v1/a',
      'https://node-2.example.org/v1/b',
    ])
    for (const { init } of sent) {
      expect(init).toMatchObject({ method: 'POST', body: WRITE.body, headers: WRITE.headers, redirect: 'manual' })
    }
  })

  test.each([
    ['to another origin', to('https://evil.example.org/v1/a')],
    ['to another port', to('https://engine.example.org:8443/v1/a')],
    ['from https to http', to('http://engine.example.org/v1/a')],
    ['that would turn a write into a read', to('https://engine.example.org/v1/a', 302)],
    ['to nowhere', answer(307, '', {})],
    ['to what is no URL', to('http://[canary-9d21')],
  ])('%s are not followed, and not asked for again', async (_, step) => {
    const { settings, sent } = stepping([step])
    expect(await failureOf(settings, READ)).toMatchObject({
      code: 'UNAVAILABLE',
      hint: expect.stringContaining('standby') as string,
    })
    expect(sent.length).toBe(1)
  })

  test('that go round end', async () => {
    const { settings, sent } = stepping([to('/a'), to('/b'), to('/a')])
    expect(await failureOf(settings, READ)).toMatchObject({ code: 'UNAVAILABLE' })
    expect(sent.length).toBe(3)
  })
})

describe('the size of an answer', () => {
  test.each([
    ['that says how long it is', { 'content-length': '1001' }],
    ['that does not say it', {}],
  ])('is bounded for one %s', async (_, headers) => {
    const { settings, sent } = stepping([answer(200, `"${CANARY}${' '.repeat(1000)}"`, { ...JSON_TYPE, ...headers })])
    expect(await failureOf(settings, READ)).toMatchObject({ code: 'TOO_LARGE' })
    expect(sent.length).toBe(1)
  })

  test('is bounded after it was unpacked', async () => {
    const packed = gzipSync(`"${' '.repeat(100_000)}"`)
    expect(packed.length).toBeLessThan(1000)
    const server = createServer((_, response) => {
      response.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'gzip', 'content-length': packed.length })
      response.end(packed)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const { settings } = stepping([], { fetch: globalThis.fetch })
    expect(await failureOf(settings, { ...READ, url })).toMatchObject({ code: 'TOO_LARGE' })
    expect(await sendRequest(settings, { ...READ, url, maxBytes: 200_000 })).toMatchObject({
      body: ' '.repeat(100_000),
    })
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
})

describe('time', () => {
  const never: Step = () => new Promise(() => undefined)

  test('ends an attempt that is not answered, even by a fetch that does not listen; it is not asked again', async () => {
    const { settings, sent } = stepping([never], { timeoutMs: 1 })
    expect(await failureOf(settings, READ)).toMatchObject({
      code: 'UNAVAILABLE',
      message: 'Could not read secret a: engine: no answer within 1 ms.',
    })
    expect(sent.length).toBe(1)
  })

  test('ends an attempt whose body does not end', async () => {
    const step = (): Response => new Response(new ReadableStream(), { headers: JSON_TYPE })
    const { settings, sent } = stepping([step], { timeoutMs: 1 })
    expect(await failureOf(settings, READ)).toMatchObject({ code: 'UNAVAILABLE' })
    expect(sent[0]?.init.signal?.aborted).toBe(true)
  })

  test("rejects with the reason of the caller's signal: before, during and between attempts", async () => {
    const reason = new Error('enough')
    const before = stepping([])
    expect(await rejection(sendRequest(before.settings, { ...READ, signal: AbortSignal.abort(reason) }))).toBe(reason)

    const during = new AbortController()
    const { settings } = stepping([() => (during.abort(reason), never())])
    expect(await rejection(sendRequest(settings, { ...READ, signal: during.signal }))).toBe(reason)

    const between = new AbortController()
    const delay = (): Promise<void> => {
      between.abort(reason)
      return Promise.resolve()
    }
    const { settings: paused, sent } = stepping([answer(503)], { host: { delay, random: () => 0 } })
    expect(await rejection(sendRequest(paused, { ...READ, signal: between.signal }))).toBe(reason)
    expect(sent.length).toBe(1)
  })

  test('is over for a read when the store is closed, and not for a write', async () => {
    const closing = new AbortController()
    const step: Step = () => (closing.abort(), Promise.resolve(new Response('{}', { headers: JSON_TYPE })))
    const { settings } = stepping([step], { closed: closing.signal })
    expect(await sendRequest(settings, WRITE)).toMatchObject({ status: 200 })
    expect(await failureOf(settings, READ)).toMatchObject({ code: 'CLOSED' })
    const other = new AbortController()
    const hanging = stepping([() => (other.abort(), never())], { closed: other.signal })
    expect(await failureOf(hanging.settings, READ)).toMatchObject({ code: 'CLOSED' })
  })
})
