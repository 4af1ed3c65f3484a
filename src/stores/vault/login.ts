/** Where tokens come from: a string, a function, or a login. */
import { StoreError } from '../../errors.ts'
import { sendRequest } from '../http.ts'
import type { HttpAnswer, HttpSettings } from '../http.ts'
import { isRecord } from '../http-body.ts'
import { answerError, STORE } from './failure.ts'
import { isCredential } from './settings.ts'
import type { AppRoleAuth, KubernetesAuth, VaultSettings } from './settings.ts'

/** A token, and how long it can be used. */
export interface Lease {
  readonly token: string
  /** Milliseconds from now; left out where it is not known, or does not end. */
  readonly ttlMs?: number
  /** It can be renewed before that. */
  readonly renewable: boolean
}

/** Something that gives tokens. */
export interface TokenSource {
  /** Gives a token. */
  readonly login: () => Promise<Lease>
  /** Gives the same token more time. */
  readonly renew: (token: string) => Promise<Lease>
  /** False: it has but one token to give. */
  readonly again: boolean
}

const MAX_ANSWER_BYTES = 1024 * 1024

/** Makes the source of tokens that the options name. */
export function tokenSource(settings: VaultSettings, http: HttpSettings): TokenSource {
  const call = (doing: string, method: string, path: string, body: unknown, token?: string) =>
    sendRequest(http, {
      method,
      url: `${settings.base}/${path}`,
      headers: { ...settings.headers, ...(token === undefined ? {} : { 'x-vault-token': token }) },
      body: body === undefined ? undefined : JSON.stringify(body),
      // A login may use up a secret id; the other two can be repeated.
      reads: token !== undefined,
      maxBytes: MAX_ANSWER_BYTES,
      doing,
    })
  const renew = async (token: string): Promise<Lease> =>
    leaseIn(await call('renew the token', 'POST', 'auth/token/renew-self', {}, token), 'renew the token')

  const { credentials } = settings
  if ('auth' in credentials) {
    const { auth } = credentials
    const login = async (): Promise<Lease> => {
      const body =
        auth.method === 'approle' ? await appRoleLogin(auth, settings.timeoutMs) : await kubernetesLogin(auth, settings)
      const doing = `log in by ${auth.method}`
      return leaseIn(await call(doing, 'POST', `auth/${auth.mount}/login`, body), doing)
    }
    return { login, renew, again: true }
  }

  const login = async (): Promise<Lease> => {
    const token = await credential(credentials.token, 'token', settings.timeoutMs)
    if (!credentials.renew) return { token, renewable: false }
    const doing = "look up the token's lifetime"
    return { ...lifetimeIn(await call(doing, 'GET', 'auth/token/lookup-self', undefined, token), doing), token }
  }
  return { login, renew, again: typeof credentials.token === 'function' }
}

async function appRoleLogin({ roleId, secretId }: AppRoleAuth, timeoutMs: number): Promise<unknown> {
  return { role_id: roleId, secret_id: await credential(secretId, 'secretId', timeoutMs) }
}

/** The file is read at each login: Kubernetes replaces it before its token expires. */
async function kubernetesLogin({ role, jwtFile }: KubernetesAuth, settings: VaultSettings): Promise<unknown> {
  let jwt: string
  try {
    jwt = await settings.host.readFile(jwtFile)
  } catch (error) {
    const code: unknown = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
    if (typeof code !== 'string') throw error
    throw new StoreError('UNAVAILABLE', `Could not log in by kubernetes: jwtFile cannot be read (${code}).`, {
      store: STORE,
      hint: `Is the service account's token mounted at ${jwtFile}?`,
    })
  }
  return { role, jwt: jwt.trim() }
}

/** Gives a credential of the options, or asks the function that gives it. What that fails with is not passed on. */
async function credential(
  source: string | (() => unknown),
  option: 'token' | 'secretId',
  timeoutMs: number,
): Promise<string> {
  if (typeof source === 'string') return source
  let given: unknown
  try {
    given = await inTime(source, timeoutMs)
  } catch (error) {
    if (error instanceof StoreError) throw error
    throw new StoreError('UNAVAILABLE', `The function that gives ${option} failed, or took too long.`, { store: STORE })
  }
  if (isCredential(given)) return given
  throw new StoreError(
    'INVALID',
    `The function that gives ${option} gave none: it must be printable and without blanks.`,
    {
      store: STORE,
      hint: 'What is read from a file often ends in a line break.',
    },
  )
}

/** Gives what a function gives, and rejects if that takes too long. */
async function inTime(give: () => unknown, timeoutMs: number): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error('too late'))
    }, timeoutMs)
  })
  try {
    return await Promise.race([give(), late])
  } finally {
    clearTimeout(timer)
  }
}

/** Reads what a login or a renewal answers. */
function leaseIn(answer: HttpAnswer, doing: string): Lease {
  const auth = answer.status === 200 && isRecord(answer.body) ? answer.body['auth'] : undefined
  if (!isRecord(auth) || !isCredential(auth['client_token'])) throw loginError(answer, doing)
  return { token: auth['client_token'], ...lifetime(auth['lease_duration'], auth['renewable']) }
}

/** Reads what `lookup-self` answers. */
function lifetimeIn(answer: HttpAnswer, doing: string): Omit<Lease, 'token'> {
  const data = answer.status === 200 && isRecord(answer.body) ? answer.body['data'] : undefined
  if (!isRecord(data)) throw loginError(answer, doing)
  return lifetime(data['ttl'], data['renewable'])
}

/** A lifetime of 0 seconds is that of a root token: it does not end. */
function lifetime(seconds: unknown, renewable: unknown): Omit<Lease, 'token'> {
  const ends = typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0
  return ends ? { ttlMs: seconds * 1000, renewable: renewable === true } : { renewable: false }
}

/** Vault answers 400 to credentials that it does not know. */
function loginError(answer: HttpAnswer, doing: string): StoreError {
  const status = answer.status === 400 && isRecord(answer.body) ? 403 : answer.status
  return answerError({ ...answer, status }, doing, { store: STORE })
}
