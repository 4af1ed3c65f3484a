/** The value of every reference of a plan. */
import { argumentError, type TemplateErrorCode } from '../errors.ts'
import { MISSING, ownValue, valueAt } from './lookup.ts'
import { SECRETS } from './path.ts'
import type { Plan } from './plan.ts'
import { readTemplate } from './read.ts'
import { type Answers, fetchSecrets, secretOutcome } from './secrets.ts'
import { contextOf, isStore, type SecretReader } from './sources.ts'
import type { FetchOptions, SecretRecords, TemplateContexts, TemplateRedactor } from './types.ts'

/** For each of a plan's paths: its value, or why there is none. */
export interface Values {
  readonly values: unknown[]
  readonly faults: (TemplateErrorCode | undefined)[]
}

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
  const found: Values = { values: [], faults: [] }
  const { paths } = plan
  let store: SecretReader | undefined
  for (let slot = 0; slot < paths.length; slot++) {
    const path = paths[slot]
    if (path === undefined) continue
    const source = contextOf(contexts, path.namespace)
    if (source === MISSING) setFault(found, slot, 'UNKNOWN_NAMESPACE')
    else if (path.namespace !== SECRETS) setData(found, slot, plan, valueAt(source, path.segments))
    else if (isStore(source)) store = source
    else setSecret(found, slot, plan, ownValue(source as SecretRecords, path.segments[0] ?? ''))
  }
  return store === undefined ? found : askStore(found, plan, ask(store, plan, options))
}

async function askStore(found: Values, plan: Plan, asked: Promise<Answers>): Promise<Values> {
  const answers = await asked
  plan.paths.forEach(({ namespace, segments }, slot) => {
    if (namespace === SECRETS) setSecret(found, slot, plan, answers.get(segments[0] ?? ''))
  })
  return found
}

function setSecret(found: Values, slot: number, plan: Plan, values: unknown): void {
  const path = plan.paths[slot]
  if (path === undefined) return
  const { value, fault } = secretOutcome(values, path)
  found.values[slot] = value
  found.faults[slot] = fault
}

function setData(found: Values, slot: number, plan: Plan, value: unknown): void {
  if (value === MISSING || value === undefined) {
    setFault(found, slot, 'NOT_FOUND')
  } else if (typeof value === 'function') {
    setFault(found, slot, 'FUNCTION_VALUE')
  } else if (typeof value === 'object' && value !== null && plan.wholes[slot] === true) {
    const copy = readTemplate(value, [], plan.settings, { raw: true })
    setFault(found, slot, copy.findings.issues[0]?.code)
    found.values[slot] = copy.root
  } else {
    setFault(found, slot, undefined)
    found.values[slot] = value
  }
}

function setFault(found: Values, slot: number, code: TemplateErrorCode | undefined): void {
  found.values[slot] = undefined
  found.faults[slot] = code
}

/** Tells a redactor of every secret value that is filled in, once each. */
export function tellRedactor(redactor: TemplateRedactor, plan: Plan, { values }: Values): void {
  const told = new Set<string>()
  plan.paths.forEach(({ namespace }, slot) => {
    const value = values[slot]
    if (namespace === SECRETS && typeof value === 'string') told.add(value)
  })
  if (told.size === 0) return
  try {
    redactor.add([...told])
  } catch {
    // Whatever it threw may quote a value.
    throw argumentError('INVALID_OPTION', 'redactor.add failed.')
  }
}
