/** The options of a store in etcd, checked, with what was left out filled in. */
import { argumentError } from '../../errors.ts'
import type { MaybePromise } from '../../store.ts'
import { nodeTiming } from '../timing.ts'
import type { HttpHost } from '../http.ts'
import { assertOptions } from '../request.ts'
import { SEALING_OPTIONS, sealingSettings } from '../sealing/settings.ts'
import type { SealingOptions, SealingSettings } from '../sealing/settings.ts'
import { wholeSetting } from '../setting.ts'
import { STORE } from './failure.ts'

/** Which etcd to use, as whom, and how patiently. */
export interface EtcdStoreOptions extends SealingOptions {
  /**
   * The URL of a member, e.g. `https://etcd.example.org:2379`, or those of several members of one cluster: when one does not
   * answer, the next is asked.
   */
  readonly address: string | URL | readonly (string | URL)[]
  /** The user, where etcd asks for one. Default: none. */
  readonly username?: string | undefined
  /** The user's password, or a function that gives it for each login. Default: none. */
  readonly password?: string | (() => MaybePromise<string>) | undefined
  /** What all keys of the store begin with. Each prefix is a store of its own. Default: `latchkey/`. */
  readonly prefix?: string | undefined
  /** How long one attempt at a request may take, its answer's body included: milliseconds. Default: 10,000. */
  readonly timeoutMs?: number | undefined
  /** How often a request is sent again, where nothing can happen twice by that: 0 to 10. Default: 2. */
  readonly retries?: number | undefined
  /** How long a watch may hear nothing before it asks on a new connection: milliseconds, from 100. Default: 30,000. */
  readonly watchCheckMs?: number | undefined
  /** What requests are made with, e.g. one with a client certificate. Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

/** As whom a store asks. */
interface Login {
  readonly username: string
  readonly password: string | (() => unknown)
}

/** The options of a store in etcd in use. */
export interface EtcdSettings {
  /** URLs that API paths are appended to, ending in `/v3`. */
  readonly bases: readonly [string, ...string[]]
  readonly login: Login | undefined
  readonly prefix: string
  readonly timeoutMs: number
  readonly retries: number
  readonly watchCheckMs: number
  readonly fetch: typeof globalThis.fetch
  readonly host: HttpHost
  readonly sealing: SealingSettings
}

const CALLER = 'etcdStore'
const OPTIONS = [
  ...['address', 'username', 'password', 'prefix', 'timeoutMs', 'retries', 'watchCheckMs', 'fetch'],
  ...SEALING_OPTIONS,
]
/** Printable and without blanks; as long as keys may well be. */
const PREFIX = /^[\x21-\x7e]{1,256}$/
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Checks the options of `etcdStore`. */
export function etcdSettings(options: EtcdStoreOptions): EtcdSettings {
  assertOptions(CALLER, options, OPTIONS)
  const given: unknown = options
  if (given === undefined) throw wrong('give { address }.')
  const prefix: unknown = options.prefix ?? 'latchkey/'
  if (typeof prefix !== 'string' || !PREFIX.test(prefix)) {
    throw wrong('prefix must be 1 to 256 printable characters without blanks.')
  }
  const fetchGiven: unknown = options.fetch
  if (fetchGiven !== undefined && typeof fetchGiven !== 'function') throw wrong('fetch must be a function.')
  return {
    bases: basesOf(options.address),
    login: loginOf(options.username, options.password),
    prefix,
    timeoutMs: wholeSetting(CALLER, 'timeoutMs', options.timeoutMs ?? 10_000, 1, LONGEST_TIMER_MS),
    retries: wholeSetting(CALLER, 'retries', options.retries ?? 2, 0, 10),
    watchCheckMs: wholeSetting(CALLER, 'watchCheckMs', options.watchCheckMs ?? 30_000, 100, LONGEST_TIMER_MS),
    // Looked up at each request: tools that observe requests replace the global one later.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    host: nodeTiming,
    sealing: sealingSettings(CALLER, STORE, options),
  }
}

function basesOf(given: unknown): [string, ...string[]] {
  const [first, ...others] = Array.isArray(given) ? (given as unknown[]) : [given]
  return [baseOf(first), ...others.map(baseOf)]
}

function baseOf(given: unknown): string {
  const text = given instanceof URL ? given.href : given
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url?.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (url !== undefined && isPlain && /^https?:$/.test(url.protocol)) {
    return `${url.origin}${url.pathname.replace(/\/+$/, '')}/v3`
  }
  throw wrong('address must be http or https URLs without credentials, e.g. https://etcd.example.org:2379.')
}

function loginOf(username: unknown, password: unknown): Login | undefined {
  if (username === undefined && password === undefined) return undefined
  if (typeof username !== 'string' || username === '')
    throw wrong('username must be a string, where there is a password.')
  if (typeof password === 'function') return { username, password: password as () => unknown }
  if (typeof password === 'string' && password !== '') return { username, password }
  throw wrong('password must be a string or a function, where there is a username.')
}

function wrong(message: string): TypeError {
  return argumentError('INVALID_OPTION', `${CALLER}: ${message}`)
}
