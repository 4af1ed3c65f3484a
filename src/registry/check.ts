/** Checks registrations against stores, by names and keys; values are read only where a definition has schemas. */
import { MissingSecretsError, RegistrationError } from '../errors.ts'
import type { SecretStore } from '../store.ts'
import { isLater } from '../stores/waiting.ts'
import { askStore, checkedInfo, storeFailure, storeOf, type StoreSource } from './answer.ts'
import type { Deadline } from './deadline.ts'
import type { Entry } from './entry.ts'
import { type Check, type Describe, findAll, type Findings, injected } from './findings.ts'
import { missingOf, requireValid } from './secrets.ts'
import { assignVariables } from './variables.ts'

/** A question that a store has not answered yet. */
interface Asked {
  readonly address: string
  readonly store: SecretStore
  readonly keys: Promise<readonly string[] | undefined>
  /** Tells the store that nobody waits any more. */
  readonly giveUp: AbortController
  waiting: number
}

/** Makes a {@link Describe} over a registry's store. */
export function createDescribe(source: StoreSource): Describe {
  const asked = new Map<string, Asked>()

  function forget(question: Asked): void {
    if (asked.get(question.address) === question) asked.delete(question.address)
  }

  async function wait(question: Asked, deadline: Deadline): Promise<readonly string[] | undefined> {
    question.waiting++
    try {
      return await deadline.within(question.store, question.keys)
    } catch (error) {
      // Whoever asks next asks anew: this answer may never come.
      forget(question)
      if (question.waiting === 1) question.giveUp.abort()
      throw error
    } finally {
      question.waiting--
    }
  }

  function waitFor(question: Asked, deadline: Deadline): Promise<readonly string[] | undefined> {
    const keys = wait(question, deadline)
    // Whoever asked may have met another failure first, and then nobody waits for this one.
    keys.catch(() => undefined)
    return keys
  }

  return ({ need: { name }, scope }, deadline) => {
    const address = `${scope}\0${name}`
    const under = asked.get(address)
    if (under !== undefined) return waitFor(under, deadline)
    const store = storeOf(source, scope)
    const giveUp = new AbortController()
    let answer
    try {
      answer = store.describe(name, store.capabilities.syncDescribe ? { scope } : { scope, signal: giveUp.signal })
      if (!isLater(answer)) return checkedInfo(store, scope, name, answer)
    } catch (error) {
      throw storeFailure(store, error)
    }
    const later = answer
    const keys = askStore(store, async () => checkedInfo(store, scope, name, await later))
    const question: Asked = { address, store, keys, giveUp, waiting: 0 }
    asked.set(address, question)
    void keys
      .catch(() => undefined)
      .then(() => {
        forget(question)
      })
    return waitFor(question, deadline)
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
  deadline: Deadline,
): Promise<Findings> | undefined {
  const placed = entry.placed(scope)
  const answers = placed.map((item) => ({ item, answer: describe(item, deadline) }))
  if (answers.some(({ answer }) => isLater(answer))) {
    const answered: Describe = ({ need, scope: of }) => {
      return answers.find(({ item }) => item.need === need && item.scope === of)?.answer
    }
    return findOne({ entry, scope, placed }, source, answered, deadline)
  }
  const known = answers.map(({ item, answer }) => ({ item, keys: answer as readonly string[] | undefined }))
  const missing = known.flatMap(({ item, keys }) => missingOf(entry.name, item, keys))
  if (missing.length > 0) throw new MissingSecretsError(missing)
  assignVariables(entry.name, injected(known))
  return entry.hasSchemas ? findOne({ entry, scope, placed }, source, describe, deadline) : undefined
}

async function findOne(check: Check, source: StoreSource, describe: Describe, deadline: Deadline): Promise<Findings> {
  const [found] = await findAll([check], source, describe, deadline)
  return found as Findings
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
  const [first] = conflicts
  if (first === undefined) return
  throw new RegistrationError(first.code, conflicts.map(({ message }) => message).join('\n'), { hint: first.hint })
}
