/** The options of a Vault store, checked, with what was left out filled in. */
import { argumentError } from '../../errors.ts'
import { checkedRename } from '../foreign.ts'
import type { RenamedKeys } from '../foreign.ts'
import { DESCRIPTION } from '../pair-map.ts'
import { assertOptions } from '../request.ts'
import { wholeSetting } from '../setting.ts'
import type { VaultHost } from './host.ts'
import type { AppRoleLogin, KubernetesLogin, VaultStoreOptions } from './options.ts'

export type AppRoleAuth = Required<AppRoleLogin> & { readonly mount: string }
export type KubernetesAuth = Required<KubernetesLogin> & { readonly mount: string; readonly jwtFile: string }

/** As whom a store asks. */
type Credentials =
  | { readonly token: string | (() => unknown); readonly renew: boolean }
  | { readonly auth: AppRoleAuth | KubernetesAuth }

/** The options of a Vault store in use. */
export interface VaultSettings {
  /** The URL that API paths are appended to, ending in `/v1`. */
  readonly base: string
  readonly origins: ReadonlySet<string>
  readonly headers: Readonly<Record<string, string>>
  readonly credentials: Credentials
  /** Encoded for a URL, as `prefix` is. */
  readonly mount: string
  /** Empty, or with a slash at its end. */
  readonly prefix: string
  readonly rename: RenamedKeys
  readonly timeoutMs: number
  readonly retries: number
  readonly pollMs: number
  readonly fetch: typeof globalThis.fetch
  readonly host: VaultHost
}

const OPTIONS = [
  ...['address', 'token', 'renew', 'auth', 'mount', 'prefix', 'namespace', 'rename', 'redirectOrigins'],
  ...['timeoutMs', 'retries', 'pollMs', 'fetch'],
]
const JWT_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/token'
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Checks the options of `vaultStore`. */
export function vaultSettings(options: VaultStoreOptions, host: VaultHost): VaultSettings {
  const given: unknown = options
  if (given === undefined) throw wrong('address is needed.')
  assertOptions('vaultStore', options, OPTIONS)
  const address = urlOf(options.address, 'address')
  const fetchGiven: unknown = options.fetch
  if (fetchGiven !== undefined && typeof fetchGiven !== 'function') throw wrong('fetch must be a function.')
  return {
    base: `${address.origin}${address.pathname.replace(/\/+$/, '')}/v1`,
    origins: new Set([address.origin, ...origins(options.redirectOrigins)]),
    headers: { ...HEADERS, ...namespaceHeader(options.namespace) },
    credentials: credentials(options),
    mount: pathOf('mount', options.mount ?? 'secret'),
    prefix: options.prefix === undefined ? '' : `${pathOf('prefix', options.prefix)}/`,
    rename: rename(options.rename),
    timeoutMs: wholeSetting('vaultStore', 'timeoutMs', options.timeoutMs ?? 10_000, 1, LONGEST_TIMER_MS),
    retries: wholeSetting('vaultStore', 'retries', options.retries ?? 2, 0, 10),
    pollMs: wholeSetting('vaultStore', 'pollMs', options.pollMs ?? 30_000, 1, LONGEST_TIMER_MS),
    // Looked up at each request: tools that observe requests replace the global one later.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    host,
  }
}

/** The second can be demanded by a listener, against requests that somebody else's server was tricked into. */
const HEADERS = { accept: 'application/json', 'x-vault-request': 'true' }

function credentials({ token, renew, auth }: VaultStoreOptions): Credentials {
  if ((token === undefined) === (auth === undefined)) throw wrong('give either token or auth.')
  const flag: unknown = renew ?? false
  if (typeof flag !== 'boolean') throw wrong('renew must be true or false.')
  if (auth !== undefined) {
    if (renew !== undefined) throw wrong("renew belongs to token: a login's token is always renewed.")
    return { auth: checkedLogin(auth) }
  }
  const given: unknown = token
  if (typeof given === 'function') return { token: given as () => unknown, renew: flag }
  if (isCredential(given)) return { token: given, renew: flag }
  throw wrong('token must be a function, or a string that is printable and without blanks or line breaks.')
}

function checkedLogin(auth: AppRoleLogin | KubernetesLogin): AppRoleAuth | KubernetesAuth {
  const method: unknown = (auth as { method?: unknown } | null)?.method
  if (method === 'approle') {
    assertOptions('vaultStore: auth', auth, ['method', 'roleId', 'secretId', 'mount'])
    const { roleId, secretId, mount } = auth as AppRoleLogin
    if (!isCredential(roleId)) throw wrong('auth.roleId must be a string without blanks.')
    if (typeof secretId !== 'function' && !isCredential(secretId)) {
      throw wrong('auth.secretId must be a function, or a string without blanks.')
    }
    return { method, roleId, secretId, mount: pathOf('auth.mount', mount ?? 'approle') }
  }
  if (method === 'kubernetes') {
    assertOptions('vaultStore: auth', auth, ['method', 'role', 'jwtFile', 'mount'])
    const { role, jwtFile = JWT_FILE, mount } = auth as KubernetesLogin
    if (!isText(role)) throw wrong('auth.role must be a string.')
    if (!isText(jwtFile)) throw wrong('auth.jwtFile must be a path.')
    return { method, role, jwtFile, mount: pathOf('auth.mount', mount ?? 'kubernetes') }
  }
  throw wrong("auth.method must be 'approle' or 'kubernetes'.")
}

function rename(given: unknown): RenamedKeys {
  const renamed = checkedRename('vaultStore', given)
  if (renamed.has(DESCRIPTION)) throw wrong(`rename cannot map ${DESCRIPTION}, which holds descriptions.`)
  return renamed
}

function urlOf(given: unknown, option: string): URL {
  const text = given instanceof URL ? given.href : given
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url?.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (url !== undefined && isPlain && /^https?:$/.test(url.protocol)) return url
  throw wrong(`${option} must be an http or https URL without credentials, e.g. https://vault.example.org:8200.`)
}

function origins(given: unknown): string[] {
  if (given === undefined) return []
  if (!Array.isArray(given)) throw wrong('redirectOrigins must be an array.')
  return given.map((origin) => urlOf(origin, 'each of redirectOrigins').origin)
}

/** Checks a path and encodes its segments. */
function pathOf(option: string, given: unknown): string {
  const segments = isText(given) ? given.split('/') : ['']
  const isPath = segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..')
  if (isPath) return segments.map(encodeURIComponent).join('/')
  throw wrong(`${option} must be a path such as apps/billing, without a slash at its ends.`)
}

function namespaceHeader(given: unknown): Record<string, string> {
  if (given === undefined) return {}
  if (isCredential(given)) return { 'x-vault-namespace': given }
  throw wrong('namespace must be a path such as team/billing.')
}

/** Tells whether something can be sent as a credential: printable ASCII without blanks. */
export function isCredential(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && /^[^\p{Cc}\p{Cs}]+$/u.test(value)
}

function wrong(message: string): TypeError {
  return argumentError('INVALID_OPTION', `vaultStore: ${message}`)
}
