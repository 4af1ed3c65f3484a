/** Checks many registrations at once: what each secret has is asked for once, and values are read in one batch. */
import { isLatchkeyError, type MissingSecret, RegistrationError, type SecretFinding } from '../errors.ts'
import type { Secret } from '../secret.ts'
import type { MaybePromise } from '../store.ts'
import { allOf } from '../stores/batches.ts'
import { storeOf, type StoreSource } from './answer.ts'
import type { Deadline } from './deadline.ts'
import type { Entry } from './entry.ts'
import { fitSecrets, injectedKeys, missingOf, type Placed, readSecrets } from './secrets.ts'
import { assignVariables } from './variables.ts'

/** What the check of one registration found. */
export interface Findings {
  readonly entry: Entry
  readonly scope: string
  /** What could be found out. */
  readonly known: readonly Known[]
  readonly missing: readonly MissingSecret[]
  readonly invalid: readonly SecretFinding[]
  readonly failures: readonly { readonly placed: Placed; readonly error: unknown }[]
  readonly conflict: RegistrationError | undefined
}

/** Asks which keys a secret has; many registrations that need the same secret at the same time ask once. */
export type Describe = (placed: Placed, deadline: Deadline) => MaybePromise<readonly string[] | undefined>

/** What to check: a registration in a scope. */
export interface Check {
  readonly entry: Entry
  readonly scope: string
  readonly placed: readonly Placed[]
}

/** Every registration in every scope. */
export function checksOf(entries: readonly Entry[], scopes: readonly string[]): Check[] {
  return scopes.flatMap((scope) => entries.map((entry) => ({ entry, scope, placed: entry.placed(scope) })))
}

/**
 * Checks registrations, whatever stores do. Never rejects: failures are findings, also that the time was up. Each secret is asked
 * for once, and the values that have schemas are read in one batch for each store, as soon as that store has told of them: another
 * may never answer.
 */
export async function findAll(
  checks: readonly Check[],
  source: StoreSource,
  describe: Describe,
  deadline: Deadline,
): Promise<readonly Findings[]> {
  const once = askingOnce((placed) => describe(placed, deadline))
  const values = typedValues(checks, source, once, deadline)
  return Promise.all(
    checks.map(async ({ entry, scope, placed }) => {
      const [{ known, failures }, fits] = await Promise.all([
        askKeys(placed, once),
        Promise.all(placed.filter(hasSchemas).map((item) => fitOne(entry.name, item, values, deadline))),
      ])
      return {
        entry,
        scope,
        known,
        missing: known.flatMap(({ item, keys }) => missingOf(entry.name, item, keys)),
        invalid: fits.flatMap(({ findings }) => findings),
        failures: [...failures, ...fits.flatMap((fit) => fit.failures)],
        conflict: conflictOf(entry, known),
      }
    }),
  )
}

type Values = ReadonlyMap<string, ReadValue>

/** Holds a secret to its schemas, when it has been read. */
async function fitOne(
  of: string,
  item: Placed,
  values: ReadonlyMap<string, Promise<Values>>,
  deadline: Deadline,
): Promise<{ findings: readonly SecretFinding[]; failures: Findings['failures'] }> {
  const address = addressOf(item)
  const { secret, error } = (await values.get(address))?.get(address) ?? {}
  if (error !== undefined) return { findings: [], failures: [{ placed: item, error }] }
  if (secret === undefined) return { findings: [], failures: [] }
  const { findings } = await fitSecrets(of, [{ ...item, secret }], deadline.signal())
  return { findings, failures: [] }
}

/** Reads the values that have schemas: for each address, what is read with it. */
function typedValues(
  checks: readonly Check[],
  source: StoreSource,
  describe: (placed: Placed) => Promise<readonly string[] | undefined>,
  deadline: Deadline,
): ReadonlyMap<string, Promise<Values>> {
  const uses = checks.flatMap(({ entry, placed }) => {
    return placed.filter(hasSchemas).map((item) => ({ of: entry.name, item }))
  })
  const read = async (some: typeof uses): Promise<Values> => {
    const told = await Promise.allSettled(some.map(({ item }) => describe(item)))
    const there = some.filter((_, index) => {
      const answer = told[index]
      return answer?.status === 'fulfilled' && answer.value !== undefined
    })
    const names = new Set(there.map(({ of }) => of))
    const typed = there.map(({ item }) => item)
    return readStore(source, typed, names.size === 1 ? [...names][0] : undefined, deadline)
  }
  const values = new Map<string, Promise<Values>>()
  for (const some of byStore(source, uses, ({ item }) => item)) {
    const reading = read(some)
    for (const { item } of some) values.set(addressOf(item), reading)
  }
  return values
}

