/** Holds what a store answers, and what it is given, to definitions. */
import { StoreError, type ValueFinding } from '../../errors.ts'
import { fitted, shownFindings } from '../../schemas/fit.ts'
import { isValue, type Secret, type SecretDefinition, type StandardSchema } from '../../secret.ts'
import type { SecretStore, SetOptions } from '../../store.ts'
import { badAnswer } from '../bad-answer.ts'
import type { Asked } from '../inner.ts'

/** A finding that is not a schema's. */
type KeyCode = 'missing_key' | 'unknown_key'

/** An answer, as its definition gives it; `secret` is not to be used where there are findings. */
export interface FittedAnswer {
  readonly secret: Secret
  readonly findings: readonly ValueFinding[]
}

/**
 * Holds an answer to a definition. Keys that are not asked for are left out.
 *
 * @throws StoreError BAD_ANSWER for an answer whose values are none.
 */
export async function fittedAnswer(
  store: SecretStore,
  { schemas }: SecretDefinition,
  keys: readonly string[],
  answer: Secret,
): Promise<FittedAnswer> {
  const { name: secret, scope } = answer
  const values = Object.create(null) as Record<string, string>
  const asked: Record<string, StandardSchema> = Object.create(null) as Record<string, StandardSchema>
  const findings: ValueFinding[] = []
  for (const key of keys) {
    const value: unknown = Object.hasOwn(Object(answer.values) as object, key) ? answer.values[key] : undefined
    if (value === undefined) findings.push(keyFinding('missing_key', { name: secret, scope }, key))
    else if (!isValue(value)) {
      throw badAnswer(store, `the value of ${key} is not a well-formed string without NUL`, { scope, secret, key })
    } else {
      values[key] = value
      asked[key] = schemas[key] as StandardSchema
    }
  }
  const fit = await fitted(asked, values)
  findings.push(...fit.findings.map((finding) => ({ scope, secret, ...finding })))
  return { secret: Object.freeze({ ...answer, values: Object.freeze(fit.values) }), findings }
}

/**
 * Holds values that are to be stored to a definition.
 *
 * @param values - checked by the grammar.
 * @returns the values as the schemas give them.
 * @throws StoreError INVALID_SECRET_VALUE with everything that does not fit.
 */
export async function fittedValues(
  store: SecretStore,
  { name, schemas }: SecretDefinition,
  scope: string,
  values: Readonly<Record<string, string>>,
  mode: SetOptions['mode'],
): Promise<Readonly<Record<string, string>>> {
  const asked = { name, scope }
  const unknown = Object.keys(values).filter((key) => schemas[key] === undefined)
  const missing = mode === 'merge' ? [] : Object.keys(schemas).filter((key) => values[key] === undefined)
  const fit = await fitted(schemas, values)
  requireFitting(store, asked, [
    ...unknown.map((key) => keyFinding('unknown_key', asked, key)),
    ...missing.map((key) => keyFinding('missing_key', asked, key)),
    ...fit.findings.map((finding) => ({ scope, secret: name, ...finding })),
  ])
  return fit.values
}

/** Throws everything that does not fit, in one error. */
export function requireFitting(store: SecretStore, asked: Asked | undefined, findings: readonly ValueFinding[]): void {
  if (findings.length === 0) return
  throw new StoreError('INVALID_SECRET_VALUE', `Store ${store.name}: ${shownFindings(findings)}.`, {
    store: store.name,
    scope: asked?.scope,
    secret: asked?.name,
    findings,
    hint: "The secret does not fit its definition's schemas: correct the one or the other.",
  })
}

function keyFinding(code: KeyCode, { name, scope }: Asked, key: string): ValueFinding {
  return { scope, secret: name, key, path: [], code }
}
