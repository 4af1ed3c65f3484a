/** Requests to the JSON gateway: as whom, and to which member. */
import { StoreError } from '../../errors.ts'
import { isRecord } from '../http-body.ts'
import { sendRequest } from '../http.ts'
import type { HttpAnswer, HttpSettings } from '../http.ts'
import { begunWork, untilAborted } from '../waiting.ts'
import { answerError, badAnswer, isCompacted, isOldToken, judge, STORE } from './failure.ts'
import type { About } from './failure.ts'
import type { EtcdSettings } from './settings.ts'

/** What a request is for. */
export interface Call {
  /** The path of the API, e.g. `kv/range`. */
  readonly path: string
  readonly body: unknown
  /** It only reads. */
  readonly reads: boolean
  /** The largest answer that is read: bytes. */
  readonly maxBytes: number
  /** What it is for, as the end of "could not". */
  readonly doing: string
  readonly about?: About | undefined
  readonly signal?: AbortSignal | undefined
}

/** Speaks to one etcd cluster. */
export interface EtcdClient {
  /**
   * Sends a request. `undefined`, for one that reads: the revision that it asks for is gone.
   *
   * @throws StoreError for every answer that is not etcd's success.
   */
  ask(call: Call): Promise<Record<string, unknown> | undefined>
  /** Opens a stream. Rejects as `fetch` does, or with a StoreError if there is no token. */
  open(path: string, body: unknown, signal: AbortSignal): Promise<Response>
  /** Lets the next request log in again. */
  forgetToken(): void
  /** Waits for writes that were sent. */
  close(): Promise<void>
}

const HEADERS = { accept: 'application/json', 'content-type': 'application/json' }
const MAX_LOGIN_ANSWER = 64 * 1024
const LOGIN = 'log in'

/** Makes the client of a store. */
export function etcdClient(settings: EtcdSettings, closed: AbortSignal): EtcdClient {
  const { bases, login, timeoutMs, retries, host } = settings
  const [first] = bases
  let member = 0

  /** Sends to the member in use, and turns to the next one when it fails. */
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const used = member
    const next = (): void => {
      if (member === used) member = (used + 1) % bases.length
    }
    const url = typeof input === 'string' && input.startsWith(first) ? input.slice(first.length) : undefined
    const base = bases[used] ?? first
    try {
      const response = await settings.fetch(url === undefined ? input : `${base}${url}`, init)
      if (response.status >= 500) next()
      return response
    } catch (error) {
      next()
      throw error
    }
  }
  const origins = new Set(bases.map((base) => new URL(base).origin))
  const http: HttpSettings = { store: STORE, fetch, timeoutMs, retries, origins, closed, host, judge }
  const writes = begunWork()

  const send = (call: Call, headers: Record<string, string>): Promise<HttpAnswer> =>
    sendRequest(http, {
      ...call,
      method: 'POST',
      url: `${first}/${call.path}`,
      headers: { ...HEADERS, ...headers },
      body: JSON.stringify(call.body),
    })

  let token: Promise<string> | undefined
  const authorized = async (signal: AbortSignal | undefined): Promise<Record<string, string>> => {
    if (login === undefined) return {}
    token ??= authenticate().catch((error: unknown) => {
      token = undefined
      throw error
    })
    return { authorization: await untilAborted(token, signal) }
  }
  const authenticate = async (): Promise<string> => {
    const body = { name: login?.username, password: await passwordOf(login?.password, timeoutMs) }
    const call = { path: 'auth/authenticate', body, reads: true, maxBytes: MAX_LOGIN_ANSWER, doing: LOGIN }
    const answer = await send(call, {})
    if (answer.status !== 200) throw answerError(answer, LOGIN, undefined, false)
    const given = isRecord(answer.body) ? answer.body['token'] : undefined
    if (typeof given === 'string' && /^[\x21-\x7e]+$/.test(given)) return given
    throw badAnswer(LOGIN, undefined)
  }

  const exchange = async (call: Call): Promise<Record<string, unknown> | undefined> => {
    const headers = await authorized(call.signal)
    const used = token
    let answer = await send(call, headers)
    if (login !== undefined && isOldToken(answer)) {
      // Nothing was done, so a write may be sent again, too. Others may have logged in meanwhile.
      if (token === used) token = undefined
      answer = await send(call, await authorized(call.signal))
    }
    if (call.reads && isCompacted(answer)) return undefined
    if (answer.status !== 200) throw answerError(answer, call.doing, call.about, !call.reads)
    // Every answer of etcd says where the cluster is. One that does not is somebody else's.
    if (isRecord(answer.body) && isRecord(answer.body['header'])) return answer.body
    throw badAnswer(call.doing, call.about, !call.reads)
  }

  return {
    ask(call) {
      return call.reads ? exchange(call) : writes.run(() => exchange(call))
    },

    async open(path, body, signal) {
      const headers = { ...HEADERS, ...(await authorized(signal)) }
      const init = { method: 'POST', headers, body: JSON.stringify(body), redirect: 'error', signal } as const
      return fetch(`${first}/${path}`, init)
    },

    forgetToken() {
      token = undefined
    },

    close: writes.ended,
  }
}

/** Gives the password, or asks the function that gives it. What that fails with is not passed on. */
async function passwordOf(source: string | (() => unknown) | undefined, timeoutMs: number): Promise<string> {
  if (typeof source === 'string') return source
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      resolve(undefined)
    }, timeoutMs)
  })
  try {
    const given: unknown = await Promise.race([source?.(), late])
    if (typeof given === 'string' && given !== '') return given
  } catch {
    // What the function failed with may quote the password.
  } finally {
    clearTimeout(timer)
  }
  throw new StoreError('UNAVAILABLE', 'The function that gives password failed, gave none, or took too long.', {
    store: STORE,
  })
}
