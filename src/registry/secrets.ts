/** Reads the secrets of a call, and tells what is missing or does not fit. */
import { type MissingSecret, MissingSecretsError, RegistrationError, type SecretFinding } from '../errors.ts'
import type { Secret, StandardSchema } from '../secret.ts'
import type { SecretStore } from '../store.ts'
import { badAnswer } from '../stores/bad-answer.ts'
import { askStore, checkedSecret, storeOf, type StoreSource } from './answer.ts'
import type { Ending } from './ending.ts'
import { type Reader, traceRead } from './events.ts'
import type { Needed } from './requirement.ts'
import { schemaFindings } from './schema.ts'

/** A requirement, in the scope in which this call or check looks for it. */
export interface Placed {
  readonly need: Needed
  readonly scope: string
}

/** A requirement and the secret that meets it; `undefined` for an optional one that is absent. */
export interface Found extends Placed {
  readonly secret: Secret | undefined
}

/**
 * Reads what is required: one batch per store, each secret once.
 *
 * @param reader - for whom, as the events of the read say it.
 * @throws StoreError if a store fails or answers nonsense; absence is not an error here.
 */
export async function readSecrets(
  source: StoreSource,
  placed: readonly Placed[],
  reader: Reader,
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
      const read = (): Promise<void> =>
        askStore(store, async () => {
          const secrets: unknown = await store.getMany(requests, askedWith(store, ending))
          if (!Array.isArray(secrets) || secrets.length !== requests.length) {
            throw badAnswer(store, 'it did not answer each request')
          }
          requests.forEach(({ scope, name }, index) => {
            answers.set(`${scope}\0${name}`, checkedSecret(store, scope, name, secrets[index]))
          })
        })
      await traceRead(reader, requests, read, ({ scope, name }) => answers.get(`${scope}\0${name}`))
    }),
  )
  return placed.map(({ need, scope }) => ({ need, scope, secret: answers.get(`${scope}\0${need.name}`) }))
}

/** A store that answers at once has nothing to give up, and a signal costs more than its answer. */
function askedWith(store: SecretStore, ending: Pick<Ending, 'signal'> | undefined): { signal?: AbortSignal } {
  return ending === undefined || store.capabilities.syncDescribe ? {} : { signal: ending.signal() }
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
