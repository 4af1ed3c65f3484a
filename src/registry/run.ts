/** A call that is about to start, with everything that was found out before. */
import { createRedactor, type Redactor } from '../redact/index.ts'
import type { Entry } from './entry.ts'
import { type Found, injectedKeys } from './secrets.ts'
import { assignVariables, type Variable } from './variables.ts'

/** One call with everything that was found out before it starts. */
export interface Run {
  readonly entry: Entry
  readonly scope: string
  readonly partition: string | undefined
  readonly found: readonly Found[]
  readonly variables: readonly Variable[]
  /** Masks the call's own secrets. */
  redactor(): Redactor
}

/** Assigns the variables of a call, now that every key is known. */
export function foundVariables(name: string, found: readonly Found[]): Variable[] {
  const known = found.flatMap(({ need, secret }) => {
    return secret === undefined ? [] : [{ need, keys: injectedKeys(need, Object.keys(secret.values)) }]
  })
  return assignVariables(name, known)
}

/** The value that a variable gets. */
export function valueOf(found: readonly Found[], { need, key }: Variable): string {
  return found.find((item) => item.need === need)?.secret?.values[key] ?? ''
}

/** Makes the redactor of a call's values when it is first needed: most calls print nothing and do not fail. */
export function lazyRedactor(
  masking: boolean,
  variables: readonly Variable[],
  found: readonly Found[],
): () => Redactor {
  let redactor: Redactor | undefined
  return () => {
    const masked = masking ? variables.filter(({ need, key }) => !need.plain.has(key)) : []
    return (redactor ??= createRedactor(masked.map((variable) => valueOf(found, variable))))
  }
}
