/** Checks registrations against stores, by names and keys; values are read only where a definition has schemas. */
import {
  isLatchkeyError,
  type MissingSecret,
  MissingSecretsError,
  RegistrationError,
  type SecretFinding,
  StoreError,
} from '../errors.ts'
import type { MaybePromise } from '../store.ts'
import { isLater } from '../stores/waiting.ts'
import { askStore, checkedInfo, storeFailure, storeOf, type StoreSource } from './answer.ts'
import type { Entry } from './entry.ts'
import { fitSecrets, injectedKeys, missingOf, type Placed, readSecrets, requireValid } from './secrets.ts'
import type { CheckReport } from './types.ts'
import { assignVariables } from './variables.ts'

/** What the check of one registration found. */
export interface Findings {
  readonly missing: readonly MissingSecret[]
  readonly invalid: readonly SecretFinding[]
  readonly failures: readonly { readonly placed: Placed; readonly error: unknown }[]
  readonly conflict: RegistrationError | undefined
}

/** Asks which keys a secret has; many registrations that need the same secret at the same time ask once. */
export type Describe = (placed: Placed) => MaybePromise<readonly string[] | undefined>

/** Makes a {@link Describe} over a registry's store. */
export function createDescribe(source: StoreSource): Describe {
  const asked = new Map<string, Promise<readonly string[] | undefined>>()
  return ({ need: { name }, scope }) => {
    const address = `${scope}\0${name}`
    const under = asked.get(address)
    if (under !== undefined) return under
    const store = storeOf(source, scope)
    let answer
    try {
      answer = store.describe(name, { scope })
      if (!isLater(answer)) return checkedInfo(store, scope, name, answer)
    } catch (error) {
      throw storeFailure(store, error)
    }
    const later = answer
    const promise = askStore(store, async () => checkedInfo(store, scope, name, await later)).finally(() =>
      asked.delete(address),
    )
    // Whoever asked may have met another failure first, and then nobody waits for this one.
    promise.catch(() => undefined)
    asked.set(address, promise)
    return promise
  }
}

/**
 * Checks a registration where it stands, as far as the store answers at once.
 *
 * @returns what is still to come, where the store answers later, or where values must be read.
 * @throws MissingSecretsError, RegistrationError or StoreError for what is wrong at once.
 */
export function checkNow(
  entry: Entry,
  scope: string,
  source: StoreSource,
  describe: Describe,
): Promise<Findings> | undefined {
  const placed = entry.placed(scope)
  const answers = placed.map((item) => ({ item, answer: describe(item) }))
  if (answers.some(({ answer }) => isLater(answer))) {
    return findings(entry, placed, source, ({ need, scope: of }) => {
      return answers.find(({ item }) => item.need === need && item.scope === of)?.answer
    })
  }
  const known = answers.map(({ item, answer }) => ({ item, keys: answer as readonly string[] | undefined }))
  const missing = known.flatMap(({ item, keys }) => missingOf(entry.name, item, keys))
  if (missing.length > 0) throw new MissingSecretsError(missing)
  assignVariables(entry.name, injected(known))
  return entry.hasSchemas ? findings(entry, placed, source, describe) : undefined
}

/** Checks a registration whatever the store takes for it. Never rejects: failures are findings. */
export async function findings(
  entry: Entry,
  placed: readonly Placed[],
  source: StoreSource,
  describe: Describe,
): Promise<Findings> {
  const failures: { placed: Placed; error: unknown }[] = []
  const asked = await Promise.all(
    placed.map(async (item) => {
      try {
        return [{ item, keys: await describe(item) }]
      } catch (error) {
        failures.push({ placed: item, error })
        return []
      }
    }),
  )
  const known = asked.flat()
  const missing = known.flatMap(({ item, keys }) => missingOf(entry.name, item, keys))
  let conflict: RegistrationError | undefined
  try {
    assignVariables(entry.name, injected(known))
  } catch (error) {
    if (!(error instanceof RegistrationError)) throw error
    conflict = error
  }
  const typed = known.flatMap(({ item, keys }) =>
    keys !== undefined && Object.keys(item.need.schemas).length > 0 ? [item] : [],
  )
  let invalid: readonly SecretFinding[] = []
  try {
    const reader = { function: entry.name, scope: undefined, partition: undefined, purpose: 'check' } as const
    invalid = (await fitSecrets(entry.name, await readSecrets(source, typed, reader))).findings
  } catch (error) {
    for (const item of typed) failures.push({ placed: item, error })
  }
  return { missing, invalid, failures, conflict }
}

interface Known {
  readonly item: Placed
  readonly keys: readonly string[] | undefined
}

function injected(known: readonly Known[]): { need: Placed['need']; keys: string[] }[] {
  return known.flatMap(({ item: { need }, keys }) => {
    return keys === undefined ? [] : [{ need, keys: injectedKeys(need, keys) }]
  })
}

/** Tells whether a check found nothing wrong. */
export function isClean({ missing, invalid, failures, conflict }: Findings): boolean {
  return conflict === undefined && [missing, invalid, failures].every((list) => list.length === 0)
}

/** Throws what is wrong with registrations, everything missing in one error; what could not be found out comes first. */
export function requireClean(all: readonly Findings[]): void {
  const failure = all.flatMap(({ failures }) => failures)[0]
  if (failure !== undefined) throw failure.error
  const missing = all.flatMap((found) => found.missing)
  if (missing.length > 0) throw new MissingSecretsError(missing)
  requireNoConflict(all.flatMap(({ conflict }) => conflict ?? []))
  requireValid(all.flatMap(({ invalid }) => invalid))
}

function requireNoConflict(conflicts: readonly RegistrationError[]): void {
  const [first, ...others] = conflicts
  if (first === undefined) return
  if (others.length === 0) throw first
  throw new RegistrationError(first.code, conflicts.map(({ message }) => message).join('\n'), { hint: first.hint })
}

/** Makes a report of what was found, by entry. */
export function report(found: readonly { readonly entry: Entry; readonly findings: Findings }[]): CheckReport {
  const missing = found.flatMap(({ findings }) => findings.missing)
  const invalid = found.flatMap(({ findings }) => findings.invalid)
  const failures = found.flatMap(({ entry, findings }) => {
    return findings.failures.map(({ placed: { scope, need }, error }) => {
      return { function: entry.name, scope, secret: need.name, ...told(error) }
    })
  })
  const conflicts = found.flatMap(({ entry, findings: { conflict } }) => {
    return conflict === undefined ? [] : [{ function: entry.name, code: conflict.code, message: conflict.message }]
  })
  const ok = [missing, invalid, failures, conflicts].every((list) => list.length === 0)
  return { ok, missing, invalid, failures, conflicts }
}

function told(error: unknown): { code: string; message: string } {
  const known = isLatchkeyError(error) ? error : new StoreError('STORE_FAILED', 'The store gave up.')
  return { code: String(known.code), message: known.message }
}
