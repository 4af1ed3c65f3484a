/**
 * Requests to an engine that speaks JSON over HTTP. Each of them ends in time, what is read of an answer is bounded, and
 * nothing is sent again that may have happened already. No text of an answer, and no error of `fetch`, gets any further:
 * both may quote what was sent or read.
 */
import { StoreError } from '../errors.ts'
import { closedError } from './request.ts'
import type { Timing } from './timing.ts'

/** The parts of the machine that waiting depends on. */
export type HttpHost = Pick<Timing, 'delay' | 'random'>

/** How all requests of one store are made. */
export interface HttpSettings {
  /** The store's name, for messages. */
  readonly store: string
  readonly fetch: typeof globalThis.fetch
  /** How long one attempt may take, its body included: milliseconds. */
  readonly timeoutMs: number
  /** How often a request is sent again, at most. */
  readonly retries: number
  /** Where a redirect may lead: origins that may see what the request holds. */
  readonly origins: ReadonlySet<string>
  /** Aborts when the store is closed: ends requests that only read. */
  readonly closed: AbortSignal
  readonly host: HttpHost
  /**
   * Tells whether an answer is worth another attempt. `untouched`: the engine refused without acting on the request;
   * `unclear`: it failed, and may have acted before that; `final`: asking again would change nothing.
   */
  readonly judge: (answer: HttpAnswer) => 'final' | 'untouched' | 'unclear'
}

/** One request. */
export interface HttpRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
  /** It only reads: it may be sent again whatever happened, and ends when the store is closed. */
  readonly reads: boolean
  /** The largest body that is read: bytes. */
  readonly maxBytes: number
  readonly signal?: AbortSignal | undefined
  /** What it is for, as the end of "could not", e.g. `read secret a (scope default)`. */
  readonly doing: string
}

/** An answer, whatever its status. */
export interface HttpAnswer {
  readonly status: number
  /** The parsed body; `undefined` if the body is not JSON, or does not say that it is. */
  readonly body: unknown
  /** What `Retry-After` asks for: milliseconds. */
  readonly retryAfterMs: number | undefined
}

/**
 * How an attempt failed. `refused`: nothing was sent; `hopeless`: nor would it be the next time; `broken`: the engine may
 * have acted; `late`: the same, and whoever waits has waited long enough.
 */
type FailureKind = 'refused' | 'hopeless' | 'broken' | 'late'

interface Failure {
  readonly error: StoreError
  readonly kind: FailureKind
}

/** The longest pause between two attempts. An engine that asks for a longer one is not asked again. */
const MAX_PAUSE_MS = 10_000
const FIRST_PAUSE_MS = 100
const MAX_REDIRECTS = 2

/** Codes of failures to connect: nothing was sent. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])
/** Codes of certificates that are not trusted, and of failed handshakes. */
const NOT_TRUSTED = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_|ERR_SSL_|HOSTNAME_MISMATCH|EPROTO$)/

/**
 * Sends a request, and sends it again where that is safe and may help.
 *
 * @returns an answer that `judge` calls final, or the last one.
 * @throws StoreError UNAVAILABLE if there was no whole answer, TOO_LARGE if it was larger than `maxBytes`, CLOSED if the
 * store was closed meanwhile; the reason of an aborted signal.
 */
export async function sendRequest(settings: HttpSettings, request: HttpRequest): Promise<HttpAnswer> {
  for (let attempt = 0; ; attempt += 1) {
    assertWanted(settings, request)
    const result = await attemptOnce(settings, request)
    const again = attempt < settings.retries && maySendAgain(settings, request, result)
    const pause = again ? pauseBefore(attempt, result, settings.host) : undefined
    if (pause === undefined) {
      if ('error' in result) throw result.error
      return result
    }
    await settings.host.delay(pause, anyOf(settings, request))
  }
}

function maySendAgain(settings: HttpSettings, request: HttpRequest, result: HttpAnswer | Failure): boolean {
  if ('error' in result) return result.kind === 'refused' || (result.kind === 'broken' && request.reads)
  const judged = settings.judge(result)
  return judged === 'untouched' || (judged === 'unclear' && request.reads)
}

/** Gives the pause before the next attempt, `undefined` if it would be too long. */
function pauseBefore(attempt: number, result: HttpAnswer | Failure, host: HttpHost): number | undefined {
  const asked = 'error' in result ? undefined : result.retryAfterMs
  if (asked !== undefined && asked > MAX_PAUSE_MS) return undefined
  const backoff = Math.min(FIRST_PAUSE_MS * 2 ** attempt, MAX_PAUSE_MS)
  // Jitter, so that those whom one failure hit together do not come back together.
  return (asked ?? backoff / 2) + (host.random() * backoff) / 2
}

async function attemptOnce(settings: HttpSettings, request: HttpRequest): Promise<HttpAnswer | Failure> {
  const controller = new AbortController()
  const stop = (): void => {
    controller.abort()
  }
  const time = { isUp: false }
  const timer = setTimeout(() => {
    time.isUp = true
    stop()
  }, settings.timeoutMs)
  const signals = stoppedBy(settings, request)
  for (const signal of signals) signal.addEventListener('abort', stop)
  // A fetch that was put in place of the global one may not listen to its signal.
  const stopped = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => {
      reject(new Error('stopped'))
    })
  })
  try {
    const result = await Promise.race([exchange(settings, request, controller.signal), stopped])
    // Ends the body that nobody reads on.
    if ('error' in result) stop()
    return result
  } catch (error) {
    stop()
    assertWanted(settings, request)
    if (time.isUp) return failure(settings, request, 'late', `no answer within ${settings.timeoutMs} ms`)
    return connectionFailure(settings, request, error)
  } finally {
    clearTimeout(timer)
    for (const signal of signals) signal.removeEventListener('abort', stop)
  }
}

