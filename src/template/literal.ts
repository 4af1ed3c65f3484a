/** A part of a template that is data. */

const BRAND = Symbol.for('latchkey.literal')

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
  return Object.freeze(Object.create(LITERAL, { value: { value, enumerable: true } }) as Literal<T>)
}

const LITERAL: object = Object.freeze(Object.create(null, { [BRAND]: { value: true } }) as object)

/** Tells whether something was made by {@link literal}, of any copy of the library. */
export function isLiteral(value: object): value is Literal<unknown> {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === Array.prototype) return false
  return typeof prototype === 'object' && prototype !== null && Object.hasOwn(prototype, BRAND)
}
