/** A part of a template that is data. */

const BRAND: unique symbol = Symbol.for('latchkey.literal')

/** Data inside a template: copied, never parsed. Made by {@link literal}. */
export interface Literal<T> {
  readonly value: T
}

/**
 * Marks a part of a template as data: what stands in it is copied as it is, `{{` too.
 *
 * @param value - any JSON.
 * @example
 * ```ts
 * await resolveTemplate({ token: '{{ SECRETS.api.TOKEN }}', body: literal(userText) }, { SECRETS: store })
 * ```
 */
export function literal<T>(value: T): Literal<T> {
  const made = Object.create(LITERAL) as { value: T }
  made.value = value
  return Object.freeze(made)
}

const LITERAL = Object.create(null) as Record<typeof BRAND, true>
LITERAL[BRAND] = true
Object.freeze(LITERAL)

/** Tells whether something was made by {@link literal}, of any copy of the library. */
export function isLiteral(value: object): value is Literal<unknown> {
  const prototype = Object.getPrototypeOf(value) as object | null
  if (prototype === Object.prototype || prototype === Array.prototype) return false
  return prototype !== null && Object.hasOwn(prototype, BRAND)
}