async function exchange(
  settings: HttpSettings,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<HttpAnswer | Failure> {
  const { method, headers, body } = request
  let url = request.url
  for (let redirects = 0; ; redirects += 1) {
    const init = { method, headers, redirect: 'manual', signal } as const
    const response = await settings.fetch(url, body === undefined ? init : { ...init, body })
    if (response.status < 300 || response.status > 399) return answerOf(settings, request, response)
    const next = redirectTarget(url, response, settings.origins)
    if (next === undefined || redirects === MAX_REDIRECTS) {
      return failure(settings, request, 'hopeless', 'redirected to where it must not be sent', REDIRECT_HINT)
    }
    url = next
  }
}

const REDIRECT_HINT =
  'A standby node sends clients to the active one: give the address of the active node or of a load balancer, or name the origins that the credentials may be sent to.'

/** Gives where a redirect leads, if the request may be sent there as it is. */
function redirectTarget(url: string, response: Response, origins: ReadonlySet<string>): string | undefined {
  const location = response.headers.get('location')
  // Any other redirect makes clients turn a write into a read.
  if (location === null || (response.status !== 307 && response.status !== 308)) return undefined
  if (!URL.canParse(location, url)) return undefined
  const target = new URL(location, url)
  return origins.has(target.origin) ? target.href : undefined
}

async function answerOf(
  settings: HttpSettings,
  request: HttpRequest,
  response: Response,
): Promise<HttpAnswer | Failure> {
  const bytes = await boundedBody(response, request.maxBytes)
  if (bytes === undefined) {
    const message = `Could not ${request.doing}: the answer of ${settings.store} is too large.`
    return { error: new StoreError('TOO_LARGE', message, { store: settings.store }), kind: 'late' }
  }
  const isJson = /^application\/json\b/i.test(response.headers.get('content-type') ?? '')
  return {
    status: response.status,
    body: isJson ? parsed(bytes) : undefined,
    retryAfterMs: retryAfter(response.headers.get('retry-after')),
  }
}

/** Reads a body of at most `maxBytes`; `undefined` if there is more. */
async function boundedBody(response: Response, maxBytes: number): Promise<Uint8Array | undefined> {
  const length = Number(response.headers.get('content-length') ?? NaN)
  if (length > maxBytes) return undefined
  // What is not compressed is not longer than it says: node's parser sees to that.
  if (length >= 0 && !response.headers.has('content-encoding')) return new Uint8Array(await response.arrayBuffer())
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const UTF8 = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Parses JSON; `undefined` if it is none. What the parser says is swallowed: it quotes the text. */
function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(UTF8.decode(bytes)) as unknown
  } catch (error) {
    // A TypeError: no UTF-8. A SyntaxError: no JSON. A RangeError: nested too deep.
    if (error instanceof TypeError || error instanceof SyntaxError || error instanceof RangeError) return undefined
    throw error
  }
}

/** Reads `Retry-After`: seconds, or a date (RFC 9110, 10.2.3). */
function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined
  const text = header.trim()
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const date = Date.parse(text)
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now())
}

function connectionFailure(settings: HttpSettings, request: HttpRequest, error: unknown): Failure {
  const code = networkCode(error)
  const told = code === undefined ? 'the connection failed' : `the connection failed (${code})`
  if (code !== undefined && NOT_CONNECTED.has(code)) return failure(settings, request, 'refused', told)
  if (code === undefined || !NOT_TRUSTED.test(code)) return failure(settings, request, 'broken', told)
  const hint = 'If a private authority signed its certificate, name that in NODE_EXTRA_CA_CERTS.'
  return failure(settings, request, 'hopeless', `its certificate is not trusted, or it speaks no TLS (${code})`, hint)
}

/** Gives the code of a network error, of it or of what led to it. A code is a word, and quotes nothing. */
export function networkCode(error: unknown): string | undefined {
  for (let current = error, depth = 0; current instanceof Error && depth < 4; current = current.cause, depth += 1) {
    const code: unknown = (current as { code?: unknown }).code
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(code)) return code
  }
  return undefined
}

function failure(
  { store }: HttpSettings,
  request: HttpRequest,
  kind: FailureKind,
  reason: string,
  hint?: string,
): Failure {
  const isUnclear = !request.reads && (kind === 'broken' || kind === 'late')
  const unknown = isUnclear ? ' Whether it happened is not known.' : ''
  return {
    error: new StoreError('UNAVAILABLE', `Could not ${request.doing}: ${store}: ${reason}.${unknown}`, { store, hint }),
    kind,
  }
}

function stoppedBy({ closed }: HttpSettings, { reads, signal }: HttpRequest): AbortSignal[] {
  return [...(reads ? [closed] : []), ...(signal === undefined ? [] : [signal])]
}

function anyOf(settings: HttpSettings, request: HttpRequest): AbortSignal {
  return AbortSignal.any(stoppedBy(settings, request))
}

function assertWanted({ closed, store }: HttpSettings, { reads, signal }: HttpRequest): void {
  signal?.throwIfAborted()
  if (reads && closed.aborted) throw closedError(store)
}
