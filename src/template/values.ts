/** The value of every reference of a plan. */
import { argumentError, type TemplateErrorCode } from '../errors.ts'
import { MISSING, ownValue, valueAt } from './lookup.ts'
import type { Path } from './path.ts'
import type { Plan } from './plan.ts'
import { readTemplate } from './read.ts'
import { type Answers, fetchSecrets, secretValue } from './secrets.ts'
import { contextOf, isStore, type SecretReader } from './sources.ts'
import type { FetchOptions, SecretRecords, TemplateContexts, TemplateRedactor } from './types.ts'

/** For each of a plan's paths: its value, or why there is none. */
export interface Values {
  readonly values: unknown[]
  /** `null` if every reference has a value. */
  faults: (TemplateErrorCode | undefined)[] | null
}

const NO_PATHS: readonly Path[] = []

/** How a store is asked for what a plan needs. */
export type Ask = (store: SecretReader, plan: Plan, options: FetchOptions) => Promise<Answers>

/**
 * Finds the value of every reference. Data and plain records are read at once; a promise is returned only where a store
 * is asked.
 */
export function findValues(
  plan: Plan,
  contexts: TemplateContexts,
  options: FetchOptions,
  ask: Ask = fetchSecrets,
): Values | Promise<Values> {
  options.signal?.throwIfAborted()
  const paths = plan.paths ?? NO_PATHS
  const found: Values = { values: new Array<unknown>(paths.length).fill(undefined), faults: null }
  let namespace: string | undefined
  let source: unknown
  let store: SecretReader | undefined
  for (let slot = 0; slot < paths.length; slot++) {
    const path = paths[slot]
    if (path === undefined) continue
    if (path.namespace !== namespace) {
      namespace = path.namespace
      source = contextOf(contexts, namespace)
      if (path.isSecret && source !== MISSING && isStore(source)) store = source
    }
    if (source === MISSING) setFault(found, slot, 'UNKNOWN_NAMESPACE')
    else if (!path.isSecret) setData(found, slot, plan, valueAt(source, path.segments))
    else if (store === undefined)
      setSecret(found, slot, path, ownValue(source as SecretRecords, path.segments[0] ?? ''))
  }
  return store === undefined ? found : askStore(found, plan, ask(store, plan, options))
}

async function askStore(found: Values, plan: Plan, asked: Promise<Answers>): Promise<Values> {
  const answers = await asked
  plan.paths?.forEach((path, slot) => {
    if (path.isSecret) setSecret(found, slot, path, answers.get(path.segments[0] ?? ''))
  })
  return found
}

function setSecret(found: Values, slot: number, path: Path, values: unknown): void {
  const value = secretValue(values, path)
  if (typeof value === 'string') found.values[slot] = value
  else setFault(found, slot, value.fault)
}

function setData(found: Values, slot: number, plan: Plan, value: unknown): void {
  if (value === MISSING || value === undefined) {
    setFault(found, slot, 'NOT_FOUND')
  } else if (typeof value === 'function') {
    setFault(found, slot, 'FUNCTION_VALUE')
  } else if (typeof value === 'object' && value !== null && plan.wholes?.has(slot) === true) {
    const copy = readTemplate(value, [], plan.settings, { raw: true })
    const [issue] = copy.issues
    if (issue === undefined) found.values[slot] = copy.root
    else setFault(found, slot, issue.code)
  } else found.values[slot] = value
}

function setFault(found: Values, slot: number, code: TemplateErrorCode): void {
  found.faults ??= []
  found.faults[slot] = code
}

/** Tells a redactor of every secret value that is filled in, once each. */
export function tellRedactor(redactor: TemplateRedactor, plan: Plan, { values }: Values): void {
  const told = new Set<string>()
  plan.paths?.forEach(({ isSecret }, slot) => {
    const value = values[slot]
    if (isSecret && typeof value === 'string') told.add(value)
  })
  if (told.size === 0) return
  try {
    redactor.add([...told])
  } catch {
    // Whatever it threw may quote a value.
    throw argumentError('INVALID_OPTION', 'redactor.add failed.')
  }
}
