/** Reads the secrets of a call, and checks what stores answer. */
import {
  isLatchkeyError,
  type MissingSecret,
  MissingSecretsError,
  RegistrationError,
  type SecretFinding,
  StoreError,
} from '../errors.ts'
import { isKey, isValue, quoteName, type Secret, type StandardSchema } from '../secret.ts'
import type { SecretStore } from '../store.ts'
import type { Ending } from './ending.ts'
import type { Needed } from './requirement.ts'
import { schemaFindings } from './schema.ts'

/** A registry's store, or what tells it for a scope. */
export type StoreSource = SecretStore | ((scope: string) => SecretStore)

/** A requirement, in the scope in which this call or check looks for it. */
export interface Placed {
  readonly need: Needed
  readonly scope: string
}

/** A requirement and the secret that meets it; `undefined` for an optional one that is absent. */
export interface Found extends Placed {
  readonly secret: Secret | undefined
}

/** Gives the store of a scope. */
export function storeOf(source: StoreSource, scope: string): SecretStore {
  if (typeof source !== 'function') return source
  const store: unknown = source(scope)
  if (typeof store === 'object' && store !== null) return store as SecretStore
  throw new StoreError('BAD_ANSWER', `The store function of createRegistry gave no store for scope ${scope}.`, {
    scope,
  })
}

/**
 * Reads what is required: one batch per store, each secret once.
 *
 * @throws StoreError if a store fails or answers nonsense; absence is not an error here.
 */
export async function readSecrets(
  source: StoreSource,
  placed: readonly Placed[],
  ending?: Pick<Ending, 'signal'>,
): Promise<Found[]> {
  if (placed.length === 0) return []
  const batches = new Map<SecretStore, Map<string, { name: string; scope: string; keys: string[] | undefined }>>()
  for (const { need, scope } of placed) {
    const store = storeOf(source, scope)
    const batch = batches.get(store) ?? new Map<string, { name: string; scope: string; keys: string[] | undefined }>()
    batches.set(store, batch)
    const address = `${scope}\0${need.name}`
    const request = batch.get(address)
    if (request === undefined) batch.set(address, { name: need.name, scope, keys: need.only && [...need.only] })
    else request.keys = need.only && request.keys && [...new Set([...request.keys, ...need.only])]
  }
  const answers = new Map<string, Secret | undefined>()
  await Promise.all(
    [...batches].map(async ([store, batch]) => {
      const requests = [...batch.values()]
      const secrets = await askStore(store, () => store.getMany(requests, askedWith(store, ending)))
      if (!Array.isArray(secrets) || secrets.length !== requests.length) {
        throw badAnswer(store, 'it did not answer each request')
      }
      requests.forEach(({ scope, name }, index) => {
        answers.set(`${scope}\0${name}`, checkedSecret(store, scope, name, secrets[index]))
      })
    }),
  )
  return placed.map(({ need, scope }) => ({ need, scope, secret: answers.get(`${scope}\0${need.name}`) }))
}

/** A store that answers at once has nothing to give up, and a signal costs more than its answer. */
function askedWith(store: SecretStore, ending: Pick<Ending, 'signal'> | undefined): { signal?: AbortSignal } {
  return ending === undefined || store.capabilities.syncDescribe ? {} : { signal: ending.signal() }
}

/** Asks a store; what it throws becomes a StoreError without its text, unless it is one. */
export async function askStore<T>(store: SecretStore, ask: () => T | Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    throw storeFailure(store, error)
  }
}

/** What to throw for what a store threw: an SDK's words may quote values, so only its name and errno code are kept. */
export function storeFailure(store: SecretStore, error: unknown): unknown {
  if (isLatchkeyError(error)) return error
  if (typeof error === 'object' && error !== null && (error as Error).name === 'AbortError') return error
  const { name, code } = (typeof error === 'object' && error !== null ? error : {}) as {
    name?: unknown
    code?: unknown
  }
  const kind = [name, code].filter((part) => typeof part === 'string' && /^[A-Za-z_][A-Za-z0-9_]{0,60}$/.test(part))
  return new StoreError(
    'STORE_FAILED',
    `Store ${store.name} failed${kind.length === 0 ? '' : ` (${kind.join(', ')})`}. Its own words are withheld: they may hold values.`,
    { store: store.name, hint: 'A store should throw StoreError with a code: see docs/errors.md.' },
  )
}

