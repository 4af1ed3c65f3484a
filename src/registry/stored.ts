/** What stores hold of what a registry's functions need: the part of a manifest for which they are asked. */
import { StoreError } from '../errors.ts'
import { isSecretName, type SecretInfo } from '../secret.ts'
import type { SecretStore } from '../store.ts'
import { badAnswer } from '../stores/bad-answer.ts'
import { checkedInfo, storeFailure, storeOf, type StoreSource } from './answer.ts'
import type { Deadline } from './deadline.ts'
import { expiryOf } from './expiry.ts'
import { addressOf, checksOf, type Describe, findAll, type Findings } from './findings.ts'
import type { ManifestParts } from './manifest.ts'
import type { ManifestExpiry, ManifestStored, StoredSecret } from './manifest-types.ts'
import { functionsOf, order } from './ordering.ts'
import { report, told } from './report.ts'
import { injectedKeys, type Placed } from './secrets.ts'

/** What is asked of stores, and for how long. */
export interface StoredQuestion {
  readonly scopes: readonly string[]
  readonly expiry: boolean
  readonly deadline: Deadline
}

/** Asks the stores of several scopes what they hold, and checks it. Never rejects for what a store does. */
export async function whatIsStored(
  { entries, settings, describe, refused }: ManifestParts,
  { scopes, expiry, deadline }: StoredQuestion,
): Promise<ManifestStored> {
  const sorted = [...scopes].sort(order)
  const listing = new Map(sorted.map((scope) => [scope, listScope(settings.store, scope, deadline)]))
  const checks = checksOf(entries, sorted)
  const isRead = expiry ? () => true : undefined
  const found = await findAll(checks, settings.store, knowing(listing, describe), deadline, isRead)
  const lists = await Promise.all(listing.values())
  const infos = new Map<string, SecretInfo>()
  for (const { scope, listed } of lists) for (const info of listed) infos.set(`${scope}\0${info.name}`, info)
  const uses = usesOf(found)
  const names = new Set(uses.map(({ placed }) => addressOf(placed)))
  const unused = lists.flatMap(({ scope, listed }) => {
    return listed
      .filter(({ name }) => !names.has(`${scope}\0${name}`))
      .map((info) => ({ scope, name: info.name, ...dateOf(info) }))
  })
  return {
    scopes: sorted,
    secrets: secretsOf(uses, infos),
    unused: unused.sort(byPlace),
    unlisted: lists.flatMap(({ scope, failure }) => (failure === undefined ? [] : [{ scope, ...told(failure) }])),
    ...(expiry && { expires: endings(found) }),
    ...report(found, refused),
  }
}

interface Listed {
  readonly scope: string
  readonly listed: readonly SecretInfo[]
  readonly failure?: unknown
}

/** Lists a scope; what was listed before a failure counts for nothing, as the rest is not known. */
async function listScope(source: StoreSource, scope: string, deadline: Deadline): Promise<Listed> {
  try {
    const store = storeOf(source, scope)
    if (!store.capabilities.list) {
      throw new StoreError('INVALID', `The store of scope ${scope} cannot list what it holds.`)
    }
    return { scope, listed: await deadline.within(store, listOf(store, scope)) }
  } catch (failure) {
    return { scope, listed: [], failure }
  }
}

async function listOf(store: SecretStore, scope: string): Promise<readonly SecretInfo[]> {
  const listed: SecretInfo[] = []
  try {
    for await (const info of store.list({ scope })) {
      const { name } = info
      if (!isSecretName(name)) throw badAnswer(store, 'list answered something that has no name of a secret')
      const keys = checkedInfo(store, scope, name, info) ?? []
      listed.push({ ...info, name, scope, keys })
    }
  } catch (error) {
    throw storeFailure(store, error)
  }
  return listed
}

/** Asks only for what no list has told; waits for no list but that of its own scope. */
function knowing(listing: ReadonlyMap<string, Promise<Listed>>, describe: Describe): Describe {
  const keysOf = async (scope: string): Promise<ReadonlyMap<string, readonly string[]>> => {
    return new Map((await listing.get(scope))?.listed.map(({ name, keys }) => [name, keys]))
  }
  const known = new Map([...listing.keys()].map((scope) => [scope, keysOf(scope)]))
  return async (placed, deadline) => {
    return (await known.get(placed.scope))?.get(placed.need.name) ?? describe(placed, deadline)
  }
}

/** One function's use of a secret that is there. */
interface Use {
  readonly function: string
  readonly placed: Placed
  /** The keys that are there. */
  readonly keys: readonly string[]
}

function usesOf(found: readonly Findings[]): Use[] {
  return found.flatMap(({ entry: { name }, known }) => {
    return known.flatMap(({ item, keys }) => {
      return keys === undefined ? [] : [{ function: name, placed: item, keys }]
    })
  })
}

function secretsOf(uses: readonly Use[], infos: ReadonlyMap<string, SecretInfo>): StoredSecret[] {
  const byAddress = new Map<string, Use[]>()
  for (const use of uses) {
    const address = addressOf(use.placed)
    byAddress.set(address, [...(byAddress.get(address) ?? []), use])
  }
  return [...byAddress]
    .flatMap(([address, own]) => {
      const [first] = own
      if (first === undefined) return []
      const info = infos.get(address)
      const keys = [...first.keys].sort(order).map((key) => {
        const users = own.filter(({ placed: { need }, keys: has }) => injectedKeys(need, has).includes(key))
        return { key, usedBy: functionsOf(users) }
      })
      const { scope, need } = first.placed
      const description = info?.description
      return [{ scope, name: need.name, ...(description === undefined ? {} : { description }), ...dateOf(info), keys }]
    })
    .sort(byPlace)
}

/** Looks into what functions use for when it expires. */
function endings(found: readonly Findings[]): readonly ManifestExpiry[] {
  const expires = new Map<string, ManifestExpiry>()
  for (const { placed, secret } of found.flatMap(({ read }) => read)) {
    const { scope, need } = placed
    for (const key of injectedKeys(need, Object.keys(secret.values))) {
      const end = expiryOf(secret.values[key] ?? '')
      if (end === undefined) continue
      const at = end.at.toISOString()
      expires.set(`${addressOf(placed)}\0${key}`, { scope, name: need.name, key, kind: end.kind, at })
    }
  }
  return [...expires.values()].sort((a, b) => order(a.at, b.at) || byPlace(a, b) || order(a.key, b.key))
}

function dateOf(info: SecretInfo | undefined): { createdAt?: string } {
  const at: unknown = info?.createdAt
  return at instanceof Date && !Number.isNaN(at.getTime()) ? { createdAt: at.toISOString() } : {}
}

function byPlace(
  a: { readonly scope: string; readonly name: string },
  b: { readonly scope: string; readonly name: string },
): number {
  return order(a.scope, b.scope) || order(a.name, b.name)
}
