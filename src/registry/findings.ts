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
  /** The secrets of which values were read, as the store holds them. */
  readonly read: readonly { readonly placed: Placed; readonly secret: Secret }[]
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
 *
 * @param isRead - tells whose values are read. Default: what has schemas.
 */
export async function findAll(
  checks: readonly Check[],
  source: StoreSource,
  describe: Describe,
  deadline: Deadline,
  isRead: (placed: Placed) => boolean = hasSchemas,
): Promise<readonly Findings[]> {
  const once = askingOnce((placed) => describe(placed, deadline))
  const uses = checks.flatMap(({ entry, placed }) => placed.filter(isRead).map((item) => ({ of: entry.name, item })))
  const values = readValues(uses, source, once, deadline)
  return Promise.all(
    checks.map(async ({ entry, scope, placed }) => {
      const [{ known, failures }, fits] = await Promise.all([
        askKeys(placed, once),
        Promise.all(placed.filter(isRead).map((item) => fitOne(entry.name, item, values, deadline))),
      ])
      return {
        entry,
        scope,
        known,
        read: fits.flatMap(({ read }) => read),
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
  placed: Placed,
  values: ReadonlyMap<string, Promise<Values>>,
  deadline: Deadline,
): Promise<{ findings: readonly SecretFinding[] } & Pick<Findings, 'read' | 'failures'>> {
  const address = addressOf(placed)
  const { secret, error } = (await values.get(address))?.get(address) ?? {}
  if (error !== undefined) return { findings: [], read: [], failures: [{ placed, error }] }
  if (secret === undefined) return { findings: [], read: [], failures: [] }
  const { findings } = await fitSecrets(of, [{ ...placed, secret }], deadline.signal())
  return { findings, read: [{ placed, secret }], failures: [] }
}

/** What a function uses. */
interface Use {
  readonly of: string
  readonly item: Placed
}

/** Reads values, for each store when it has told of its secrets: for each address, what is read with it. */
function readValues(
  uses: readonly Use[],
  source: StoreSource,
  describe: (placed: Placed) => Promise<readonly string[] | undefined>,
  deadline: Deadline,
): ReadonlyMap<string, Promise<Values>> {
  const read = async (some: readonly Use[]): Promise<Values> => {
    const told = await Promise.allSettled(some.map(({ item }) => describe(item)))
    const there = some.filter((_, index) => {
      const answer = told[index]
      return answer?.status === 'fulfilled' && answer.value !== undefined
    })
    return readStore(source, there, deadline)
  }
  const values = new Map<string, Promise<Values>>()
  for (const some of byStore(source, uses)) {
    const reading = read(some)
    for (const { item } of some) values.set(addressOf(item), reading)
  }
  return values
}

/** Puts together what is in the same store. */
function byStore(source: StoreSource, uses: readonly Use[]): readonly Use[][] {
  const stores = new Map<string, unknown>()
  const groups = new Map<unknown, Use[]>()
  for (const use of uses) {
    const { scope } = use.item
    if (!stores.has(scope)) stores.set(scope, storeOrScope(source, scope))
    const store = stores.get(scope)
    const group = groups.get(store)
    if (group === undefined) groups.set(store, [use])
    else group.push(use)
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
interface ReadValue {
  readonly secret: Secret | undefined
  readonly error?: unknown
}

/** Reads secrets of one store in one batch. Where that fails, each is read by itself: one of them may be at fault. */
async function readStore(source: StoreSource, uses: readonly Use[], deadline: Deadline): Promise<Values> {
  const names = new Set(uses.map(({ of }) => of))
  const typed = uses.map(({ item }) => item)
  const of = names.size === 1 ? [...names][0] : undefined
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