function badAnswer(
  store: SecretStore,
  what: string,
  where: { scope?: string; secret?: string; key?: string } = {},
): StoreError {
  const of = where.secret === undefined ? '' : ` for secret ${where.secret} (scope ${where.scope ?? ''})`
  return new StoreError('BAD_ANSWER', `Store ${store.name} broke its contract${of}: ${what}.`, {
    store: store.name,
    ...where,
    hint: 'Run the conformance suite of latchkey/testing over the store.',
  })
}

/** Takes from an answer what a secret is made of: own string pairs only. */
function checkedSecret(store: SecretStore, scope: string, name: string, answer: unknown): Secret | undefined {
  if (answer === undefined) return undefined
  const where = { scope, secret: name }
  const secret = (answer ?? {}) as Partial<Secret>
  if (typeof secret.version !== 'string' || typeof secret.values !== 'object' || (secret.values as unknown) === null) {
    throw badAnswer(store, 'its answer is neither a secret nor undefined', where)
  }
  const values = checkedOnce.get(secret.values) ?? checkedPairs(store, where, secret.values)
  return { name, scope, version: secret.version, values }
}

/** Copies of frozen answers that were checked before: they cannot have changed. */
const checkedOnce = new WeakMap<object, Readonly<Record<string, string>>>()

function checkedPairs(
  store: SecretStore,
  where: { scope: string; secret: string },
  pairs: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
  const values = Object.create(null) as Record<string, string>
  for (const key of Object.keys(pairs)) {
    const value = pairs[key]
    if (!isKey(key)) throw badAnswer(store, `${quoteName(key)} is not a key`, where)
    if (!isValue(value)) {
      throw badAnswer(store, `the value of ${key} is not a well-formed string without NUL`, { ...where, key })
    }
    values[key] = value
  }
  Object.freeze(values)
  if (Object.isFrozen(pairs)) checkedOnce.set(pairs, values)
  return values
}

/** Which keys of a secret are injected for a requirement. */
export function injectedKeys(need: Needed, has: readonly string[]): string[] {
  return need.only === undefined ? [...has] : need.only.filter((key) => has.includes(key))
}

/** Lists what a requirement lacks, given the keys of its secret, or `undefined` where that is not there. */
export function missingOf(fn: string, { need, scope }: Placed, keys: readonly string[] | undefined): MissingSecret[] {
  if (keys === undefined) return need.optional ? [] : [{ function: fn, scope, secret: need.name }]
  const absent = need.required.filter((key) => !keys.includes(key))
  return absent.map((key) => ({ function: fn, scope, secret: need.name, key }))
}

/** Throws everything that is missing, in one error. */
export function requireAll(fn: string, found: readonly Found[]): void {
  const missing = found.flatMap((item) => missingOf(fn, item, item.secret && Object.keys(item.secret.values)))
  if (missing.length > 0) throw new MissingSecretsError(missing)
}

/** Finds the values that do not fit their definition's schema. */
export async function findInvalid(fn: string, found: readonly Found[]): Promise<SecretFinding[]> {
  const findings: SecretFinding[] = []
  for (const { need, scope, secret } of found) {
    for (const [key, schema] of Object.entries<StandardSchema>(need.schemas)) {
      const value = secret?.values[key]
      if (value === undefined) continue
      const { issues } = await schemaFindings(schema, value)
      for (const issue of issues ?? []) findings.push({ function: fn, scope, secret: need.name, key, ...issue })
    }
  }
  return findings
}

/** Throws every value that does not fit its schema, in one error. */
export function requireValid(findings: readonly SecretFinding[]): void {
  if (findings.length === 0) return
  const places = findings.map(({ secret, key, scope, code }) => {
    return `key ${key} of secret ${secret} (scope ${scope})${code === undefined ? '' : `: ${code}`}`
  })
  throw new RegistrationError('INVALID_SECRET_VALUE', `${findings[0]?.function ?? ''}: ${places.join('; ')}`, {
    findings,
    hint: "The value does not fit the schema of the secret's definition: correct the one or the other.",
  })
}
