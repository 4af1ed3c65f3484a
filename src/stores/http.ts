/**
 * Requests to an engine that speaks JSON over HTTP. Each of them ends in time, what is read of an answer is bounded, and
 * nothing is sent again that may have happened already. No text of an answer, and no error of `fetch`, gets any further:
 * both may quote what was sent or read.
 */
import { StoreError } from '../errors.ts'
import { onAbort } from './abort.ts'
import { boundedBody, parsedJson, retryAfter } from './http-body.ts'
import { networkFailure } from './http-network.ts'
import type { NetworkFailure } from './http-network.ts'
import { closedError } from './request.ts'

/** The parts of the machine that waiting depends on. */
export interface HttpHost {
  /** Waits; ends at once, without an error, when the signal aborts. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>
  /** A number from 0 to below 1. */
  readonly random: () => number
}

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
  /** What an error of it is about. */
  readonly about?: { readonly scope?: string; readonly secret?: string } | undefined
}

/** An answer, whatever its status. */
export interface HttpAnswer {
  readonly status: number
  /** The parsed body; `undefined` if the body is not JSON, or does not say that it is. */
  readonly body: unknown
  /** What `Retry-After` asks for: milliseconds. */
  readonly retryAfterMs: number | undefined
}

/** How an attempt failed, see `NetworkFailure`. `late`: the engine may have acted, and whoever waits has waited long enough. */
type FailureKind = NetworkFailure['kind'] | 'late'

interface Failure {
  readonly error: StoreError
  readonly kind: FailureKind
}

/** The longest pause between two attempts. An engine that asks for a longer one is not asked again. */
const MAX_PAUSE_MS = 10_000
const FIRST_PAUSE_MS = 100
const MAX_REDIRECTS = 2

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
  // A fetch that was put in place of the global one may not listen to its signal.
  const stopped = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => {
      reject(new Error('stopped'))
    })
  })
  const forgets = stoppedBy(settings, request).map((signal) => onAbort(signal, stop))
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
    for (const forget of forgets) forget()
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
    return { error: new StoreError('TOO_LARGE', message, { ...request.about, store: settings.store }), kind: 'late' }
  }
  const isJson = /^application\/json\b/i.test(response.headers.get('content-type') ?? '')
  return {
    status: response.status,
    body: isJson ? parsedJson(bytes) : undefined,
    retryAfterMs: retryAfter(response.headers.get('retry-after')),
  }
}

function connectionFailure(settings: HttpSettings, request: HttpRequest, error: unknown): Failure {
  const { kind, reason, hint } = networkFailure(error)
  return failure(settings, request, kind, reason, hint)
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
  const message = `Could not ${request.doing}: ${store}: ${reason}.${unknown}`
  return { error: new StoreError('UNAVAILABLE', message, { ...request.about, store, hint }), kind }
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
