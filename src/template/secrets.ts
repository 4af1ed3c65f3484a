/** Reads the secrets that a plan asks for: from plain records at once, from a store in one batch. */
import { argumentError, isLatchkeyError, StoreError, type TemplateErrorCode } from '../errors.ts'
import { isKey, isSecretName } from '../secret.ts'
import type { SecretRequest, SecretStore } from '../store.ts'
import { report, templateError } from './issue.ts'
import { MISSING, ownValue } from './lookup.ts'
import type { Path } from './path.ts'
import type { Plan } from './plan.ts'
import type { SecretReader } from './sources.ts'
import type { FetchOptions } from './types.ts'

/** Why a secret has no value. */
export interface Fault {
  readonly fault: TemplateErrorCode
}

/** The values of secrets by name, as they were answered. */
export type Answers = ReadonlyMap<string, unknown>

/** Lists the secrets that a plan asks for: distinct names, and only the keys that are asked for. */
function requestsOf({ paths }: Plan, scope: string | undefined): SecretRequest[] {
  const keysByName = new Map<string, Set<string> | null>()
  for (const { isSecret, segments } of paths ?? []) {
    const [name, key] = segments
    // What cannot be a name or a key is in no store: it is missing, and the store is not asked.
    if (!isSecret || !isSecretName(name) || (key !== undefined && !isKey(key))) continue
    const keys = keysByName.get(name)
    if (key === undefined) keysByName.set(name, null)
    else if (keys === undefined) keysByName.set(name, new Set([key]))
    else keys?.add(key)
  }
  return Array.from(keysByName, ([name, keys]) => ({
    name,
    ...(keys === null ? {} : { keys: [...keys] }),
    ...(scope === undefined ? {} : { scope }),
  }))
}

/**
 * Asks a store for everything at once.
 *
 * @throws TemplateError STORE_ERROR if it fails or answers something else; the signal's reason after an abort.
 */
export async function fetchSecrets(store: SecretReader, plan: Plan, options: FetchOptions): Promise<Answers> {
  const { scope, signal } = options
  const requests = requestsOf(plan, scope)
  if (requests.length === 0) return new Map()
  return guarded(plan, signal, async () => {
    const answers: unknown = await store.getMany(requests, signal === undefined ? {} : { signal })
    return readAnswers(requests, answers)
  })
}

/**
 * Asks a store for the names of keys, of every secret at once. No value is read: each key that exists answers `''`.
 *
 * @throws as {@link fetchSecrets}.
 */
export async function describeSecrets(store: SecretReader, plan: Plan, options: FetchOptions): Promise<Answers> {
  const { scope, signal } = options
  if (!isDescriber(store)) {
    throw argumentError('INVALID_OPTION', 'contexts.SECRETS: a check needs a store that can describe its secrets.')
  }
  const requests = requestsOf(plan, scope)
  return guarded(plan, signal, async () => {
    const answers = await Promise.all(
      requests.map(async ({ name }): Promise<[string, unknown]> => {
        const info: unknown = await store.describe(name, {
          ...(scope === undefined ? {} : { scope }),
          ...(signal === undefined ? {} : { signal }),
        })
        return [name, info === undefined ? undefined : describedValues(name, info)]
      }),
    )
    return new Map(answers)
  })
}

function isDescriber(store: SecretReader): store is SecretReader & Pick<SecretStore, 'describe'> {
  return typeof (store as Partial<SecretStore>).describe === 'function'
}

function describedValues(name: string, info: unknown): Record<string, string> {
  const keys: unknown = typeof info === 'object' && info !== null ? (info as { keys?: unknown }).keys : undefined
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string')) {
    throw new StoreError('BAD_ANSWER', `The store's description of ${name} names no keys.`, { secret: name })
  }
  const values = Object.create(null) as Record<string, string>
  for (const key of keys) values[key] = ''
  return values
}

/** Runs what asks a store: its failures become STORE_ERROR, an abort ends the wait. */
async function guarded(plan: Plan, signal: AbortSignal | undefined, ask: () => Promise<Answers>): Promise<Answers> {
  try {
    const asked = ask()
    const answers = await (signal === undefined ? asked : untilAborted(asked, signal))
    signal?.throwIfAborted()
    return answers
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason
    throw storeError(plan, error)
  }
}

/** Rejects with the signal's reason if that comes before the answer. A later answer or failure is dropped. */
async function untilAborted<T>(asked: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason is the caller's own
      reject(signal.reason)
    }
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
  })
  try {
    return await Promise.race([asked, aborted])
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop)
  }
}

function readAnswers(requests: readonly SecretRequest[], answers: unknown): Answers {
  if (!Array.isArray(answers) || answers.length !== requests.length) {
    throw new StoreError('BAD_ANSWER', 'The store did not give one answer for each request.')
  }
  const byName = new Map<string, unknown>()
  requests.forEach(({ name }, index) => {
    const answer: unknown = answers[index]
    if (answer === undefined) return
    if (typeof answer !== 'object' || answer === null) {
      throw new StoreError('BAD_ANSWER', `The store's answer for ${name} is no secret.`, { secret: name })
    }
    const { name: answered, values } = answer as { name?: unknown; values?: unknown }
    if ((answered !== undefined && answered !== name) || typeof values !== 'object' || values === null) {
      throw new StoreError('BAD_ANSWER', `The store's answer for ${name} is another secret or none.`, { secret: name })
    }
    byName.set(name, values)
  })
  return byName
}

/** Makes the error of a store that failed: the code of its own error, never the text of a foreign one. */
function storeError(plan: Plan, error: unknown): Error {
  const cause = isLatchkeyError(error) ? error : new StoreError('STORE_FAILED', `The store failed${errno(error)}.`)
  const findings = { max: 1, issues: [] }
  for (const site of plan.sites ?? []) {
    for (const part of site.parts) {
      if (typeof part === 'string') continue
      const path = plan.paths?.[part.slot]
      if (path?.isSecret !== true) continue
      report(findings, 'STORE_ERROR', site, part.start, part.end, { reference: path.text })
    }
  }
  return templateError(findings.issues, cause, cause.retryable)
}

function errno(error: unknown): string {
  const code = typeof error === 'object' && error !== null ? ownValue(error, 'code') : undefined
  return typeof code === 'string' && /^E[A-Z0-9]{1,20}$/.test(code) ? ` (${code})` : ''
}

const NO_SECRET: Fault = { fault: 'SECRET_NOT_FOUND' }
const NO_KEY: Fault = { fault: 'KEY_NOT_FOUND' }
const AMBIGUOUS: Fault = { fault: 'FLAT_AMBIGUOUS' }
const NO_STRING: Fault = { fault: 'BAD_SECRET_VALUE' }

/** Finds one reference in what a store answered, or in plain records. */
export function secretValue(values: unknown, { segments }: Path): string | Fault {
  if (typeof values !== 'object' || values === null) return NO_SECRET
  const key = segments[1] ?? onlyKey(values)
  if (typeof key !== 'string') return key
  const value = ownValue(values, key)
  if (typeof value === 'string') return value
  return value === MISSING ? NO_KEY : NO_STRING
}

function onlyKey(values: object): string | Fault {
  const [only, ...others] = Object.keys(values)
  if (only === undefined) return NO_KEY
  return others.length === 0 ? only : AMBIGUOUS
}
