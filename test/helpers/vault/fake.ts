/** A Vault for tests: it speaks the HTTP of the KV engine, on loopback, and fails as it is told to. */
import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { data, emptyStorage, refusal } from './storage.ts'
import type { Answer, Storage } from './storage.ts'

/** A request, and what the fake would answer to it. */
interface Exchange {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly response: ServerResponse
  /** Does what is asked, and gives the answer. */
  readonly answer: () => Answer
}

/** Answers in place of the fake, or does not. */
export type Fault = (exchange: Exchange) => void

/** A token that the fake knows. */
interface Known {
  /** Seconds; 0: it does not end. */
  readonly ttl: number
  readonly renewable: boolean
  /** What the token may not reach. */
  readonly forbidden?: RegExp
}

/** A running fake. */
export interface FakeVault {
  readonly address: string
  /** One that may do everything. */
  readonly token: string
  readonly tokens: Map<string, Known>
  /** What Vault tells of the mount `secret`. */
  mount: { readonly type: string; readonly options: object | null }
  /** The content of the mount `secret` of a namespace. */
  readonly storage: (namespace?: string) => Storage
  /** The requests that came in, as `GET /v1/…`. */
  readonly requests: string[]
  /** What becomes of the next requests, one each. */
  readonly faults: Fault[]
  /** What becomes of every request. */
  always: Fault | undefined
  /** Called for each login with its body; gives a token. */
  login: (method: string, body: unknown) => string | undefined
  stop(): Promise<void>
}

const MAX_REQUEST = 32 * 1024 * 1024

/** Starts a fake. With a key and a certificate, it speaks TLS. */
export async function startFakeVault(tls?: { readonly key: string; readonly cert: string }): Promise<FakeVault> {
  const storages = new Map<string, Storage>()
  const storageOf = (namespace = ''): Storage => {
    const storage = storages.get(namespace) ?? emptyStorage()
    storages.set(namespace, storage)
    return storage
  }
  const listener: RequestListener = (request, response) => {
    void bodyOf(request).then((body) => {
      const { method = '', url = '', headers } = request
      vault.requests.push(`${method} ${url}`)
      const exchange = {
        method,
        path: url,
        headers,
        response,
        answer: () => answerTo(vault, method, url, headers, body),
      }
      const fault = vault.faults.shift() ?? vault.always
      if (fault === undefined) send(response, exchange.answer())
      else fault(exchange)
    })
  }
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const vault: FakeVault = {
    address: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    token: 'hvs.root-canary-5c1e',
    tokens: new Map([['hvs.root-canary-5c1e', { ttl: 0, renewable: false }]]),
    mount: { type: 'kv', options: { version: '2' } },
    storage: storageOf,
    requests: [],
    faults: [],
    always: undefined,
    login: () => undefined,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
  return vault
}

/** Sends an answer as Vault does. */
export function send(response: ServerResponse, { status, json }: Answer, headers: Record<string, string> = {}): void {
  response.writeHead(status, {
    'cache-control': 'no-store',
    ...(json === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) }),
    ...headers,
  })
  response.end(json)
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

function answerTo(
  vault: FakeVault,
  method: string,
  url: string,
  headers: IncomingMessage['headers'],
  body: string,
): Answer {
  if (headers['x-vault-request'] !== 'true') return refusal(412, "missing header 'X-Vault-Request'")
  if (body.length > MAX_REQUEST) return refusal(413, 'http: request body too large')
  const { pathname, searchParams } = new URL(url, 'http://vault')
  const path = decodeURIComponent(pathname).replace('/v1/', '')
  const login = /^auth\/(.+)\/login$/.exec(path)?.[1]
  if (login !== undefined) return loginAnswer(vault, login, body)
  const token = String(headers['x-vault-token'])
  const known = vault.tokens.get(token)
  if (known === undefined || known.forbidden?.test(path)) return refusal(403, 'permission denied')
  if (path === 'auth/token/lookup-self')
    return data(200, JSON.stringify({ ttl: known.ttl, renewable: known.renewable }))
  if (path === 'auth/token/renew-self') return authAnswer(token, known)
  const storage = vault.storage(headers['x-vault-namespace'] as string | undefined)
  if (path === 'sys/internal/ui/mounts/secret') return data(200, JSON.stringify(vault.mount))
  const [mount, api, ...rest] = path.split('/')
  if (mount !== 'secret') return refusal(404, `no handler for route "${path}". route entry not found.`)
  return engineAnswer(storage, `${method} ${String(api)}`, rest.join('/'), searchParams, body)
}

function engineAnswer(storage: Storage, what: string, path: string, query: URLSearchParams, body: string): Answer {
  switch (what) {
    case 'GET data': {
      const version = query.get('version')
      return storage.read(path, version === null ? undefined : Number(version))
    }
    case 'POST data': {
      const { data: map, options } = JSON.parse(body) as { data: unknown; options?: { cas?: number } }
      return storage.write(path, JSON.stringify(map), options?.cas)
    }
    case 'POST destroy':
      return storage.destroy(path, (JSON.parse(body) as { versions: number[] }).versions)
    case 'GET metadata':
      return query.get('list') === 'true' ? storage.list(path) : storage.metadata(path)
    case 'DELETE metadata':
      storage.deleteMetadata(path)
      return { status: 204 }
    default:
      return refusal(405, 'unsupported operation')
  }
}

function loginAnswer(vault: FakeVault, mount: string, body: string): Answer {
  const token = vault.login(mount, JSON.parse(body))
  const known = token === undefined ? undefined : vault.tokens.get(token)
  if (token === undefined || known === undefined) return refusal(400, 'invalid role or secret ID')
  return authAnswer(token, known)
}

function authAnswer(token: string, { ttl, renewable }: Known): Answer {
  const auth = { client_token: token, accessor: 'accessor', policies: ['default'], lease_duration: ttl, renewable }
  return { status: 200, json: JSON.stringify({ request_id: 'login', data: null, auth }) }
}
