/** A call that is about to start, with everything that follows from its function and its secrets. */
import { createRedactor, type Redactor } from '../redact/index.ts'
import type { VariablesBySecret } from '../worker/table.ts'
import type { Entry } from './entry.ts'
import { type Found, injectedKeys, requireAll } from './secrets.ts'
import { assignVariables } from './variables.ts'

/** One call with everything that was found out before it starts. */
export interface Run {
  readonly entry: Entry
  readonly scope: string
  readonly partition: string | undefined
  /** The variables that the call's secrets set. */
  readonly variables: Readonly<Record<string, string>>
  readonly secrets: VariablesBySecret
  /** Which secrets these are: names, scopes, and what is made of them. */
  readonly family: string
  /** Which secrets these are, with versions and variable names. */
  readonly identity: string
  /** Masks the call's own secrets; made when first needed, as most calls print nothing and do not fail. */
  redactor(): Redactor
}

/**
 * Runs that were made before, by the values of their first secret, so that they live no longer than a store keeps these:
 * most calls find the very secrets of the call before.
 */
const made = new WeakMap<object, { readonly found: readonly Found[]; readonly run: Run }[]>()
/** Runs kept per secret: functions, scopes and partitions that share it. */
const MOST_RUNS = 64

/**
 * Makes the run of a call.
 *
 * @throws MissingSecretsError, RegistrationError ENV_COLLISION or RESERVED_NAME.
 */
export function prepareRun(
  entry: Entry,
  scope: string,
  partition: string | undefined,
  found: readonly Found[],
  masking: boolean,
): Run {
  const anchor = found.find(({ secret }) => secret !== undefined)?.secret?.values ?? entry
  const known = made.get(anchor) ?? []
  const same = known.find(({ run, found: before }) => {
    return run.entry === entry && run.scope === scope && run.partition === partition && sameSecrets(before, found)
  })
  if (same !== undefined) return same.run
  const run = makeRun(entry, scope, partition, found, masking)
  if (known.length >= MOST_RUNS) known.shift()
  known.push({ found, run })
  made.set(anchor, known)
  return run
}

function sameSecrets(before: readonly Found[], found: readonly Found[]): boolean {
  return found.every(({ secret }, index) => {
    const other = before[index]?.secret
    return secret?.values === other?.values && secret?.version === other?.version
  })
}

function makeRun(
  entry: Entry,
  scope: string,
  partition: string | undefined,
  found: readonly Found[],
  masking: boolean,
): Run {
  requireAll(entry.name, found)
  const known = found.flatMap(({ need, secret }) => {
    return secret === undefined ? [] : [{ need, keys: injectedKeys(need, Object.keys(secret.values)) }]
  })
  const values = Object.create(null) as Record<string, string>
  const secrets = Object.create(null) as Record<string, Record<string, string> | null>
  const masked: string[] = []
  const assigned = assignVariables(entry.name, known)
  for (const { name, need, key } of assigned) {
    const item = found.find((one) => one.need === need)
    const value = item?.secret?.values[key] ?? ''
    const stored = item?.stored?.values[key] ?? value
    values[name] = value
    if (found.some((one) => one.need.name === need.name && one.scope !== item?.scope)) secrets[need.name] = null
    else (secrets[need.name] ??= Object.create(null) as Record<string, string>)[key] = name
    if (masking && !need.plain.has(key)) masked.push(value, ...(stored === value ? [] : [stored]))
  }
  let redactor: Redactor | undefined
  return {
    entry,
    scope,
    partition,
    variables: Object.freeze(values),
    secrets: Object.freeze(secrets),
    family: JSON.stringify(found.map(({ need, scope: of }) => [need.name, of, need.shape])),
    identity: JSON.stringify([
      found.map(({ need, scope: of, secret }) => [need.name, of, secret?.version]),
      // By position, as two requirements may name the same secret of two scopes.
      assigned.map(({ name, need, key }) => [name, found.findIndex((item) => item.need === need), key]),
    ]),
    redactor: () => (redactor ??= createRedactor(masked)),
  }
}
