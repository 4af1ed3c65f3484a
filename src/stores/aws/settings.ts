/** The options of an AWS store, checked, with what was left out filled in. */
import { argumentError } from '../../errors.ts'
import { checkedRename } from '../foreign.ts'
import type { RenamedKeys } from '../foreign.ts'
import { DESCRIPTION } from '../pair-map.ts'
import { assertOptions } from '../request.ts'
import { wholeSetting } from '../setting.ts'
import type { AwsCredentials, AwsStoreOptions, SecretsManagerClientLike } from './options.ts'

/** The options of an AWS store in use. */
export interface AwsSettings {
  readonly client: SecretsManagerClientLike | ClientConfig
  /** Empty, or with a slash at its end. */
  readonly prefix: string
  readonly rename: RenamedKeys
  readonly kmsKeyId: string | undefined
  readonly recoveryWindowDays: number
  readonly timeoutMs: number
  readonly pollMs: number
}

/** What the store's own client is made with. What is left out, the SDK finds. */
interface ClientConfig {
  readonly region?: string
  readonly endpoint?: string
  readonly credentials?: AwsCredentials | (() => Promise<AwsCredentials>)
}

const OPTIONS = [
  ...['client', 'region', 'endpoint', 'credentials', 'prefix', 'rename', 'kmsKeyId', 'recoveryWindowDays'],
  ...['timeoutMs', 'pollMs'],
]
const STORE = 'awsStore'
const LONGEST_TIMER_MS = 2 ** 31 - 1
/** What AWS takes in names. */
const PREFIX = /^[A-Za-z0-9_+=.@-]+(\/[A-Za-z0-9_+=.@-]+)*$/
const LONGEST_PREFIX = 256

/** Checks the options of `awsStore`. */
export function awsSettings(options: AwsStoreOptions): AwsSettings {
  assertOptions(STORE, options, OPTIONS)
  const { client, kmsKeyId, recoveryWindowDays = 0 } = options
  if (kmsKeyId !== undefined && !isText(kmsKeyId)) throw wrong('kmsKeyId must be the id, ARN or alias of a key.')
  const window = wholeSetting(STORE, 'recoveryWindowDays', recoveryWindowDays, 0, 30)
  if (window > 0 && window < 7) throw wrong('recoveryWindowDays must be 0, or from 7 to 30.')
  return {
    client: client === undefined ? clientConfig(options) : checkedClient(client, options),
    prefix: checkedPrefix(options.prefix),
    rename: rename(options.rename),
    kmsKeyId,
    recoveryWindowDays: window,
    timeoutMs: wholeSetting(STORE, 'timeoutMs', options.timeoutMs ?? 30_000, 1, LONGEST_TIMER_MS),
    pollMs: wholeSetting(STORE, 'pollMs', options.pollMs ?? 60_000, 1, LONGEST_TIMER_MS),
  }
}

function checkedClient(client: unknown, options: AwsStoreOptions): SecretsManagerClientLike {
  const { region, endpoint, credentials } = options
  if (region !== undefined || endpoint !== undefined || credentials !== undefined) {
    throw wrong('region, endpoint and credentials belong to the client, where one is given.')
  }
  const send: unknown = typeof client === 'object' && client !== null ? Reflect.get(client, 'send') : undefined
  if (typeof send === 'function') return client as SecretsManagerClientLike
  throw wrong('client must be a SecretsManagerClient of @aws-sdk/client-secrets-manager.')
}

function clientConfig({ region, endpoint, credentials }: AwsStoreOptions): ClientConfig {
  if (region !== undefined && !isText(region)) throw wrong('region must be a region, e.g. eu-central-1.')
  return {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint: urlOf(endpoint) }),
    ...(credentials === undefined ? {} : { credentials: checkedCredentials(credentials) }),
  }
}

function checkedCredentials(given: unknown): NonNullable<ClientConfig['credentials']> {
  if (typeof given === 'function') return given as () => Promise<AwsCredentials>
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = (given ?? {}) as Partial<AwsCredentials>
  const isWhole = isText(accessKeyId) && isText(secretAccessKey) && (sessionToken === undefined || isText(sessionToken))
  if (!isWhole) throw wrong('credentials must be { accessKeyId, secretAccessKey, sessionToken? }, or a function.')
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    ...(expiration === undefined ? {} : { expiration }),
  }
}

function checkedPrefix(given: unknown): string {
  if (given === undefined) return ''
  if (typeof given === 'string' && given.length <= LONGEST_PREFIX && PREFIX.test(given)) return `${given}/`
  throw wrong(`prefix must be a path such as apps/billing, of up to ${LONGEST_PREFIX} letters, digits and _+=.@-/.`)
}

function rename(given: unknown): RenamedKeys {
  const renamed = checkedRename(STORE, given)
  if (renamed.has(DESCRIPTION)) throw wrong(`rename cannot map ${DESCRIPTION}, which holds descriptions.`)
  return renamed
}

function urlOf(given: unknown): string {
  const text = given instanceof URL ? given.href : given
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') return url.href
  throw wrong('endpoint must be an http or https URL without credentials.')
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)
}

function wrong(message: string): TypeError {
  return argumentError('INVALID_OPTION', `${STORE}: ${message}`)
}
