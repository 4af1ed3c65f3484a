/** The error for a store that breaks its contract. */
import { StoreError } from '../errors.ts'

/** Makes the error for an answer that breaks the contract of stores. */
export function badAnswer(
  store: { readonly name?: unknown },
  what: string,
  where: { scope?: string; secret?: string; key?: string } = {},
): StoreError {
  const name = shownStoreName(store)
  const of = where.secret === undefined ? '' : ` for secret ${where.secret} (scope ${where.scope ?? ''})`
  return new StoreError('BAD_ANSWER', `Store ${name} broke its contract${of}: ${what}.`, {
    store: name,
    ...where,
    hint: 'Run the conformance suite of latchkey/testing over the store.',
  })
}

/** Gives a store's name for a message; a name that is none is not shown. */
export function shownStoreName(store: { readonly name?: unknown }): string {
  return typeof store.name === 'string' && /^[\w./-]{1,60}$/.test(store.name) ? store.name : 'without a name'
}
