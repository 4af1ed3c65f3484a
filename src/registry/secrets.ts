/** Reads the secrets of a call, and tells what is missing or does not fit. */
import { createHmac, randomBytes } from 'node:crypto'
import { type MissingSecret, MissingSecretsError, RegistrationError, type SecretFinding } from '../errors.ts'
import { fitted, shownFindings } from '../schemas/fit.ts'
import type { Secret } from '../secret.ts'
import type { SecretStore } from '../store.ts'
import { badAnswer } from '../stores/bad-answer.ts'
import type { ReadTime } from '../worker/job.ts'
import { askStore, checkedSecret, storeOf, type StoreSource } from './answer.ts'
import type { Deadline } from './deadline.ts'
import type { Ending } from './ending.ts'
import { type Reader, traceRead } from './events.ts'
import type { Needed } from './requirement.ts'

/** A requirement, in the scope in which this call or check looks for it. */
export interface Placed {
  readonly need: Needed
  readonly scope: string
}

/** A requirement and the secret that meets it; `undefined` for an optional one that is absent. */
export interface Found extends Placed {
  readonly secret: Secret | undefined
  /** What is in the store, where schemas have made another secret of it. */
  readonly stored?: Secret
}

/** What gives a read up; a deadline does so even where a store takes no notice. */
type Limit = Pick<Ending, 'signal'> | Pick<Deadline, 'signal' | 'within'>

/** What was read for one call, and when. */
export interface Reading {
  readonly found: readonly Found[]
  readonly time: ReadTime
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
  limit: Limit,
): Promise<Reading> {
  const began = performance.now()
  const answers = await readBatches(source, placed, reader, limit)
  const found = placed.map(({ need, scope }) => ({ need, scope, secret: answers.get(`${scope}\0${need.name}`) }))
  return { found, time: { began, ended: performance.now() } }
}

async function readBatches(
  source: StoreSource,
  placed: readonly Placed[],
  reader: Reader,
  limit: Limit,
): Promise<ReadonlyMap<string, Secret | undefined>> {
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
          const answer = store.getMany(requests, askedWith(store, limit))
          const secrets: unknown = await ('within' in limit ? limit.within(store, answer) : answer)
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
  return answers
}

/** A store that answers at once has nothing to give up, and a signal costs more than its answer. */
function askedWith(store: SecretStore, limit: Limit): { signal?: AbortSignal } {
  return store.capabilities.syncDescribe ? {} : { signal: limit.signal() }
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

/** What the schemas of definitions made of the secrets that were found. */
export interface SecretsFit {
  /** The secrets with the values that the schemas gave. */
  readonly found: readonly Found[]
  /** What does not fit. */
  readonly findings: readonly SecretFinding[]
}

/** Holds what was found to the schemas of its definitions, all at the same time. Never rejects. */
export async function fitSecrets(fn: string, found: readonly Found[], signal?: AbortSignal): Promise<SecretsFit> {
  const findings: SecretFinding[][] = []
  const fits = found.map(async (item, index): Promise<Found> => {
    const { need, scope, secret } = item
    if (secret === undefined) return item
    const fit = await fitted(need.schemas, secret.values, signal)
    findings[index] = fit.findings.map((one) => ({ function: fn, scope, secret: need.name, ...one }))
    return fit.values === secret.values ? item : { ...item, secret: changedSecret(secret, fit.values), stored: secret }
  })
  return { found: await Promise.all(fits), findings: findings.flat() }
}

/** Gives what was found as the schemas of its definitions make it; throws all that is missing, or all that does not fit. */
export async function requireFit(fn: string, read: readonly Found[], signal?: AbortSignal): Promise<readonly Found[]> {
  requireAll(fn, read)
  const { found, findings } = await fitSecrets(fn, read, signal)
  requireValid(findings)
  return found
}

/** What schemas made of secrets before, by their values as the store keeps these: most calls find the very same. */
const changedBefore = new WeakMap<object, Map<string, Secret>>()
/** Forms kept per secret: definitions that it is required by. */
const MOST_FORMS = 16

function changedSecret(secret: Secret, values: Secret['values']): Secret {
  const version = fittedVersion(secret.version, values)
  const forms = changedBefore.get(secret.values) ?? new Map<string, Secret>()
  const same = forms.get(version)
  if (same !== undefined) return same
  // More of them are a schema's that never gives the same.
  if (forms.size >= MOST_FORMS) forms.clear()
  const changed = { ...secret, values, version }
  changedBefore.set(secret.values, forms.set(version, changed))
  return changed
}

/** Made anew in each process, and never shown. */
const VERSION_KEY = randomBytes(32)

/**
 * The version of values that schemas have changed. It is part of what makes calls share a child, and functions with other
 * definitions of the same secret must not.
 */
function fittedVersion(version: string, values: Secret['values']): string {
  const mark = createHmac('sha256', VERSION_KEY)
    .update(JSON.stringify(Object.entries(values)))
    .digest('base64url')
  return `${version}+${mark}`
}

/** Throws every value that does not fit its schema, in one error. */
export function requireValid(findings: readonly SecretFinding[]): void {
  if (findings.length === 0) return
  throw new RegistrationError('INVALID_SECRET_VALUE', `${findings[0]?.function ?? ''}: ${shownFindings(findings)}`, {
    findings,
    hint: "The value does not fit the schema of the secret's definition: correct the one or the other.",
  })
}
