/** Finds data by name: own enumerable data properties, nothing else. */

/** What a lookup gives where there is nothing. */
export const MISSING = Symbol('missing')

const { getOwnPropertyDescriptor, hasOwn } = Object
const CANONICAL_INDEX = /^(?:0|[1-9]\d*)$/

/** Reads an own enumerable data property. No getter runs, nothing is inherited. */
export function ownValue(holder: object, name: string): unknown {
  const property = getOwnPropertyDescriptor(holder, name)
  if (property?.enumerable !== true || !hasOwn(property, 'value')) return MISSING
  return property.value
}

/** Follows names from a value into objects and arrays; strings and functions have no properties. */
export function valueAt(root: unknown, names: readonly string[]): unknown {
  let value = root
  for (const name of names) {
    if (typeof value !== 'object' || value === null) return MISSING
    if (Array.isArray(value) && !CANONICAL_INDEX.test(name)) return MISSING
    value = ownValue(value, name)
  }
  return value
}
