/** Checks many registrations at once: what each secret has is asked for once, and values are read in one batch. */
import { isLatchkeyError, type MissingSecret, RegistrationError, type SecretFinding } from '../errors.ts'
import type { Secret } from '../secret.ts'
import type { MaybePromise } from '../store.ts'
import { allOf } from '../stores/batches.ts'
import type { StoreSource } from './answer.ts'
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
 * Checks registrations, whatever stores do. Never rejects: failures are findings, also that the time was up. Each secret is asked for
 * once, and the values that have schemas are read in one batch for each store.
 */
export async function findAll(
  checks: readonly Check[],
  source: StoreSource,
  describe: Describe,
  deadline: Deadline,
): Promise<readonly Findings[]> {
  const once = askingOnce((placed) => describe(placed, deadline))
  const asked = await Promise.all(checks.map(({ placed }) => askKeys(placed, once)))
  const typed = checks.map((_, index) => withSchemas(asked[index]?.known ?? []))
  const of = new Set(checks.filter((_, index) => typed[index]?.length).map(({ entry }) => entry.name))
  const values = await readValues(source, typed.flat(), of.size === 1 ? [...of][0] : undefined, deadline)
  return Promise.all(
    checks.map(async ({ entry, scope }, index) => {
      const { known, failures } = asked[index] ?? { known: [], failures: [] }
      const read = (typed[index] ?? []).map((item) => ({ ...item, ...values.get(addressOf(item)) }))
      const fit = await fitSecrets(
        entry.name,
        read.map(({ need, scope: found, secret }) => ({ need, scope: found, secret })),
        read.length === 0 ? undefined : deadline.signal(),
      )
      return {
        entry,
        scope,
        known,
        missing: known.flatMap(({ item, keys }) => missingOf(entry.name, item, keys)),
        invalid: fit.findings,
        failures: [
          ...failures,
          ...read.flatMap(({ need, scope: asked, error }) => {
            return error === undefined ? [] : [{ placed: { need, scope: asked }, error }]
          }),
        ],
        conflict: conflictOf(entry, known),
      }
    }),
  )
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

function withSchemas(known: readonly Known[]): Placed[] {
  return known.flatMap(({ item, keys }) => {
    return keys !== undefined && Object.keys(item.need.schemas).length > 0 ? [item] : []
  })
}

/** What a read gave: a secret, none, or an error. */
export interface ReadValue {
  readonly secret: Secret | undefined
  readonly error?: unknown
}

/** Reads secrets in one batch, by address. Where that fails, each is read by itself: one of them may be at fault. */
export async function readValues(
  source: StoreSource,
  typed: readonly Placed[],
  of: string | undefined,
  deadline: Deadline,
): Promise<ReadonlyMap<string, ReadValue>> {
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