/** Puts together what is in the same store. */
function byStore<T>(source: StoreSource, items: readonly T[], placedOf: (item: T) => Placed): readonly T[][] {
  const stores = new Map<string, unknown>()
  const groups = new Map<unknown, T[]>()
  for (const item of items) {
    const { scope } = placedOf(item)
    if (!stores.has(scope)) stores.set(scope, storeOrScope(source, scope))
    const store = stores.get(scope)
    const group = groups.get(store)
    if (group === undefined) groups.set(store, [item])
    else group.push(item)
  }
  return [...groups.values()]
}

/** The store of a scope; where there is none, whoever reads from it is told why. */
function storeOrScope(source: StoreSource, scope: string): unknown {
  try {
    return storeOf(source, scope)
  } catch (error) {
    if (isLatchkeyError(error)) return scope
    throw error
  }
}

/** Remembers what was answered, also that it failed. */
function askingOnce(
  describe: (placed: Placed) => ReturnType<Describe>,
): (placed: Placed) => Promise<readonly string[] | undefined> {
  const answers = new Map<string, Promise<readonly string[] | undefined>>()
  return (placed) => {
    const address = addressOf(placed)
    const answer = answers.get(address) ?? (async () => describe(placed))()
    answers.set(address, answer)
    return answer
  }
}

async function askKeys(
  placed: readonly Placed[],
  describe: (placed: Placed) => Promise<readonly string[] | undefined>,
): Promise<{ known: readonly Known[]; failures: Findings['failures'] }> {
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
  return { known: asked.flat(), failures }
}

function hasSchemas({ need }: Placed): boolean {
  return Object.keys(need.schemas).length > 0
}

/** What a read gave: a secret, none, or an error. */
export interface ReadValue {
  readonly secret: Secret | undefined
  readonly error?: unknown
}

/** Reads secrets, by address: in one batch for each store. */
export async function readValues(source: StoreSource, placed: readonly Placed[], deadline: Deadline): Promise<Values> {
  const groups = byStore(source, placed, (item) => item)
  const read = await Promise.all(groups.map((some) => readStore(source, some, undefined, deadline)))
  return new Map(read.flatMap((values) => [...values]))
}

/** Reads secrets of one store in one batch. Where that fails, each is read by itself: one of them may be at fault. */
async function readStore(
  source: StoreSource,
  typed: readonly Placed[],
  of: string | undefined,
  deadline: Deadline,
): Promise<Values> {
  const reader = { function: of, scope: undefined, partition: undefined, purpose: 'check' } as const
  const values = new Map<string, ReadValue>()
  const read = async (some: readonly Placed[]): Promise<void> => {
    for (const { need, scope, secret } of (await readSecrets(source, some, reader, deadline)).found) {
      values.set(addressOf({ need, scope }), { secret })
    }
  }
  const fail = (some: readonly Placed[], error: unknown): void => {
    for (const item of some) values.set(addressOf(item), { secret: undefined, error })
  }
  try {
    await read(typed)
  } catch (error) {
    const addresses = [...new Set(typed.map(addressOf))]
    if (addresses.length === 1 || isLatchkeyError(error, 'UNAVAILABLE')) fail(typed, error)
    else {
      await allOf(addresses, async (address) => {
        const some = typed.filter((item) => addressOf(item) === address)
        await read(some).catch((own: unknown) => {
          fail(some, own)
        })
      })
    }
  }
  return values
}

function conflictOf(entry: Entry, known: readonly Known[]): RegistrationError | undefined {
  try {
    assignVariables(entry.name, injected(known))
    return undefined
  } catch (error) {
    if (!(error instanceof RegistrationError)) throw error
    return error
  }
}

/** Tells one secret from every other. */
export function addressOf({ need, scope }: Placed): string {
  return `${scope}\0${need.name}`
}

/** A requirement and the keys of its secret; `undefined` where that is not there. */
export interface Known {
  readonly item: Placed
  readonly keys: readonly string[] | undefined
}

/** The keys to inject for what is there. */
export function injected(known: readonly Known[]): { need: Placed['need']; keys: string[] }[] {
  return known.flatMap(({ item: { need }, keys }) => {
    return keys === undefined ? [] : [{ need, keys: injectedKeys(need, keys) }]
  })
}
