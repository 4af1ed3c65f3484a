/** Requests to a KV engine: where a secret is, and with which token it is asked for. */
import { DEFAULT_SCOPE } from '../../secret.ts'
import type { SecretAddress } from '../../secret.ts'
import { orAborted } from '../abort.ts'
import { sendRequest } from '../http.ts'
import type { HttpAnswer, HttpSettings } from '../http.ts'
import { isRecord } from '../http-body.ts'
import { begunWork } from '../waiting.ts'
import { answerError, isNothing, isRefusal, judge, notVersioned, STORE } from './failure.ts'
import { tokenSource } from './login.ts'
import { foundIn } from './record.ts'
import type { Found } from './record.ts'
import type { VaultSettings } from './settings.ts'
import { heldTokens } from './tokens.ts'

/** What a request is for. */
interface Call {
  readonly method: 'GET' | 'POST'
  /** The engine's endpoint. */
  readonly api: 'data' | 'metadata' | 'destroy'
  readonly query?: string
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
  /** What it is for, as the end of "could not". */
  readonly doing: string
}

/** Whose request it is, and how much may be answered. */
interface Bounds {
  readonly maxBytes: number
  readonly about?: { readonly scope: string; readonly secret?: string }
}

/** Speaks to one KV engine. */
export interface VaultClient {
  /** Asks about a secret. An answer of any status is one. */
  ask(address: SecretAddress, call: Call): Promise<HttpAnswer>
  /** Reads what stands under a name: its newest version, or the one of a number. */
  find(address: SecretAddress, signal?: AbortSignal, number?: number): Promise<Found>
  /**
   * Lists a folder: names, and with a slash at their ends, folders within it. Sorted.
   *
   * @param folder - scope segments; empty for what scope `default` is in.
   */
  list(folder: readonly string[], signal?: AbortSignal): Promise<string[]>
  /** Waits for writes that were sent. */
  close(): Promise<void>
}

/** Six bytes of JSON for each byte of the largest secret, and as much again for what others put beside it. */
const MAX_SECRET_ANSWER = 16 * 1024 * 1024
/** Vault lists a folder whole. */
const MAX_LIST_ANSWER = 64 * 1024 * 1024

/** Makes the client of a store. */
export function vaultClient(settings: VaultSettings, closed: AbortSignal): VaultClient {
  const { base, mount, prefix, headers } = settings
  const http: HttpSettings = { ...settings, store: STORE, closed, judge }
  const tokens = heldTokens(tokenSource(settings, http), settings.host)
  const writes = begunWork()

  const send = async (
    path: string,
    { method, body, signal, doing }: Omit<Call, 'api' | 'query'>,
    bounds: Bounds,
  ): Promise<HttpAnswer> => {
    const url = `${base}/${path}`
    const sendWith = (token: string): Promise<HttpAnswer> =>
      sendRequest(http, {
        method,
        url,
        headers: {
          ...headers,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          'x-vault-token': token,
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        reads: method === 'GET',
        ...bounds,
        signal,
        doing,
      })
    const token = await tokens.current(signal)
    const answer = await sendWith(token)
    // An expired token and a forbidden path are answered alike. Nothing was done, so a write may be sent again too.
    if (!isRefusal(answer) || !tokens.refused(token)) return answer
    const second = await sendWith(await tokens.current(signal))
    if (isRefusal(second)) tokens.refusedAgain()
    return second
  }

  let mountChecked: Promise<void> | undefined
  /** Makes sure, once, that "there is nothing" is said by an engine that would know: one of version 1 says it to everything. */
  const assertVersioned = (): Promise<void> => {
    mountChecked ??= checkMount().catch((error: unknown) => {
      mountChecked = undefined
      throw error
    })
    return mountChecked
  }
  const checkMount = async (): Promise<void> => {
    const doing = 'look at the mount'
    const answer = await send(
      `sys/internal/ui/mounts/${mount}`,
      { method: 'GET', doing },
      { maxBytes: MAX_SECRET_ANSWER },
    )
    const data = answer.status === 200 && isRecord(answer.body) ? answer.body['data'] : undefined
    // A token that may not ask this has to do without the check. That nobody answered is no answer, though.
    if (!isRecord(data)) {
      if (answer.status >= 400 && answer.status < 429) return
      throw answerError(answer, doing, { store: STORE })
    }
    const { options } = data
    if (!isRecord(options) || options['version'] !== '2') throw notVersioned(doing, { store: STORE })
  }

  const engine = async (path: string, call: Call, bounds: Bounds): Promise<HttpAnswer> => {
    const { api, query = '' } = call
    const answer = await send(`${mount}/${api}/${prefix}${path}${query}`, call, bounds)
    if (isNothing(answer)) await orAborted(assertVersioned(), call.signal)
    return answer
  }

  const client: VaultClient = {
    ask(address, call) {
      const exchange = async () => engine(pathOf(address), call, { maxBytes: MAX_SECRET_ANSWER, about: address })
      return call.method === 'GET' ? exchange() : writes.run(exchange)
    },

    async find(address, signal, number) {
      const doing = `read secret ${address.secret} (scope ${address.scope})`
      const query = number === undefined ? {} : { query: `?version=${number}` }
      const answer = await client.ask(address, { method: 'GET', api: 'data', ...query, signal, doing })
      return foundIn(answer, doing, address)
    },

    async list(folder, signal) {
      const scope = folder.length === 0 ? DEFAULT_SCOPE : folder.join('/')
      const doing = `list scope ${scope}`
      const path = folder.map((segment) => `${encodeURIComponent(segment)}/`).join('')
      const answer = await engine(
        path,
        { method: 'GET', api: 'metadata', query: '?list=true', signal, doing },
        { maxBytes: MAX_LIST_ANSWER, about: { scope } },
      )
      if (isNothing(answer)) return []
      const data = answer.status === 200 && isRecord(answer.body) ? answer.body['data'] : undefined
      const names: unknown = isRecord(data) ? data['keys'] : undefined
      if (!Array.isArray(names)) throw answerError(answer, doing, { store: STORE, scope })
      return names.filter((name) => typeof name === 'string').sort()
    },

    async close() {
      tokens.close()
      await writes.ended()
    },
  }
  return client
}

/** Gives the path of a secret: its scope's segments, if that is not `default`, and its name. */
function pathOf({ scope, secret }: SecretAddress): string {
  return [...folderOf(scope), secret].map(encodeURIComponent).join('/')
}

/** Gives the segments of a scope's folder. */
export function folderOf(scope: string): string[] {
  return scope === DEFAULT_SCOPE ? [] : scope.split('/')
}
