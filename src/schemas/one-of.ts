/** A schema for one of a list. */
import { argumentError } from '../errors.ts'
import { isValue } from '../secret.ts'
import { type KeySchema, keySchema } from './key-schema.ts'

/**
 * Makes a schema for a value that is one of a list, which is also its type.
 *
 * The message does not repeat the list: one of its values is that of another scope. Code: `not_in_list`.
 *
 * @throws TypeError INVALID_OPTION if the list is none, is empty, or holds what can be no value.
 * @example
 * ```ts
 * const stripe = defineSecret('stripe', { STRIPE_MODE: oneOf(['test', 'live']) })
 * currentCall(stripe).secrets.stripe.STRIPE_MODE // 'test' | 'live'
 * ```
 */
export function oneOf<const Value extends string>(values: readonly [Value, ...Value[]]): KeySchema<Value> {
  const given: unknown = values
  if (!Array.isArray(given) || given.length === 0 || !given.every(isValue)) {
    throw argumentError('INVALID_OPTION', 'oneOf takes an array of one or more strings.')
  }
  const list = new Map(values.map((value): [string, Value] => [value, value]))
  return keySchema<Value>((text) => {
    return list.get(text) ?? { code: 'not_in_list', message: 'must be one of the values that its definition lists' }
  })
}
