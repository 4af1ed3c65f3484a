/** Which schemas are the library's own: their messages are known to hold no value, and may be shown. */
const own = new WeakSet()

/** Notes that no message of a schema holds a value. */
export function vouchFor<S extends object>(schema: S): S {
  own.add(schema)
  return schema
}

/** Tells whether the messages of a schema may be shown. */
export function saysNoValue(schema: object): boolean {
  return own.has(schema)
}
