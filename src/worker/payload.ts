/**
 * Values on their way between two processes. Plain data crosses as a copy made here; everything else as bytes of V8's
 * structured clone. A value of the user's never reaches the transport's own serializer, which may die on it.
 */
import { types } from 'node:util'
import { DefaultDeserializer, deserialize, serialize } from 'node:v8'

/** A value in the form in which it crosses. */
export type Payload = { readonly plain: unknown } | { readonly bytes: Uint8Array }

/** Larger values are cloned by V8 at once: it is quicker, and it keeps shared and circular references. So much of them is looked at. */
const MAX_NODES = 256
const MAX_DEPTH = 8
const NOT_PLAIN = Symbol('not plain')

/**
 * Takes a snapshot of a value.
 *
 * @throws what V8 throws for what cannot be cloned (a function, a symbol, a proxy); its words quote the value. TypeError for
 * what would arrive as an empty object, as a `Response` and a `URL` do.
 */
export function encodePayload(value: unknown): Payload {
  const plain = plainCopy(value, 0, { nodes: MAX_NODES, seen: [] })
  if (plain !== NOT_PLAIN) return { plain }
  if (holdsLost(value)) throw new TypeError('nothing of it would arrive')
  return { bytes: serialize(value) }
}

/**
 * Gives the value back.
 *
 * @throws RangeError for data that goes deeper than the stack: V8 writes deeper data than it reads.
 */
export function decodePayload(payload: Payload): unknown {
  if (!('bytes' in payload)) return payload.plain
  // Bun has a class of this name that reads nothing. Its views have memory of their own.
  if (process.versions['bun'] !== undefined) return deserialize(payload.bytes) as unknown
  const deserializer = new OwnMemoryDeserializer(payload.bytes)
  deserializer.readHeader()
  return deserializer.readValue() as unknown
}

/** What V8 calls for each view of bytes is documented, but not typed. */
const ViewDeserializer = DefaultDeserializer as new (data: Uint8Array) => DefaultDeserializer & {
  _readHostObject(): ArrayBufferView<ArrayBuffer>
}

/**
 * Gives each view of bytes memory of its own. Node's deserializer has it look into the message, or into the pool that
 * small buffers share: its `buffer` would show what stands beside it there.
 */
class OwnMemoryDeserializer extends ViewDeserializer {
  override _readHostObject(): ArrayBufferView<ArrayBuffer> {
    const view = super._readHostObject()
    const { buffer, byteOffset, byteLength } = view
    const memory = buffer.slice(byteOffset, byteOffset + byteLength)
    if (Buffer.isBuffer(view)) return Buffer.from(memory)
    return new (view.constructor as new (memory: ArrayBuffer) => ArrayBufferView<ArrayBuffer>)(memory)
  }
}

interface Budget {
  nodes: number
  /** Objects met before: a second reference to one is left to V8. */
  readonly seen: object[]
}

function plainCopy(value: unknown, depth: number, budget: Budget): unknown {
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'function' || typeof value === 'symbol' ? NOT_PLAIN : value
  }
  if (depth > MAX_DEPTH || budget.nodes-- <= 0 || types.isProxy(value) || budget.seen.includes(value)) return NOT_PLAIN
  budget.seen.push(value)
  return Array.isArray(value) ? copyArray(value, depth, budget) : copyObject(value, depth, budget)
}

function copyArray(array: unknown[], depth: number, budget: Budget): unknown {
  if (Object.getPrototypeOf(array) !== Array.prototype || array.length > budget.nodes) return NOT_PLAIN
  const keys = Object.keys(array)
  // Holes, and keys that are no indexes, are left to V8.
  if (keys.length !== array.length) return NOT_PLAIN
  const copy: unknown[] = []
  for (const item of array) {
    const copied = plainCopy(item, depth + 1, budget)
    if (copied === NOT_PLAIN) return NOT_PLAIN
    copy.push(copied)
  }
  return copy
}

function copyObject(object: object, depth: number, budget: Budget): unknown {
  if (Object.getPrototypeOf(object) !== Object.prototype) return NOT_PLAIN
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(object)) {
    if (key === '__proto__') return NOT_PLAIN
    const copied = plainCopy((object as Record<string, unknown>)[key], depth + 1, budget)
    if (copied === NOT_PLAIN) return NOT_PLAIN
    copy[key] = copied
  }
  return copy
}

/** Tells whether a value is, or holds among the first that it holds, one of which V8 clones nothing. */
function holdsLost(value: unknown): boolean {
  const found = new Set([value])
  let left = MAX_NODES
  for (const one of found) {
    if (typeof one !== 'object' || one === null || types.isProxy(one)) continue
    if (isLost(one)) return true
    for (const inner of innerOf(one)) {
      if (left-- === 0) return false
      found.add(inner)
    }
  }
  return false
}

/** What keeps its state where a clone cannot reach, as classes of the platform do. Each names itself by a tag. */
function isLost(object: object): boolean {
  return Symbol.toStringTag in object && !isCloned(object) && Object.keys(object).length === 0
}

function isCloned(object: object): boolean {
  return (
    types.isMap(object) ||
    types.isSet(object) ||
    types.isAnyArrayBuffer(object) ||
    types.isArrayBufferView(object) ||
    types.isBoxedPrimitive(object)
  )
}

/** What an object holds, without asking its getters. */
function* innerOf(object: object): Iterable<unknown> {
  if (types.isArrayBufferView(object)) return
  if (types.isMap(object)) yield* Map.prototype.values.call(object)
  else if (types.isSet(object)) yield* Set.prototype.values.call(object)
  else if (Array.isArray(object)) yield* Array.prototype.values.call(object)
  else for (const key of Object.keys(object)) yield Object.getOwnPropertyDescriptor(object, key)?.value
}
